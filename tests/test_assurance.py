"""How much more data would show an effect, each number beside an exact or a normal oracle."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import nan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize, special, stats

from beyondbase.inference.assurance import POWER, ROUND, Pilot, Remedy, remedy
from beyondbase.inference.bounded import Floats, p_greater, values_of
from beyondbase.inference.counted import MOST_VALUES, counted, shows_gain

LEVEL = 0.05
quick = settings(deadline=None, max_examples=60)


def pilot_of(gains: Floats, *, worst: float | None = -1.0, noise: float = nan, samples: int = 8) -> Pilot:
    """Problems that are each a draw of their own."""
    return Pilot(np.asarray(gains, np.float64), np.ones(len(gains)), worst, noise, samples)


def p_of(pilot: Pilot) -> float:
    """The p-value of the pilot itself."""
    assert pilot.worst is not None
    return float(p_greater(values_of(pilot.gains, support=(pilot.worst, 2.0)))[0])


def cure_of(pilot: Pilot, level: float = LEVEL, **options: int) -> Remedy:
    """The remedy at the pilot's own p-value."""
    return remedy(pilot, level, p_of(pilot), **options)


def shares(solved: int, problems: int, margin: float) -> Pilot:
    """Shares of problems on the side of "less than the margin"."""
    return pilot_of(margin - np.repeat([1.0, 0.0], [solved, problems - solved]), worst=margin - 1)


def test_few_distinct_values_are_counted_as_they_are() -> None:
    """Values that differ by no more than rounding are one."""
    values, counts = counted(np.array([0.3, -1.0, 0.3 + 1e-16, 1.0, -1.0, 0.3]))
    assert_allclose(values, [-1, 0.3, 1])
    assert_allclose(counts, [2, 3, 1])


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=80), st.randoms())
@quick
def test_counting_keeps_number_and_mean_whatever_the_order(gains: list[float], random: object) -> None:
    """Many values become a few, of the same number, mean and variance, and none beyond the ends."""
    values, counts = counted(np.array(gains))
    shuffled = list(gains)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert_allclose(counted(np.array(shuffled)), (values, counts), rtol=0, atol=1e-12)
    assert len(values) <= MOST_VALUES
    assert counts.sum() == pytest.approx(len(gains))
    assert counts @ values == pytest.approx(sum(gains), abs=1e-6)
    assert counts @ (values - np.mean(gains)) ** 2 == pytest.approx(len(gains) * np.var(gains), abs=1e-6)
    assert min(gains) - 1e-8 <= values[0] <= values[-1] <= max(gains) + 1e-8


@pytest.mark.parametrize("level", [0.05, 0.05 / 8, 0.0005])
def test_zeros_and_ones_are_decided_by_the_binomial_test(level: float) -> None:
    """Counts below a margin are shown to be where scipy's exact test says so, one by one."""
    solved = np.arange(13.0)
    counts = np.vstack([400 - solved, solved])
    found = shows_gain(np.array([[0.02], [-0.98]]), counts, -0.98, level)
    assert found.tolist() == (stats.binom.cdf(solved, 400, 0.02) <= level).tolist()
    assert 0 < found.sum() < len(solved)


def test_wins_and_losses_are_decided_by_mcnemars_test() -> None:
    """At -1, 0 and 1, only those that differ count, and they have a fair coin's law."""
    lost = np.arange(30.0)
    counts = np.vstack([lost, np.full(30, 300.0), np.full(30, 20.0)])
    found = shows_gain(np.array([[-1.0], [0.0], [1.0]]), counts, -1.0, LEVEL)
    assert found.tolist() == (stats.binom.cdf(lost, 20 + lost, 0.5) <= LEVEL).tolist()


def test_graded_values_are_decided_by_gaffkes_bound() -> None:
    """Only where the exact p is within 6 % of the level may the decision differ."""
    rng = np.random.default_rng(5)
    values = np.array([-1.0, -0.4, -0.1, 0.0, 0.2, 0.5, 1.0])
    counts = rng.multinomial(60, [0.05, 0.1, 0.2, 0.2, 0.2, 0.15, 0.1], 300).T.astype(np.float64)
    columns = np.column_stack([np.repeat(values, column.astype(int)) for column in counts.T])
    p = p_greater(values_of(columns))
    for level in (0.05, 0.005):
        clear = np.abs(np.log(p / level)) > np.log(1.06)
        found = shows_gain(values[:, None], counts, -1.0, level)
        assert (found == (p <= level))[clear].all()
        assert clear.sum() > 280
        assert 0 < found.sum() < 300


