"""Exact tables, Holm's adjustment, and how a variance splits, each beside its oracle."""

from fractions import Fraction
from math import comb, isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from beyondbase import estimators
from beyondbase.inference.bounded import values_of
from beyondbase.inference.multiplicity import holm
from beyondbase.inference.precision import sampling_variance, split_variance
from beyondbase.inference.tables import fisher_greater, mcnemar, share_interval

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
