"""A second grader beside the study's own: which completions and problems it judges otherwise.

Its grades are kept in the store as those of any grader, under its own name and version; the study's own stay
those that count.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.evidence.graded_task import read_task
from beyondbase.evidence.problems import load_problems, task_table
from beyondbase.evidence.sampled_arm import sampled_arms, samples_of
from beyondbase.graders import Grader, make_grader, options_of
from beyondbase.messages import quote
from beyondbase.sampling.draw import Tell
from beyondbase.sampling.grade import grade_set
from beyondbase.sampling.task_grader import named
from beyondbase.store import OUTCOMES, Rows
from beyondbase.study import Study
from beyondbase.study.arms import Key


@dataclass(frozen=True)
class Disagreement:
    """What two graders say of one arm on one task.

    Attributes:
        completions: How many both have judged.
        right_alone: Completions that the study's grader alone calls right, and the second one alone.
        solved_alone: Problems that count as solved by the study's grader alone, and by the second alone.
    """

    completions: int
    right_alone: tuple[int, int]
    solved_alone: tuple[int, int]


def grade_by(
    study: Study, name: str, options: Mapping[str, Any], *, tell: Tell
) -> tuple[dict[str, tuple[str, str]], dict[Key, Disagreement]]:
    """Grade all samples of a study by a second grader, as far as it has not done so before.

    Args:
        study: With samples that its own grader has graded.
        name: The second grader.
        options: Its options; where answers are looked for is as in the study, if they do not say.
        tell: Called after every batch.

    Returns:
        Under which name and version its grades are kept, by task, and how the two differ, by task and arm.

    Raises:
        InputError: There is no such grader or option, there are no samples, they are not graded, or it is the
            study's own grader.
    """
    samples, found = samples_of(study), dict[Key, Disagreement]()
    there = [arm for arm in sampled_arms(study) if arm.there]
    if not there:
        raise InputError(f"{study.path}: found no samples; run beyondbase sample --study {study.path}")
    graders: dict[str, tuple[str, str]] = {}
    for task in dict.fromkeys(arm.task for arm in there):
        problems, grader = load_problems(study, task), _second(study, task, name, options)
        own, by = read_task(samples, task).grader, named(grader, problems)
        if own == by:
            at = f"{quote(name)} with these options grades {quote(task)} already"
            raise InputError(f"{study.path}: {at}; name another grader (--with) or other options (--set)")
        graders[task], by_id = by, {problem.id: problem for problem in problems}
        for arm in [arm for arm in there if arm.task == task]:
            with closing(arm.read()) as store:
                arm.check_asked(store, problems)
                grade_set(store, grader, by, by_id, arm.key, tell)
                found[arm.key] = _compared(store.rows(*own, n=arm.n), store.rows(*by, n=arm.n))
    return graders, found


def _second(study: Study, task: str, name: str, options: Mapping[str, Any]) -> Grader:
    known = task_table(study, task).grading
    shared = {key: known[key] for key in ("extract",) if key in known and key in options_of(name)}
    return make_grader(name, {**shared, **options})


def _compared(first: Rows, second: Rows) -> Disagreement:
    one, two = (rows.outcome == OUTCOMES.index("correct") for rows in (first, second))
    ours, theirs = (
        np.bincount(first.problem[right], minlength=len(first.problem_ids)) > 0 for right in (one, two)
    )
    return Disagreement(one.size, _apart(one, two), _apart(ours, theirs))


def _apart(one: NDArray[np.bool_], two: NDArray[np.bool_]) -> tuple[int, int]:
    return int((one & ~two).sum()), int((two & ~one).sum())
