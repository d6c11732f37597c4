"""Graphs that pass on shares of alpha, beside closed testing, Holm and procedures worked by hand."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from beyondbase.inference.graphical import Graph, Holm, adjusted_by, at_the_end, own_level
from beyondbase.inference.multiplicity import holm

Floats = NDArray[np.float64]
quick = settings(deadline=None, max_examples=80)
chances = st.floats(0, 1, allow_subnormal=False) | st.sampled_from([0.0, 0.01, 0.05, 1.0])


def drawn(seed: int, size: int) -> tuple[Graph, Floats]:
    """A graph and p-values at random, with edges and shares that are missing."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(size, 0.5)) * (rng.random(size) < 0.7) * rng.choice([1.0, 0.8])
    passes = rng.dirichlet(np.full(size, 0.5), size) * rng.choice([1.0, 0.9], (size, 1))
    passes *= rng.random((size, size)) < 0.7
    np.fill_diagonal(passes, 0)
    return Graph(shares, passes), 10 ** rng.uniform(-3, 0, size)


def walked(graph: Graph, some: list[int]) -> Floats:
    """Shares of a set of hypotheses, all others rejected: where a walk along the edges enters it."""
    others = [at for at in range(len(graph.shares)) if at not in some]
    away = np.eye(len(others)) - graph.passes[np.ix_(others, others)]
    entered = (
        np.linalg.solve(away, graph.passes[np.ix_(others, some)]) if others else np.zeros((0, len(some)))
    )
    return np.asarray(graph.shares[some] + graph.shares[others] @ entered)


@pytest.mark.parametrize("seed", range(60))
def test_a_graph_is_closed_testing(seed: int) -> None:
    """The adjusted p is the largest of weighted Bonferroni's of the sets with a hypothesis."""
    size = 2 + seed % 4
    graph, p = drawn(seed, size)
    wanted = np.zeros(size)
    for number in range(1, size + 1):
        for some in map(list, combinations(range(size), number)):
            shares = walked(graph, some)
            able = shares > 1e-9
            together = (p[some][able] / shares[able]).min(initial=np.inf)
            wanted[some] = np.maximum(wanted[some], together)
    assert_allclose(adjusted_by(graph, p), np.minimum(wanted, 1), rtol=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_rejections_does_not_count(seed: int) -> None:
    """After the same rejections in another order all shares and edges are the same."""
    graph, _ = drawn(seed, 6)
    rng = np.random.default_rng(seed)
    one, other = (rng.permutation([0, 2, 3]) for _ in range(2))
    ends = []
    for order in (one, other):
        left = graph
        for at in order:
            left = left.without(int(at))
        ends.append(left)
    assert_allclose(ends[0].shares, ends[1].shares, atol=1e-12)
    assert_allclose(ends[0].passes, ends[1].passes, atol=1e-10)


@given(st.lists(chances, min_size=1, max_size=12))
@quick
def test_holm_is_holm_and_a_graph_of_equal_edges_too(p: list[float]) -> None:
    """The procedure, and the graph in which all pass on to all alike, have Holm's adjusted p."""
    size = len(p)
    equal = (np.ones((size, size)) - np.eye(size)) / max(size - 1, 1)
    assert_allclose(adjusted_by(Holm.over(size), p), holm(p), rtol=1e-12)
    assert_allclose(adjusted_by(Graph(np.full(size, 1 / size), equal), p), holm(p), rtol=1e-9)


def test_a_fixed_sequence_stops_at_the_first_that_is_not_rejected() -> None:
    """Each is tested at all of alpha, once those before it are rejected."""
    chain = Graph(np.array([1.0, 0, 0]), np.array([[0, 1.0, 0], [0, 0, 1.0], [0, 0, 0]]))
    assert_allclose(adjusted_by(chain, [0.01, 0.04, 0.02]), [0.01, 0.04, 0.04])
    assert_allclose(adjusted_by(chain, [0.2, 0.001, 0.001]), [0.2, 0.2, 0.2])


def test_a_gate_by_hand() -> None:
    """Half of alpha on each of two gates, each of which opens one hypothesis that passes it back."""
    passes = np.array([[0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5], [0, 1.0, 0, 0], [1.0, 0, 0, 0]])
    gates = Graph(np.array([0.5, 0.5, 0, 0]), passes)
    # .01 <= .05/2: a half of its share each to the second (.75) and the third (.25). .03 <= .75 x .05: its
    # edges are now 1/3 to the third and 2/3 to the fourth, which have .5 each. .02 <= .5 x .05, .05 <= .05.
    assert_allclose(adjusted_by(gates, [0.01, 0.03, 0.02, 0.05]), [0.02, 0.04, 0.04, 0.05])


def test_the_own_level_is_where_rejection_stops() -> None:
    """Just below it a hypothesis is rejected, just above it is not, the others being as they are."""
    for seed in range(60):
        graph, p = drawn(seed, 5)
        for procedure in (graph, Holm.over(5)):
            for at in range(5):
                level = own_level(procedure, p, at, 0.05)
                for factor, rejected in ((0.999, True), (1.001, False)):
                    moved = p.copy()
                    moved[at] = level * factor
                    if level > 1e-12:
                        assert (adjusted_by(procedure, moved)[at] <= 0.05) == rejected
                open_ = at_the_end(procedure, p, 0.05).shares[at]
                if p[at] > level:
                    assert_allclose(0.05 * open_, level)
