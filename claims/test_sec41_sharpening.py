"""RL makes the solvable certain and the rare impossible (paper, section 4.1, Figs. 5 and 13)."""

from beyondbase import Case, Verdict, all_of, between_problems, claim, greater, pairs

OFTEN, SELDOM = 0.9, 0.01


@claim(
    "rl-sharpens",
    finding="RL moves problems to accuracy 1, and also to accuracy 0.",
    paper="section 4.1, Figs. 5 and 13: mass at 0 rises in 21 of 24 panels and ties in 3",
    hypothesis=(
        "expected share of problems with at least .9 of K samples right, K the large k: RL > base; with at"
        " most .01 of them right (none, for K below 100): RL > base; both, as an intersection-union test"
    ),
    over=pairs("rl"),
    large_k=True,
    reports=("histogram",),
)
def test_rl_sharpens(pair: Case) -> Verdict:
    """Either change alone would be plain progress, or plain loss."""
    k = pair.k_large
    verdict = all_of(
        f"RL has more problems at either end of accuracy at k = {k} than its base",
        greater(
            pair.often_difference(OFTEN),
            0.0,
            f"RL has more problems of accuracy {OFTEN:g} or more at k = {k} than its base",
        ),
        greater(
            pair.seldom_difference(SELDOM),
            0.0,
            f"RL has more problems of accuracy {SELDOM:g} or less at k = {k} than its base",
        ),
    )
    return verdict.about(verdict.statement, details=between_problems(pair))
