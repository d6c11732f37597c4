r"""Expressions of numbers and symbols: proved the same, proved different, or neither.

Different is proved by a value: at fixed points, evaluated by sympy with error bounds to twenty digits, the
difference is not zero. Same is proved by sympy: it is zero after expansion, or one of a few simplifications
says so. Symbols are real; points where one side has no real value are passed over.
"""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

from beyondbase.extras import require
from beyondbase.graders.comparing.decision import Verdict
from beyondbase.graders.comparing.numbers import Number, Precision, read_number
from beyondbase.graders.comparing.reading import is_immense, prime_powers, read
from beyondbase.graders.comparing.tokens import HugeError, UnreadError

# Fixed, so that a verdict is the same each time: some above 1, some between 0 and 1, some below 0, and whole
# numbers, where what is meant for these alone, as (-1)^n, is real.
_POINTS = (
    ("1.37", "2.11", "0.73", "3.19", "1.91", "2.77", "0.59", "4.13"),
    ("0.41", "0.67", "0.23", "0.87", "0.31", "0.53", "0.79", "0.17"),
    ("-1.43", "0.61", "-2.29", "1.17", "-0.37", "3.07", "-0.83", "2.03"),
    ("5.3", "-3.1", "7.7", "-0.9", "2.3", "-6.1", "4.9", "-1.7"),
    ("3", "5", "2", "7", "11", "4", "13", "6"),
)
_MOST_OPERATIONS = 150
_MOST_TERMS = 1000
_DIGITS = 20


