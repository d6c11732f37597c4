"""The share of variance between problems, held against all pairs of answers; its limits, by counting."""

from itertools import combinations, product

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy import stats

from beyondbase.inference.intraclass import intraclass, intraclass_limits

Floats = NDArray[np.float64]


def by_pairs(n: list[int], c: list[int]) -> float:
    """Differing pairs of answers of one problem and of two, counted, each problem and each pair alike."""
    answers = [[1] * right + [0] * (size - right) for size, right in zip(n, c, strict=True)]
    within = np.mean([np.mean([a != b for a, b in combinations(one, 2)]) for one in answers])
    between = np.mean(
        [np.mean([a != b for a, b in product(one, two)]) for one, two in combinations(answers, 2)]
    )
    return float(1 - within / between)


@pytest.mark.parametrize(
    ("n", "c"),
    [
        ([4, 4, 4], [0, 2, 4]),
        ([2, 5, 9, 3], [1, 0, 7, 3]),
        ([6, 6], [3, 3]),
        ([3, 8, 5, 5, 2], [0, 0, 1, 0, 0]),
        ([5, 7, 2], [0, 7, 2]),
    ],
)
def test_it_is_what_pairs_of_answers_say(n: list[int], c: list[int]) -> None:
    """Every pair of answers is looked at, within problems and between them."""
    assert_allclose(intraclass(n, c), by_pairs(n, c), atol=1e-13)


def test_it_is_the_share_of_the_variance_between_problems() -> None:
    """Of many problems with a law of success that is known: Beta(a, b) has 1 / (a + b + 1)."""
    rng = np.random.default_rng(3)
    n = rng.integers(2, 40, 200_000)
    assert_allclose(intraclass(n, rng.binomial(n, rng.beta(0.5, 1.5, n.size))), 1 / 3, atol=0.005)
    assert_allclose(intraclass(n, rng.binomial(n, 0.3)), 0.0, atol=0.005)


@pytest.mark.parametrize(
    ("n", "c"), [([5], [2]), ([1, 5, 5], [1, 2, 3]), ([5, 5, 5], [0, 0, 0]), ([5, 6, 7], [5, 6, 7])]
)
def test_nothing_is_said_where_nothing_can_be(n: list[int], c: list[int]) -> None:
    """One problem, a single answer to some problem, or answers that are all alike."""
    assert intraclass(n, c) is None
    assert intraclass_limits(n, c) == (None, None)


def test_problems_that_are_always_or_never_solved_have_no_limits() -> None:
    """All variance lies between them, in the data, and there is no spread to tell from."""
    n, c = [8] * 6, [0, 8, 8, 0, 0, 8]
    assert intraclass(n, c) == 1
    assert intraclass_limits(n, c) == (None, None)
    assert intraclass_limits([8] * 4, [1, 2, 3, 7], clusters=list("aaaa")) == (None, None)


def test_limits_leave_out_clusters_as_a_whole() -> None:
    """Each problem in a cluster of its own changes nothing; problems twice over are no more evidence."""
    rng = np.random.default_rng(5)
    c = rng.binomial(16, rng.beta(0.5, 1, 80))
    n = np.full(80, 16)
    alone = intraclass_limits(n, c, clusters=[str(row) for row in range(80)])
    assert_allclose(alone, intraclass_limits(n, c), rtol=1e-12)  # type: ignore[arg-type]
    twice = np.tile(n, 2), np.tile(c, 2)
    once, together = (np.ptp(np.array(limits)) for limits in (alone, _twice(twice, clustered=True)))
    assert_allclose(together, once, rtol=0.05)
    assert np.ptp(np.array(_twice(twice, clustered=False))) < 0.8 * once


def _twice(
    counts: tuple[NDArray[np.int64], NDArray[np.int64]], *, clustered: bool
) -> tuple[float | None, float | None]:
    labels = [str(row % 80) for row in range(160)]
    return intraclass_limits(*counts, clusters=labels if clustered else None)


def fading(rng: np.random.Generator, m: int) -> Floats:
    """Most problems are seldom solved."""
    return rng.beta(0.5, 1.5, m)


def ends(rng: np.random.Generator, m: int) -> Floats:
    """Most problems are never solved, or always."""
    return rng.choice([0.0, 1.0, 0.3], m, p=[0.6, 0.2, 0.2])


def rare(rng: np.random.Generator, m: int) -> Floats:
    """Nearly all problems are nearly never solved."""
    return rng.beta(0.05, 0.5, m)


def even(rng: np.random.Generator, m: int) -> Floats:
    """All problems are about as hard."""
    return rng.beta(8, 12, m)


@pytest.mark.parametrize(
    ("law", "truth"),
    [
        (fading, 1 / 3),
        (ends, (0.218 - 0.26**2) / (0.26 * 0.74)),
        (rare, 1 / 1.55),
        (even, 1 / 21),
    ],
)
def test_limits_hold_the_truth_about_as_often_as_they_say(law: object, truth: float) -> None:
    """With 300 problems of 4 to 64 answers, of 400 draws no fewer than chance allows at 94 %."""
    assert callable(law)
    rng, held, draws = np.random.default_rng(13), 0, 400
    for _ in range(draws):
        n = rng.integers(4, 65, 300)
        low, high = intraclass_limits(n, rng.binomial(n, law(rng, 300)))
        held += low is not None and high is not None and low <= truth <= high
    assert stats.binom.ppf(0.001, draws, 0.94) <= held <= stats.binom.ppf(0.999, draws, 0.96)
