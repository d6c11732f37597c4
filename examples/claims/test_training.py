"""A claim on a group of arms, the checkpoints of one training run; see docs/own-claims.md."""

from itertools import pairwise

from beyondbase import Case, Verdict, all_of, claim, greater, training_runs

# A checkpoint is no step back if it is at most so far behind the one before, at k = 1.
SLIP = 0.03


@claim(
    "no-checkpoint-steps-back",
    finding="No checkpoint of a training run is three points worse at k = 1 than the one before it.",
    paper="an example of a rule for training runs",
    hypothesis="for every two checkpoints in a row, pass@1 of the later - pass@1 of the earlier > -0.03",
    # RL arms on one base that differ in `step` only, earliest first: one case for each run, not for each arm.
    # `algorithms()` and `contrasts("kl")` find other groups.
    over=training_runs(),
)
def test_no_checkpoint_steps_back(run: Case) -> Verdict:
    """A run is one statement, so the adjustment counts it once, however many checkpoints it has."""
    return all_of(
        "no checkpoint three points behind the one before",
        *(
            greater(
                # By default a difference is taken to the base; here between two others of the case.
                run.difference(1, arm=later, minus=earlier),
                -SLIP,
                f"{later} less than three points behind {earlier}",
            )
            for earlier, later in pairwise(run.others)
        ),
    )
