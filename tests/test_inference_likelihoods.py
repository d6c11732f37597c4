"""Common-language effects, Student's and Fieller's limits, and typical ratios, against scipy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize, special, stats

from beyondbase.inference.bounded import p_greater, p_less, values_of
from beyondbase.inference.ranks import win_share, win_share_variance
from beyondbase.inference.ratios import ratio_t_limits, t_limits
from beyondbase.inference.typical import bounded_logs, log_means, typical_limits, typical_ratio

GROUPS = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=9).map(np.array)


@given(GROUPS, GROUPS)
def test_the_effect_is_mann_and_whitneys_u_over_the_pairs(these: Any, those: Any) -> None:
    """Ties count half, and the two sides add up to one."""
    u = stats.mannwhitneyu(these, those, method="asymptotic").statistic if np.ptp([*these, *those]) else None
    expected = 0.5 if u is None else u / (these.size * those.size)
    assert win_share(these, those) == pytest.approx(expected, abs=1e-12)
    assert win_share(these, those) + win_share(those, these) == pytest.approx(1)


@given(GROUPS, GROUPS, st.sampled_from([0.0, 1.0, 2.0]))
def test_near_values_count_as_equal(these: Any, those: Any, tie: float) -> None:
    """The effect is the mean over all pairs, where a difference of at most the tie is half a win."""
    pairs = [0.5 if abs(x - y) <= tie else float(x > y) for x in these for y in those]
    assert win_share(these, those, tie=tie) == pytest.approx(np.mean(pairs))


def test_the_variance_of_the_effect_is_that_of_repeated_draws() -> None:
    """On average it is the variance that the effect has over many draws, up to their noise (s.e. 2 %)."""
    rng = np.random.default_rng(5)
    draws = [(rng.normal(0.4, 1, 100), rng.normal(0, 1.5, 150)) for _ in range(4000)]
    effects = [win_share(*draw) for draw in draws]
    assert np.mean([win_share_variance(*draw) for draw in draws]) == pytest.approx(np.var(effects), rel=0.08)
    assert np.isnan(win_share_variance(np.ones(1), np.ones(5)))


def test_the_limits_of_a_mean_are_students() -> None:
    """They are those of scipy's test."""
    values = np.array([0.3, -0.1, 0.9, 1.4, 0.2])
    assert t_limits(values, alpha=0.1) == pytest.approx(stats.ttest_1samp(values, 0).confidence_interval(0.9))


def test_clusters_are_the_units() -> None:
    """Sums of clusters are tested, so copies of every problem add nothing."""
    values = np.array([0.3, -0.1, 0.9, 1.4, 0.2])
    labels = [*"abcde"] * 2
    assert t_limits(np.tile(values, 2), clusters=labels) == pytest.approx(t_limits(values))


def test_values_without_spread_give_no_certainty() -> None:
    """One problem, or equal values, show nothing."""
    assert t_limits(np.ones(9)) == t_limits(np.ones(1)) == (None, None)


@given(st.integers(0, 10**6))
def test_limits_of_a_ratio_are_where_the_test_just_does_not_reject(seed: int) -> None:
    """At each limit scipy's t test of part - r whole has p = alpha; the estimate lies between them."""
    rng = np.random.default_rng(seed)
    wholes = rng.normal(5, 1, 12)
    parts = 0.7 * wholes + rng.normal(0, 0.5, 12)
    lower, upper = ratio_t_limits(parts, wholes, alpha=0.1)
    assert lower is not None
    assert upper is not None
    assert lower < parts.mean() / wholes.mean() < upper
    ps = [stats.ttest_1samp(parts - ratio * wholes, 0).pvalue for ratio in (lower, upper)]
    assert_allclose(ps, 0.1, rtol=1e-6)


