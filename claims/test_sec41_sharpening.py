"""RL makes the solvable certain and the rare impossible (paper, section 4.1, Figs. 5 and 13)."""

from beyondbase import Case, Verdict, all_of, claim, greater, pairs


@claim(
    "rl-sharpens",
    finding="RL moves problems to accuracy 1, and also to accuracy 0.",
    paper="section 4.1, Figs. 5 and 13: mass at 0 rises in 21 of 24 panels and ties in 3",
    hypothesis=(
        "share of problems solved in all of K samples: RL > base; share solved in none: RL > base;"
        " both, as an intersection-union test"
    ),
    over=pairs("rl"),
    large_k=True,
    reports=("histogram",),
)
def test_rl_sharpens(pair: Case) -> Verdict:
    """Either change alone would be plain progress, or plain loss."""
    return all_of(
        "more problems at accuracy 1 and more at 0",
        greater(pair.perfect_difference(), 0.0, "RL always solves more problems"),
        greater(pair.never_difference(), 0.0, "RL never solves more problems"),
    )
