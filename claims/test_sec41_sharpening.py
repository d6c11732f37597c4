"""RL makes the solvable certain and the rare impossible (paper, section 4.1, Figs. 5 and 13)."""

from beyondbase import Case, Verdict, all_of, claim, greater, pairs


@claim(
    "rl-sharpens",
    finding="RL moves problems to accuracy 1, and also to accuracy 0.",
    paper="section 4.1, Figs. 5 and 13: mass at 0 rises in 21 of 24 panels and ties in 3",
    hypothesis=(
        "share of problems solved in all of K samples, K the large k: RL > base; share solved in none of K:"
        " RL > base; both, as an intersection-union test"
    ),
    over=pairs("rl"),
    large_k=True,
    reports=("histogram",),
)
def test_rl_sharpens(pair: Case) -> Verdict:
    """Either change alone would be plain progress, or plain loss."""
    k = pair.k_large
    return all_of(
        f"RL solves more problems without a miss at k = {k} than its base, and leaves more unsolved",
        greater(
            pair.perfect_difference(), 0.0, f"RL solves more problems without a miss at k = {k} than its base"
        ),
        greater(pair.never_difference(), 0.0, f"RL leaves more problems unsolved at k = {k} than its base"),
    )