def test_limits_of_a_ratio_with_clusters_are_those_of_a_test_of_their_sums() -> None:
    """At each limit scipy's t test of the clusters' sums of part - r whole has p = alpha."""
    rng = np.random.default_rng(4)
    labels = np.repeat([*"abcdefgh"], [1, 1, 2, 3, 3, 5, 6, 9])
    wholes = rng.normal(5, 1, labels.size)
    parts = 0.7 * wholes + rng.normal(0, 0.5, labels.size)
    for ratio in ratio_t_limits(parts, wholes, clusters=labels.tolist(), alpha=0.1):
        assert ratio is not None
        rest = parts - ratio * wholes
        sums = [rest[labels == label].sum() for label in np.unique(labels)]
        assert stats.ttest_1samp(sums, 0).pvalue == pytest.approx(0.1)


def test_a_whole_near_zero_sets_no_limits() -> None:
    """A ratio to what may be zero can be anything."""
    assert ratio_t_limits(np.array([1.0, 2.0, 3.0]), np.array([1.0, -1.0, 0.5])) == (None, None)


@pytest.mark.parametrize(("one", "other"), [(0.3, 0.2), (0.2, 0.3), (0.4, 0.3), (1.1, 1.0)])
def test_a_difference_of_just_the_tie_is_one(one: float, other: float) -> None:
    """Values that differ by the tie, but for rounding, count as equal whichever is larger."""
    assert win_share(np.array([one]), np.array([other]), tie=0.1) == 0.5


@pytest.mark.parametrize("size", [3, 7, 12, 30])
@pytest.mark.parametrize("clusters", [None, ["a", "b", "c"]])
def test_a_spread_of_rounding_is_none(size: int, clusters: list[str] | None) -> None:
    """Values that are alike but for their last bits give no certainty, like those that are alike."""
    values = 0.1 * (1 + 2e-16 * (np.arange(size) % 3))
    labels = clusters and [clusters[i % 3] for i in range(size)]
    assert t_limits(values, clusters=labels if size % 3 == 0 else None) == (None, None)


LOGS = st.lists(st.floats(-4, 4, allow_subnormal=False), min_size=1, max_size=20).map(np.array)


@given(LOGS)
def test_the_typical_ratio_is_the_middle_of_a_hyperbolic_secant_law(logs: Any) -> None:
    """Of all places its logarithm makes the values likeliest under that law."""
    middle = optimize.minimize_scalar(
        lambda at: -stats.hypsecant.logpdf(logs, at).sum(), bounds=(-5, 5), options={"xatol": 1e-9}
    ).x
    assert np.log(typical_ratio(logs)) == pytest.approx(middle, abs=1e-5)
    assert bounded_logs(logs, typical_ratio(logs)).mean() == pytest.approx(0, abs=1e-10)


@given(LOGS, st.floats(0.1, 10))
def test_the_typical_ratio_turns_with_the_arms_and_grows_with_one_of_them(logs: Any, factor: float) -> None:
    """The base over RL is one over RL over the base, and a factor on all is a factor on the ratio."""
    ratio = typical_ratio(logs)
    assert typical_ratio(-logs) == pytest.approx(1 / ratio)
    assert typical_ratio(logs + np.log(factor)) == pytest.approx(factor * ratio)
    assert np.exp(logs.min()) <= ratio * (1 + 1e-12)
    assert ratio <= np.exp(logs.max()) * (1 + 1e-12)


def test_where_logs_lie_evenly_the_typical_ratio_is_the_geometric_mean() -> None:
    """Logarithms in pairs around one value have it as theirs."""
    logs = 0.2 + np.array([-3.0, -0.5, -0.1, 0.1, 0.5, 3.0])
    assert typical_ratio(logs) == pytest.approx(np.exp(logs.mean()))


@pytest.mark.parametrize("clusters", [None, [*"aabbbcdefghijjkllmno"]])
def test_typical_limits_are_where_the_bounded_test_just_does_not_reject(clusters: list[str] | None) -> None:
    """At each limit the mean of the bounded logarithms has one-sided p = alpha / 2."""
    logs = np.random.default_rng(8).normal(0.1, 0.4, 20)
    lower, upper = typical_limits(logs, clusters=clusters, alpha=0.1)
    assert lower is not None
    assert upper is not None
    assert lower < typical_ratio(logs) < upper
    at_lower, at_upper = (values_of(bounded_logs(logs, ratio), clusters=clusters) for ratio in (lower, upper))
    assert_allclose([p_greater(at_lower)[0], p_less(at_upper)[0]], 0.05, rtol=1e-6)
    turned = typical_limits(-logs, clusters=clusters, alpha=0.1)
    assert_allclose(turned, [1 / upper, 1 / lower], rtol=1e-9)