class Symbols:
    """Compares expressions.

    Attributes:
        precision: What numbers may differ by.
    """

    def __init__(self, precision: Precision) -> None:
        self.precision = precision
        self._sympy = require("sympy", "math")
        self._zero: Callable[[Any], Verdict] = lru_cache(maxsize=4096)(self._find_zero)

    def reads(self, text: str) -> bool:
        """Whether a text in normal form is an expression."""
        try:
            read(text)
        except UnreadError:
            return False
        return True

    def compare_powers(self, gold: str, answer: str) -> Verdict | None:
        """Compare products of powers, of which one is too large to compute, by primes; None for others."""
        if not (self.is_huge(gold) or self.is_huge(answer)):
            return None
        wanted, found = prime_powers(gold), prime_powers(answer)
        if wanted is None or found is None:
            return None
        return "same" if wanted == found else "different"

    def one_is_immense(self, gold: str, answer: str) -> bool:
        """Whether one of two is a number too large to compute, and the other one is not."""
        for text, other in ((gold, answer), (answer, gold)):
            try:
                value = read(other)
            except UnreadError:
                continue
            if value.is_number and is_immense(text):
                return bool(abs(value.evalf(5)) < 10**1000)
        return False

    def is_huge(self, text: str) -> bool:
        """Whether a text is an expression that is too large to compute."""
        try:
            read(text)
        except HugeError:
            return True
        except UnreadError:
            return False
        return False

    def names(self, text: str) -> frozenset[str]:
        """The symbols in an expression, and what functions that nobody knows are of numbers."""
        named = read(text).atoms(self._sympy.Symbol, self._sympy.core.function.AppliedUndef)
        return frozenset(str(each) for each in named)

    def leaves_one(self, text: str) -> bool:
        """Whether an expression, equal to a number, leaves its one symbol to be found: x + 1, x^2, |x|."""
        found, library = read(text), self._sympy
        mixed = (found.is_Add or found.is_Mul or found.is_Pow) and any(part.is_number for part in found.args)
        wrapped = isinstance(found, library.Abs | library.factorial | library.exp)
        return (mixed or wrapped) and len(found.free_symbols) == 1

    def compare(self, gold: str, answer: str) -> Verdict:
        """Compare two expressions.

        Raises:
            UnreadError: One of them is none.
        """
        wanted, found = read(gold), read(answer)
        if wanted == found:
            return "same"
        if wanted.is_number and found.is_number and self._near(gold, answer):
            return "same"
        if not (wanted.is_finite is not False and found.is_finite is not False):
            return "different"
        return self._zero(wanted - found)

    def proportional(self, gold: tuple[str, str], answer: tuple[str, str], *, sign: bool) -> Verdict:
        """Whether two equations, each by its sides, say the same: one is a multiple of the other.

        Args:
            gold: The sides of the gold one.
            answer: The sides of the other.
            sign: Whether the multiple must be positive, as between inequalities.
        """
        wanted, found = (self._opaque(read(left) - read(right)) for left, right in (gold, answer))
        if wanted == 0 or found == 0:
            return "same" if wanted == found else "undecided"
        if not sign:
            wanted, found = (self._sympy.fraction(self._sympy.together(side))[0] for side in (wanted, found))
        if wanted.free_symbols != found.free_symbols or not wanted.free_symbols:
            return "different"
        ratio = next((found_at for point in _POINTS if (found_at := self._ratio(wanted, found, point))), None)
        if ratio is None:
            return "undecided"
        if sign and not ratio.is_positive:
            return "different"
        return self._zero(wanted - ratio * found)

    def _ratio(self, wanted: Any, found: Any, point: tuple[str, ...]) -> Any:
        """The exact ratio of two expressions at a point; None where one of them is zero or has no value."""
        values = [self._value(side, point) for side in (wanted, found)]
        if None in values or 0 in values:
            return None
        names = self._places(wanted, point)
        exact = [side.xreplace(names) for side in (wanted, found)]
        return None if 0 in exact else exact[0] / exact[1]

    def value(self, text: str) -> float | None:
        """About what a text is worth, to sort by; None where it has no real value."""
        if (number := read_number(text)) is not None:
            return float(number.value)
        try:
            found = read(text)
            return None if found.free_symbols else float(found)
        except (UnreadError, TypeError, ValueError, OverflowError):
            return None

    def rounds(self, exact: str, decimal: Number) -> bool:
        """Whether an exact value, rounded to a decimal's last digit, is that decimal."""
        value = self._exact(exact)
        return value is not None and Number(value).rounds_to(decimal)

    def _near(self, gold: str, answer: str) -> bool:
        """Whether two closed values are the same by tolerance, or by the places of a decimal answer."""
        if self.precision.tolerance:
            wanted, found = self._exact(gold), self._exact(answer)
            return (
                wanted is not None
                and found is not None
                and self.precision.same(Number(wanted), Number(found))
            )
        number = read_number(answer)
        return (
            number is not None
            and number.figures >= self.precision.places > 0
            and read_number(gold) is None
            and self.rounds(gold, number)
        )

    def _exact(self, text: str) -> Fraction | None:
        """A real value to forty digits."""
        try:
            value = read(text).evalf(40)
        except (UnreadError, ArithmeticError, ValueError, TypeError):
            return None
        return Fraction(str(value)) if value.is_Float else Fraction(int(value)) if value.is_Integer else None

    def _find_zero(self, difference: Any) -> Verdict:
        difference = self._opaque(difference).replace(self._sympy.binomial, _by_gamma)
        if difference.is_Rational:
            return "same" if difference == 0 else "different"
        try:
            if self._expands(difference):
                return "same"
            if self._differs(difference):
                return "different"
            return "same" if self._simplifies(difference) else "undecided"
        except (ArithmeticError, ValueError, TypeError, NotImplementedError, AttributeError, RecursionError):
            return "undecided"

    def _opaque(self, difference: Any) -> Any:
        """With applied functions, such as f(2), as symbols of their own."""
        applied = difference.atoms(self._sympy.core.function.AppliedUndef)
        names = {each: self._sympy.Symbol(str(each), real=True) for each in applied}
        return difference.xreplace(names) if names else difference

    def _expands(self, difference: Any) -> bool:
        if self._heavy(difference):
            return False
        return bool(self._sympy.expand(difference) == 0)

    def _heavy(self, difference: Any) -> bool:
        """Whether simplifying would take what it likes."""
        return bool(self._sympy.count_ops(difference) > _MOST_OPERATIONS or _terms(difference) > _MOST_TERMS)

    def _differs(self, difference: Any) -> bool:
        """Whether its value somewhere is surely not zero."""
        # The logarithm of an absolute value has values where the other has none: ln|x| is not ln x.
        whole = any(each.has(self._sympy.Abs) for each in difference.atoms(self._sympy.log))
        complex_is_meant = whole or difference.has(self._sympy.I)
        for point in _POINTS if difference.free_symbols else _POINTS[:1]:
            value = self._value(difference, point)
            if value is None or (not complex_is_meant and difference.free_symbols and not value.is_real):
                continue
            if value != 0:
                return True
        return False

    def _places(self, expression: Any, point: tuple[str, ...]) -> dict[Any, Any]:
        symbols = sorted(expression.free_symbols, key=str)
        return {
            symbol: self._sympy.Rational(point[at % len(point)]) + at // len(point)
            for at, symbol in enumerate(symbols)
        }

    def _value(self, expression: Any, point: tuple[str, ...]) -> Any:
        """Its value at a point, with all digits sure; 0 where none is, None where it has no finite value."""
        value = expression.evalf(_DIGITS, subs=self._places(expression, point), maxn=200)
        if value.has(self._sympy.nan, self._sympy.zoo, self._sympy.oo) or value.free_symbols:
            return None
        parts = value.as_real_imag()
        if not all(part.is_Float or part.is_Rational for part in parts):
            return None
        sure = [part if _sure(part) else self._sympy.Integer(0) for part in parts]
        return sure[0] + sure[1] * self._sympy.I

    def _simplifies(self, difference: Any) -> bool:
        if self._heavy(difference):
            return False
        return any(step(difference) == 0 for step in self._steps(difference))

    def _steps(self, difference: Any) -> Iterator[Callable[[Any], Any]]:
        library = self._sympy
        functions = library.functions.elementary
        if difference.has(library.I):
            yield lambda value: library.expand(value, complex=True)
        if difference.has(
            functions.trigonometric.TrigonometricFunction, functions.hyperbolic.HyperbolicFunction
        ):
            yield lambda value: library.expand_trig(value).rewrite(library.exp).expand()
            yield lambda value: library.fraction(library.together(value.rewrite(library.exp)))[0].expand()
        yield lambda value: library.fraction(library.together(value))[0].expand()
        yield library.radsimp
        yield lambda value: library.expand_log(value, force=True).expand()
        if difference.has(library.gamma, library.factorial, library.binomial):
            yield lambda value: library.gammasimp(library.expand_func(value))
            yield library.combsimp
        if difference.has(functions.trigonometric.InverseTrigonometricFunction):
            # Near zero, as was found, an angle is zero where its tangent is.
            yield lambda value: library.simplify(library.expand_trig(library.tan(value)))
        yield library.simplify
        if not difference.free_symbols:
            yield lambda value: 0 if value.equals(0) else 1
        yield lambda value: library.powsimp(library.powdenest(value, force=True), force=True).expand()


def _by_gamma(top: Any, bottom: Any) -> Any:
    """A binomial in which symbols stand, which sympy takes for zero where what is below is negative."""
    value = require("sympy", "math").binomial(top, bottom)
    return value.rewrite("gamma") if value.free_symbols else value


def _sure(part: Any) -> bool:
    return bool(part.is_Rational and part != 0) or bool(part.is_Float and part._prec > 1 and part != 0)  # noqa: SLF001 - how sympy tells


def _terms(expression: Any) -> int:
    """At most how many terms an expression has when it is expanded; above the limit, some number above it."""
    if expression.is_Add:
        return sum(_terms(part) for part in expression.args)
    if expression.is_Mul:
        return min(math.prod(_terms(part) for part in expression.args), _MOST_TERMS + 1)
    if expression.is_Pow and expression.exp.is_Rational:
        inner, power = _terms(expression.base), math.ceil(abs(expression.exp))
        if inner > 1 and power > _MOST_TERMS:
            return _MOST_TERMS + 1
        return min(math.comb(inner + power - 1, power), _MOST_TERMS + 1) if inner > 1 else 1
    return 1
