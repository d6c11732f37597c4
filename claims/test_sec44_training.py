"""What training longer, a KL penalty and more rollouts do (paper, section 4.4, Figs. 1 and 15)."""

from beyondbase import Case, Verdict, alike, all_of, claim, contrasts, greater, less, training_runs


@claim(
    "training-narrows",
    finding="Along RL training pass@1 rises while pass@k at large k (K) falls.",
    paper="section 4.4, Fig. 1 right, Table 3: 150, 300 and 450 steps of GRPO",
    hypothesis="slope of pass@1 over the steps > 0, and slope of pass@K < 0 (linear contrast per problem)",
    over=training_runs(),
    large_k=True,
    reports=("steps",),
)
def test_training_narrows(run: Case) -> Verdict:
    """Both trends, as an intersection-union test."""
    return all_of(
        f"pass@1 rises and pass@{run.k_large} falls with training",
        greater(run.trend(1), 0.0, "pass@1 rises with training"),
        less(run.trend(run.k_large), 0.0, f"pass@{run.k_large} falls with training"),
    )


@claim(
    "kl-costs-coverage",
    finding="A KL penalty leaves pass@1 as it is and lowers pass@k at large k (K).",
    paper="section 4.4, Fig. 15: coefficient 0.001 costs 3 to 10 points at k = 128",
    hypothesis="|difference of pass@1| < margins.alike, and pass@K with more KL < pass@K with less",
    over=contrasts("kl"),
    large_k=True,
    margins=("alike",),
)
def test_kl_costs_coverage(contrast: Case) -> Verdict:
    """The first arm has the larger KL coefficient."""
    with_kl, without = contrast.others
    large = contrast.difference(contrast.k_large, arm=with_kl, minus=without)
    return all_of(
        f"alike at k = 1, lower at k = {contrast.k_large}",
        less(large, 0.0, f"KL lowers pass@{contrast.k_large}"),
        alike(contrast.difference(1, arm=with_kl, minus=without), contrast.margins.alike, "alike at k = 1"),
    )


@claim(
    "more-rollouts-help-little",
    finding="More rollouts per prompt raise pass@k at large k (K), but not to the base's.",
    paper="section 4.4, Fig. 15: 8 against 32 rollouts (at unequal steps)",
    hypothesis="pass@K with more rollouts > pass@K with fewer, and < pass@K of the base",
    over=contrasts("rollouts"),
    large_k=True,
)
def test_more_rollouts_help_little(contrast: Case) -> Verdict:
    """In the paper's own numbers the first part fails on MATH500 and the second on the training set."""
    k, (more, fewer) = contrast.k_large, contrast.others
    return all_of(
        f"more rollouts raise pass@{k}, but not to the base's",
        greater(contrast.difference(k, arm=more, minus=fewer), 0.0, f"more rollouts raise pass@{k}"),
        less(contrast.difference(k, arm=more), 0.0, f"still below the base at k = {k}"),
    )
