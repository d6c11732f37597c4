r"""Expressions, read into sympy's: what is not understood as a whole, token by token, is not read.

Tokens of LaTeX and of plain code (``\frac{\pi}{2}``, ``pi/2``) are spelled as one line of Python, in which
every number and symbol is a name of ours; Python's own parser reads its structure, and the tree is built
node by node, so that no text is ever evaluated and the size of every power is known before it is computed.
Latex2sympy is not used: it reads ``2(3)`` as 5, ``3 4`` as 7 and x' as x, keeps 53 bits of a decimal, and
computes factorials and binomials while it reads.
"""

import ast
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from beyondbase.extras import require
from beyondbase.graders.comparing.numbers import read_number
from beyondbase.graders.comparing.spelling import Speller
from beyondbase.graders.comparing.tokens import HugeError, UnreadError, tokens_of

_MOST_BITS = 200_000
_LARGEST_FACTORIAL = 5000
_FACTORED = 10**12


@lru_cache(maxsize=4096)
def read(text: str) -> Any:
    """Read a text in normal form as one of sympy's expressions.

    Raises:
        UnreadError: It is none, or part of it is not understood.
    """
    if (number := read_number(text)) is not None and number.base is None:
        value = number.value / 100 if number.percent else number.value
        return require("sympy", "math").Rational(value.numerator, value.denominator)
    speller = Speller(tokens_of(text))
    line = speller.spell("")
    try:
        tree = ast.parse(line, mode="eval").body
        return _Builder(speller.values).build(tree)
    except (SyntaxError, RecursionError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise UnreadError(str(error)) from error


class _Builder:
    """Builds sympy's expression from Python's tree of names, signs and calls."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values
        self._sympy = require("sympy", "math")

    def build(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Name):
            return self._values[int(node.id[1:])]
        if isinstance(node, ast.Constant):
            return self._sympy.Integer(node.value)
        if isinstance(node, ast.UnaryOp):
            value = self.build(node.operand)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._call(node.func.id, [self.build(argument) for argument in node.args])
        raise UnreadError(type(node).__name__)

    def _binary(self, node: ast.BinOp) -> Any:
        left, right = self.build(node.left), self.build(node.right)
        if isinstance(node.op, ast.Pow):
            return self._power(left, right)
        if isinstance(node.op, ast.Div):
            if right == 0:
                raise UnreadError("division by zero")
            return left / right
        if isinstance(node.op, ast.Mult):
            return left * right
        return left + right if isinstance(node.op, ast.Add) else left - right

    def _power(self, base: Any, exponent: Any) -> Any:
        if base == 0 and exponent.is_number and not exponent.is_positive:
            raise UnreadError("zero to no positive power")
        if base.is_Rational and exponent.is_Rational and base not in {0, 1, -1}:
            bits = max(abs(base.p).bit_length(), base.q.bit_length()) * abs(exponent.p) // exponent.q
            if bits > _MOST_BITS or exponent.q > 1000:
                raise HugeError("a power")
        if base.is_number and base.is_negative and exponent.is_Rational and exponent.q % 2 and exponent.q > 1:
            # The real root.
            return (-1) ** exponent.p * (-base) ** exponent
        return base**exponent

    def _call(self, name: str, values: list[Any]) -> Any:
        first = values[0]
        if (
            name in {"factorial", "factorial2", "binomial"}
            and first.is_number
            and not first <= _LARGEST_FACTORIAL
        ):
            raise HugeError(name)
        special: dict[str, Callable[..., Any]] = {
            "applied": lambda label, value: self._sympy.Function(label, real=True)(value),
            "lg": lambda value: self._sympy.log(value) / self._sympy.log(10),
            # To what base, the text does not say.
            "anylog": lambda value: self._sympy.log(value) / self._sympy.Symbol("log", positive=True),
            "sqrt": lambda value: self._power(value, self._sympy.Rational(1, 2)),
            "cbrt": lambda value: self._power(value, self._sympy.Rational(1, 3)),
            "Rational": lambda top, bottom: top / bottom,
            "binom": self._sympy.binomial,
        }
        return special[name](*values) if name in special else getattr(self._sympy, name)(*values)


def is_immense(text: str) -> bool:
    """Whether a text is surely a number above 2 to the 150,000th: a tower of powers, a huge factorial."""
    try:
        speller = Speller(tokens_of(text))
        tree = ast.parse(speller.spell(""), mode="eval").body
        return _Immense(_Builder(speller.values)).holds(tree)
    except (UnreadError, SyntaxError, RecursionError, ValueError, TypeError, ArithmeticError):
        return False


class _Immense:
    """Bounds numbers from below without computing them."""

    _LEAST = 150_000

    def __init__(self, builder: _Builder) -> None:
        self._builder = builder

    def holds(self, node: ast.AST) -> bool:
        """Whether the value of a tree is surely immense."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id == "factorial" and self._above(node.args[0], _LARGEST_FACTORIAL * 4)
        if not isinstance(node, ast.BinOp):
            return False
        if isinstance(node.op, ast.Pow):
            grows = self._above(node.left, 2) and self._above(node.right, self._needed(node.left))
            return grows or (self.holds(node.left) and self._above(node.right, 1))
        sides = (node.left, node.right)
        if isinstance(node.op, ast.Mult | ast.Add):
            return any(self.holds(each) for each in sides) and all(self._above(each, 1) for each in sides)
        return False

    def _needed(self, base: ast.AST) -> int:
        try:
            value = self._builder.build(base)
            return int(self._LEAST // (int(value).bit_length() - 1)) + 1
        except (HugeError, TypeError, ZeroDivisionError):
            return self._LEAST

    def _above(self, node: ast.AST, least: int) -> bool:
        try:
            value = self._builder.build(node)
        except HugeError:
            return self.holds(node)
        return bool(value.is_Rational and value >= least)


def prime_powers(text: str) -> dict[int, Any] | None:
    """The primes of a product of powers of numbers, each with its exponent, which may be huge; else None."""
    try:
        speller = Speller(tokens_of(text))
        tree = ast.parse(speller.spell(""), mode="eval").body
        found = _primes(tree, _Builder(speller.values))
    except (UnreadError, SyntaxError, RecursionError, ValueError, TypeError, ArithmeticError):
        return None
    return {prime: power for prime, power in found.items() if power}


def _primes(node: ast.AST, builder: _Builder) -> dict[int, Any]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        power = builder.build(node.right)
        if not power.is_Rational:
            raise UnreadError("an exponent that is no number")
        return {prime: each * power for prime, each in _primes(node.left, builder).items()}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        sign = 1 if isinstance(node.op, ast.Mult) else -1
        found, below = _primes(node.left, builder), _primes(node.right, builder)
        return {prime: found.get(prime, 0) + sign * below.get(prime, 0) for prime in {*found, *below}}
    value = builder.build(node)
    if not (value.is_Rational and 0 < value.p < _FACTORED and value.q < _FACTORED):
        raise UnreadError("no number that is soon factored")
    factors = require("sympy", "math").factorint
    found, below = factors(int(value.p)), factors(int(value.q))
    return {prime: found.get(prime, 0) - below.get(prime, 0) for prime in {*found, *below}}
