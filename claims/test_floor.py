"""Before any comparison: the base must do better than guesses do."""

from beyondbase import Case, Verdict, base_above_everywhere, claim, pairs, pass_effect


@claim(
    "base-beats-chance",
    finding="The base solves more than guessing does: its pass@k is above chance at every k.",
    paper=(
        "Fig. 12: AIME24 without the 12 of 30 problems that direct answers without reasoning now and then get"
        " right; a floor of guesses under whole curves is asked for by Keep Guessing? (arXiv 2410.15466)"
    ),
    hypothesis="base pass@k - guess pass@k > 0 at every k up to n, where k guesses solve 1 - (1 - p)^k",
    over=pairs("guess"),
    large_k=True,
)
def test_base_beats_chance(pair: Case) -> Verdict:
    """At large k even blind guesses solve much, so a high pass@k alone is no sign of reasoning."""
    verdict = base_above_everywhere(pair)
    floor = tuple(pass_effect(pair, pair.other, k) for k in sorted({1, pair.k_max}))
    return verdict.about(verdict.statement, details=floor)