def test_values_without_ends_are_decided_by_students_test() -> None:
    """Without a worst value the decision is that of scipy's t test; no spread decides nothing."""
    rng = np.random.default_rng(6)
    samples = rng.normal(0.4, 1, (20, 100))
    wanted = stats.ttest_1samp(samples, 0, alternative="greater").pvalue <= LEVEL
    assert shows_gain(samples, np.ones((20, 100)), None, LEVEL).tolist() == wanted.tolist()
    assert not shows_gain(np.array([[0.3]]), np.array([[20.0]]), None, LEVEL)[0]


def test_none_of_118_is_told_what_can_decide() -> None:
    """At .05 / 8 and a margin of 2 % no fewer than 252 problems decide, even if none is solved alone."""
    found = cure_of(shares(0, 118, 0.02), LEVEL / 8)
    assert found.promised
    assert found.more is not None
    assert 0.98**251 > LEVEL / 8 >= 0.98**252
    assert 252 <= 118 + found.more <= 400


def binomial_power(solved: int, problems: int, more: int, level: float, law: Callable[..., Floats]) -> float:
    """Exact chance that the share below 2 % is shown with so many more, whose count has a law."""
    counts = np.arange(more + 1)
    decides = stats.binom.cdf(solved + counts, problems + more, 0.02) <= level
    return float(law(counts)[decides].sum())


@pytest.mark.parametrize(
    ("solved", "problems", "level"),
    [
        (1, 200, LEVEL),
        (1, 200, LEVEL / 8),
        (1, 300, LEVEL / 8),
        (3, 420, LEVEL / 8),
        (5, 400, LEVEL),
        (5, 400, LEVEL / 8),
    ],
)
def test_shares_have_the_chance_that_scipy_computes(solved: int, problems: int, level: float) -> None:
    """The chance at the size told is .8 or more by exact laws, and less by a tenth of the way before it.

    Half of it is binomial at the estimate. Where a promise is made, the other half is beta-binomial under
    Jeffreys' half; else it is binomial too.
    """
    pilot = shares(solved, problems, 0.02)
    found = cure_of(pilot, level)
    assert found.more is not None

    def chance(more: int) -> float:
        plain = binomial_power(
            solved, problems, more, level, lambda x: stats.binom.pmf(x, more, solved / problems)
        )
        if not found.promised:
            return plain
        wide = stats.betabinom(more, solved + 0.5, problems - solved)
        return (plain + binomial_power(solved, problems, more, level, wide.pmf)) / 2

    # 200 draws of either kind: three standard errors are .06 and .09.
    assert chance(found.more) >= POWER - 0.09
    assert min(chance(int(found.more * part)) for part in np.arange(0.5, 0.9, 0.02)) < POWER


def test_mcnemars_test_has_the_power_that_scipy_computes() -> None:
    """With 30 wins and 22 losses in 300, a truth that is as it looks is shown at the size told in .8."""
    pilot = pilot_of(np.repeat([1.0, 0.0, -1.0], [30, 248, 22]))
    found = cure_of(pilot)
    assert not found.promised
    assert found.more is not None
    differing = np.arange(found.more + 1)
    power = 0.0
    for count, chance in zip(differing, stats.binom.pmf(differing, found.more, 52 / 300), strict=True):
        lost = np.arange(count + 1)
        decides = stats.binom.cdf(22 + lost, 52 + count, 0.5) <= LEVEL
        power += chance * stats.binom.pmf(lost, count, 22 / 52)[decides].sum()
    assert power == pytest.approx(POWER, abs=0.08)


