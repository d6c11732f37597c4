"""Simultaneous bands: the known laws of the critical value, other people's band, and what follows from it."""

from collections.abc import Callable

import numpy as np
import passk_inference.core
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from beyondbase import estimators
from beyondbase.inference.band import (
    p_all_greater,
    p_any_less,
    simultaneous_band,
)
from beyondbase.inference.bounded import (
    Floats,
    Values,
    lower_limit,
    p_greater,
    p_less,
    upper_limit,
    values_of,
)

KS = (1, 2, 4, 8, 16)
DRAWS = 20_000
# Quantiles of a simulated maximum: four standard errors at 20,000 draws, in units of the tail.
NOISE = 0.15

tables = st.integers(2, 12).flatmap(
    lambda rows: st.lists(
        st.lists(st.integers(-8, 8).map(lambda i: i / 8), min_size=3, max_size=3),
        min_size=rows,
        max_size=rows,
    )
)
quick = settings(deadline=None, max_examples=50)


def orthogonal(columns: int) -> Values:
    """Columns of exactly zero correlation: all sign patterns, each once, at half the support."""
    signs = np.array(np.meshgrid(*[[-0.5, 0.5]] * columns)).reshape(columns, -1).T
    return values_of(signs)


def curves(problems: int, seed: int) -> Floats:
    """Differences of pass@k of two models over KS, from counts of 32 samples."""
    rng = np.random.default_rng(seed)
    easy = rng.beta(0.4, 0.6, problems)
    other, base = (rng.binomial(32, p) for p in (easy**0.8, np.clip(easy + 0.05, 0, 1)))
    columns = np.asarray(KS) - 1
    pair = [estimators.pass_at_k_curve(np.full(problems, 32), c, 16)[:, columns] for c in (other, base)]
    return np.asarray(pair[0] - pair[1])


@pytest.mark.parametrize("columns", [1, 2, 5, 10])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_independent_columns_need_sidaks_level(columns: int, alpha: float) -> None:
    """Without correlation the common tail is half of Sidak's 1 - (1 - alpha)^(1 / columns)."""
    band = simultaneous_band(orthogonal(columns), alpha=alpha, draws=DRAWS)
    assert band.tail == pytest.approx((1 - (1 - alpha) ** (1 / columns)) / 2, rel=NOISE)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_copies_of_a_column_need_no_adjustment(alpha: float) -> None:
    """With perfect correlation the common tail is alpha / 2, whatever the sign and the scale."""
    column = curves(50, 1)[:, :1]
    values = values_of(column * [1.0, -1.0, 0.5, 0.01])
    assert simultaneous_band(values, alpha=alpha, draws=DRAWS).tail == pytest.approx(alpha / 2, rel=NOISE)


@pytest.mark.parametrize("correlation", [0.5, 0.9])
def test_two_correlated_columns_need_the_bivariate_normal_level(correlation: float) -> None:
    """For two columns the chance that a normal pair stays within the critical value is 1 - alpha."""
    one, two = np.array([[1, 1, -1, -1], [1, -1, 1, -1]]) / 2
    mixed = correlation * one + np.sqrt(1 - correlation**2) * two
    band = simultaneous_band(values_of(np.column_stack([one, mixed / 2])), draws=DRAWS)
    critical = stats.norm.isf(band.tail)
    law = stats.multivariate_normal(cov=[[1, correlation], [correlation, 1]])
    inside = law.cdf([critical, critical], lower_limit=[-critical, -critical])
    assert inside == pytest.approx(0.95, abs=0.05 * NOISE)


def test_large_samples_agree_with_another_implementation() -> None:
    """At 3,000 problems the band is passk-inference's, moved by one observation, within 4 % of its width."""
    rows = curves(3000, 2)
    ours = simultaneous_band(values_of(rows))
    theirs = passk_inference.core.simultaneous_band(rows, bootstrap=4000, seed=3)
    width = theirs["upper"] - theirs["lower"]
    assert_allclose(ours.estimate, theirs["mean"], atol=1e-12)
    for found, end in ((ours.lower, "lower"), (ours.upper, "upper")):
        pull = ((-1 if end == "lower" else 1) - ours.estimate) / len(rows)
        assert (np.abs(found - (theirs[end] + pull)) <= 0.04 * width).all()


@given(tables)
@quick
def test_the_band_holds_the_pointwise_interval(table: list[list[float]]) -> None:
    """Every column's limits are at least as wide as alone, at most as wide as Bonferroni's."""
    values = values_of(table)
    band = simultaneous_band(values, draws=2000)
    # The quantile is simulated: a pointwise level within the noise of 2,000 draws counts as reached.
    assert 0.025 / 3 * 0.5 <= band.tail <= 0.025 * 1.4
    assert (band.lower <= lower_limit(values, 0.035) + 1e-9).all()
    assert (band.upper >= upper_limit(values, 0.035) - 1e-9).all()
    assert_array_equal(band.lower, lower_limit(values, band.tail))


