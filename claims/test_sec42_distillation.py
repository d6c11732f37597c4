"""Distillation, unlike RL, goes beyond the base (paper, section 4.2)."""

from beyondbase import Case, Verdict, claim, expands, pairs


@claim(
    "distillation-expands",
    finding="Distillation goes beyond the base: above it at every k, and it solves what the base does not.",
    paper="section 4.2, Fig. 7: +25.7 points at k = 1 and +3.7 at k = 128 on Minerva",
    hypothesis=(
        "distilled pass@k - base pass@k > 0 at every k from where guesses solve what an exact test can show"
        " to where they solve half (without guesses from 1, and to n or [grid] k_superior), > -margins.alike"
        " at every other k, and k samples of both together solve more than 2k of the base by more than"
        " margins.subset, k up to K, the large k, and half of the base's n"
    ),
    over=pairs("distilled"),
    large_k=True,
    reports=("curve",),
    margins=("subset", "alike"),
)
def test_distillation_expands(pair: Case) -> Verdict:
    """The paper shows one model on one benchmark."""
    return expands(pair)
