"""A grader of one's own: a completion is right when its last line is the right answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from beyondbase.completions import Completion, Graded, Problem
from beyondbase.graders import Grader, Option, Ruling, expect, grade_answers, version_of


@dataclass(frozen=True)
class LastLineGrader(Grader):
    """Compares the last line that is not empty."""

    name: ClassVar[str] = "last-line"
    case: Annotated[bool, Option("`true` or `false`: whether a is A")] = False
    marks: Annotated[
        str,
        Option(
            "characters that do not count at the end of the line",
            form="characters in quotes",
            check=expect(lambda marks: not any(map(str.isalnum, marks)), "use no letters and no digits"),
        ),
    ] = ".!"

    @property
    def version(self) -> str:
        """What its verdicts hang on; the number counts up with every change of the rules below."""
        return version_of(1, self)

    def grade(self, problems: Mapping[str, Problem], completions: Iterable[Completion]) -> Iterator[Graded]:
        """Grade completions, in their order."""
        return grade_answers(problems, completions, find=self._find, judge=self._judge)

    def _find(self, text: str, cut: bool) -> str | None:  # noqa: FBT001 - the shape of every Find
        # Of a text that was cut off nobody knows the last line.
        lines = [] if cut else [line for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else None

    def _judge(self, stated: Sequence[tuple[Problem, str]]) -> list[Ruling]:
        right = [self._form(problem.gold) == self._form(answer) for problem, answer in stated]
        return [Ruling("correct" if same else "wrong", "last line") for same in right]

    def _form(self, line: str) -> str:
        plain = line.strip().rstrip(self.marks)
        return plain if self.case else plain.casefold()
