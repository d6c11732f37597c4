"""Tokens of an expression, spelled as a line of Python in which numbers and symbols are names of ours."""

import re
from fractions import Fraction
from typing import Any

from beyondbase.extras import require
from beyondbase.graders.comparing.tokens import (
    ACCENTS,
    APPLIED,
    CALLED,
    CLOSED,
    FUNCTIONS,
    GREEK,
    INVERSES,
    ROUND,
    HugeError,
    UnreadError,
)

_DEEPEST = 60
_MOST_DIGITS = 2000


class Speller:
    """Spells tokens as Python.

    Attributes:
        values: What the names _0, _1 and so on stand for.
    """

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0
        self.values: list[Any] = []
        self._sympy = require("sympy", "math")

    def spell(self, end: str) -> str:
        """Spell up to a closing sign, which is taken too, or to the end of the text."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnreadError("too deep")
        line = self._sum(end)
        self.depth -= 1
        if self._next()[1] != end:
            raise UnreadError(f"no {end or 'end'}")
        return line

    def _sum(self, end: str) -> str:
        parts: list[str] = []
        while not self._ends(end):
            if self._peek()[1] in {"+", "-"}:
                parts.append(self._take())
            else:
                parts.append(self._product(end))
        if not parts or parts[-1] in {"+", "-"}:
            raise UnreadError("nothing")
        return f"({' '.join(parts)})"

    def _product(self, end: str) -> str:
        """Spell factors up to a sum's sign; what stands beside each other is multiplied."""
        line, below, number = self._factor(), False, False
        while not self._ends(end) and self._peek()[1] not in {"+", "-"}:
            kind, text = self._peek()
            if text in {"*", r"\cdot", "/"}:
                self.at += 1
                below, number = text == "/", self._peek()[0] == "number"
                line += f"{'/' if below else '*'}{self._signed()}"
                continue
            if below and not number:
                # 1/2x is half of x; what x/yz is, nobody can say.
                raise UnreadError("what is divided by?")
            if kind == "number" and self.tokens[self.at - 1][1] not in {"!", ")", "}"}:
                raise UnreadError("two numbers beside each other")
            below = False
            line += f"*{self._factor()}"
        return line

    def _signed(self) -> str:
        if self._peek()[1] in {"+", "-"}:
            sign = self._take()
            return f"({sign}{self._factor()})"
        return self._factor()

    def _factor(self) -> str:
        """Spell one value with what follows it: powers, factorials, degrees, percents."""
        line, powered = self._value(), False
        while True:
            text = self._peek()[1]
            if text in {"^", "**"}:
                self.at += 1
                if self.tokens[self.at : self.at + 3] == [
                    ("sign", "{"),
                    ("command", r"\circ"),
                    ("sign", "}"),
                ]:
                    self.at += 3
                    line = f"({line}*{self._keep(self._sympy.pi / 180)})"
                    continue
                if powered:
                    raise UnreadError("a power of a power")
                line, powered = f"{line}**{self._exponent(python=text == '**')}", True
            elif text == "!":
                line = f"({self._factorial(line, powered=powered)})"
            elif text == "%":
                self.at += 1
                line = f"({line}/{self._keep(self._sympy.Integer(100))})"
            else:
                return line

    def _factorial(self, line: str, *, powered: bool) -> str:
        marks = 0
        while self._peek()[1] == "!":
            self.at += 1
            marks += 1
        if powered or marks > 2:
            raise UnreadError("factorials of factorials")
        return f"{'factorial' if marks == 1 else 'factorial2'}({line})"

    def _exponent(self, *, python: bool = False) -> str:
        if self._peek()[1] in {"+", "-"}:
            return f"({self._take()}{self._exponent(python=python)})"
        # 2**3**2 is Python's; 2^{3}^{2} is nothing.
        return self._factor() if python else self._value()

    def _value(self) -> str:  # noqa: PLR0911 - one return for each kind of token
        kind, text = self._next()
        if kind == "number":
            return self._number(text)
        if kind == "derivative":
            return self._keep(self._sympy.Symbol(text.replace(" ", ""), real=True))
        if text in {"(", "[", "{"}:
            return self.spell(CLOSED[text])
        if text in ROUND:
            return f"{ROUND[text]}({self.spell(CLOSED[text])})"
        name = text.lstrip("\\")
        if kind == "command" and name in {"frac", "binom", "sqrt", *ACCENTS}:
            return self._command(name)
        if name == "sqrt" and kind == "name" and self._peek()[0] == "number":
            return f"sqrt({self._value()})"
        if name in CALLED and kind == "name":
            return f"{name}({self._arguments()})"
        if name in FUNCTIONS and kind in {"name", "command"} and len(name) > 1:
            return self._function(FUNCTIONS[name])
        return self._symbol(kind, name)

    def _number(self, text: str) -> str:
        if len(text) > _MOST_DIGITS or ("e" in text.lower() and abs(int(re.split("[eE]", text)[1])) > 5000):
            raise HugeError(text[:20])
        value = Fraction(text)
        if (part := self._mixed(text)) is not None:
            value += part
        return self._keep(self._sympy.Rational(value.numerator, value.denominator))

    def _mixed(self, text: str) -> Fraction | None:
        r"""The fraction of a mixed number: 2\frac{1}{2} is 2.5, not 1."""
        digits = [token[1] for token in self.tokens[self.at : self.at + 7]]
        if (
            digits[:2] != [r"\frac", "{"]
            or digits[3:5] != ["}", "{"]
            or digits[6:] != ["}"]
            or not text.isdigit()
        ):
            return None
        top, bottom = digits[2], digits[5]
        if not (top.isdigit() and bottom.isdigit()):
            return None
        if not 0 < int(top) < int(bottom):
            raise UnreadError("neither a mixed number nor plainly a product")
        self.at += 7
        return Fraction(int(top), int(bottom))

    def _command(self, name: str) -> str:
        if name in ACCENTS:
            return self._accented(name)
        if name == "sqrt":
            root = ""
            if self._peek()[1] == "[":
                self.at += 1
                root = self.spell("]")
            inner = self._value()
            return f"({inner})**({self._keep(self._sympy.Integer(1))}/{root})" if root else f"sqrt({inner})"
        top, bottom = self._value(), self._value()
        return f"({top}/{bottom})" if name == "frac" else f"binomial({top},{bottom})"

    def _accented(self, name: str) -> str:
        raw = self._raw()
        if raw.isdigit():
            raise UnreadError("digits that repeat")
        label = name + raw
        while self._peek()[1] == "_":
            self.at += 1
            label += "_" + self._raw()
        return self._keep(self._sympy.Symbol(label, real=True))

    def _arguments(self) -> str:
        if self._next()[1] != "(":
            raise UnreadError("no arguments")
        parts = [self._sum(",)")]
        while self._next()[1] == ",":
            parts.append(self._sum(",)"))
        return ",".join(parts)

    def _function(self, name: str) -> str:
        base = power = ""
        for _ in range(2):
            if self._peek()[1] == "_" and name == "anylog":
                self.at += 1
                base = self._value()
            elif self._peek()[1] == "^":
                self.at += 1
                power = "-1" if self._inverts(name) else self._exponent()
        if power == "-1":
            name, power = INVERSES[name], ""
        line = self._argument()
        line = f"log({line})/log({base})" if base else f"{name}({line})"
        return f"({line})**{power}" if power else f"({line})"

    def _inverts(self, name: str) -> bool:
        ahead = "".join(token[1] for token in self.tokens[self.at : self.at + 4])
        if name in INVERSES and ahead.startswith("{-1}"):
            self.at += 4
            return True
        return False

    def _argument(self) -> str:
        r"""What a function is of: brackets, or what stands beside it up to a sign or another function."""
        if self._peek()[1] in {"(", "[", "{", "|", r"\lfloor"}:
            return self._value()
        sign = self._take() if self._peek()[1] == "-" else ""
        line = sign + self._factor()
        while self._peek()[0] in {"name", "command"} and self._peek()[1].lstrip("\\") not in {
            *FUNCTIONS,
            *("cdot", "pm", "rfloor", "rceil", "}"),
        }:
            line += f"*{self._factor()}"
        if self._peek()[1] in {"/", "(", "["}:
            raise UnreadError("where does the argument end?")
        return line

    def _symbol(self, kind: str, name: str) -> str:
        constants = {"pi": self._sympy.pi, "e": self._sympy.E, "i": self._sympy.I}
        constants |= {"infty": self._sympy.oo, "oo": self._sympy.oo}
        if kind not in {"name", "command"} or (
            kind == "command" and name not in {*GREEK, *constants} - {"e", "i"}
        ):
            raise UnreadError(name)
        label = name
        while self._peek()[1] in {"_", "'"}:
            mark = self._take()
            label += mark + (self._raw() if mark == "_" else "")
        if self._peek()[1] == "^" and self._ahead("{", r"\prime", "}"):
            self.at += 4
            label += "'"
        if label in constants:
            return self._keep(constants[label])
        if name in APPLIED and self._peek()[1] == "(":
            return f"applied({self._keep(label)},{self._value()})"
        return self._keep(self._sympy.Symbol(label, real=True))

    def _ahead(self, *texts: str) -> bool:
        return [token[1] for token in self.tokens[self.at + 1 : self.at + 1 + len(texts)]] == list(texts)

    def _raw(self) -> str:
        """The text of one group, without its braces."""
        text = self._take()
        if text != "{":
            return text
        parts, depth = [], 1
        while depth:
            part = self._next()[1]
            depth += {"{": 1, "}": -1}.get(part, 0)
            if not part:
                raise UnreadError("what is below?")
            parts.append(part.replace(r"\text", ""))
        return "".join(parts).replace("{", "").replace("}", "")

    def _keep(self, value: Any) -> str:
        self.values.append(value)
        return f"_{len(self.values) - 1}"

    def _peek(self) -> tuple[str, str]:
        while self.at < len(self.tokens) and self.tokens[self.at][0] == "gap":
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        found = self._peek()
        self.at += 1
        return found

    def _take(self) -> str:
        return self._next()[1]

    def _ends(self, end: str) -> bool:
        text = self._peek()[1]
        return text == "" or (text in end and end != "") or text in {")", "]", "}", r"\rfloor", r"\rceil"}