def normal_size(z: float, level: float) -> float:
    """To which part of the pilot data must grow for a mean chance of .8, by the normal law."""
    target = float(-special.ndtri(level))

    def excess(growth: float) -> float:
        lead = sqrt(growth) * z - target
        kinds = special.ndtr([lead / sqrt(1 - 1 / growth), lead / sqrt(growth - 1)])
        return float(kinds.mean()) - POWER

    return float(optimize.brentq(excess, 1 + 1e-9, 100))


def normal_gains(z: float, units: int, spread: float) -> Floats:
    """Normal scores with exactly this standardised mean."""
    scores = special.ndtri((np.arange(units) + 0.5) / units)
    return np.asarray(spread * (scores / scores.std(ddof=1) + z / sqrt(units)))


@pytest.mark.parametrize(("z", "level"), [(1.5, 0.05), (2.0, 0.01), (2.4, 0.001)])
def test_smooth_values_grow_as_the_normal_law_says(z: float, level: float) -> None:
    """Of many problems, where the extra observation counts for little, sizes are those of normal means."""
    gains = normal_gains(z, 40_000, 0.2)
    for pilot in (pilot_of(gains), pilot_of(gains, worst=None)):
        found = remedy(pilot, level, float(special.ndtr(-z)))
        assert found.promised
        assert found.more is not None
        # A round number is up to a tenth above it, and 200 draws of either kind leave an error of .06.
        assert 0.88 < (1 + found.more / 40_000) / normal_size(z, level) < 1.22


@pytest.mark.parametrize(("z", "level"), [(1.5, 0.05), (2.0, 0.01)])
def test_pure_noise_grows_in_samples_as_in_problems(z: float, level: float) -> None:
    """Where problems differ by sampling alone, as many times the samples do as of problems."""
    pilot = pilot_of(normal_gains(z, 40_000, 0.2), noise=0.04, samples=500)
    found = remedy(pilot, level, float(special.ndtr(-z)))
    assert found.samples is not None
    # A round number is up to a tenth above it, and the extra observation costs a thirtieth.
    assert 1 <= found.samples / 500 / normal_size(z, level) < 1.14


def test_samples_are_no_remedy_where_problems_differ_or_noise_is_unknown() -> None:
    """The spread between problems stays, however many samples each of them has."""
    gains = normal_gains(1.5, 400, 0.2)
    p = float(special.ndtr(-1.5))
    assert remedy(pilot_of(gains, noise=0.036), LEVEL, p).samples is not None
    assert remedy(pilot_of(gains, noise=0.001), LEVEL, p).samples is None
    assert remedy(pilot_of(gains, noise=nan), LEVEL, p).samples is None


@given(st.integers(0, 2**31), st.floats(0.01, 0.9), st.floats(1e-4, 0.05))
@settings(deadline=None, max_examples=15)
def test_what_is_told_is_round_more_and_within_reach(seed: int, lean: float, level: float) -> None:
    """Sizes have two digits; a promise adds five times the data at most, anything ninety-nine times."""
    gains = np.random.default_rng(seed).normal(0.3 * lean, 0.3, 40).clip(-1, 1)
    pilot = pilot_of(gains, noise=0.05)
    found = cure_of(pilot, level)
    assert found.more is None or (found.more in ROUND and found.more <= (200 if found.promised else 99 * 40))
    assert found.samples is None or (found.samples in ROUND and 8 < found.samples <= 800)
    assert not found.promised or p_of(pilot) <= 0.1


def test_round_numbers_have_two_digits() -> None:
    """They rise by a tenth at most, and none has a third digit."""
    assert all(len(str(number).rstrip("0")) <= 2 for number in ROUND)
    assert all(1 < late / early <= 1.1 for early, late in pairwise(ROUND[9:]))


@pytest.mark.parametrize("margin", [0.0, 0.05])
def test_the_stricter_level_never_asks_for_less(margin: float) -> None:
    """What is promised, or told of a truth as it looks, grows as the level falls."""
    pilot = pilot_of(np.random.default_rng(2).normal(0.12 - margin, 0.3, 60).clip(-1, 1))
    told = [remedy(pilot, level, 0.2).more for level in (0.05, 0.01, 0.001, 0.0001)]
    assert all(more is not None for more in told)
    assert told == sorted(told, key=lambda more: more or 0)


