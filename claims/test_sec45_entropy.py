"""At the entropy of its base RL still covers less (paper, section 4.5; v2 Figs. 16 and 17)."""

from beyondbase import (
    Case,
    Verdict,
    claim,
    entropy_effect,
    entropy_matched,
    entropy_ratio,
    gap_recovered,
    given,
    less,
    same_entropy,
)


@claim(
    "entropy-matched-stays-below",
    finding="Raising RL's temperature to the entropy of its base does not bring back the base's coverage.",
    paper=(
        "section 4.5, v2 Fig. 17: at the last k matched RL closes 76 % of the gap on AIME24, 8 to 27 %"
        " elsewhere, and none on AMC23"
    ),
    hypothesis=(
        "entropy of matched RL on a typical problem within margins.entropy of the base's (two one-sided"
        " tests), and RL pass@K - base pass@K < 0 at large k (K); both, as an intersection-union test;"
        " refuted where the entropies are alike and RL is ahead"
    ),
    over=entropy_matched(),
    large_k=True,
    margins=("entropy",),
)
def test_entropy_matched_stays_below(case: Case) -> Verdict:
    """With another entropy than the base's the arm says nothing of the claim, which then is INVALID."""
    matched, first = case.others
    verdict = given(
        f"below the base at k = {case.k_large}, at the base's entropy",
        same_entropy(case),
        less(case.difference(case.k_large), 0.0, f"matched RL below the base at k = {case.k_large}"),
    )
    if verdict.invalid:
        return verdict
    entropies = (entropy_effect(case, case.base), entropy_effect(case, matched), entropy_ratio(case))
    return verdict.about(verdict.statement, details=(*entropies, gap_recovered(case, first)))