def test_the_seed_alone_decides_the_draws() -> None:
    """The same seed gives the same band to the last bit, and another seed another one."""
    values = values_of(curves(40, 4))
    first, again, other = (simultaneous_band(values, seed=seed, draws=500) for seed in (7, 7, 8))
    assert_array_equal(first.upper, again.upper)
    assert first.tail == again.tail != other.tail


@pytest.mark.parametrize("constant", [0.0, 1.0, -1.0])
def test_columns_without_spread_keep_finite_limits(constant: float) -> None:
    """A constant column has finite limits that hold its value, beside others and alone."""
    with_others = curves(30, 5)
    with_others[:, 2] = constant
    for table, column in ((with_others, 2), (np.full((30, 3), constant), 1)):
        band = simultaneous_band(values_of(table), draws=2000)
        limits = np.stack([band.lower, band.upper])
        assert np.isfinite(limits).all()
        assert band.lower[column] <= constant <= band.upper[column]
        assert band.upper[column] - band.lower[column] > 0.05


def test_no_difference_anywhere_contains_zero() -> None:
    """Two equal models give a band around zero at every k, of the width of the extra observation."""
    band = simultaneous_band(values_of(np.zeros((40, 4))), draws=2000)
    assert (band.lower < 0).all()
    assert (band.upper > 0).all()
    assert_allclose(band.upper, stats.beta.isf(band.tail, 1, 40), atol=1e-7)


@given(tables, st.sampled_from([0.0, 0.1, -0.3]))
@quick
def test_any_less_counts_every_look(table: list[list[float]], than: float) -> None:
    """The smallest p is multiplied by the number of columns that were looked at."""
    alone = [float(p_less(values_of(column), than)[0]) for column in np.transpose(table)]
    assert p_any_less(values_of(table), than) == pytest.approx(min(1.0, len(alone) * min(alone)), rel=1e-9)


def test_any_less_holds_where_each_column_hides_a_collapse_of_its_own() -> None:
    """Columns that all look alike may be independent: each lacks its own rare gain by chance alone."""
    m, columns, rare = 30, 8, 1 - 0.05 ** (1 / 30)
    loss = -rare / (1 - rare)  # with a gain of 1 at probability `rare` the mean is zero
    hidden = p_any_less(values_of(np.full((m, columns), loss)))
    # Such a sample, in at least one column, comes up in 1 - (1 - .05)^8 = 34 % of draws.
    assert hidden >= 1 - 0.95**columns


def test_any_less_keeps_its_level_under_the_null() -> None:
    """Over repeated samples from equal models, p <= 0.1 comes up in about a tenth at most."""
    rng = np.random.default_rng(11)
    columns = np.asarray(KS) - 1
    low = 0
    for _ in range(200):
        rates = rng.beta(0.5, 0.5, 50)
        pair = [estimators.pass_at_k_curve(np.full(50, 16), rng.binomial(16, rates), 16) for _ in "ab"]
        low += p_any_less(values_of((pair[0] - pair[1])[:, columns])) <= 0.1
    # 33 is exceeded once in a thousand where the level is 0.1.
    assert low <= stats.binom.isf(1e-3, 200, 0.1)


@given(tables, st.sampled_from([0.0, 0.1, -0.3]))
@quick
def test_all_greater_is_as_strong_as_its_weakest_column(table: list[list[float]], than: float) -> None:
    """An intersection-union test has the largest of the p-values."""
    values = values_of(table)
    assert p_all_greater(values, than) == max(p_greater(values, than))


ULP = 2.0**-52
LEAST = 1e-12  # by how much limits and p-values may move where values move by some 1e-15


def smooth(problems: int, seed: int) -> Floats:
    """Differences of curves of which ever later columns are ever more alike, down to rounding."""
    rng = np.random.default_rng(seed)
    wrong = rng.choice([1.0, 0.75, 0.5, 0.3], (2, problems), p=[0.2, 0.3, 0.3, 0.2])
    ks = np.array([*range(1, 17), *range(18, 200, 6)])
    other, base = (1 - each[:, None] ** ks for each in wrong)
    return np.asarray(other - base)


def rare(problems: int, seed: int) -> Floats:
    """Differences that are zero but for a few, at the first k for all."""
    rows = curves(problems, seed) * (np.arange(problems) % 9 == 0)[:, None]
    rows[:, 0] = 0
    return np.asarray(rows)


