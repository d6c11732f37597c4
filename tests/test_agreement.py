"""Two tallies of one arm agree where both come from the same chances of success, and only there."""

from itertools import product
from math import comb, prod

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from beyondbase.evidence.agreement import LEAST, compare_tallies, overall_p, problem_p
from beyondbase.evidence.tallies import Tally
from beyondbase.inference.multiplicity import holm

Ints = NDArray[np.int64]


def tally(n: ArrayLike, c: ArrayLike, *, ids: tuple[str, ...] | None = None) -> Tally:
    """A tally of given counts."""
    each_n, each_c = (np.array(each, dtype=np.int64) for each in np.broadcast_arrays(n, np.atleast_1d(c)))
    names = ids or tuple(f"p{place}" for place in range(each_c.size))
    return Tally(problem_ids=names, n=each_n, c=each_c, clusters=None, levels=None)


def drawn(random: np.random.Generator, rates: ArrayLike, n: int) -> tuple[Ints, Ints]:
    """Counts of n completions of problems of given rates."""
    right = random.binomial(n, rates)
    return np.full(right.shape, n), right


def test_each_problem_has_fishers_exact_test() -> None:
    """The p of a problem is that of scipy's Fisher test, whatever n and c are, none and all included."""
    random = np.random.default_rng(20261123)
    n, other_n = random.integers(1, 90, (2, 600))
    c, other_c = (random.binomial(size, random.beta(0.4, 0.4, 600)) for size in (n, other_n))
    found = problem_p(n, c, other_n, other_c)
    rows = zip(n, c, other_n, other_c, strict=True)
    expected = [stats.fisher_exact([[a, b - a], [d, e - d]]).pvalue for b, a, e, d in rows]
    np.testing.assert_allclose(found, np.maximum(expected, LEAST), rtol=1e-9)
    assert ((found > LEAST) & (found < 1e-9)).any()
    assert (found == 1).any()


def test_large_counts_have_it_too() -> None:
    """With a thousand completions and more, of both or one, p is Fisher's within a billionth."""
    tables = [(1024, 300, 1024, 350), (64, 3, 100_000, 9_000), (1024, 1, 1024, 12), (5000, 2500, 5000, 2501)]
    expected = [stats.fisher_exact([[c, n - c], [d, m - d]]).pvalue for n, c, m, d in tables]
    np.testing.assert_allclose(problem_p(*np.array(tables).T), expected, rtol=1e-9)


def enumerated(rows: list[tuple[int, int, int, int]]) -> float:
    """The p of the sum by all tables with the same margins, in whole numbers but for the last step."""
    weights: dict[int, int] = {}
    spans = [range(max(0, c + d - m), min(n, c + d) + 1) for n, c, m, d in rows]
    for cells in product(*spans):
        ways = prod(comb(n, x) * comb(m, c + d - x) for x, (n, c, m, d) in zip(cells, rows, strict=True))
        weights[sum(cells)] = weights.get(sum(cells), 0) + ways
    limit = weights[sum(c for _, c, _, _ in rows)]
    return sum(ways for ways in weights.values() if ways <= limit) / sum(weights.values())


def test_all_problems_together_have_the_exact_test_of_their_sum() -> None:
    """The p of the sum is what counting all tables with the same margins gives."""
    random = np.random.default_rng(5)
    found = []
    for size in [2, 3] * 60:
        n, m = random.integers(1, 9, (2, size))
        c, d = random.binomial(n, random.random(size)), random.binomial(m, random.random(size))
        rows = [(int(a), int(b), int(e), int(f)) for a, b, e, f in zip(n, c, m, d, strict=True)]
        found.append(overall_p(n, c, m, d))
        assert found[-1] == pytest.approx(enumerated(rows), rel=1e-12)
    assert min(found) < 0.05
    assert max(found) == 1


def test_one_problem_together_is_that_problem() -> None:
    """Of one problem the test of the sum is its own; problems that none or all solve add nothing."""
    one = (np.array([64]), np.array([3]), np.array([256]), np.array([31]))
    assert overall_p(*one) == pytest.approx(problem_p(*one)[0], rel=1e-12)
    with_none_and_all = [
        np.append(each, more) for each, more in zip(one, [[9, 9], [0, 9], [7, 7], [0, 7]], strict=True)
    ]
    assert overall_p(*with_none_and_all) == pytest.approx(overall_p(*one), rel=1e-12)


def test_exchanging_the_two_changes_nothing() -> None:
    """Fresh beside stored gives the p of stored beside fresh."""
    random = np.random.default_rng(1)
    rates = random.random(40)
    one, other = drawn(random, rates, 64), drawn(random, rates, 300)
    np.testing.assert_allclose(problem_p(*one, *other), problem_p(*other, *one), rtol=1e-9)
    assert overall_p(*one, *other) == pytest.approx(overall_p(*other, *one), rel=1e-9)


def test_no_p_is_told_from_almost_nothing() -> None:
    """Where the two have hardly anything in common, p is the least that is told, and never zero."""
    counts = (np.full(300, 1024), np.full(300, 1024), np.full(300, 1024), np.zeros(300, dtype=np.int64))
    assert problem_p(*counts).tolist() == [LEAST] * 300
    assert overall_p(*counts) == LEAST


