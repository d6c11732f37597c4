"""Arithmetic that a model wrote, worked out without handing it to Python: + - * / and brackets, exactly.

Numbers are fractions; nothing is rounded. Sizes are bounded before anything is computed: the length of the
text, the depth of brackets, the digits of a number, the exponents where powers are allowed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

LONGEST_EXPRESSION = 2000
_DEEPEST = 50
_DIGITS = 30
_HIGHEST_POWER = 100
_BITS = 100_000
_TOKEN = re.compile(r"\s*(?:([0-9]+)|([A-Za-z])|(\*\*|[-+*/()^]))")
_SPELLINGS = str.maketrans({"×": "*", "·": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-", "[": "(", "]": ")"})  # noqa: RUF001 - the characters that models write


class NotArithmetic(ValueError):  # noqa: N818 - it says what the text is
    """The text is no arithmetic, or too large, or divides by zero."""


@dataclass
class Expression:
    """What an expression comes to.

    Attributes:
        value: Its value.
        numbers: The whole numbers written in it, in their order.
    """

    value: Fraction
    numbers: list[int] = field(default_factory=list)


def evaluate(text: str, variables: Mapping[str, int] | None = None) -> Expression:
    """Work out an expression.

    Args:
        text: The expression.
        variables: What its letters stand for. Where given, whole powers (** or ^) are allowed too.

    Raises:
        NotArithmetic: The text is no such expression.
    """
    if len(text) > LONGEST_EXPRESSION:
        raise NotArithmetic("too long")
    return _Parser(text.translate(_SPELLINGS), variables).parse()


class _Parser:
    """Recursive descent: sums of products of signed powers of atoms."""

    def __init__(self, text: str, variables: Mapping[str, int] | None) -> None:
        self._tokens = _tokens(text)
        self._place = 0
        self._depth = 0
        self._variables = variables
        self._numbers: list[int] = []

    def parse(self) -> Expression:
        value = self._sum()
        if self._peek():
            raise NotArithmetic("something is left over")
        return Expression(value, self._numbers)

    def _peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._place += 1
        return token

    def _sum(self) -> Fraction:
        value = self._product()
        while self._peek() in {"+", "-"}:
            value += self._product() if self._take() == "+" else -self._product()
        return value

    def _product(self) -> Fraction:
        value = self._signed()
        while self._peek() in {"*", "/"}:
            if self._take() == "*":
                value *= self._signed()
            elif divisor := self._signed():
                value /= divisor
            else:
                raise NotArithmetic("division by zero")
        return value

    def _signed(self) -> Fraction:
        sign = 1
        while self._peek() in {"+", "-"}:
            sign = -sign if self._take() == "-" else sign
        return sign * self._power()

    def _power(self) -> Fraction:
        base = self._atom()
        if self._variables is None or self._peek() not in {"**", "^"}:
            return base
        self._take()
        exponent = self._take()
        if not exponent.isdigit() or int(exponent) > _HIGHEST_POWER:
            raise NotArithmetic("not a small whole power")
        if max(base.numerator.bit_length(), base.denominator.bit_length()) * int(exponent) > _BITS:
            raise NotArithmetic("too large")
        return base ** int(exponent)

    def _atom(self) -> Fraction:
        atom = self._take()
        if atom == "(":
            return self._bracket()
        if atom.isdigit():
            self._numbers.append(int(atom))
            return Fraction(int(atom))
        if self._variables is not None and atom in self._variables:
            return Fraction(self._variables[atom])
        raise NotArithmetic("not a number")

    def _bracket(self) -> Fraction:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotArithmetic("too deep")
        value = self._sum()
        if self._take() != ")":
            raise NotArithmetic("an open bracket")
        self._depth -= 1
        return value


def _tokens(text: str) -> list[str]:
    tokens, place, text = [], 0, text.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found or len(found[1] or "") > _DIGITS:
            raise NotArithmetic("an unknown sign, or a number too large")
        tokens.append(found[found.lastindex or 0])
        place = found.end()
    return tokens
