r"""Multiple choice: the letter that a completion states last.

A letter is stated

- in a box or an <answer> tag that holds nothing else: ``\boxed{B}``, ``\boxed{\text{(B)}}``;
- after "answer", "choice" or "option" with "is", ":" or nothing between: "the answer is (B)",
  "Answer: **B**", "option B.", followed by the end, punctuation, or "because", "since", "as", "and so";
- on a line of its own: "(B)", "**B.**", or "B) some text" where that is the last line.

Letters are capitals, except in brackets, boxes and tags. So "the answer is a prime" states nothing. Where
several are stated, the last counts; where two are stated at once ("A and B"), none is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_uppercase
from typing import Annotated, ClassVar

from beyondbase.completions import Completion, Graded, Problem
from beyondbase.errors import InputError
from beyondbase.graders.options import Option, check_options, expect
from beyondbase.graders.protocol import Grader, Ruling, grade_answers, version_of
from beyondbase.messages import quote

_SHELL = r"\\(?:text|mathrm|textbf|mathbf|bf)\{"
_IS = r"(?:\b(?i:is|would be)\b|:)?"
_LETTERS = expect(
    lambda letters: len(letters) >= 2 and set(letters) <= set(ascii_uppercase),
    'write at least two capitals, as in "ABCD"',
)
_END = r"(?=\s{0,4}(?:[.,;:!)\]}$*]|\Z|\n|because\b|since\b|as\b|and so\b))"


@dataclass(frozen=True)
class ChoiceGrader(Grader):
    """Compares letters."""

    name: ClassVar[str] = "choice"
    letters: Annotated[
        str, Option("the capitals of the choices", form="letters in quotes", check=_LETTERS)
    ] = "ABCDE"

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def version(self) -> str:
        """What its verdicts hang on."""
        return version_of(2, self)

    def grade(self, problems: Mapping[str, Problem], completions: Iterable[Completion]) -> Iterator[Graded]:
        """Grade completions, in their order.

        Raises:
            InputError: A gold answer is no letter of a choice.
        """
        return grade_answers(problems, completions, find=self.find, judge=self._judge)

    def find(self, text: str, cut: bool = False) -> str | None:  # noqa: FBT001, FBT002 - the shape of every Find
        """Find the letter that a text states last."""
        # What a long text states, it states near its end.
        tail = text[-20_000:]
        best = (-1, "")
        for pattern in self._patterns:
            for found in pattern.finditer(tail):
                if not (cut and found.end() == len(tail)):
                    letter = next(group for group in found.groups() if group)
                    best = max(best, (found.start(found.lastindex or 0), letter.upper()))
        return best[1] or None

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        large = self.letters
        either = f"[{large}{large.lower()}]"
        # Every run of blanks is bounded: a text of nothing but blanks must not cost the square of its length.
        inside = rf"\s{{0,4}}(?:{_SHELL})?\s{{0,4}}\(?({either})[).]?\s{{0,4}}\}}?\s{{0,4}}"
        lead = rf"\b(?i:answer|choice|option)\b[\s*_]{{0,4}}{_IS}[\s:*_$]{{0,8}}(?i:(?:option|choice)\s+)?"
        bare = r"^[ \t*_#>-]{0,8}[(\[]?"
        return tuple(
            re.compile(pattern, re.MULTILINE)
            for pattern in (
                rf"\\boxed\s{{0,4}}\{{{inside}\}}",
                rf"<answer>{inside}</answer>",
                rf"{lead}(?:[(\[]({either})[)\]]|([{large}]){_END})",
                rf"{bare}([{large}])[)\].]?[ \t*_.]{{0,8}}$",
                rf"{bare}([{large}])[)\].][ \t][^\n]*\n?\Z",
            )
        )

    def _judge(self, stated: Sequence[tuple[Problem, str]]) -> list[Ruling]:
        right = [self._gold(problem) == answer for problem, answer in stated]
        return [Ruling("correct" if same else "wrong", "choice") for same in right]

    def _gold(self, problem: Problem) -> str:
        letter = problem.gold.strip().strip("().").upper()
        if len(letter) != 1 or letter not in self.letters:
            found = f"found the gold answer {quote(problem.gold)}"
            raise InputError(f"problem {quote(problem.id)}: {found}; write one of {', '.join(self.letters)}")
        return letter
