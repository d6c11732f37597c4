"""Countdown with written steps (see `beyondbase.tasks.countdown`): every step is checked, none is run.

A text is right where its lines are a solution of the problem: as many steps as there are numbers, less one,
each of two numbers that are left, written as in `20 - 13 = 7`, with its true result, the last of them the
target. Sums and products may name their numbers in either order; blanks at the ends of lines and empty
lines at the end of the text do not count. With `check = "result"` it is enough that the last line is a
step which states the target: what such a text gets right beyond its steps is what CoT-pass@k takes away.

A text without any line that reads as a step is unparsed, true or not; so is a line beyond the first 4096
characters that is not the last. One that was cut off is judged where it has all its lines, each of them
ended; else it is truncated. These two outcomes do not hang on what is checked.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Annotated, ClassVar, Literal

from beyondbase.completions import Completion, Grade, Graded, Problem
from beyondbase.errors import InputError
from beyondbase.graders.comparing.decision import LONGEST
from beyondbase.graders.options import Option, check_options
from beyondbase.graders.protocol import Grader, problem_of, version_of
from beyondbase.messages import quote
from beyondbase.tasks.countdown import LARGEST, OPERATIONS, Numbers, read_question, result_of

_BLANKS = " \t\r"
_NUMBER = r"-?[0-9]{1,9}"
_STEP = re.compile(rf"^{_NUMBER} [-+*/] {_NUMBER} = ({_NUMBER})[{_BLANKS}]*$", re.MULTILINE)


@dataclass(frozen=True)
class CountdownGrader(Grader):
    """Grades solutions of Countdown."""

    name: ClassVar[str] = "countdown"
    check: Annotated[
        Literal["steps", "result"], Option('`"steps"`, or `"result"` of the last line alone')
    ] = "steps"

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def version(self) -> str:
        """What its verdicts hang on."""
        return version_of(2, self)

    def grade(self, problems: Mapping[str, Problem], completions: Iterable[Completion]) -> Iterator[Graded]:
        """Grade completions, in their order.

        Raises:
            InputError: A problem is none of Countdown, or a completion is of a problem that is not there.
        """
        read = {name: _read(problem) for name, problem in problems.items()}
        for one in completions:
            known = read.get(one.problem_id) or _read(problem_of(problems, one))
            outcome, stated = ("error", None) if one.finish == "error" else self._look(one, *known)
            rule = "expression" if outcome in {"correct", "wrong"} else ""
            yield Graded(one.problem_id, one.index, outcome, stated, rule)

    def _look(self, completion: Completion, numbers: Numbers, target: int) -> tuple[Grade, str | None]:
        text, cut = completion.text, completion.finish == "length"
        if cut and (text.count("\n") < len(numbers) - 1 or text.rpartition("\n")[2].strip()):
            return "truncated", None
        text = text.rstrip()
        if _solves(text.split("\n", len(numbers)), numbers, target):
            return "correct", str(target)
        last = _STEP.fullmatch(text[-LONGEST:].rpartition("\n")[2])
        if last is None and not _STEP.search(text[:LONGEST].rpartition("\n")[0]):
            return "truncated" if cut else "unparsed", None
        stated = last and last[1]
        return "correct" if self.check == "result" and stated == str(target) else "wrong", stated


def _read(problem: Problem) -> tuple[Numbers, int]:
    try:
        numbers, target = read_question(problem.question)
    except InputError as error:
        raise InputError(f"problem {quote(problem.id)}: {error}") from None
    if problem.gold != str(target):
        found = f"found the answer {quote(problem.gold)} to {quote(problem.question)}"
        raise InputError(f"problem {quote(problem.id)}: {found}; write its target, {target}")
    return numbers, target


def _solves(lines: Sequence[str], numbers: Numbers, target: int) -> bool:
    """Whether lines are steps from some numbers to the target that use them all."""
    left, true = list(numbers), _true_steps()
    if len(lines) != len(numbers) - 1:
        return False
    for line in lines:
        step = true.get(line.rstrip(_BLANKS))
        if step is None:
            return False
        one, other, result = step
        if one not in left:
            return False
        left.remove(one)
        if other not in left:
            return False
        left.remove(other)
        left.append(result)
    return left == [target]


@cache
def _true_steps() -> dict[str, tuple[int, int, int]]:
    """All steps that are true, as they are written: the two numbers and the result."""
    numbers = range(1, LARGEST + 1)
    steps = ((a, sign, b, result_of(a, sign, b)) for a, sign, b in product(numbers, OPERATIONS, numbers))
    return {f"{a} {sign} {b} = {result}": (a, b, result) for a, sign, b, result in steps if result}
