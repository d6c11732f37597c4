"""Exact tables, Holm's adjustment, and what would decide an undecided effect, each beside its oracle."""

from fractions import Fraction
from math import comb, inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from beyondbase import estimators
from beyondbase.inference.bounded import Floats, p_greater, values_of
from beyondbase.inference.multiplicity import holm
from beyondbase.inference.precision import (
    FAR,
    POWER,
    Precision,
    Remedy,
    remedy,
    sampling_variance,
    split_variance,
)
from beyondbase.inference.tables import fisher_greater, mcnemar, share_interval

ALPHA = 0.05
quick = settings(deadline=None, max_examples=60)


@given(st.integers(0, 80), st.integers(0, 80))
@quick
def test_mcnemar_is_statsmodels_exact_form(base_only: int, other_only: int) -> None:
    """The exact two-sided p is statsmodels', and 1 where no problem is discordant."""
    wanted = statsmodels_mcnemar([[5, base_only], [other_only, 7]], exact=True).pvalue
    assert mcnemar(base_only, other_only) == pytest.approx(wanted if base_only + other_only else 1, rel=1e-9)
    assert mcnemar(base_only, other_only) == mcnemar(other_only, base_only)


def test_fisher_is_scipys_on_random_tables() -> None:
    """Each problem's one-sided p is that of scipy's Fisher test on its own two-by-two table."""
    rng = np.random.default_rng(1)
    n, other_n = rng.integers(1, 60, (2, 300))
    c, other_c = rng.binomial(n, rng.random(300)), rng.binomial(other_n, rng.random(300))
    wanted = [
        stats.fisher_exact([[a, m - a], [b, k - b]], alternative="greater").pvalue
        for m, a, k, b in zip(n, c, other_n, other_c, strict=True)
    ]
    assert_allclose(fisher_greater(n, c, other_n, other_c), wanted, rtol=1e-9)


@pytest.mark.parametrize(
    ("n", "c", "other_n", "other_c", "p"),
    [(8, 0, 8, 0, 1), (8, 8, 8, 8, 1), (1, 1, 1, 0, 0.5), (2, 2, 2, 0, 1 / 6)],
)
def test_fisher_by_hand(n: int, c: int, other_n: int, other_c: int, p: float) -> None:
    """Equal arms give no evidence, and few samples little of it."""
    assert_allclose(fisher_greater([n], [c], [other_n], [other_c]), [p])


@pytest.mark.parametrize(("count", "total"), [(0, 1), (0, 50), (3, 7), (50, 50), (462, 481)])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_a_share_has_clopper_and_pearsons_interval(count: int, total: int, alpha: float) -> None:
    """The interval is the pair of beta quantiles, closed at 0 and 1."""
    low = stats.beta.ppf(alpha / 2, count, total - count + 1) if count else 0
    high = stats.beta.isf(alpha / 2, count + 1, total - count) if count < total else 1
    assert_allclose(share_interval(count, total, alpha=alpha), (low, high), atol=1e-9)


def test_a_share_of_nothing_has_no_interval() -> None:
    """Nothing to count gives NaN on both sides."""
    assert all(isnan(end) for end in share_interval(0, 0))


def test_holm_by_hand() -> None:
    """The k-th smallest is multiplied by what is left, never below its predecessor, in the order given."""
    # Sorted: .005 * 4, .01 * 3, .03 * 2, .04 * 1 raised to its predecessor.
    assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_holm_of_nothing_is_nothing() -> None:
    """An empty family has no p-values."""
    assert holm([]).shape == (0,)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(quick, max_examples=15)
def test_holm_is_statsmodels_and_at_most_one(p: list[float]) -> None:
    """The adjustment is the library's, no smaller than the p-value and no greater than 1."""
    found = holm(p)
    assert_allclose(found, multipletests(p, method="holm")[1])
    assert (found >= p).all()
    assert (found <= 1).all()


@pytest.mark.parametrize("n", [1, 2, 7, 40])
@pytest.mark.parametrize("p", [0.0, 0.03, 0.5, 0.9, 1.0])
def test_sampling_variance_is_that_of_the_binomial(n: int, p: float) -> None:
    """At every k it is the variance of the estimate summed over all outcomes of n samples."""
    counts = np.arange(n + 1)
    chance = stats.binom.pmf(counts, n, p)
    for k in range(1, n + 1):
        estimate = estimators.pass_at_k(n, counts, k)
        mean = chance @ estimate
        assert_allclose(sampling_variance(n, p, k), chance @ (estimate - mean) ** 2, rtol=1e-9, atol=1e-13)


