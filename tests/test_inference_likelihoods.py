"""Common-language effects, Student's test and Fieller's limits against scipy and by inversion."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from beyondbase.inference.ranks import win_share, win_share_variance
from beyondbase.inference.ratios import ratio_t_limits, t_limits, t_p_greater

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


def test_the_test_of_a_mean_is_students() -> None:
    """p-value and limits are those of scipy's test."""
    values = np.array([0.3, -0.1, 0.9, 1.4, 0.2])
    assert t_p_greater(values) == pytest.approx(stats.ttest_1samp(values, 0, alternative="greater").pvalue)
    assert t_p_greater(-values) == pytest.approx(1 - t_p_greater(values))
    assert t_limits(values, alpha=0.1) == pytest.approx(stats.ttest_1samp(values, 0).confidence_interval(0.9))


def test_clusters_are_the_units() -> None:
    """Sums of clusters are tested, so copies of every problem add nothing."""
    values = np.array([0.3, -0.1, 0.9, 1.4, 0.2])
    labels = [*"abcde"] * 2
    assert t_p_greater(np.tile(values, 2), clusters=labels) == pytest.approx(t_p_greater(values))
    assert t_limits(np.tile(values, 2), clusters=labels) == pytest.approx(t_limits(values))


def test_values_without_spread_give_no_certainty() -> None:
    """One problem, or equal values, show nothing."""
    assert t_p_greater(np.ones(9)) == t_p_greater(np.ones(1)) == 1
    assert t_limits(np.ones(9)) == t_limits(np.ones(1)) == (None, None)


@given(st.integers(0, 10**6))
def test_limits_of_a_ratio_are_where_the_test_just_does_not_reject(seed: int) -> None:
    """At each limit Student's test of part - r whole has half of alpha; the estimate lies between them."""
    rng = np.random.default_rng(seed)
    wholes = rng.normal(5, 1, 12)
    parts = 0.7 * wholes + rng.normal(0, 0.5, 12)
    lower, upper = ratio_t_limits(parts, wholes, alpha=0.1)
    assert lower is not None
    assert upper is not None
    assert lower < parts.mean() / wholes.mean() < upper
    assert_allclose(
        [t_p_greater(parts - lower * wholes), t_p_greater(upper * wholes - parts)], 0.05, rtol=1e-6
    )


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
    assert t_p_greater(values, clusters=labels if size % 3 == 0 else None) == 1
    assert t_limits(values, clusters=labels if size % 3 == 0 else None) == (None, None)
