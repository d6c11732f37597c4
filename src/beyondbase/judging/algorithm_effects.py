"""Whether algorithms end alike, by how much they and their runs differ, and how far from the base that is."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from beyondbase.judging.algorithm_runs import AlgorithmRuns
from beyondbase.judging.case import Case
from beyondbase.judging.run_advice import MoreRuns, one_run_each
from beyondbase.judging.verdict import Effect, Verdict, all_of


def algorithms_within(group: Case, k: int, margin: float) -> Verdict:
    """The pass@k of all algorithms lies within a margin: the greatest minus the least is below it.

    The pass@k of an algorithm is that of its runs on average, over all that might be trained. Supported where
    every pair is shown to be nearer than the margin (an intersection-union test), refuted where some pair is
    shown to be further apart, adjusted for the number of pairs. Runs count as draws: see `inference.runs`.
    What an algorithm with one run does shows nothing, since it may be the run: so it is never supported then,
    and refuted by those with repeated runs alone.

    Args:
        group: a case of `algorithms()`, whose other arms are runs.
        k: of pass@k.
        margin: as a difference of shares.
    """
    runs = AlgorithmRuns(group, k)
    statement = f"{len(runs.algorithms)} algorithms within {100 * margin:g} points of each other at k = {k}"
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


def algorithms_alike(group: Case, ks: Sequence[int], margin: float) -> Verdict:
    """`algorithms_within` at every one of some k; the statement says where run and algorithm are one.

    Args:
        group: as of `algorithms_within`.
        ks: of pass@k.
        margin: as of `algorithms_within`.
    """
    single = AlgorithmRuns(group, ks[0]).single
    of_which = f" ({one_run_each(single)})" if single else ""
    at = " and at ".join(f"k = {k}" for k in ks)
    statement = f"all algorithms within {100 * margin:g} points of each other at {at}{of_which}"
    return all_of(statement, *(algorithms_within(group, k, margin) for k in ks))


def spread_effects(group: Case, k: int) -> tuple[Effect, ...]:
    """Standard deviations of pass@k: between algorithms, between runs of one, and by the draw of problems.

    They are estimates without limits, of an analysis of variance. The second is left out where no algorithm
    has two runs; then the first is that of algorithms and runs together, and is called so.
    """
    runs, level = AlgorithmRuns(group, k), 1 - group.study.alpha
    between, repeated, drawn = runs.components()
    of = "algorithms" if np.isfinite(repeated) else "algorithms, or their runs"
    found = {
        f"s.d. of pass@{k} between {of}": between,
        f"s.d. of pass@{k} between runs of one algorithm": repeated,
        f"s.d. of pass@{k} that the draw of problems and samples adds": drawn,
    }
    known = ((name, variance) for name, variance in found.items() if np.isfinite(variance))
    return tuple(Effect(name, sqrt(variance), None, None, level) for name, variance in known)


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
