"""What a grader is, and what all graders share: outcomes, chunks, versions."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from beyondbase.completions import Completion, Grade, Graded, Problem
from beyondbase.errors import InputError
from beyondbase.graders.comparing.decision import LONGEST
from beyondbase.graders.options import counting_options
from beyondbase.messages import quote

_CHUNK = 4096


class Ruling(NamedTuple):
    """What became of an answer, and which rule of the grader decided that."""

    outcome: Grade
    rule: str


Find = Callable[[str, bool], str | None]
Judge = Callable[[Sequence[tuple[Problem, str]]], Sequence[Ruling]]


class Grader(Protocol):
    """Says of each completion what became of it.

    Name and version together name the verdicts: what can change one changes the version, be it an
    option, a rule or a library. The number of workers cannot.
    """

    @property
    def name(self) -> str:
        """What the grader is called in study files."""

    @property
    def version(self) -> str:
        """What its verdicts hang on: digits, letters, dots, plus signs and hyphens."""

    def grade(self, problems: Mapping[str, Problem], completions: Iterable[Completion]) -> Iterator[Graded]:
        """Grade completions, in their order, reading no more of them than needed."""


def grade_answers(
    problems: Mapping[str, Problem], completions: Iterable[Completion], *, find: Find, judge: Judge
) -> Iterator[Graded]:
    """Grade completions by the answers in them.

    A failed completion is an error. One without an answer is truncated where it was cut off, else
    unparsed. One that was cut off after a complete answer is graded by that answer.

    Args:
        problems: By id.
        completions: In any order.
        find: Finds the answer in a text; the second argument says whether the text was cut off.
        judge: Says of each (problem, answer) whether it is right, and by which rule.

    Raises:
        InputError: A completion is of a problem that is not there.
    """
    source = iter(completions)
    while chunk := list(islice(source, _CHUNK)):
        found = [_find(completion, find) for completion in chunk]
        stated = [
            (problem_of(problems, completion), answer)
            for completion, answer in zip(chunk, found, strict=True)
            if answer is not None
        ]
        rulings = iter(judge(stated) if stated else ())
        for completion, answer in zip(chunk, found, strict=True):
            ruling = Ruling(_unstated(completion), "") if answer is None else next(rulings)
            kept = None if answer is None else answer[:LONGEST]
            yield Graded(completion.problem_id, completion.index, ruling.outcome, kept, ruling.rule)


def grade_batches(
    grader: Grader, problems: Mapping[str, Problem], batches: Iterable[Sequence[Completion]]
) -> Generator[list[Graded]]:
    """Grade batch by batch in one go: the grader keeps its processes, and what it knows, between them.

    Batches without completions give no list.

    Raises:
        InputError: As the grader's `grade`.
    """
    sizes: deque[int] = deque()

    def completions() -> Iterator[Completion]:
        for batch in batches:
            if batch:
                sizes.append(len(batch))
                yield from batch

    done: list[Graded] = []
    for graded in grader.grade(problems, completions()):
        done.append(graded)
        if len(done) == sizes[0]:
            yield done
            sizes.popleft()
            done = []


def _find(completion: Completion, find: Find) -> str | None:
    return None if completion.finish == "error" else find(completion.text, completion.finish == "length")


def _unstated(completion: Completion) -> Grade:
    if completion.finish == "error":
        return "error"
    return "truncated" if completion.finish == "length" else "unparsed"


def problem_of(problems: Mapping[str, Problem], completion: Completion) -> Problem:
    """Find the problem of a completion.

    Raises:
        InputError: It is not there.
    """
    try:
        return problems[completion.problem_id]
    except KeyError:
        found = quote(completion.problem_id)
    raise InputError(
        f"problem {found}: found a completion of it, but no such problem; grade with the task that it is of"
    )


def version_of(rules: int, grader: object, *libraries: str) -> str:
    """Name what verdicts hang on: the edition of our rules, libraries, and a digest of the options.

    Args:
        rules: Counts up with every change of our own that can change a verdict.
        grader: Whose options count, but for those that are said not to.
        libraries: Each as name and version.
    """
    text = json.dumps(counting_options(grader), sort_keys=True, default=str, ensure_ascii=True)
    return "-".join((str(rules), *libraries, hashlib.sha256(text.encode()).hexdigest()[:8]))
