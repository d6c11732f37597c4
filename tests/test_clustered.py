"""Intervals of shares whose draws come in clusters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.inference.clustered import clustered_share
from beyondbase.inference.tables import share_interval

DRAWS = st.lists(st.booleans(), min_size=2, max_size=200)


@given(DRAWS)
def test_it_is_clopper_and_pearsons_where_draws_differ_all(hits: list[bool]) -> None:
    """Where every draw is its own cluster the limits are the exact ones."""
    found = clustered_share(hits, range(len(hits)))
    wanted = share_interval(sum(hits), len(hits))
    assert found == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("found", "times"), [(5, 4), (25, 2), (45, 10)])
def test_draws_that_are_copies_count_once(found: int, times: int) -> None:
    """Each draw many times over, in a cluster of its own, tells as much as it does once."""
    hits = [place < found for place in range(50)]
    clusters = [place for place in range(50) for _ in range(times)]
    copied = clustered_share([hits[place] for place in clusters], clusters)
    assert copied == pytest.approx(clustered_share(hits, range(50)), abs=0.01)


def test_clusters_that_are_all_the_same_are_no_gain() -> None:
    """Where each cluster has as many hits as any other, draws count as independent, never as more."""
    assert clustered_share([True, False] * 20, np.repeat(range(20), 2)) == pytest.approx(
        share_interval(20, 40)
    )


def test_where_all_are_alike_only_different_draws_count() -> None:
    """Of nothing but misses no variance can be seen; copies then count once."""
    assert clustered_share([False] * 100, [0] * 100, distinct=10) == pytest.approx(share_interval(0, 10))
    assert clustered_share([True] * 100, [0] * 100, distinct=10) == pytest.approx(share_interval(10, 10))
    assert np.isnan(clustered_share([], [])).all()


def test_the_kind_of_cluster_that_tells_least_counts() -> None:
    """Hits that all belong to one right answer make a wide interval, though they are of many answers."""
    hits = np.zeros(400)
    hits[:20] = 1
    answered, gold = np.arange(400), np.repeat(np.arange(20), 20)
    narrow, wide = clustered_share(hits, answered), clustered_share(hits, answered, gold)
    assert wide[1] - wide[0] > 2 * (narrow[1] - narrow[0])


@pytest.mark.parametrize("alike", [0.05, 0.2, 0.9])
@pytest.mark.parametrize("share", [0.002, 0.02, 0.1])
def test_it_covers_the_truth_of_the_clusters_at_hand(share: float, alike: float) -> None:
    """Whatever the rates of the clusters, 95 % of intervals or more hold the mean of these rates."""
    rng, size = np.random.default_rng(7), 1 / alike - 1
    held = []
    for _ in range(300):
        # A beta law whose correlation within a cluster is `alike`.
        rates = rng.beta(share * size, (1 - share) * size, 60)
        hits = rng.random((60, 20)) < rates[:, None]
        low, high = clustered_share(hits.ravel(), np.repeat(np.arange(60), 20))
        held.append(low <= rates.mean() <= high)
    assert np.mean(held) >= 0.93


@pytest.mark.parametrize(("share", "alike"), [(0.02, 0.05), (0.05, 0.2), (0.1, 0.2), (0.3, 0.9)])
def test_it_covers_the_truth_of_clusters_like_them(share: float, alike: float) -> None:
    """Where more than a few clusters have hits, the interval holds the share of all that there could be."""
    rng, size = np.random.default_rng(7), 1 / alike - 1
    held = []
    for _ in range(300):
        rates = rng.beta(share * size, (1 - share) * size, 60)
        hits = rng.random((60, 20)) < rates[:, None]
        low, high = clustered_share(hits.ravel(), np.repeat(np.arange(60), 20))
        held.append(low <= share <= high)
    assert np.mean(held) >= 0.92
