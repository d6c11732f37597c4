"""RL wins at one sample, the base overtakes at many (paper, sections 3.1 to 3.3)."""

from beyondbase import Case, Verdict, all_of, claim, crossover_effect, greater, less, pairs


@claim(
    "rl-leads-at-1",
    finding="The RL model beats its base at k = 1.",
    paper="sections 3.1-3.3, Figs. 2, 4, 9-11: every pair and benchmark",
    hypothesis="mean over problems of RL pass@1 - base pass@1 > margins.lead",
    over=pairs("rl"),
    reports=("curve",),
    margins=("lead",),
)
def test_rl_leads_at_1(pair: Case) -> Verdict:
    """The paper sees this on every benchmark, by 2.6 to 51 points."""
    return greater(pair.difference(1), pair.margins.lead, "RL ahead at k = 1")


@claim(
    "base-overtakes",
    finding="RL leads at k = 1, and the base overtakes it at large k (K).",
    paper="sections 3.1-3.3, Figs. 2, 4, 9-12: crossings at k = 2 to 612",
    hypothesis=(
        "RL pass@1 - base pass@1 > margins.lead, and RL pass@K - base pass@K < -margins.overtake at large"
        " k (K; exact McNemar where K = n); both, as an intersection-union test"
    ),
    over=pairs("rl"),
    large_k=True,
    reports=("curve",),
    margins=("lead", "overtake"),
)
def test_base_overtakes(pair: Case) -> Verdict:
    """In the paper's own cells the base is 1 to 47 problems ahead at the last k, with three ties."""
    k = pair.k_large
    verdict = all_of(
        f"RL leads at k = 1 and the base at k = {k}",
        greater(pair.difference(1), pair.margins.lead, "RL ahead at k = 1"),
        less(pair.difference(k), -pair.margins.overtake, f"base ahead at k = {k}"),
    )
    return verdict.about(verdict.statement, details=(crossover_effect(pair),))
