"""The fewest accepted answers that would have to be wrong, held against all ways in small cases."""

from collections.abc import Callable
from itertools import combinations_with_replacement

import numpy as np
import pytest
from numpy.typing import NDArray

from beyondbase.inference.fragility import Moves, fewest_wrong
from beyondbase.judging.slips import Counted, OftenSolved, PassSum, SeldomSolved, SolvedAlone, Source
from beyondbase.judging.thresholds import Threshold, answers, together

Counts = NDArray[np.int64]
N = 6
LEVEL = 0.2
MOST = 3


def arm(name: str, c: Counts) -> Counted:
    """An arm with counts of N answers."""
    return Counted(name, np.full(len(c), N), c)


def passes(k: int) -> Callable[[Counts, Counts], Source]:
    """The difference of pass@k."""
    return lambda a, b: PassSum((arm("a", a), arm("b", b)), (1.0, -1.0), ((k,), (k,)))


SOURCES: dict[str, Callable[[Counts, Counts], Source]] = {
    "McNemar": passes(N),
    "pass@3": passes(3),
    "pass@1": passes(1),
    "alone": lambda a, b: SolvedAlone(arm("a", a), arm("b", b), 4),
    "always": lambda a, b: OftenSolved((arm("a", a), arm("b", b)), 3, 3),
    "often": lambda a, b: OftenSolved((arm("a", a), arm("b", b)), 5, 4),
    "often of all": lambda a, b: OftenSolved((arm("a", a), arm("b", b)), N, 5),
    "seldom": lambda a, b: SeldomSolved((arm("b", b), arm("a", a)), 5, 1),
    "seldom of all": lambda a, b: SeldomSolved((arm("b", b), arm("a", a)), N, 1),
}


def brute_force(made: Callable[[Counts, Counts], Source], a: Counts, b: Counts, of: Threshold) -> int | None:
    """The least number of accepted answers of a that, if wrong, leave a statement open; None beyond 3."""
    for count in range(1, MOST + 1):
        for rows in combinations_with_replacement(np.flatnonzero(a).tolist(), count):
            wrong = np.bincount(rows, minlength=len(a))
            if (wrong <= a).all():
                changed = Threshold(made(a - wrong, b), of.than, of.clusters)
                if not changed.shown(0.0, LEVEL, support=True, alike=False):
                    return count
    return None


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("size", [1, 2])
def test_the_number_is_nearly_always_the_least(name: str, size: int) -> None:
    """It always makes the finding fall, no way with fewer than the least does, and one more is rare."""
    rng = np.random.default_rng(29)
    made, exact, found = SOURCES[name], 0, 0
    clusters = [str(row // size) for row in range(8)] if size > 1 else None
    for _ in range(800):
        a, b = rng.binomial(N, rng.beta([[0.6], [0.3]], [[0.6], [1.0]], (2, 8)))
        statement = Threshold(made(a, b), 0.05 if name == "alone" else 0.0, clusters)
        if found == 8 or not statement.shown(0.0, LEVEL, support=True, alike=False):
            continue
        wrong = statement.fewest_wrong(LEVEL, support=True)
        least = brute_force(made, a, b, statement)
        if wrong is None or least is None:
            assert wrong is None or answers(wrong) > MOST
            continue
        after = Threshold(made(a - wrong["a"], b), statement.than, clusters)
        assert not after.shown(0.0, LEVEL, support=True, alike=False)
        assert (wrong["a"] <= a).all()
        assert least <= answers(wrong) <= least + 1
        found, exact = found + 1, exact + (answers(wrong) == least)
    assert found >= 6
    assert exact >= 0.75 * found


def always_shown(_values: NDArray[np.float64]) -> bool:
    """A test that is always passed."""
    return True


def test_what_no_wrong_answer_can_change_has_no_number() -> None:
    """A finding that rests on the other arm's failures alone, and a test that is always passed."""
    nothing = np.zeros(40, dtype=np.int64)
    moves = Moves(nothing[:0], nothing[:0], lambda wrong: wrong.astype(np.float64))
    assert fewest_wrong(np.full(40, 0.5), moves, always_shown, low=-1.0) is None
    some = Moves(np.arange(40), nothing + 3, lambda wrong: 0.01 * wrong)
    assert fewest_wrong(np.full(40, 0.5), some, always_shown, low=-1.0) is None


def test_a_curve_falls_where_one_k_does_and_its_opposite_where_all_do() -> None:
    """Above at every k is felled at the cheapest k; shown below at some k, it takes all of these."""
    rng = np.random.default_rng(31)
    a, b = rng.binomial(N, 0.5, 60), rng.binomial(N, 0.05, 60)
    ks = (1, 2, 4, 6)
    curve = PassSum((arm("a", a), arm("b", b)), (1.0, -1.0), (ks, ks))
    everywhere = Threshold(curve, 0.0, None, columns=np.array([True] * 4))
    wrong = everywhere.fewest_wrong(0.01, support=True)
    assert wrong is not None
    changed = PassSum((arm("a", a - wrong["a"]), arm("b", b)), (1.0, -1.0), (ks, ks))
    fallen = Threshold(changed, 0.0, None, columns=everywhere.columns)
    assert everywhere.shown(0.0, 0.01, support=True, alike=False)
    assert not fallen.shown(0.0, 0.01, support=True, alike=False)
    turned = PassSum((arm("b", b), arm("a", a)), (1.0, -1.0), (ks, ks))
    somewhere = Threshold(turned, 0.0, None, columns=everywhere.columns)
    wrong = somewhere.fewest_wrong(0.01, support=False)
    assert wrong is not None
    changed = PassSum((arm("b", b), arm("a", a - wrong["a"])), (1.0, -1.0), (ks, ks))
    fallen = Threshold(changed, 0.0, None, columns=everywhere.columns)
    assert somewhere.shown(0.0, 0.01, support=False, alike=False)
    assert not fallen.shown(0.0, 0.01, support=False, alike=False)


def test_wrong_answers_of_two_arms_are_never_put_together() -> None:
    """What weakens one statement strengthens that of the other arm."""
    one, other = {"a": np.array([1, 0, 2])}, {"a": np.array([0, 3, 1])}
    both = together([one, other])
    assert both is not None
    assert both["a"].tolist() == [1, 3, 2]
    assert together([one, {"b": np.array([1, 1, 1])}]) is None
    assert together([one, None]) is None
    assert together([]) is None
