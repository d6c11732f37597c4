"""Whether algorithms end alike, by how much they and their runs differ, and how far from the base that is."""

from math import sqrt

import numpy as np

from beyondbase.inference.runs import deviation_limit
from beyondbase.judging.algorithm_runs import AlgorithmRuns
from beyondbase.judging.case import Case
from beyondbase.judging.run_advice import MoreRuns
from beyondbase.judging.verdict import Effect, Verdict


def algorithms_within(group: Case, k: int, margin: float) -> Verdict:
    """The pass@k of all algorithms lies within a margin: the greatest minus the least is below it.

    The pass@k of an algorithm is that of its runs on average, over all that might be trained. Supported where
    every pair is shown to be nearer than the margin (an intersection-union test), refuted where some pair is
    shown to be further apart, adjusted for the number of pairs. Runs count as draws: see `inference.runs`.
    Without repeated runs it is never refuted, since what differs may be the runs.

    Args:
        group: a case of `algorithms()`, whose other arms are runs.
        k: of pass@k.
        margin: as a difference of shares.
    """
    runs = AlgorithmRuns(group, k)
    apart = f"{len(runs.algorithms)} algorithms within {100 * margin:g} points of each other at k = {k}"
    statement = apart if runs.degrees else f"{apart}, as one run of each tells"
    limits, level = runs.limits(group.study.alpha / 2), 1 - group.study.alpha
    return Verdict(
        statement,
        p_support=runs.p_within(margin),
        p_refute=runs.p_apart(margin),
        effect=Effect(
            f"range of pass@{k} over {len(runs.algorithms)} algorithms", runs.width, *limits, level
        ),
        advice=(MoreRuns(runs, margin), MoreRuns(runs, margin, within=False)),
    )


def spread_effects(group: Case, k: int) -> tuple[Effect, ...]:
    """Standard deviations of pass@k: between algorithms, between runs of one, and by the draw of problems.

    The second has an upper limit, and is left out where no algorithm has two runs; the others have none.
    """
    runs, level = AlgorithmRuns(group, k), 1 - group.study.alpha
    algorithms, repeated, drawn = runs.components()
    found = [Effect(f"s.d. of pass@{k} between algorithms", sqrt(algorithms), None, None, level)]
    if runs.degrees:
        upper = deviation_limit(runs.variance, runs.degrees, group.study.alpha / 2)
        name = f"s.d. of pass@{k} between runs of one algorithm"
        found.append(Effect(name, sqrt(repeated), 0.0, min(upper, 1.0), level))
    name = f"s.d. of pass@{k} that the draw of problems and samples adds"
    return (*found, Effect(name, sqrt(drawn), None, None, level)) if np.isfinite(drawn) else tuple(found)


def distance_effects(group: Case, k: int) -> tuple[Effect, ...]:
    """How far the base is above the algorithms on average, and their range as a multiple of that.

    Limits of the multiple are those of the range over the opposite ones of the distance, each with half of
    what may err (Bonferroni). It is left out where the base is not above, and limits where none are sound.
    """
    runs, alpha = AlgorithmRuns(group, k), group.study.alpha
    distance = float(runs.to_base.mean[0])
    name = f"base - mean of algorithms pass@{k}"
    low, high = runs.limits_to_base(alpha / 2) or (None, None)
    found = Effect(name, distance, low, high, 1 - alpha)
    if distance <= 0:
        return (found,)
    near, far = runs.limits_to_base(alpha / 4) or (0.0, 0.0)
    low = high = None
    if near > 0:
        least, most = runs.limits(alpha / 4)
        low, high = least / far, most / near
    name = f"range of algorithms over their distance to the base, pass@{k}"
    return found, Effect(name, runs.width / distance, low, high, 1 - alpha, "ratio")