def test_a_best_of_several_needs_its_share_of_the_level() -> None:
    """An effect whose p counts fourfold is told what one at a fourth of the level is."""
    pilot = pilot_of(np.random.default_rng(2).normal(0.1, 0.3, 60).clip(-1, 1))
    four = remedy(replace(pilot, looks=4.0), LEVEL, 0.2)
    assert four.more == pytest.approx(remedy(pilot, LEVEL / 4, 0.2).more, rel=0.1)


def test_a_truth_at_the_threshold_is_seldom_promised_anything() -> None:
    """Of pilots whose true mean is zero one in ten at most leans so far to either side."""
    rng, promised = np.random.default_rng(8), 0
    for _ in range(100):
        gains = rng.normal(0, 0.3, 60).clip(-1, 1)
        for side in (pilot_of(gains), pilot_of(-gains)):
            if side.favourable and p_of(side) > 0.01:
                promised += cure_of(side, 0.01).promised
    assert promised <= 20


def test_an_effect_at_its_threshold_has_no_remedy() -> None:
    """What a hundredfold of data would not decide is said to be out of reach."""
    tiny = pilot_of(np.repeat([0.5, -0.5, 1e-4], [50, 50, 1]), noise=0.1)
    assert cure_of(tiny) == Remedy(None, None, promised=False)


def test_clusters_are_what_is_added() -> None:
    """Ten problems in each of twelve clusters are told about as many clusters as twelve problems, alike."""
    gains = np.random.default_rng(4).normal(0.2, 0.4, 12).clip(-1, 1)
    alone = remedy(pilot_of(gains), LEVEL, 0.06)
    grouped = remedy(Pilot(10 * gains, np.full(12, 10.0), -1.0, nan, 8), LEVEL, 0.06)
    assert grouped == alone
    assert alone.more is not None


def test_the_largest_cluster_sets_what_an_unseen_one_may_do() -> None:
    """One large cluster among small ones makes the test, and so the remedy, ask for more."""
    gains = np.random.default_rng(4).normal(0.2, 0.4, 12).clip(-1, 1)
    even = remedy(Pilot(gains, np.ones(12), -1.0, nan, 8), LEVEL, 0.3)
    uneven = remedy(Pilot(gains, np.array([1.0] * 11 + [6.0]), -1.0, nan, 8), LEVEL, 0.3)
    assert even.more is not None
    assert uneven.more is not None
    assert uneven.more > even.more


@given(st.randoms(), st.integers(0, 99))
@settings(deadline=None, max_examples=10)
def test_rows_and_rounding_change_nothing(random: object, seed: int) -> None:
    """Permuted problems, and values that differ by 1e-15, are told the same."""
    gains = np.random.default_rng(seed).binomial(8, 0.55, 70) / 8 - 0.5
    order = list(range(70))
    random.shuffle(order)  # type: ignore[attr-defined]
    found = remedy(pilot_of(gains, noise=0.02), LEVEL, 0.07, seed=seed)
    shaken = gains + np.random.default_rng(seed).uniform(-1e-15, 1e-15, 70)
    assert remedy(pilot_of(gains[order], noise=0.02), LEVEL, 0.07, seed=seed) == found
    assert remedy(pilot_of(shaken, noise=0.02), LEVEL, 0.07, seed=seed) == found


def test_a_mean_at_the_threshold_but_for_rounding_leans_nowhere() -> None:
    """Gains that cancel are no estimate on either side."""
    gains = np.array([0.1, 0.2, -0.3]) + 1e-17
    assert gains.sum() != 0
    assert not pilot_of(gains).favourable
    assert not pilot_of(-gains).favourable


def test_a_sum_that_is_zero_but_for_rounding_decides_nothing() -> None:
    """Gains that just make up for the extra observation are no evidence, to whatever side rounding falls."""
    values = np.array([[0.25], [0.1], [-0.1]])
    counts = np.array([[4.0], [3.0], [3.0]])
    for worst in (-1.0, -1 - 1e-16, -1 + 1e-15, -1 + 1e-9):
        assert not shows_gain(values, counts, worst, LEVEL)[0]
