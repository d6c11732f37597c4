"""Limits and p-values of a bounded mean: exact where the exact answer is known, and never contradictory."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from scipy import stats

from beyondbase.inference.bounded import (
    Floats,
    Values,
    lower_limit,
    p_greater,
    p_less,
    upper_limit,
    values_of,
)

SHARE = (0.0, 1.0)
TAILS = (0.2, 0.05, 0.025, 1e-3, 1e-6)
SIZES = [(x, n) for n in (1, 2, 3, 10, 37, 500) for x in sorted({0, 1, n // 3, n // 2, n - 1, n})]

ternary = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=30)
# Sixteenths, because pass@k differences repeat, and quarters of the support are what solvers trip over.
graded = st.lists(st.integers(-16, 16).map(lambda i: i / 16), min_size=1, max_size=30)
either = ternary | graded
thresholds = st.integers(-19, 19).map(lambda i: i / 20)
tails = st.floats(1e-6, 0.4)
quick = settings(deadline=None, max_examples=60)


def zeros_and_ones(x: int, n: int) -> Values:
    """Shares: x ones among n."""
    return values_of(np.arange(n) < x, support=SHARE)


def ternary_of(base_only: int, other_only: int, ties: int) -> Values:
    """Differences of solved problems: -1, +1 and 0."""
    return values_of(np.repeat([-1.0, 1.0, 0.0], [base_only, other_only, ties]))


def spread(size: int, seed: int) -> Floats:
    """Differences as two unlike models give them, in 128ths: many zeros, some near the ends."""
    rng = np.random.default_rng(seed)
    rates = rng.beta(0.3, 0.3, size=(2, size))
    return np.asarray(np.subtract(*rng.binomial(128, rates)) / 128)


def concentrated(size: int, seed: int) -> Floats:
    """Differences as two nearly equal models give them: small against the support."""
    return np.asarray(np.random.default_rng(seed).normal(0.02, 0.1, size))


def lopsided(size: int, seed: int) -> Floats:
    """Differences on few problems, all of one sign."""
    rng = np.random.default_rng(seed)
    return np.asarray(-rng.beta(4, 1, size) * (np.arange(size) < 0.2 * size))


def weighted_means(x: Floats, seed: int) -> Floats:
    """Replicates of the weighted mean that the limits are quantiles of, one observation at 1 added."""
    weights = np.random.default_rng(seed).standard_exponential((100_000, len(x) + 1))
    return np.asarray(weights @ np.append(x, 1.0) / weights.sum(axis=1))


@pytest.mark.parametrize(("x", "n"), SIZES)
def test_limits_of_a_share_are_clopper_and_pearson(x: int, n: int) -> None:
    """For zeros and ones the limits are the beta quantiles of Clopper and Pearson."""
    values = zeros_and_ones(x, n)
    for tail in TAILS:
        upper = 1.0 if x == n else stats.beta.ppf(1 - tail, x + 1, n - x)
        lower = 0.0 if x == 0 else stats.beta.ppf(tail, x, n - x + 1)
        assert_allclose(upper_limit(values, tail), [upper], rtol=0, atol=1e-7)
        assert_allclose(lower_limit(values, tail), [lower], rtol=0, atol=1e-7)


@pytest.mark.parametrize("than", [0.03, 0.25, 0.5, 0.97])
@pytest.mark.parametrize(("x", "n"), SIZES)
def test_p_values_of_a_share_are_the_exact_binomial(x: int, n: int, than: float) -> None:
    """For zeros and ones the p-values are those of the exact binomial test, far tails included."""
    values = zeros_and_ones(x, n)
    for found, side in ((p_less(values, than), "less"), (p_greater(values, than), "greater")):
        assert_allclose(found, [stats.binomtest(x, n, than, alternative=side).pvalue], rtol=1e-9, atol=1e-300)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
@quick
def test_p_values_of_differences_are_exact_mcnemar(base_only: int, other_only: int, ties: int) -> None:
    """For -1, 0 and 1 at threshold 0 the p-values are the one-sided exact McNemar test."""
    assume(base_only + other_only)
    values = ternary_of(base_only, other_only, ties)
    for found, side in ((p_less(values), "less"), (p_greater(values), "greater")):
        exact = stats.binomtest(other_only, base_only + other_only, alternative=side).pvalue
        assert_allclose(found, [exact], rtol=1e-9)


@pytest.mark.parametrize("sample", [spread, concentrated, lopsided])
@pytest.mark.parametrize("size", [2, 5, 30, 300])
def test_graded_p_values_agree_with_resampling(sample: Callable[[int, int], Floats], size: int) -> None:
    """Tail areas are those of resampling, within its Monte-Carlo error."""
    x = sample(size, 1)
    replicates = weighted_means(x, seed=size)
    for errors in (0, 1, 1.5, 2, 3):
        than = float(min(x.mean() + errors * x.std() / np.sqrt(size), 0.95))
        area = (replicates >= than).mean()
        noise = np.sqrt(area / len(replicates)) + 1e-5
        assert p_less(values_of(x), than)[0] == pytest.approx(area, abs=4 * noise)


@pytest.mark.parametrize("tail", [0.2, 0.025, 1e-3])
def test_many_problems_give_the_t_interval(tail: float) -> None:
    """With 20,000 problems the limits are the t interval, moved by the pull of one observation."""
    x = spread(20_000, 4)
    half = stats.t.isf(tail, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    pull, values = 1 / len(x), values_of(x)
    assert_allclose(
        upper_limit(values, tail), x.mean() + half + pull * (1 - x.mean()), rtol=0, atol=0.005 * half
    )
    assert_allclose(
        lower_limit(values, tail), x.mean() - half - pull * (1 + x.mean()), rtol=0, atol=0.005 * half
    )


@given(either, tails)
@quick
def test_a_limit_is_where_the_p_value_equals_its_tail(x: list[float], tail: float) -> None:
    """Limits and p-values are two sides of one test, unless the limit is the end of the support."""
    values = values_of(x)
    upper, lower = float(upper_limit(values, tail)[0]), float(lower_limit(values, tail)[0])
    if min(x) < 1:
        assert_allclose(p_less(values, upper), [tail], rtol=1e-5)
    if max(x) > -1:
        assert_allclose(p_greater(values, lower), [tail], rtol=1e-5)


@given(either, thresholds)
@quick
def test_no_threshold_is_beaten_both_ways(x: list[float], than: float) -> None:
    """The two p-values at one threshold add up to 1 or more, so nothing is both supported and refuted."""
    values = values_of(x)
    assert p_less(values, than)[0] + p_greater(values, than)[0] >= 1 - 1e-9


@given(either, st.tuples(thresholds, thresholds))
@quick
def test_a_farther_threshold_is_easier_to_fall_short_of(x: list[float], pair: tuple[float, float]) -> None:
    """The p-value of "less than" falls as the threshold rises."""
    nearer, farther = sorted(pair)
    values = values_of(x)
    assert p_less(values, farther)[0] <= p_less(values, nearer)[0] + 1e-9


def test_a_support_may_be_given_in_whole_numbers() -> None:
    """Ends of the support that are whole numbers bound the search as others do."""
    shares = 1 - (1 - np.arange(1, 41)[:, None] / 1000) ** np.array([1, 23, 32, 45])
    whole, floats = (values_of(shares, support=support) for support in ((0, 1), (0.0, 1.0)))
    assert_array_equal(upper_limit(whole, 0.02), upper_limit(floats, 0.02))
    assert_allclose(p_less(whole, 0.1), p_less(floats, 0.1))


@given(either, st.tuples(tails, tails))
@quick
def test_limits_widen_as_the_tail_shrinks(x: list[float], pair: tuple[float, float]) -> None:
    """More confidence costs width, and the mean always lies between the limits, within the support."""
    values = values_of(x)
    small, large = sorted(pair)
    wide, narrow = (
        [float(limit(values, t)[0]) for limit in (lower_limit, upper_limit)] for t in (small, large)
    )
    in_order = [-1, wide[0], narrow[0], float(values.mean[0]), narrow[1], wide[1], 1]
    assert (np.diff(in_order) >= -1e-9).all()


@given(either, thresholds, tails)
@quick
def test_sides_mirror_each_other(x: list[float], than: float, tail: float) -> None:
    """Changing every sign exchanges the two p-values and the two limits."""
    values, mirror = values_of(x), values_of(-np.asarray(x))
    assert_array_equal(p_greater(values, than), p_less(mirror, -than))
    assert_array_equal(lower_limit(values, tail), -upper_limit(mirror, tail))


def test_columns_do_not_influence_each_other() -> None:
    """Each column of several has the limits and p-values that it has alone."""
    table = np.column_stack(
        [spread(40, 5), np.zeros(40), np.ones(40), np.arange(40) % 3 - 1, np.full(40, 0.3)]
    )
    for function in (lambda v: upper_limit(v, 0.01), lambda v: lower_limit(v, 0.01), p_less, p_greater):
        alone = [function(values_of(column))[0] for column in table.T]
        assert_allclose(function(values_of(table)), alone, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("m", [1, 2, 30, 1000])
def test_all_zero_leaves_room_on_both_sides(m: int) -> None:
    """No difference on any problem gives p = 1 at zero and the rule-of-three limits around it."""
    values = values_of(np.zeros(m))
    # The extra observation is at 1 and weighs a share Beta(1, m) of the whole.
    assert_allclose(upper_limit(values, 0.05), [stats.beta.isf(0.05, 1, m)], atol=1e-7)
    assert_allclose(lower_limit(values, 0.05), [-stats.beta.isf(0.05, 1, m)], atol=1e-7)
    assert (p_less(values)[0], p_greater(values)[0]) == (1, 1)


@pytest.mark.parametrize("m", [1, 2, 30])
def test_all_at_a_bound_gives_that_bound_as_limit(m: int) -> None:
    """Values all at one end of the support have that end as their limit, and a finite limit inside."""
    values = values_of(np.ones(m))
    assert upper_limit(values, 0.05)[0] == pytest.approx(1, abs=1e-12)
    # All weight on 1 but for the extra -1: 1 - 2 Beta(1, m).
    assert_allclose(lower_limit(values, 0.05), [1 - 2 * stats.beta.isf(0.05, 1, m)], atol=1e-7)


@pytest.mark.parametrize("m", [1, 2, 30, 300])
def test_a_constant_graded_column_has_limits_of_positive_width(m: int) -> None:
    """A constant inside the support gives no certainty: its limits are those of the extra observation."""
    values = values_of(np.full(m, 0.3))
    share = stats.beta.isf(0.05, 1, m)
    assert_allclose(upper_limit(values, 0.05), [0.3 + 0.7 * share])
    assert_allclose(lower_limit(values, 0.05), [0.3 - 1.3 * share])


@pytest.mark.parametrize("x", [[0.0, 0.5], [-1.0, 1.0], [0.0], [1.0, 1.0], [-1.0, -1.0]])
def test_thresholds_at_the_ends_of_the_support_are_decided_by_logic(x: list[float]) -> None:
    """No mean is above 1 or below -1, and one value short of the end shows that the mean is short of it."""
    values = values_of(x)
    assert (p_greater(values, 1.0)[0], p_less(values, -1.0)[0]) == (1, 1)
    assert p_less(values, 1.0)[0] == (min(x) == 1)
    assert p_greater(values, -1.0)[0] == (max(x) == -1)


@given(either, tails)
@quick
def test_clusters_of_one_are_no_clusters(x: list[float], tail: float) -> None:
    """A label of its own for every problem changes nothing."""
    labels = [f"c{i:03d}" for i in range(len(x))]
    assert_array_equal(upper_limit(values_of(x, clusters=labels), tail), upper_limit(values_of(x), tail))


@given(either, tails)
@quick
def test_copies_inside_a_cluster_add_nothing(x: list[float], tail: float) -> None:
    """Each problem twice in a cluster of two gives the limits of the problems once."""
    labels = np.repeat(np.arange(len(x)), 2)
    doubled = values_of(np.repeat(x, 2), clusters=labels)
    assert_allclose(upper_limit(doubled, tail), upper_limit(values_of(x), tail), atol=1e-9)
    assert_allclose(lower_limit(doubled, tail), lower_limit(values_of(x), tail), atol=1e-9)


def test_clusters_of_one_size_are_exact() -> None:
    """Where RL alone solves none in 98 clusters of two, its share is below 2 % at p = .98^98."""
    values = values_of(np.zeros(196), support=SHARE, clusters=np.arange(196) // 2)
    assert_allclose(p_less(values, 0.02), [0.98**98], rtol=1e-11)


def test_the_extra_cluster_is_as_large_as_the_largest() -> None:
    """One cluster of eight among ones: as many exponential weights more, on a problem at the end."""
    values = values_of(np.zeros(16), support=SHARE, clusters=[0] * 8 + list(range(1, 9)))
    # 8 (1 - b) g_0 against b (8 g_1 + G_8), G_8 of gamma law.
    b = 0.2
    expected = (1 + b / (1 - b)) ** -1 * (1 + b / (8 * (1 - b))) ** -8
    assert_allclose(p_less(values, b), [expected], rtol=1e-11)


def test_a_small_lead_on_every_problem_may_be_undone_by_few() -> None:
    """98 problems that all gain 3/128 show no lead: with a rare collapse they come up in .0979 of samples."""
    p = p_greater(values_of(np.full(98, 3 / 128)))[0]
    assert (1 - 3 / 128) ** 98 < p == pytest.approx((1 + 3 / 128) ** -98, rel=1e-11)


def test_unequal_clusters_keep_the_mean_over_problems() -> None:
    """The estimate is the mean over problems, not over clusters, and alike neighbours widen the limits."""
    x = np.repeat([0.5, -0.25, 0.0, 0.75], [1, 4, 2, 3])
    clustered = values_of(x, clusters=list("abbbbccddd"))
    assert_allclose(clustered.mean, [x.mean()])
    assert upper_limit(clustered, 0.05)[0] > upper_limit(values_of(x), 0.05)[0]


@pytest.mark.parametrize(
    ("x", "clusters", "message"),
    [
        ([], None, r"problems >= 1"),
        (np.zeros((2, 2, 2)), None, r"found \(2, 2, 2\)"),
        ([0.1, np.nan], None, r"must lie in"),
        ([0.1, np.inf], None, r"must lie in"),
        ([0.1, 1.01], None, r"found 0.1 to 1.01"),
        ([-1.01, 0.1], None, r"found -1.01 to 0.1"),
        ([0.1, 0.2], ["a"], r"2 problems need as many cluster labels"),
        ([0.1, 0.2], ["a", "b", "c"], r"2 problems need as many cluster labels"),
    ],
)
def test_unfit_values_are_refused(x: NDArray[np.float64], clusters: list[str] | None, message: str) -> None:
    """No value, a value that is no number or outside the support, or labels of another length raise."""
    with pytest.raises(ValueError, match=message):
        values_of(x, clusters=clusters)


@given(ternary, thresholds, tails)
@quick
def test_rounding_changes_nothing(x: list[float], than: float, tail: float) -> None:
    """Values that miss an end of the support or zero by rounding have the limits of those that do not."""
    exact = values_of(x)
    rounded = values_of(np.asarray(x) * (1 - 3e-16) + 2e-16)
    assert_allclose(p_less(rounded, than), p_less(exact, than), rtol=0, atol=1e-12)
    assert_allclose(upper_limit(rounded, tail), upper_limit(exact, tail), rtol=0, atol=1e-12)


@given(either, tails)
# Next to the end of the support the p-value changes by 1e-9 of itself from one double to the next.
@example([0.9375], 1e-6)
@quick
def test_a_graded_limit_is_found_to_the_last_digits(x: list[float], tail: float) -> None:
    """No number is nearer: the tail lies between the p-values of the next doubles, to ten digits of it."""
    values = values_of(x)
    limit = float(upper_limit(values, tail)[0])
    above, below = (float(p_less(values, np.nextafter(limit, end))[0]) for end in (2.0, -2.0))
    assert above * (1 - 1e-10) <= tail <= below * (1 + 1e-10)


def test_values_without_a_support_are_left_alone() -> None:
    """Values that have no bounds, whose variance alone is asked for, stay as they are."""
    assert_array_equal(values_of([-1e5, 0.5, 3.0], support=(-np.inf, np.inf)).sums[:, 0], [-1e5, 0.5, 3.0])
