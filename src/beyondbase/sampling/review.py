"""Problems that count as solved through one or two samples: a list for a person to look at."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beyondbase.completions import Problem
from beyondbase.evidence.graded_task import read_task
from beyondbase.evidence.marks import Mark, Word, read_marks, write_marks
from beyondbase.evidence.problems import load_problems
from beyondbase.evidence.sampled_arm import SampledArm, sampled_arms, samples_of
from beyondbase.store import OUTCOMES, Rows, SampleSet, set_folder
from beyondbase.study import Study
from beyondbase.study.arms import Key

# Of a transcript its end is shown, where the answer stands.
_TAIL = 1500


@dataclass(frozen=True)
class Sample:
    """A sample that a grader called right, on a problem that is solved by few.

    Attributes:
        key: Names it, with its text and the right answer that it is held against.
        index: The sample's number.
        digest: That of its text.
        solved: How many of how many samples of the arm are right.
        others: The same of each other arm of the task.
        rule: The rule that accepted it; "" where that is not known.
        answer: What it states.
        end: The end of the transcript.
        mark: What a person said of it, if anybody did.
    """

    key: str
    task: str
    arm: str
    problem: Problem
    index: int
    digest: int
    solved: tuple[int, int]
    others: Mapping[str, tuple[int, int]]
    rule: str
    answer: str
    end: str
    mark: Word | None

    @property
    def alone(self) -> bool:
        """Whether no other arm solves the problem."""
        return not any(right for right, _ in self.others.values())


def solved_by_few(study: Study, *, most: int = 2) -> list[Sample]:
    """List the samples through which problems count as solved, where few do so.

    Args:
        study: With graded sample sets.
        most: So many right samples of a problem are few.

    Returns:
        Task by task and arm by arm, problems that no other arm solves first.

    Raises:
        InputError: There are no samples, they are damaged or not graded, or the problems cannot be loaded.
    """
    there = [arm for arm in sampled_arms(study) if arm.there]
    found: list[Sample] = []
    for task in study.tasks:
        # All arms of a task, which the list has arm by arm: problems that no other solves come first.
        arms = [arm for arm in there if arm.task == task]
        rows = {arm.arm: _rows(arm) for arm in arms}
        counts = {name: _counts(rows[name]) for name in rows}
        problems = {problem.id: problem for problem in load_problems(study, task)}
        for arm in arms:
            listed = _of_arm(arm, rows[arm.arm], counts, problems, most)
            found += sorted(listed, key=lambda one: not one.alone)
    return found


def take_marks(study: Study, listed: Sequence[Sample], words: Mapping[str, Word | None]) -> None:
    """Store what a person said, beside the samples; other marks that are there stay.

    Args:
        listed: The list that the person had.
        words: By key; None takes a mark back.

    Raises:
        InputError: The disk refuses, or marks that are there are damaged.
    """
    samples = samples_of(study)
    by_set: dict[Key, list[Sample]] = {}
    for one in listed:
        by_set.setdefault((one.task, one.arm), []).append(one)
    for key, some in by_set.items():
        folder = set_folder(samples, *key)
        marks = read_marks(folder)
        for one in some:
            word = words.get(one.key, one.mark)
            if word is None:
                marks.pop(one.key, None)
            else:
                marks[one.key] = Mark(one.key, one.problem.id, one.index, one.digest, word)
        write_marks(folder, marks.values())


def marks_of(study: Study) -> dict[Key, tuple[Mark, ...]]:
    """Read all marks of a study whose right answers are still those that the person saw.

    Raises:
        InputError: A file is damaged, or the problems cannot be loaded.
    """
    found = dict[Key, tuple[Mark, ...]]()
    for arm in sampled_arms(study):
        marks = read_marks(arm.folder)
        if marks:
            golds = {problem.id: problem.gold for problem in load_problems(study, arm.task)}
            found[arm.key] = tuple(
                mark for mark in marks.values() if mark.key == _key_of(*arm.key, mark, golds)
            )
    return {key: some for key, some in found.items() if some}


def _key_of(task: str, arm: str, mark: Mark, golds: Mapping[str, str]) -> str:
    return _key(task, arm, mark.problem_id, mark.index, mark.digest, golds.get(mark.problem_id, ""))


def _key(*parts: str | int) -> str:
    # It begins with a letter, so that no spreadsheet takes it for a number.
    return "s" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:14]


def _rows(arm: SampledArm) -> Rows:
    return arm.read().rows(*read_task(samples_of(arm.study), arm.task).grader, n=arm.n)


def _counts(rows: Rows) -> dict[str, tuple[int, int]]:
    """How many of how many are right, by problem."""
    size = len(rows.problem_ids)
    n = np.bincount(rows.problem[rows.outcome != OUTCOMES.index("error")], minlength=size)
    c = np.bincount(rows.problem[_right(rows)], minlength=size)
    return dict(zip(rows.problem_ids, zip(c.tolist(), n.tolist(), strict=True), strict=True))


def _right(rows: Rows) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = rows.outcome == OUTCOMES.index("correct")
    return found


def _of_arm(
    arm: SampledArm,
    rows: Rows,
    counts: Mapping[str, Mapping[str, tuple[int, int]]],
    problems: Mapping[str, Problem],
    most: int,
) -> Iterator[Sample]:
    store, own = arm.read(), counts[arm.arm]
    few = np.array([0 < own[name][0] <= most for name in rows.problem_ids], dtype=bool)
    places = np.flatnonzero(few[rows.problem] & _right(rows)) if few.size else np.array([], dtype=np.int64)
    ids = {(rows.problem_ids[rows.problem[at]], int(rows.index[at])): int(rows.digest[at]) for at in places}
    grades = _grades(store, read_task(samples_of(arm.study), arm.task).grader, ids)
    marks = read_marks(store.folder)
    for one in store.these([*ids]):
        name = one.problem_id
        problem = problems.get(name, Problem(name, "", ""))
        digest = ids[name, one.index]
        named = _key(*arm.key, name, one.index, digest, problem.gold)
        answer, rule = grades[name, one.index]
        yield Sample(
            key=named,
            task=arm.task,
            arm=arm.arm,
            problem=problem,
            index=one.index,
            digest=digest,
            solved=own[name],
            others={
                other: counts[other][name] for other in counts if other != arm.arm and name in counts[other]
            },
            rule=rule,
            answer=answer,
            end=one.text[-_TAIL:],
            mark=marks[named].word if named in marks else None,
        )


def _grades(
    store: SampleSet, grader: tuple[str, str], wanted: Mapping[tuple[str, int], int]
) -> dict[tuple[str, int], tuple[str, str]]:
    """The answer and the rule of some completions."""
    return {
        (item.problem_id, item.index): (item.answer or "", item.rule)
        for batch in store.grades(*grader)
        for item in batch
        if (item.problem_id, item.index) in wanted
    }