def test_typical_limits_come_near_students_where_logs_are_normal_and_many() -> None:
    """With 2,000 normal logarithms they are a t interval's, up to a twentieth of its width."""
    logs = np.random.default_rng(9).normal(0.1, 0.2, 2000)
    near = np.log(np.array(typical_limits(logs), dtype=float))
    interval = stats.ttest_1samp(logs, 0).confidence_interval(0.95)
    assert_allclose(near, list(interval), atol=(interval.high - interval.low) / 20)


def test_typical_numbers_hang_neither_on_order_nor_on_rounding() -> None:
    """In another order, and moved in their last bits, logarithms give the same numbers."""
    rng = np.random.default_rng(7)
    logs = np.append(rng.normal(0, 0.3, 60), [-9.0, 20.0])
    moved = rng.permutation(logs) * (1 + rng.uniform(-1, 1, logs.size) * 1e-15)
    numbers = [(typical_ratio(values), *typical_limits(values)) for values in (logs, moved)]
    assert_allclose(*np.array(numbers, dtype=float), rtol=1e-11)


def test_two_problems_set_no_limits_of_a_typical_ratio() -> None:
    """With so few the bound allows any ratio, and no more than one problem is none."""
    assert typical_limits(np.array([0.1, 0.2])) == typical_limits(np.array([0.1])) == (None, None)


def test_one_extreme_problem_moves_the_typical_ratio_by_a_problems_share() -> None:
    """A ratio of 1 to 10^9 on one of 100 problems moves it by a hundredth, and sets no limit far away."""
    logs = np.random.default_rng(2).normal(0, 0.1, 100)
    logs[0] = np.log(1e-9)
    assert 0 < typical_ratio(logs[1:]) - typical_ratio(logs) < 0.0115
    lower, _ = typical_limits(logs)
    assert lower is not None
    assert lower > 0.9


@pytest.mark.parametrize("shape", [1.0, 4.0, 25.0])
@pytest.mark.parametrize("n", [4, 16])
def test_the_logarithm_of_a_mean_is_that_of_the_expectation(shape: float, n: int) -> None:
    """Of gamma draws it has an eighth of the bias of log(mean), psi(n shape) - log(n shape), at most."""
    groups = np.repeat(np.arange(4000), n)
    values = np.random.default_rng(6).gamma(shape, size=groups.size) / shape
    found, variance = log_means(values, groups, least=np.full(4000, 1e-9))
    error = found.std() / np.sqrt(found.size)
    plain = special.digamma(n * shape) - np.log(n * shape)
    assert abs(found.mean()) < abs(plain) / 8 + 4 * error
    assert variance.mean() == pytest.approx(found.var(), rel=0.35)


def test_the_logarithm_of_a_mean_is_the_jackknifes() -> None:
    """By hand, of groups of unequal sizes: n log(mean) - (n - 1) mean of log(mean without one)."""
    values = np.array([7.0, 1.0, 2.0, 4.0, 5.0, 3.0])
    found, variance = log_means(values, np.array([1, 0, 0, 0, 0, 1]), least=np.full(2, 1e-9))
    without = np.log([11 / 3, 10 / 3, 8 / 3, 7 / 3])
    halves = np.log([3, 7])
    assert_allclose(found, [4 * np.log(3) - 3 * without.mean(), 2 * np.log(5) - halves.mean()])
    assert_allclose(variance, [9 / 4 * without.var(ddof=1), halves.var(ddof=1) / 2])


def test_a_mean_of_nothing_has_the_least_logarithm() -> None:
    """Zeros, or what is smaller than the least, count as it, with no spread; one value has no variance."""
    values, groups = np.array([0.0, 0.0, 0.0, 1e-7]), np.array([0, 0, 0, 1])
    found, variance = log_means(values, groups, least=np.array([0.01, 0.02]))
    assert_allclose(found, np.log([0.01, 0.02]))
    assert variance[0] == 0
    assert np.isnan(variance[1])
