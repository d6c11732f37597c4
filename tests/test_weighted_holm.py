"""Holm's adjustment where hypotheses start with unequal shares of alpha."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from beyondbase.inference.multiplicity import holm

quick = settings(deadline=None, max_examples=80)
chances = st.floats(0, 1, allow_subnormal=False) | st.sampled_from([0.0, 0.01, 0.05, 1.0])
families = st.lists(st.tuples(chances, st.floats(0.01, 10)), min_size=1, max_size=6)


def closed(p: list[float], weights: list[float]) -> list[float]:
    """Adjusted p by closed testing: the largest of weighted Bonferroni's p of the sets with a hypothesis."""
    places = range(len(p))
    sets = [some for size in places for some in combinations(places, size + 1)]
    together = {
        some: min(p[one] / (weights[one] / sum(weights[each] for each in some)) for one in some)
        for some in sets
    }
    return [min(1.0, max(together[some] for some in sets if one in some)) for one in places]


@given(families)
@quick
def test_weighted_holm_is_closed_testing(family: list[tuple[float, float]]) -> None:
    """The adjusted p is that of testing every set of hypotheses, and never below the p itself."""
    p, weights = map(list, zip(*family, strict=True))
    found = holm(p, weights=weights)
    assert_allclose(found, closed(p, weights), rtol=1e-9)
    assert (found >= p).all()
    assert (found <= 1).all()


@given(st.lists(chances, max_size=30), st.floats(0.01, 10))
@quick
def test_equal_weights_are_none(p: list[float], weight: float) -> None:
    """With one weight for all the adjustment is Holm's own."""
    assert_allclose(holm(p, weights=np.full(len(p), weight)), holm(p), rtol=1e-12)


@given(families, st.permutations(range(6)), st.floats(0.1, 10))
@quick
def test_order_and_unit_do_not_count(
    family: list[tuple[float, float]], order: list[int], unit: float
) -> None:
    """Hypotheses in another order, and weights in another unit, have the same adjusted p."""
    p, weights = np.array(family).T
    places = np.array([place for place in order if place < len(p)])
    found = holm(p[places], weights=weights[places] * unit)
    assert_allclose(found, holm(p, weights=weights)[places], rtol=1e-9)


def test_by_hand() -> None:
    """Half of alpha .05 on one hypothesis and half over two, as the steps of the method go."""
    # At .05: .02 <= .05 2/4, then .02 <= .05 1/2, then .04 <= .05. At .06 the first of the second line goes.
    assert_allclose(holm([0.02, 0.02, 0.04], weights=[2, 1, 1]), [0.04, 0.04, 0.04])
    assert_allclose(holm([0.03, 0.04, 0.2], weights=[2, 1, 1]), [0.06, 0.08, 0.2])


@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_a_true_hypothesis_is_rejected_in_at_most_alpha_of_families(correlation: float) -> None:
    """Beside false hypotheses, and however tests hang together, any true one is rejected seldom enough."""
    random, alpha, times = np.random.default_rng(20), 0.1, 4000
    weights, false = np.array([4.0, 1, 1, 1, 1]), np.array([3.0, 0, 0, 4, 0])
    scores = np.sqrt(1 - correlation) * random.standard_normal((times, 5))
    scores += np.sqrt(correlation) * random.standard_normal((times, 1))
    p = stats.norm.sf(scores + false)
    adjusted = np.array([holm(row, weights=weights) for row in p])
    errors = int((adjusted[:, false == 0] <= alpha).any(axis=1).sum())
    assert stats.binomtest(errors, times, alpha, alternative="greater").pvalue > 0.001
    assert errors > times * alpha / 4
    assert (adjusted[:, false > 0] <= alpha).mean() > 0.8


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0], [1.0, -1.0], [1.0, float("nan")]])
def test_weights_are_positive_and_one_each(weights: list[float]) -> None:
    """Weights that are no share of alpha are refused."""
    with pytest.raises(ValueError, match="2 p-values need as many positive weights"):
        holm([0.1, 0.2], weights=weights)