def test_sampling_variance_of_pass_hat_k_takes_the_failure_rate() -> None:
    """With 1 - p it is the variance of the estimate that all of k are correct."""
    n, p, k = 20, 0.7, 6
    counts = np.arange(n + 1)
    chance = stats.binom.pmf(counts, n, p)
    estimate = estimators.pass_hat_k(n, counts, k)
    variance = chance @ (estimate - chance @ estimate) ** 2
    assert_allclose(sampling_variance(n, 1 - p, k), variance, rtol=1e-9)


def test_sampling_variance_agrees_with_simulation() -> None:
    """Over problems of unequal n it is the variance of simulated estimates, row by row."""
    rng = np.random.default_rng(2)
    n, p, k = np.array([16, 128, 16, 64]), np.array([0.02, 0.01, 0.3, 0.05]), 16
    estimates = estimators.pass_at_k(n, rng.binomial(n, p, (40_000, 4)), k)
    assert_allclose(sampling_variance(n, p, k), estimates.var(axis=0), rtol=0.05)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20), st.floats(0, 2))
@quick
def test_variance_splits_into_two_parts(x: list[float], within: float) -> None:
    """The parts are not negative and add up to the sample variance."""
    total, between, part = split_variance(values_of(x), within)
    assert total == pytest.approx(np.var(x, ddof=1))
    assert between + part == pytest.approx(total)
    assert min(between, part) >= 0
    assert part == min(within, total)


def test_an_unknown_part_stays_unknown() -> None:
    """Where the sampling part is unknown all counts as the other, and one problem has no variance."""
    total, between, within = split_variance(values_of([0.0, 1.0]), nan)
    assert total == between == 0.5
    assert isnan(within)
    assert all(isnan(part) for part in split_variance(values_of([0.3]), 0.1)[:2])


def power_at(problems: int, draw: object, repeats: int = 400) -> float:
    """Share of repeated samples of so many problems that show a mean above zero."""
    rng = np.random.default_rng(problems)
    shown = [p_greater(values_of(draw(rng, problems)))[0] <= ALPHA for _ in range(repeats)]  # type: ignore[operator]
    return float(np.mean(shown))


def between_only(rng: np.random.Generator, problems: int) -> Floats:
    """True differences of mean 0.04 and standard deviation 0.3, seen without noise."""
    return np.clip(rng.normal(0.04, 0.3, problems), -1, 1)


def test_the_recommended_problems_reach_the_power() -> None:
    """With as many problems as the remedy asks for, about four in five samples decide."""
    cure = remedy(Precision(0.04, 0.09, 0.0, 100, 64), ALPHA)
    assert cure.problems is not None
    # Four standard errors of 400 repeats are 0.08; the pull of the extra observation costs the rest.
    assert power_at(cure.problems, between_only) == pytest.approx(POWER, abs=0.1)


@pytest.mark.parametrize("problems", [100, 1600])
def test_the_recommended_samples_reach_the_power(problems: int) -> None:
    """With as many samples per problem as the remedy asks for, four in five samples decide, or more."""
    rates, n = np.random.default_rng(3).uniform(0.2, 0.8, problems), 8
    lead = 0.5 / np.sqrt(problems)
    within = float((rates * (1 - rates) + (rates + lead) * (1 - rates - lead)).mean()) / n
    cure = remedy(Precision(lead, 0.0, within, problems, n), ALPHA)
    assert cure.samples is not None

    def draw(rng: np.random.Generator, problems: int) -> Floats:
        pair = [rng.binomial(cure.samples, p, problems) / cure.samples for p in (rates + lead, rates)]
        return np.asarray(pair[0] - pair[1])

    # At few problems the extra observation is counted generously, which buys more than the power.
    assert power_at(problems, draw) >= POWER - 0.1


