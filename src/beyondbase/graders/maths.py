"""Mathematical answers, compared strictly and in layers: `beyondbase.graders.comparing`, docs/grading.md.

What an answer is, the problem says (`entry["answer_type"]`, as the tasks write it), unless the option
`answer` does. A set is compared element by element in any order, repetitions not counted, and a list in
order. The choices where mathematics leaves one are options: `tolerance`, `places`, `units`, `percent`.

Equal texts and plain numbers are compared at once; the rest in processes limited in time and memory. An
answer whose comparison exceeds the limits, or crashes the process, is an error, never wrong. One that could
be proved neither the same nor different is undecided.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version as version_of_library
from typing import Annotated, ClassVar, Literal

from beyondbase.completions import Completion, Grade, Graded, Problem
from beyondbase.extras import require
from beyondbase.graders.comparing import Decision, Verdict, decide_plainly
from beyondbase.graders.comparing.numbers import Precision
from beyondbase.graders.extraction import find_answer
from beyondbase.graders.options import Extract, Option, check_options, expect
from beyondbase.graders.pool import Failure, Limits, Pool
from beyondbase.graders.protocol import Grader, Ruling, grade_answers, version_of

# What the answer is, the gold answer, the answer.
_Question = tuple[str, str, str]
_LIBRARIES = ("sympy", "mpmath")
# Run in grading processes only.
_COMPARING = "beyondbase.graders.verification"


@dataclass(frozen=True)
class MathGrader(Grader):
    """Compares mathematical answers."""

    name: ClassVar[str] = "math"
    answer: Annotated[
        Literal["task", "value", "set", "list"],
        Option(
            '`"value"`, `"set"` (in any order), `"list"` (in order), or `"task"`: '
            "what `answers` and the problem say"
        ),
    ] = "task"
    extract: Extract = ("boxed",)
    tolerance: Annotated[
        float,
        Option(
            "share of the right answer by which numbers may differ, from 0 to below 1",
            check=expect(lambda share: 0 <= share < 1, "use a share from 0 to below 1, such as 1e-4"),
        ),
    ] = 0.0
    places: Annotated[
        int,
        Option(
            "how many digits a decimal needs to stand for an exact number, as 0.333333 for 1/3, up to 30; "
            "with 0 it never does",
            check=expect(lambda digits: 0 <= digits <= 30, "use a whole number from 0 to 30"),
        ),
    ] = 0
    units: Annotated[
        Literal["drop", "keep"],
        Option('`"drop"` or `"keep"`: whether 5 cm is 5, or is not; 5 cm is never 5 m'),
    ] = "drop"
    percent: Annotated[
        Literal["either", "strict"],
        Option('`"either"` or `"strict"`: whether 50% may be written 50, or is 0.5 alone'),
    ] = "either"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def version(self) -> str:
        """What its verdicts hang on."""
        require("sympy", "math")
        libraries = [f"{name}-{version_of_library(name)}" for name in _LIBRARIES]
        return version_of(2, self, *libraries)

    def grade(self, problems: Mapping[str, Problem], completions: Iterable[Completion]) -> Iterator[Graded]:
        """Grade completions, in their order; the processes end with the iteration."""
        require("sympy", "math")
        known: dict[_Question, Decision | Failure] = {}
        with Pool(_COMPARING, self._settings, self.limits) as pool:
            yield from grade_answers(
                problems, completions, find=self._find, judge=lambda stated: self._judge(stated, known, pool)
            )

    @property
    def _settings(self) -> dict[str, object]:
        return {
            "tolerance": self.tolerance,
            "places": self.places,
            "units": self.units,
            "percent": self.percent,
        }

    def _find(self, text: str, cut: bool) -> str | None:  # noqa: FBT001 - the shape of every Find
        return find_answer(text, self.extract, cut=cut)

    def _judge(
        self, stated: Sequence[tuple[Problem, str]], known: dict[_Question, Decision | Failure], pool: Pool
    ) -> list[Ruling]:
        """Compare answers by kind and texts, asking a process only of what was not met before."""
        asked = [(self._kind(problem), problem.gold, answer) for problem, answer in stated]
        precision = Precision(self.tolerance, self.places, self.percent)
        new = dict.fromkeys(asked).keys() - known.keys()
        plain = {question: decide_plainly(*question, precision) for question in new}
        known |= {question: decision for question, decision in plain.items() if decision is not None}
        # Sorted by gold answer, so that each process reads a gold answer few times.
        hard = sorted(question for question, decision in plain.items() if decision is None)
        known |= {
            question: found if isinstance(found, Failure) else Decision(*found)
            for question, found in zip(hard, pool.run(hard), strict=True)
        }
        return [_ruling(known[question]) for question in asked]

    def _kind(self, problem: Problem) -> str:
        kind = problem.entry.get("answer_type") if self.answer == "task" else self.answer
        return kind if kind in {"set", "list"} else "value"


_OUTCOMES: Mapping[Verdict, Grade] = {"same": "correct", "different": "wrong", "undecided": "undecided"}


def _ruling(decision: Decision | Failure) -> Ruling:
    if isinstance(decision, Failure):
        return Ruling("error", decision.reason)
    return Ruling(_OUTCOMES[decision.verdict], decision.rule)
