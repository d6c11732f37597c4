"""The interval of the crossing: tests in a fixed order from either end."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beyondbase import estimators
from beyondbase.inference.bounded import Floats, Values, p_greater, p_less, values_of
from beyondbase.inference.crossing import Crossover, crossover_interval

KS = (1, 2, 4, 8, 16)
quick = settings(deadline=None, max_examples=60)

tables = st.lists(
    st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=len(KS), max_size=len(KS)),
    min_size=6,
    max_size=14,
)


def hand_made(signs: str) -> Values:
    """Forty problems: RL ahead (+), behind (-) or neither (0) at each k; all alike at capitals P, M, Z."""
    spread = np.linspace(-0.2, 0.2, 40)
    columns = {
        "+": 0.5 + spread,
        "-": spread - 0.5,
        "0": spread,
        "P": np.full(40, 0.5),
        "M": np.full(40, -0.5),
        "Z": np.zeros(40),
    }
    return values_of(np.column_stack([columns[sign] for sign in signs]))


@pytest.mark.parametrize(
    ("signs", "lower", "upper"),
    [
        ("++0--", 3, 8),  # a lead shown up to k = 2, a loss from k = 8
        ("+++--", 5, 8),  # nothing between the two but the gap of the grid
        ("+++++", 17, None),  # a lead throughout: never within the samples
        ("00000", 1, None),  # no lead at all: the data say nothing
        ("-----", 1, 1),  # behind from the first k
        ("++000", 3, None),  # open above
        ("000--", 1, 8),  # open below
        ("+0+--", 2, 8),  # a lead behind a k without one is never tested
        ("--+--", 1, 8),  # nor is one that does not begin at the first k
        ("0-0--", 1, 8),  # a loss above which there is a k without one neither
        ("+-0-0", 2, None),  # a loss that does not last to the end bounds nothing
        ("PPZMM", 3, 8),  # columns without spread are tested as any other
        ("ZZZZZ", 1, None),
    ],
)
def test_crossings_by_hand(signs: str, lower: int, upper: int | None) -> None:
    """The crossing lies above the leads shown without a gap, and not above the losses shown so."""
    assert crossover_interval(KS, hand_made(signs), 5) == Crossover(k=5, lower=lower, upper=upper)


def one_by_one(values: Values, alpha: float) -> tuple[int, int | None]:
    """Both ends as a person would find them, a column at a time."""
    columns = [values.columns(np.arange(len(KS)) == place) for place in range(len(KS))]
    lower, upper = 1, None
    for k, column in zip(KS, columns, strict=True):
        if p_greater(column)[0] > alpha / 2:
            break
        lower = k + 1
    for k, column in zip(KS[::-1], columns[::-1], strict=True):
        if p_less(column)[0] > alpha / 2:
            break
        upper = k
    return lower, upper


@given(tables, st.sampled_from([0.01, 0.05, 0.4]))
@quick
def test_the_interval_is_that_of_tests_one_by_one(table: list[list[float]], alpha: float) -> None:
    """A loop that stops at the first test that does not reject finds the same ends."""
    values = values_of(table)
    found = crossover_interval(KS, values, None, alpha=alpha)
    assert (found.lower, found.upper) == one_by_one(values, alpha)


@given(tables)
# Here a step of Newton's towards the saddlepoint divides by zero.
@example([[-1.0] * 5] * 5 + [[-1.0, -1.0, middle, -1.0, -1.0] for middle in (0.0, 0.0, 0.5)])
@quick
def test_a_surer_interval_holds_the_less_sure(table: list[list[float]]) -> None:
    """With a smaller alpha no end comes nearer, and the ends never pass each other."""
    values = values_of(table)
    found = [crossover_interval(KS, values, None, alpha=alpha) for alpha in (0.4, 0.1, 0.01)]
    ends = [(one.lower, one.upper or np.inf) for one in found]
    assert all(lower <= upper for lower, upper in ends)
    for inner, outer in pairwise(ends):
        assert outer[0] <= inner[0]
        assert inner[1] <= outer[1]


def drawn(problems: int, seed: int, samples: int = 16) -> Floats:
    """Differences at every k of a pair that crosses: RL is sure of easy problems and fails the hard ones."""
    rng = np.random.default_rng(seed)
    rates = rng.choice([0.05, 0.2, 0.5], problems)
    sharp = np.where(rates > 0.1, 0.9, 0.0)
    n = np.full(problems, samples)
    other, base = (estimators.pass_at_k_curve(n, rng.binomial(samples, p)) for p in (sharp, rates))
    return np.asarray(other - base)


def true_crossing(samples: int = 16) -> int | None:
    """Where the law of `drawn` crosses."""
    ks = np.arange(1, samples + 1)
    base = np.mean([1 - (1 - p) ** ks for p in (0.05, 0.2, 0.5)], axis=0)
    return estimators.crossover((1 - 0.1**ks) * 2 / 3 - base)


def test_the_estimate_of_a_crossing_lies_in_its_interval() -> None:
    """With samples of a pair that crosses, the estimate lies between the limits."""
    difference = drawn(400, 12)
    k = estimators.crossover(difference.mean(axis=0))
    crossing = crossover_interval(range(1, 17), values_of(difference), k)
    assert k is not None
    assert crossing.upper is not None
    assert 1 < crossing.lower <= k <= crossing.upper < 16


@pytest.mark.parametrize("problems", [30, 120])
def test_the_crossing_is_missed_no_oftener_than_alpha(problems: int) -> None:
    """In 400 seeded samples of a known law each end errs in at most alpha / 2, but for Monte-Carlo error."""
    true, alpha, times = true_crossing(), 0.1, 400
    assert true is not None
    found = [
        crossover_interval(range(1, 17), values_of(drawn(problems, seed)), None, alpha=alpha)
        for seed in range(times)
    ]
    allowed = alpha / 2 + 3 * np.sqrt(alpha / 2 * (1 - alpha / 2) / times)
    assert np.mean([one.lower > true for one in found]) <= allowed
    assert np.mean([one.upper is not None and one.upper < true for one in found]) <= allowed
    assert np.mean([one.upper is not None for one in found]) > 0.1
