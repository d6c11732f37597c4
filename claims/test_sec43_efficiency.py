"""RL buys sampling efficiency: some k of the base equals RL's single sample (paper, section 4.3)."""

from beyondbase import Case, Verdict, claim, efficiency_effect, greater, pairs


@claim(
    "base-reaches-rl",
    finding="With enough samples the base reaches RL's pass@1.",
    paper="section 4.3, Fig. 8 (the gap of which is Delta SE)",
    hypothesis="base pass@K > RL pass@1 at large k (K); shown with the k of the base that equals RL's pass@1",
    over=pairs("rl"),
    large_k=True,
    reports=("curve",),
)
def test_base_reaches_rl(pair: Case) -> Verdict:
    """The k at which it does is how many samples of the base one sample of RL is worth."""
    reached = greater(pair.sampling_gap(pair.k_large), 0.0, f"base pass@{pair.k_large} above RL pass@1")
    return reached.about(reached.statement, details=(efficiency_effect(pair),))