SHAPES = pytest.mark.parametrize("shape", [curves, smooth, rare], ids=lambda shape: str(shape.__name__))


def told(values: Values, than: float = 0.0) -> tuple[Floats, list[float]]:
    """Limits, shape (2, columns), and both p-values of a curve."""
    band = simultaneous_band(values)
    return np.stack([band.lower, band.upper]), [p_any_less(values, than), p_all_greater(values, than)]


def assert_as_good_as_the_same(rows: Floats, wanted: Floats) -> None:
    """Limits and p-values move by less than 1e-12."""
    for mean in (0.0, 0.05):
        (limits, p), (limits_wanted, p_wanted) = told(values_of(rows), mean), told(values_of(wanted), mean)
        assert_allclose(limits, limits_wanted, rtol=0, atol=LEAST)
        assert_allclose(p, p_wanted, rtol=0, atol=LEAST)


@SHAPES
@pytest.mark.parametrize("problems", [20, 300])
def test_the_last_bits_of_values_do_not_count(shape: Callable[[int, int], Floats], problems: int) -> None:
    """Values that are off by a few units in the last place move no limit and no p-value by 1e-12."""
    rows = shape(problems, 7)
    off = np.random.default_rng(8).integers(-4, 5, rows.shape)
    assert_as_good_as_the_same(rows * (1 + off * ULP) + (off - 1) * ULP / 8, rows)


@SHAPES
@pytest.mark.parametrize("problems", [20, 300])
def test_the_order_of_problems_does_not_count(shape: Callable[[int, int], Floats], problems: int) -> None:
    """Permuted problems move no limit and no p-value by 1e-12."""
    rows = shape(problems, 9)
    assert_as_good_as_the_same(rows[np.random.default_rng(10).permutation(problems)], rows)


@SHAPES
def test_columns_that_are_there_twice_do_not_count(shape: Callable[[int, int], Floats]) -> None:
    """Columns beside their copies, or before them all, have the limits that they have once."""
    rows = shape(100, 11)
    once, first = told(values_of(rows))[0], slice(rows.shape[1])
    nearly = np.hstack([rows, rows * (1 + 4 * ULP), rows[:, ::-1]])
    copied = (
        (rows.repeat(2, axis=1), slice(None, None, 2)),
        (np.hstack([rows, rows]), first),
        (nearly, first),
    )
    for several, chosen in copied:
        assert_allclose(told(values_of(several))[0][:, chosen], once, rtol=0, atol=LEAST)


@SHAPES
@pytest.mark.parametrize("scale", [3.0, 0.1])
def test_the_unit_of_values_does_not_count(shape: Callable[[int, int], Floats], scale: float) -> None:
    """Values and support in another unit have limits in that unit, and the same p-values."""
    rows = shape(100, 12)
    values, scaled = values_of(rows), values_of(rows * scale, support=(-scale, scale))
    (limits, p), (limits_scaled, p_scaled) = told(values, 0.05), told(scaled, 0.05 * scale)
    assert_allclose(limits_scaled / scale, limits, rtol=0, atol=LEAST)
    assert_allclose(p_scaled, p, rtol=0, atol=LEAST)


@pytest.mark.parametrize("spread", [0.0, 1e-13, 1e-9, 1e-6, 1e-5])
def test_columns_with_next_to_no_spread_do_no_harm(spread: float) -> None:
    """Where a column's values are nearly all alike, their last bits move limits by less than 1e-9."""
    rng = np.random.default_rng(13)
    rows = np.hstack([curves(40, 13), 0.3 + spread * rng.standard_normal((40, 5))])
    off = rng.integers(-4, 5, rows.shape) * ULP
    (limits, p), (limits_off, p_off) = told(values_of(rows)), told(values_of(rows * (1 + off)))
    assert_allclose(limits_off, limits, rtol=0, atol=1e-9)
    assert_allclose(p_off, p, rtol=0, atol=1e-9)


def test_columns_come_together_without_a_leap() -> None:
    """As one column approaches another the limits go over into those of one, in small steps."""
    rows = curves(60, 14)[:, :3]
    away = np.random.default_rng(15).permutation(rows[:, 1])
    steps = np.geomspace(3e-5, 3e-3, 60)
    tails = [
        simultaneous_band(values_of(np.column_stack([rows, rows[:, 1] + step * away])), draws=500).tail
        for step in steps
    ]
    once = simultaneous_band(values_of(rows), draws=500).tail
    assert tails[0] == pytest.approx(once, rel=1e-3)
    assert np.abs(np.diff(tails)).max() < 0.2 * max(np.ptp(tails), 1e-4)
