"""RL's completions were likely under the base already; distilled ones were not (paper, section 4.1)."""

from beyondbase import Case, Verdict, as_likely, claim, greater, less, scored_pairs


@claim(
    "rl-likely-under-base",
    finding="The base finds what RL writes as likely as what it writes itself.",
    paper=(
        "section 4.1, v2 Fig. 6 (v4: appendix C.4): median perplexities under the base of 1.06 (RL) and 1.09"
        " (the base itself) on one AIME24 problem, 1.28 and 1.32 on another"
    ),
    hypothesis=(
        "mean over problems of the chance that a completion of RL has no higher perplexity under the base"
        " than one of the base (ties half) > 1/2 - margins.perplexity"
    ),
    over=scored_pairs("rl"),
    margins=("perplexity",),
)
def test_rl_likely_under_base(pair: Case) -> Verdict:
    """At 1/2 RL writes what its base would; above, it keeps to what its base finds most likely."""
    return as_likely(pair, greater, 1 / 2 - pair.margins.perplexity)


@claim(
    "distilled-unlikely-under-base",
    finding="The base finds what a distilled model writes less likely than what it writes itself.",
    paper="section 4.1, v2 Fig. 6, where o1's responses have perplexities of 1.21 and 1.84 under the base",
    hypothesis=(
        "mean over problems of the chance that a completion of the distilled model has no higher perplexity"
        " under the base than one of the base (ties half) < 1/2"
    ),
    over=scored_pairs("distilled"),
    kind="companion",
)
def test_distilled_unlikely_under_base(pair: Case) -> Verdict:
    """The paper shows this of a teacher's responses, not of its pupil's: so nothing is expected."""
    return as_likely(pair, less, 1 / 2)
