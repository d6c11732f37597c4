"""Answers that are right when they are the gold answer, spelled alike.

Before they are compared, both are brought to Unicode's composed compatibility form (NFKC), runs of white
space become one blank, and one pair of quotes, dollars or asterisks around the whole and one full stop at
the end fall away. Case counts unless the task says otherwise.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from beyondbase.completions import Completion, Graded, Problem
from beyondbase.graders.extraction import find_answer
from beyondbase.graders.options import Extract, Option, check_options
from beyondbase.graders.protocol import Grader, Ruling, grade_answers, version_of

_WRAPPED = re.compile(r"""^(\*\*|["'`$*])(.+)\1$""")


@dataclass(frozen=True)
class ExactGrader(Grader):
    """Compares text."""

    name: ClassVar[str] = "exact"
    extract: Extract = ("tag", "boxed", "answer")
    case: Annotated[bool, Option("`true` or `false`: whether a is A")] = True

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def version(self) -> str:
        """What its verdicts hang on."""
        return version_of(2, self)

    def grade(self, problems: Mapping[str, Problem], completions: Iterable[Completion]) -> Iterator[Graded]:
        """Grade completions, in their order."""
        return grade_answers(problems, completions, find=self._find, judge=self._judge)

    def _find(self, text: str, cut: bool) -> str | None:  # noqa: FBT001 - the shape of every Find
        return find_answer(text, self.extract, cut=cut)

    def _judge(self, stated: Sequence[tuple[Problem, str]]) -> list[Ruling]:
        right = [self._same(problem.gold, answer) for problem, answer in stated]
        return [Ruling("correct" if same else "wrong", "text") for same in right]

    def _same(self, gold: str, answer: str) -> bool:
        return normalise(gold, case=self.case) == normalise(answer, case=self.case)


def normalise(text: str, *, case: bool = True) -> str:
    """Bring a text to the form in which answers are compared."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split()).removesuffix(".")
    if wrapped := _WRAPPED.match(plain):
        plain = wrapped[2].strip().removesuffix(".")
    return plain if case else plain.casefold()
