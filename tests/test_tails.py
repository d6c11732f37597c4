"""The chance that a weighted sum of exponential variables is positive, against exact sums and laws."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import special, stats

from beyondbase.inference.tails import Floats, positive_chance

quick = settings(deadline=None, max_examples=100)


def score_of(*columns: Floats) -> Floats:
    """The normal score of every column; each term falls by one as the bound rises by one."""
    y = np.column_stack(columns)
    return positive_chance(y, np.ones((len(y), 1)))[0]


def exactly(terms: list[int]) -> float:
    """The chance by partial fractions, in whole numbers: terms that all differ and are not zero."""
    chance = Fraction(0)
    for place, one in enumerate(terms):
        if one > 0:
            others = (Fraction(one, one - other) for at, other in enumerate(terms) if at != place)
            chance += np.prod([*others, Fraction(1)])
    return float(chance)


def raced(y: Floats) -> float:
    """The chance by a race: a positive term a and a negative one -b that meet settle which of the two stays.

    Exponential variables have no memory, so b falls out with chance a / (a + b), else a; the sum is positive
    if positive terms are left. Nothing cancels.
    """
    above, below = y[y > 0].tolist(), (-y[y < 0]).tolist()
    chance = [0.0] + [1.0] * len(above)
    for b in below:
        for place, a in enumerate(above, start=1):
            chance[place] = (a * chance[place] + b * chance[place - 1]) / (a + b)
    return chance[-1]


@given(st.sets(st.integers(-60, 60).filter(bool), min_size=2, max_size=25))
@quick
def test_terms_that_differ_have_the_chance_of_partial_fractions(found: set[int]) -> None:
    """Both tails are those of the exact sum, to twelve digits."""
    terms = sorted(found)
    assume(terms[0] < 0 < terms[-1])
    score = score_of(np.array(terms, dtype=np.float64))
    assert_allclose(special.ndtr(-score), exactly(terms), rtol=1e-12)
    assert_allclose(special.ndtr(score), exactly([-term for term in terms]), rtol=1e-12)


@pytest.mark.parametrize("counts", [(1, 1), (1, 30), (3, 10), (400, 30), (1, 3000), (5000, 3)])
@pytest.mark.parametrize("ratio", [1e-4, 0.02, 0.7, 1, 25])
def test_two_values_have_the_chance_of_a_beta_variable(counts: tuple[int, int], ratio: float) -> None:
    """Equal terms add up to gamma variables, and the ratio of two of these has a beta law."""
    above, below = counts
    score = score_of(np.repeat([ratio, -1.0], counts))
    assert_allclose(special.ndtr(-score), stats.beta.sf(1 / (1 + ratio), above, below), rtol=1e-10)
    assert_allclose(special.ndtr(score), stats.beta.cdf(1 / (1 + ratio), above, below), rtol=1e-10)


@pytest.mark.parametrize(("few", "many", "small"), [(7, 493, 1.6e-3), (11, 489, 1.25e-3), (9, 491, 5.6e-4)])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_few_large_terms_among_many_small_ones(
    few: int, many: int, small: float, sign: float, spread: float
) -> None:
    """Where few terms rule near the saddlepoint and many others far from it, ten digits are right."""
    tiny = sign * small * (1 + spread * np.linspace(-1, 1, many))
    for large in (-1.0, np.nextafter(1.0, 0)):
        y = np.append(np.append(tiny, np.full(few, large)), 1.0)
        score = score_of(y)
        assert_allclose(special.ndtr(-score), raced(y), rtol=1e-10)
        assert_allclose(special.ndtr(score), raced(-y), rtol=1e-10)


@given(st.integers(0, 2**32 - 1), st.sampled_from([10, 100, 250]), st.floats(-5, 0))
@settings(deadline=None, max_examples=20)
def test_terms_of_many_sizes_have_the_chance_of_a_race(seed: int, terms: int, least: float) -> None:
    """Sizes over up to five decades, some of them at the end of the support, leave ten digits right."""
    rng = np.random.default_rng(seed)
    y = 10 ** rng.uniform(least, 0, terms) * rng.choice([-1.0, 1.0], terms, p=rng.dirichlet([1, 1]))
    y = np.append(y, [-1.0, 1.0])
    score = score_of(y)
    assert_allclose(special.ndtr(-score), raced(y), rtol=1e-10, atol=1e-290)
    assert_allclose(special.ndtr(score), raced(-y), rtol=1e-10, atol=1e-290)


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1, 1e200])
def test_the_scale_of_the_terms_does_not_count(scale: float) -> None:
    """A sum is positive whatever its unit."""
    terms = np.array([-3.0, -1, -0.25, 0, 1, 1.5])
    assert_allclose(score_of(terms * scale), score_of(terms), rtol=1e-12)


def test_neighbours_do_not_count() -> None:
    """Columns that stop early beside ones that take long have the chance that they have alone."""
    rng = np.random.default_rng(5)
    columns = [np.append(-rng.exponential(10.0**-i, 200), 1.0) for i in range(5)]
    columns.append(np.append(np.zeros(199), [-1.0, 1.0]))
    alone = [score_of(column)[0] for column in columns]
    assert_allclose(score_of(*columns), alone, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("small", [1e-7, 6.57e-4, 0.01, -1e-5, -6.57e-4])
@pytest.mark.parametrize("many", [1, 492, 20_000])
def test_many_small_terms_against_few_great_ones(small: float, many: int) -> None:
    """Where the small ones turn the path to another side than the great ones, it still leads down."""
    terms = np.repeat([-1.0, -0.75, -0.25, small, 0.75], [5, 2, 1, many, 1])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("beyondbase.inference.tails.STEP", 0.03)
        finer = score_of(terms)
    assert np.isfinite(finer).all()
    assert_allclose(score_of(terms), finer, rtol=1e-10)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40))
@quick
def test_another_step_gives_the_same_chance(terms: list[float]) -> None:
    """The rule has converged: with a quarter of the step no digit that is told changes."""
    y = np.array(terms)
    assume(y.min() < 0 < y.max())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("beyondbase.inference.tails.STEP", 0.03)
        finer = score_of(y)
    assert_allclose(score_of(y), finer, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    ("terms", "chance"), [([0, 0], 1), ([0, 1], 1), ([1, 2], 1), ([-1, -2], 0), ([0, -1], 0)]
)
def test_sums_of_one_sign_are_decided_by_logic(terms: list[float], chance: float) -> None:
    """A sum that is never negative counts as reached, also where it is always zero."""
    assert special.ndtr(-score_of(np.array(terms, dtype=np.float64))) == chance


def test_many_terms_have_the_normal_law() -> None:
    """With 100,000 terms the score is that of the central limit theorem, first correction included."""
    y = np.random.default_rng(2).normal(-0.004, 1, 100_000)
    z = -y.sum() / np.sqrt((y**2).sum())
    skewness = 2 * (y**3).sum() / (y**2).sum() ** 1.5
    assert_allclose(score_of(y), z - skewness * (z**2 - 1) / 6, atol=1e-4)
