"""Two claims that a release may hang on, as a user writes them; see docs/own-claims.md.

pytest finds them, because the file is called test_*.py, and so does beyondbase, because they are marked by
`claim`. The function gets a case (the arms of one task, row by row the same problem) and returns a verdict,
made of parts that compare one number with another: `greater`, `less`, `alike`.
"""

from beyondbase import Case, Verdict, all_of, as_likely, claim, greater, pairs, scored_pairs

# Margins are part of what is claimed: they stand here, where a reader of the claim sees them. Choose them
# before you look at the data, or the error rate of 5 % is none.
GAIN = 0.02
LOSS = 0.10


# The kind of a claim is "finding" unless it says otherwise: it is expected to be SUPPORTED, and its test
# fails where it is REFUTED.
@claim(
    "gains-at-one-without-great-loss",
    finding="RL gains two points at k = 1, and loses at most ten at large k.",
    paper="an example of a release policy",
    hypothesis="RL pass@1 - base pass@1 > 0.02, and RL pass@K - base pass@K > -0.10 at large k (K)",
    # Judged on every arm with role rl, each beside the base that it starts from.
    over=pairs("rl"),
    # It is about large k: arms with fewer samples than [grid] k_large_min make it INVALID, not REFUTED.
    large_k=True,
)
def test_gains_at_one_without_great_loss(pair: Case) -> Verdict:
    """Both must be shown: `all_of` is an intersection-union test, each part at the full level."""
    k = pair.k_large
    return all_of(
        f"two points gained at k = 1, at most ten lost at k = {k}",
        greater(pair.difference(1), GAIN, "more than two points gained at k = 1"),
        greater(pair.difference(k), -LOSS, f"fewer than ten points lost at k = {k}"),
    )


@claim(
    "rl-writes-likelier-than-base",
    finding="RL writes what its base finds likelier than what the base writes itself.",
    paper="an example; the suite's rl-likely-under-base asks only that it is not much less likely",
    hypothesis=(
        "mean over problems of the chance that a completion of RL has no higher perplexity under the base"
        " than one of the base (ties half) > 1/2"
    ),
    # Only where the study has log-probabilities; elsewhere it is not collected, and the summary says why.
    over=scored_pairs("rl"),
    # What comes out is told, and nothing is expected of it: its test passes either way.
    kind="companion",
)
def test_rl_writes_likelier_than_base(pair: Case) -> Verdict:
    """At 1/2 RL writes what its base would; above, it keeps to what the base finds likeliest."""
    return as_likely(pair, greater, 1 / 2)