@pytest.mark.parametrize("distance", [0.0, 1e-6, -1e-6])
def test_an_effect_at_its_threshold_has_no_remedy(distance: float) -> None:
    """What a hundredfold of data would not decide is said to be out of reach."""
    assert remedy(Precision(distance, 0.1, 0.1, 100, 64), ALPHA) == Remedy(None, None)


@pytest.mark.parametrize("distance", [0.02, -0.02])
def test_problems_by_hand(distance: float) -> None:
    """It takes (z_alpha + z_power)^2 variance / distance^2 problems, and a few for the extra observation."""
    found = remedy(Precision(distance, 0.09, nan, 100, 64), ALPHA)
    # (2.4865 / 0.02)^2 * 0.09 = 1391.1
    assert found.problems is not None
    assert 1392 <= found.problems < 1.1 * 1392
    assert found.samples is None


def test_more_samples_are_useless_where_problems_differ() -> None:
    """Where the problem part alone is too large, only more problems help."""
    cure = remedy(Precision(0.03, 0.09, 0.01, 100, 64), ALPHA)
    assert cure.samples is None
    assert cure.problems is not None
    assert cure.helps == "problems"


def test_more_samples_help_where_noise_dominates() -> None:
    """Where the sampling part dominates, more samples on the same problems decide too."""
    cure = remedy(Precision(0.06, 0.001, 0.08, 100, 8), ALPHA)
    assert cure.helps == "both"
    assert cure.samples is not None
    assert 8 < cure.samples <= 8 * FAR
    left = 0.001 + 0.08 * 8 / cure.samples
    needed = stats.norm.isf(ALPHA) + stats.norm.ppf(POWER)
    # What they leave must not be coarser than the power asks for; the extra observation asks for more.
    assert 0.95 * needed <= 0.06 / np.sqrt(left / 100) < 2 * needed


@given(
    st.floats(-1, 1),
    st.floats(0, 1),
    st.floats(0, 1) | st.just(nan),
    st.integers(1, 500),
    st.integers(1, 500),
)
@quick
def test_a_remedy_is_more_than_is_at_hand_and_within_reach(
    distance: float, between: float, within: float, problems: int, samples: int
) -> None:
    """Either number, where given, exceeds what is at hand, a hundredfold at most."""
    cure = remedy(Precision(distance, between, within, problems, samples), ALPHA)
    for asked, at_hand in ((cure.problems, problems), (cure.samples, samples)):
        assert at_hand < (asked or inf)
        assert (asked or 0) <= max(FAR * at_hand, at_hand + 1)


@pytest.mark.parametrize(
    ("cure", "helps"),
    [
        (Remedy(10, None), "problems"),
        (Remedy(None, 10), "samples"),
        (Remedy(1, 1), "both"),
        (Remedy(None, None), "neither"),
    ],
)
def test_what_helps_is_named(cure: Remedy, helps: str) -> None:
    """The way out is named after the sizes that are in reach."""
    assert cure.helps == helps


def test_an_approximation_that_is_too_hopeful_yields_to_the_exact_p() -> None:
    """Five problems, all lost, are enough by the normal law, but 0.5^5 is not; no noise is left to remove."""
    lost = Precision(-1.0, 0.0, 0.0, 5, 32)
    assert remedy(lost, 0.01).problems == 6
    found = remedy(lost, 0.01, 0.5**5)
    # 0.5^m <= 0.01 from m = 7 on; the power asked for takes some more.
    assert found.problems is not None
    assert 7 <= found.problems <= 20
    assert found.samples is None


@pytest.mark.parametrize("n", [16, 1024])
@pytest.mark.parametrize("c", [1, 2, 8])
@pytest.mark.parametrize("k", [1, 2, 8])
def test_a_small_sampling_variance_keeps_its_digits(n: int, c: int, k: int) -> None:
    """Where nearly nothing or nearly all is right, the variance is that of rational numbers to ten digits."""
    for right in (c, n - c):
        q = 1 - Fraction(right, n)
        pmf = {
            j: Fraction(comb(k, j) * comb(n - k, k - j), comb(n, k)) for j in range(k + 1) if k - j <= n - k
        }
        exact = sum(share * q ** (2 * k - j) for j, share in pmf.items()) - q ** (2 * k)
        assert_allclose(sampling_variance([n], [right / n], k), [float(exact)], rtol=1e-10)
