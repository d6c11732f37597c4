"""The algorithms end alike, and far from the base's boundary (paper, section 4.3, Fig. 8, Table 2)."""

from beyondbase import (
    Case,
    Verdict,
    algorithms,
    algorithms_alike,
    claim,
    distance_effects,
    greater,
    pairs,
    spread_effects,
)


@claim(
    "algorithms-end-alike",
    finding="RL algorithms differ little from each other.",
    paper="section 4.3, Fig. 8, Table 2: six algorithms within 4.3 points at k = 1 on the test set",
    hypothesis=(
        "greatest - least pass@1 of the algorithms < margins.alike, and so at K, the large k;"
        " pass@k of an algorithm is the mean over its runs"
    ),
    over=algorithms(),
    large_k=True,
    reports=("algorithms",),
)
def test_algorithms_end_alike(group: Case) -> Verdict:
    """The range, as the paper tells it: in points, hiding no outlier. A run is a draw of its algorithm."""
    ks, margin = (1, group.k_large), group.margins.alike
    whole = algorithms_alike(group, ks, margin)
    spread = (effect for k in ks for effect in spread_effects(group, k))
    return whole.about(whole.statement, details=(*spread, *distance_effects(group, group.k_large)))


@claim(
    "sampling-gap-stays-large",
    finding="RL's single sample stays far from what its base reaches with many.",
    paper="section 4.3, Fig. 8, Table 2: Delta SE of 36 to 45 points on Omni-MATH, 21 to 23 on MATH500",
    hypothesis="Delta SE = base pass@K - RL pass@1 > margins.sampling_gap, at large k (K)",
    over=pairs("rl"),
    large_k=True,
    reports=("algorithms",),
)
def test_sampling_gap_stays_large(pair: Case) -> Verdict:
    """The text says "consistently above 40 points"; its own table has 20.6 to 45.3."""
    k, margin = pair.k_large, pair.margins.sampling_gap
    statement = f"base pass@{k} more than {100 * margin:g} points above RL pass@1"
    return greater(pair.sampling_gap(k), margin, statement)
