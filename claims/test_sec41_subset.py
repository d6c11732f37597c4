"""What RL solves, the base solves too (paper, section 4.1, Tables 4 and 5)."""

from beyondbase import Case, Verdict, claim, opposite, pairs, solves_alone


@claim(
    "rl-solved-is-subset",
    finding="The problems that RL solves are a subset of those that its base solves.",
    paper="section 4.1, Tables 4 and 5 (v4: Table 2): RL alone solves 0 to 2 % of the problems",
    hypothesis=(
        "share of problems solved by RL and not by the base, within K samples each, K the large k,"
        " < margins.subset; a strict subset cannot be shown by samples, see the detection limit"
    ),
    over=pairs("rl"),
    large_k=True,
    reports=("solved",),
)
def test_rl_solved_is_subset(pair: Case) -> Verdict:
    """Not solved in n samples still allows a success probability up to the detection limit."""
    share = f"less than {100 * pair.margins.subset:g} % of the problems at k = {pair.k_large}"
    return opposite(f"RL alone solves {share}", solves_alone(pair))
