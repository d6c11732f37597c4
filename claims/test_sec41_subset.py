"""What RL solves, the base solves too (paper, section 4.1, Tables 4 and 5)."""

from beyondbase import Case, Verdict, claim, pairs, solves_little_alone


@claim(
    "rl-solved-is-subset",
    finding="The problems that RL solves are a subset of those that its base solves.",
    paper="section 4.1, Tables 4 and 5 (v4: Table 2): RL alone solves 0 to 2 % of the problems",
    hypothesis=(
        "share of problems that RL alone solves, beyond what a second draw of the base would, <"
        " margins.subset: shown by the plain share within K samples each, K the large k; refuted where k"
        " samples of both together solve more than 2k of the base by more than the margin, k up to K and to"
        " half of the base's n; a strict subset cannot be shown by samples, see the detection limit"
    ),
    over=pairs("rl"),
    large_k=True,
    reports=("solved",),
    margins=("subset",),
)
def test_rl_solved_is_subset(pair: Case) -> Verdict:
    """Not solved in n samples still allows a success probability up to the detection limit."""
    return solves_little_alone(pair)
