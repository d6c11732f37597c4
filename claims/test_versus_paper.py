"""What others published: against the paper, that RL expands; beside it, that RL solves more reliably."""

from beyondbase import Case, Verdict, all_of, claim, expands, greater, pairs


@claim(
    "rl-expands",
    finding="Counter-claim: RL goes beyond the base at every k, and solves what the base does not.",
    paper="against the paper: ProRL (arXiv 2505.24864), prolonged RL on Reasoning Gym tasks",
    hypothesis=(
        "RL pass@k - base pass@k > 0 at every k from where guesses solve what an exact test can show to"
        " where they solve half (without guesses from 1, and to n or [grid] k_superior), > -margins.alike at"
        " every other k, and k samples of both together solve more than 2k of the base by more than"
        " margins.subset, k up to K, the large k, and half of the base's n"
    ),
    over=pairs("rl"),
    large_k=True,
    reports=("curve",),
    margins=("subset", "alike"),
    kind="counter",
    excludes=("base-overtakes", "rl-solved-is-subset"),
)
def test_rl_expands(pair: Case) -> Verdict:
    """The statement of `distillation-expands`, of an RL model."""
    return expands(pair)


@claim(
    "rl-covers-more-reliably",
    finding="Companion: RL solves more problems reliably, at every reliability asked for.",
    paper="beside the paper: Dragoi et al. (arXiv 2510.08325), Cover@tau ranks models unlike pass@k",
    hypothesis=(
        "Cover@tau (share of problems of which at least tau of the samples are right, in the least n of the"
        " pair) of RL - that of the base > 0 at every tau of grid.tau"
    ),
    over=pairs("rl"),
    kind="companion",
)
def test_rl_covers_more_reliably(pair: Case) -> Verdict:
    """Large k counts a single lucky hit, a threshold on the success rate does not: both may be true."""
    return all_of(
        "RL ahead at every reliability",
        *(
            greater(pair.cover_difference(tau), 0.0, f"RL ahead at tau = {tau:g}")
            for tau in pair.study.grid.tau
        ),
    )