def test_the_same_chances_seldom_raise_an_alarm() -> None:
    """Where nothing differs, a run raises an alarm by any of its tests in at most alpha of all runs."""
    random, alpha, runs = np.random.default_rng(7), 0.1, 400
    alarms = overall = 0
    for _ in range(runs):
        rates = random.beta(0.5, 1.5, 20)
        counts = (*drawn(random, rates, 32), *drawn(random, rates, 64))
        together = overall_p(*counts)
        overall += together <= alpha
        # The first step of Holm's adjustment, which decides whether there is an alarm.
        alarms += min(together * 2, *problem_p(*counts) * 40) <= alpha
    for count in (alarms, overall):
        assert stats.binomtest(count, runs, alpha, alternative="greater").pvalue > 0.001
    # The test of the sum has many values, so it is not much more careful than it says.
    assert stats.binomtest(overall, runs, alpha / 2, alternative="less").pvalue > 0.001
    assert alarms > 0


def test_one_problem_that_differs_is_found_and_named() -> None:
    """A single problem whose chance changed is shown to differ, and all problems together are not."""
    random = np.random.default_rng(3)
    rates = np.full(100, 0.3)
    stored = tally(*drawn(random, rates, 1024))
    rates[42] = 0.75
    (found,) = compare_tallies({("T", "rl"): tally(*drawn(random, rates, 64))}, {("T", "rl"): stored})
    assert not found.agrees(0.05)
    assert [test.problem_id for test in found.differing(0.05)] == ["p42"]
    assert found.least.problem_id == "p42"
    assert found.least.fresh[1] == 64
    assert found.least.stored == (stored.c[42], 1024)
    assert found.p_adjusted > 0.05


def test_a_small_shift_of_all_problems_is_found_though_no_problem_shows_it() -> None:
    """Where each chance grew a little, the test of all problems rejects, and hardly ever one of a problem."""
    random = np.random.default_rng(4)
    together, single = [], []
    for _ in range(12):
        rates = random.uniform(0.1, 0.6, 200)
        stored, shifted = tally(*drawn(random, rates, 1024)), tally(*drawn(random, rates + 0.03, 64))
        (found,) = compare_tallies({("T", "rl"): shifted}, {("T", "rl"): stored})
        assert not found.agrees(0.05)
        assert found.fresh - found.stored == pytest.approx(0.03, abs=0.02)
        together.append(found.p_adjusted)
        single.append(len(found.differing(0.05)))
    assert max(together) < 0.01
    assert single.count(0) >= 9


def test_the_test_of_all_problems_is_not_one_of_many() -> None:
    """A shift that it shows alone is shown beside a hundred problems too, where as one of them it drowns."""
    random, runs = np.random.default_rng(8), 40
    alone = beside = drowned = 0
    for _ in range(runs):
        rates = random.uniform(0.1, 0.6, 100)
        counts = (*drawn(random, rates + 0.05, 8), *drawn(random, rates, 32))
        together = overall_p(*counts)
        alone += together <= 0.05
        drowned += together * 101 <= 0.05
        (found,) = compare_tallies({("T", "rl"): tally(*counts[:2])}, {("T", "rl"): tally(*counts[2:])})
        beside += found.p_adjusted <= 0.05
    assert beside >= 0.75 * alone >= 0.75 * 0.6 * runs
    assert drowned <= beside / 2


def test_adjusted_over_all_tests_of_the_run() -> None:
    """The adjustment is over the problems and sums of all arms: half an arm's weight is that of its sum."""
    random = np.random.default_rng(11)
    sides = [
        {("T", arm): tally(*drawn(random, rates, n)) for arm, rates in (("a", [0.1] * 5), ("b", [0.7] * 8))}
        for n in (20, 50)
    ]
    raw = []
    for key in sides[0]:
        counts = (sides[0][key].n, sides[0][key].c, sides[1][key].n, sides[1][key].c)
        raw += [*problem_p(*counts), overall_p(*counts)]
    found = compare_tallies(*sides)
    adjusted = [p for one in found for p in (*(test.p_adjusted for test in one.problems), one.p_adjusted)]
    weights = [*[1 / 10] * 5, 1 / 2, *[1 / 16] * 8, 1 / 2]
    np.testing.assert_allclose(adjusted, holm(raw, weights=weights))
    assert len(adjusted) == 15


def test_problems_are_matched_by_their_ids() -> None:
    """Order does not matter; problems of one side are counted and left out, and so are its arms."""
    fresh = {("T", "rl"): tally(8, [1, 2, 3], ids=("a", "b", "c")), ("T", "ppo"): tally(8, [1])}
    stored = {("T", "rl"): tally(16, [6, 4, 9], ids=("c", "b", "d")), ("U", "rl"): tally(8, [1])}
    (found,) = compare_tallies(fresh, stored)
    assert (found.task, found.arm, found.left_out) == ("T", "rl", 2)
    assert [(test.problem_id, test.fresh, test.stored) for test in found.problems] == [
        ("b", (2, 8), (4, 16)),
        ("c", (3, 8), (6, 16)),
    ]
    assert (found.fresh, found.stored) == (pytest.approx(5 / 16), pytest.approx(10 / 32))
    assert compare_tallies({("T", "x"): fresh["T", "rl"]}, stored) == []
    assert compare_tallies({("U", "rl"): fresh["T", "rl"]}, stored) == []
