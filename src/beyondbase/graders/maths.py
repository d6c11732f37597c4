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
from typing import ClassVar, Literal, get_args

from beyondbase.completions import Completion, Grade, Graded, Problem
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.graders.comparing import Decision, Verdict, decide_plainly
from beyondbase.graders.comparing.numbers import Precision
from beyondbase.graders.extraction import Rule, find_answer
from beyondbase.graders.pool import Failure, Limits, Pool
from beyondbase.graders.protocol import Ruling, check_rules, check_word, grade_answers, version_of

Kind = Literal["task", "value", "set", "list"]
Units = Literal["drop", "keep"]
Percent = Literal["either", "strict"]
# What the answer is, the gold answer, the answer.
_Question = tuple[str, str, str]
_LIBRARIES = ("sympy", "mpmath")


@dataclass(frozen=True)
class MathGrader:
    """Compares mathematical answers.

    Attributes:
        answer: What the answers are: one value, a set, a list, or what the task says of each problem.
        extract: Where it stands.
        tolerance: What numbers may differ by, relative to the gold one.
        places: How many digits a decimal needs to stand for an exact gold number; 0 where it never does.
        units: Whether a unit beside one of two numbers falls away ("drop") or counts ("keep").
        percent: Whether 50% may be written 50 ("either") or is 0.5 alone ("strict").
        limits: What one answer may cost.
    """

    name: ClassVar[str] = "math"
    answer: Kind = "task"
    extract: tuple[Rule, ...] = ("boxed",)
    tolerance: float = 0.0
    places: int = 0
    units: Units = "drop"
    percent: Percent = "either"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        check_rules(self.extract)
        check_word("answer", self.answer, get_args(Kind))
        check_word("units", self.units, get_args(Units))
        check_word("percent", self.percent, get_args(Percent))
        if not 0 <= self.tolerance < 1:
            raise InputError(
                f"tolerance: found {self.tolerance}; use a share from 0 to below 1, such as 1e-4"
            )
        if not 0 <= self.places <= 30:
            raise InputError(f"places: found {self.places}; use a whole number from 0 to 30")

    @property
    def version(self) -> str:
        """What its verdicts hang on."""
        require("sympy", "math")
        libraries = [f"{name}-{version_of_library(name)}" for name in _LIBRARIES]
        costs = {"limit_s": self.limits.seconds, "memory_mib": self.limits.memory_mib}
        options = {"answer": self.answer, "extract": self.extract}
        return version_of(2, self._settings | options | costs, *libraries)

    def grade(self, problems: Mapping[str, Problem], completions: Iterable[Completion]) -> Iterator[Graded]:
        """Grade completions, in their order; the processes end with the iteration."""
        require("sympy", "math")
        known: dict[_Question, Decision | Failure] = {}
        with Pool("math", self._settings, self.limits) as pool:
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
