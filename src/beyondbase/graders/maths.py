r"""Mathematical answers, compared by math-verify in processes that are limited in time and memory.

What equals what, by default, is what math-verify says of the gold answer and the answer in a box, each
distinct pair asked once. So, with its settings left alone:

- decimals equal exact numbers when they agree to six places: 0.333333 is 1/3. `places` sets how many.
- 50% is 50 and is 0.5, whichever side carries the sign; 50 is not 0.5.
- units fall away: 864 is ``864 \mbox{ inches}^2``, and 5 cm is 5 m. With ``units = "keep"`` they count.
- ``\pm`` gives both values; lists without brackets and ``\{ \}`` are sets; (1,2) is 1,2 but not 2,1.
- letters are the same in either case, and words are products of their letters.

Beyond math-verify: sets are compared element by element in any order, repetitions not counted, and lists
in order; both take 54,108 for two numbers or for one, as fits. What an answer is, the problem says
(`entry["answer_type"]`, as the tasks write it), unless the option `answer` does. `tolerance` lets numbers
differ by that share of the gold one. What `beyondbase.graders.notation.tidy` mends is mended on both
sides. A gold answer that math-verify cannot read as a whole is compared as text. An answer equal to the
gold one letter by letter is right, and one of more than 4,096 characters is wrong unless it is that.

An answer whose comparison exceeds the limits, or crashes the process, is an error, never wrong.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version as version_of_library
from typing import ClassVar, Literal, get_args

from beyondbase.completions import Completion, Graded, Problem
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.graders.extraction import Rule, find_answer
from beyondbase.graders.notation import tidy
from beyondbase.graders.pool import Failure, Limits, Pool
from beyondbase.graders.protocol import LONGEST, Ruling, check_rules, check_word, grade_answers, version_of
from beyondbase.graders.quick import compare_quickly

Kind = Literal["task", "value", "set", "list"]
Units = Literal["drop", "keep"]
# What the answer is, the gold answer, the answer.
_Question = tuple[str, str, str]
_LIBRARIES = ("math-verify", "latex2sympy2-extended", "sympy")


@dataclass(frozen=True)
class MathGrader:
    """Compares mathematical answers.

    Attributes:
        answer: What the answers are: one value (or what math-verify takes it for), a set, a list, or what
            the task says of each problem.
        extract: Where it stands.
        tolerance: What numbers may differ by, relative to the gold one; 0 for math-verify's own rule.
        places: To how many places decimals are compared with exact numbers.
        units: Whether units fall away or count.
        limits: What one answer may cost.
    """

    name: ClassVar[str] = "math"
    answer: Kind = "task"
    extract: tuple[Rule, ...] = ("boxed",)
    tolerance: float = 0.0
    places: int = 6
    units: Units = "drop"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        check_rules(self.extract)
        check_word("answer", self.answer, get_args(Kind))
        check_word("units", self.units, get_args(Units))
        if not 0 <= self.tolerance < 1:
            raise InputError(
                f"tolerance: found {self.tolerance}; use a share from 0 to below 1, such as 1e-4"
            )
        if not 0 <= self.places <= 15:
            raise InputError(f"places: found {self.places}; use a whole number from 0 to 15")

    @property
    def version(self) -> str:
        """What its verdicts hang on."""
        require("math_verify", "math")
        libraries = [f"{name}-{version_of_library(name)}" for name in _LIBRARIES]
        costs = {"limit_s": self.limits.seconds, "memory_mib": self.limits.memory_mib}
        options = {"answer": self.answer, "extract": self.extract}
        return version_of(2, self._settings | options | costs, *libraries)

    def grade(self, problems: Mapping[str, Problem], completions: Iterable[Completion]) -> Iterator[Graded]:
        """Grade completions, in their order; the processes end with the iteration."""
        require("math_verify", "math")
        known: dict[_Question, Ruling] = {}
        with Pool("math", self._settings, self.limits) as pool:
            yield from grade_answers(
                problems, completions, find=self._find, judge=lambda stated: self._judge(stated, known, pool)
            )

    @property
    def _settings(self) -> dict[str, object]:
        return {"tolerance": self.tolerance, "places": self.places, "units": self.units}

    def _find(self, text: str, cut: bool) -> str | None:  # noqa: FBT001 - the shape of every Find
        return find_answer(text, self.extract, cut=cut)

    def _judge(
        self, stated: Sequence[tuple[Problem, str]], known: dict[_Question, Ruling], pool: Pool
    ) -> list[Ruling]:
        """Grade answers by kind and texts, asking a process only of what was not met before."""
        asked = [(self._kind(problem), _tidied(problem.gold), _tidied(answer)) for problem, answer in stated]
        new = dict.fromkeys(asked).keys() - known.keys()
        quick = {question: self._quick(*question) for question in new}
        known |= {question: _ruling(same, "quick") for question, same in quick.items() if same is not None}
        # Sorted by gold answer, so that each process reads a gold answer few times.
        hard = sorted(question for question, same in quick.items() if same is None)
        found = zip(hard, pool.run(hard), strict=True)
        known |= {question: _ruling(same, "math-verify") for question, same in found}
        return [known[question] for question in asked]

    def _kind(self, problem: Problem) -> str:
        kind = problem.entry.get("answer_type") if self.answer == "task" else self.answer
        return kind if kind in {"set", "list"} else "value"

    def _quick(self, _kind: str, gold: str, answer: str) -> bool | None:
        if len(answer) > LONGEST:
            return gold == answer
        return compare_quickly(gold, answer, places=self.places, exact=self.tolerance == 0)


def _ruling(same: bool | Failure, rule: str) -> Ruling:  # noqa: FBT001 - it is what was found
    return Ruling("error" if isinstance(same, Failure) else "correct" if same else "wrong", rule)


def _tidied(text: str) -> str:
    return tidy(text) if len(text) <= LONGEST else text
