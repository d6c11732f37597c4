r"""Whether an answer equals the gold answer, by math-verify; runs in grading processes only.

Math-verify's order of arguments counts (gold first: the form of the gold answer is what is asked for), its
own time limits are off (they cancel other alarms and call a timeout unequal; the process is limited
instead), and both sides are put into ``\boxed{}``, without which it takes what it likes from the text.
"""

import cmath
import logging
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from itertools import product
from typing import Any

from beyondbase.extras import require
from beyondbase.graders.notation import elements, squeeze

# More elements than an answer has; beyond, lists are compared as text.
_MOST_ELEMENTS = 100


class Verifier:
    """Compares answers under one task's settings.

    Attributes:
        tolerance: What numbers may differ by, relative to the gold one.
        places: To how many decimal places decimals are compared with exact numbers.
        units: "drop" or "keep".
    """

    def __init__(self, *, tolerance: float, places: int, units: str) -> None:
        self.tolerance, self.places = tolerance, places
        self._parse = lru_cache(maxsize=4096)(partial(_parse, units=units))
        self._sympy = require("sympy", "math")
        self._verify = require("math_verify", "math").verify

    def same(self, kind: str, gold: str, answer: str) -> bool:
        """Whether the answer equals the gold answer, as a "value", a "set" or a "list"."""
        if squeeze(gold) == squeeze(answer):
            return True
        if kind == "list":
            return self._same_elements(gold, answer, self._same_list, ordered=True)
        return self._equal(gold, answer) or (
            kind == "set" and self._same_elements(gold, answer, self._same_set, ordered=False)
        )

    def _equal(self, gold: str, answer: str) -> bool:
        """What math-verify says of the two, or whether they are numbers within the tolerance."""
        wanted, found = self._parse(gold, whole=True), self._parse(answer, whole=False)
        if all(isinstance(value, str) for value in wanted):
            # It would compare what it read until it gave up, which may be the first letter.
            return squeeze(gold) == squeeze(answer)
        return any(self._agree(*pair) for pair in product(wanted, found))

    def _agree(self, gold: Any, answer: Any) -> bool:
        try:
            if self._far_apart(gold, answer):
                return False
            same = self._verify(
                gold, answer, float_rounding=self.places, timeout_seconds=None, raise_on_error=True
            )
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - it says unequal of what it fails on
            same = False
        return bool(same) or (self.tolerance > 0 and self._close(gold, answer))

    def _close(self, gold: Any, answer: Any) -> bool:
        wanted, found = self._value(gold), self._value(answer)
        if wanted is None or found is None:
            return False
        return abs(wanted - found) <= self.tolerance * abs(wanted)

    def _far_apart(self, gold: Any, answer: Any) -> bool:
        """Whether two expressions differ plainly at one point, so that sympy need not simplify them."""
        if self.tolerance > 0.001 or not (self._is_plain(gold) and self._is_plain(answer)):
            return False
        wanted, found = self._value(gold), self._value(answer)
        if wanted is None or found is None:
            return False
        return abs(wanted - found) > 0.01 * (1 + abs(wanted) + abs(found))

    def _is_plain(self, value: Any) -> bool:
        """Whether it is an expression of numbers and variables that math-verify compares as such."""
        library = self._sympy
        return (
            isinstance(value, library.Expr)
            and not isinstance(value, library.Symbol | library.MatrixExpr | library.MatrixBase)
            and not value.has(library.UnevaluatedExpr)
        )

    def _value(self, value: Any) -> complex | None:
        """The value of an expression, its variables set to some numbers; None where it has no finite one."""
        try:
            names = sorted(value.free_symbols, key=str)
            point = {name: self._sympy.Float(1.3 + 0.37 * at) for at, name in enumerate(names)}
            found = complex(self._sympy.N(value.xreplace(point)))
        except (TypeError, ValueError, AttributeError, ArithmeticError):
            return None
        return found if cmath.isfinite(found) else None

    def _same_elements(
        self, gold: str, answer: str, same: Callable[[list[str], list[str]], bool], *, ordered: bool
    ) -> bool:
        """Whether the elements are the same with 54,108 read as two numbers, or as one."""
        for grouped in (False, True):
            wanted, found = (elements(text, ordered=ordered, grouped=grouped) for text in (gold, answer))
            if wanted and found and max(len(wanted), len(found)) <= _MOST_ELEMENTS and same(wanted, found):
                return True
        return False

    def _same_list(self, gold: list[str], answer: list[str]) -> bool:
        return len(gold) == len(answer) and all(map(self._same_element, gold, answer))

    def _same_set(self, gold: list[str], answer: list[str]) -> bool:
        same = lru_cache(maxsize=None)(self._same_element)
        return all(any(same(wanted, found) for found in answer) for wanted in gold) and all(
            any(same(wanted, found) for wanted in gold) for found in answer
        )

    def _same_element(self, gold: str, answer: str) -> bool:
        return squeeze(gold) == squeeze(answer) or self._equal(gold, answer)


def prepare(settings: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Load the libraries, parse once so that no answer pays for it, and return what does the jobs."""
    logging.disable(logging.CRITICAL)
    verifier = Verifier(**settings)
    verifier.same("value", r"\frac{1}{2}x", r"\sqrt{2}, 3")
    return lambda job: verifier.same(*job)


def _parse(text: str, *, whole: bool, units: str) -> list[Any]:
    """Read an answer; of a gold one all or nothing, where math-verify would settle for a number in it."""
    library = require("math_verify", "math")
    options: dict[str, Any] = {"extraction_mode": "first_match"} if whole else {}
    if units == "keep":
        options["extraction_config"] = _with_units()
    return list(library.parse(rf"\boxed{{{text}}}", parsing_timeout=None, **options))


@lru_cache(maxsize=1)
def _with_units() -> list[Any]:
    library = require("math_verify", "math")
    plain = library.LatexExtractionConfig()
    kept = type(plain.normalization_config)(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="all", equations=False
    )
    return [library.LatexExtractionConfig(normalization_config=kept), library.ExprExtractionConfig()]
