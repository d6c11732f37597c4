"""All tasks of a study as one case: every problem of every task, each counted once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from beyondbase.evidence.doubt import Doubt
from beyondbase.evidence.tallies import Tally
from beyondbase.judging.case import Case
from beyondbase.study import Study
from beyondbase.study.arms import ALL_TASKS
from beyondbase.study.kinds import Pooled


def pooled(study: Study, cases: Iterable[Case]) -> list[Case]:
    """One case over all tasks for each pair that has a case on every one of them.

    A pair that lacks a task has none: its mean would be over other problems than its neighbour's.

    Args:
        study: that the cases belong to.
        cases: of one selection of pairs.
    """
    if len(study.tasks) < 2 or study.pooled == "none":
        return []
    groups: dict[tuple[str, tuple[str, ...]], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.base, case.others].append(case)
    return [pool(parts, study.pooled) for parts in groups.values() if len(parts) == len(study.tasks)]


def pool(parts: Sequence[Case], mean: Pooled = "problems") -> Case:
    """The problems of some tasks as one case, named by task and id.

    In the mean over problems a task weighs as much as it has of them; in that over tasks all weigh alike.
    Tests and limits take the problems as draws from one law, where in truth every task has a number of its
    own that is fixed. At the levels of verdicts, 5 % and less, that errs to the safe side: with the same
    mean, a sum of unlike chances lies less often a success or more beyond it than one of like chances
    (Hoeffding 1956, "On the distribution of the number of successes in independent trials", theorem 4). Near
    one half it need not.

    Args:
        parts: cases of the same arms on several tasks.
        mean: what weighs alike in it.
    """
    first = parts[0]
    tallies = {arm: _joined(arm, parts) for arm in first.tallies}
    known = set.intersection(*(set(part.chances) for part in parts))
    case = Case(
        study=first.study,
        task=ALL_TASKS,
        base=first.base,
        others=first.others,
        label=first.label,
        tallies=tallies,
        mismatch=tuple(dict.fromkeys(reason for part in parts for reason in part.mismatch)),
        chances={
            arm: np.concatenate([part.chances[arm] for part in parts])
            for arm in first.chances
            if arm in known
        },
        parts=tuple(parts),
    )
    return weighed(case, mean)


def weighed(case: Case, mean: Pooled) -> Case:
    """The same case over several tasks, with another mean."""
    if mean == "problems":
        return replace(case, weights=None)
    sizes = [len(part.problem_ids) for part in case.parts]
    each = [np.full(size, sum(sizes) / (len(sizes) * size)) for size in sizes]
    return replace(case, weights=np.concatenate(each))


def _joined(arm: str, parts: Sequence[Case]) -> Tally:
    tallies = {part.task: part.tallies[arm] for part in parts}
    return Tally(
        problem_ids=tuple(f"{task}/{name}" for task, tally in tallies.items() for name in tally.problem_ids),
        n=np.concatenate([tally.n for tally in tallies.values()]),
        c=np.concatenate([tally.c for tally in tallies.values()]),
        clusters=_clusters(tallies.items()),
        levels=None,
        unfit=tuple(dict.fromkeys(reason for tally in tallies.values() for reason in tally.unfit)),
        doubt=_doubt(tuple(tallies.values())),
    )


def _clusters(tallies: Iterable[tuple[str, Tally]]) -> tuple[str, ...] | None:
    """Clusters of a task are its own; a problem of a task without any is one by itself."""
    found = list(tallies)
    if all(tally.clusters is None for _, tally in found):
        return None
    return tuple(f"{task}/{name}" for task, tally in found for name in (tally.clusters or tally.problem_ids))


def _doubt(tallies: Sequence[Tally]) -> Doubt | None:
    doubts = [tally.doubt for tally in tallies if tally.doubt]
    if not doubts:
        return None
    undecided = [
        np.zeros_like(tally.c) if tally.doubt is None else tally.doubt.undecided for tally in tallies
    ]
    return Doubt(np.concatenate(undecided), "; ".join(dict.fromkeys(doubt.reason for doubt in doubts)))
