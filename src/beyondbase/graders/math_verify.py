r"""Math-verify's own verdict, for comparison with harnesses that grade by it.

Gold answer and answer are put into ``\boxed{}``, without which it takes what it likes from the text, and its
settings are left alone but for its time limits: those cancel other alarms and call a timeout unequal, so the
processes are limited instead. What it accepts that the grader `math` does not, docs/grading.md shows.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version as version_of_library
from typing import Any, ClassVar

from beyondbase.completions import Completion, Graded, Problem
from beyondbase.extras import require
from beyondbase.graders.comparing.decision import LONGEST
from beyondbase.graders.extraction import find_answer
from beyondbase.graders.options import Extract, check_options
from beyondbase.graders.pool import Failure, Limits, Pool
from beyondbase.graders.protocol import Grader, Ruling, grade_answers, version_of

_LIBRARIES = ("math-verify", "latex2sympy2-extended", "sympy")


@dataclass(frozen=True)
class MathVerifyGrader(Grader):
    """Grades by math-verify."""

    name: ClassVar[str] = "math-verify"
    extract: Extract = ("boxed",)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def version(self) -> str:
        """What its verdicts hang on."""
        require("math_verify", "math")
        libraries = [f"{name}-{version_of_library(name)}" for name in _LIBRARIES]
        return version_of(1, self, *libraries)

    def grade(self, problems: Mapping[str, Problem], completions: Iterable[Completion]) -> Iterator[Graded]:
        """Grade completions, in their order; the processes end with the iteration."""
        require("math_verify", "math")
        known: dict[tuple[str, str], Ruling] = {}

        def judge(stated: Sequence[tuple[Problem, str]]) -> list[Ruling]:
            asked = [(problem.gold, answer) for problem, answer in stated]
            new = sorted(set(asked) - known.keys())
            hard = [pair for pair in new if len(pair[1]) <= LONGEST]
            known.update(dict.fromkeys(new, Ruling("wrong", "too long")))
            known.update((pair, _ruling(same)) for pair, same in zip(hard, pool.run(hard), strict=True))
            return [known[pair] for pair in asked]

        with Pool(__name__, {}, self.limits) as pool:
            yield from grade_answers(problems, completions, find=self._find, judge=judge)

    def _find(self, text: str, cut: bool) -> str | None:  # noqa: FBT001 - the shape of every Find
        return find_answer(text, self.extract, cut=cut)


def _ruling(same: bool | Failure) -> Ruling:  # noqa: FBT001 - it is what was found
    if isinstance(same, Failure):
        return Ruling("error", same.reason)
    return Ruling("correct" if same else "wrong", "math-verify")


def prepare(_settings: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Load the library, parse once so that no answer pays for it, and return what does the jobs."""
    logging.disable(logging.CRITICAL)
    library = require("math_verify", "math")

    @lru_cache(maxsize=4096)
    def parse(text: str) -> Any:
        return library.parse(rf"\boxed{{{text}}}", parsing_timeout=None)

    def same(job: Any) -> bool:
        gold, answer = job
        return bool(library.verify(parse(gold), parse(answer), timeout_seconds=None))

    same((r"\frac{1}{2}x", r"\sqrt{2}"))
    return same
