r"""Expressions, read into sympy's: what is not understood as a whole, token by token, is not read.

Tokens of LaTeX and of plain code (``\frac{\pi}{2}``, ``pi/2``) are spelled as one line of Python, in which every
number and symbol is a name of ours; Python's own parser reads its structure, and the tree is built node by node, so
that no text is ever evaluated and the size of every power is known before it is computed. latex2sympy is not
used: it reads ``2(3)`` as 5, drops primes and small or capital letters, keeps 53 bits of a decimal, and
computes towers of powers while it reads.
"""

import ast
import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from beyondbase.extras import require
from beyondbase.graders.comparing.numbers import read_number

_FUNCTIONS = {
    **{name: name for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth")},
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "cot", "sec", "csc")},
    **{f"a{name}": f"a{name}" for name in ("sin", "cos", "tan", "cot", "sinh", "cosh", "tanh")},
    **{"ln": "log", "lg": "lg", "log": "anylog", "exp": "exp", "abs": "Abs", "Abs": "Abs"},
    **{"floor": "floor", "ceil": "ceiling", "ceiling": "ceiling", "factorial": "factorial"},
}
_INVERSES = {name: f"a{name}" for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh")}
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell hbar"
).split()
_NAMES = sorted(
    [*_FUNCTIONS, "sqrt", "binom", "binomial", "pi", "theta", "infty", "oo"], key=len, reverse=True
)
_TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)|(?P<command>\\[A-Za-z]+|\\[{}|])"
    rf"|(?P<name>{'|'.join(_NAMES)}|[A-Za-z])|(?P<sign>\*\*|[-+*/^!|()\[\]{{}},%'_])|(?P<gap> )"
)
# What code calls I and E, where it is plainly code.
_CODED = re.compile(r"(?<=\*)I(?![A-Za-z_])|(?<![A-Za-z_\\])(?:I(?=\*)|E(?=\*\*))")
_CLOSED = {"(": ")", "[": "]", "{": "}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil", "|": "|", r"\{": r"\}"}
_ROUND = {r"\lfloor": "floor", r"\lceil": "ceiling", "|": "Abs"}
_APPLIED = frozenset("fgh")
_DEEPEST = 60
_MOST_TOKENS = 1500
_MOST_DIGITS = 2000
_MOST_BITS = 200_000
_LARGEST_FACTORIAL = 5000


class UnreadError(Exception):
    """A text is no expression that is understood as a whole."""


class HugeError(UnreadError):
    """An expression has a value too large to compute."""


@lru_cache(maxsize=4096)
def read(text: str) -> Any:
    """Read a text in normal form as one of sympy's expressions.

    Raises:
        UnreadError: It is none, or part of it is not understood.
    """
    if (number := read_number(text)) is not None and number.base is None:
        value = number.value / 100 if number.percent else number.value
        return require("sympy", "math").Rational(value.numerator, value.denominator)
    speller = _Speller(_tokens(_CODED.sub(lambda found: found[0].lower(), text)))
    line = speller.spell("")
    try:
        tree = ast.parse(line, mode="eval").body
        return _Builder(speller.values).build(tree)
    except (SyntaxError, RecursionError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise UnreadError(str(error)) from error


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if not token or not token.lastgroup or len(found) > _MOST_TOKENS:
            raise UnreadError(text[at : at + 20])
        found.append((token.lastgroup, token[0]))
        at = token.end()
    return found


class _Speller:
    """Spells tokens as Python; see the module's text."""

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
            kind, text = self._peek()
            if text in {"+", "-"}:
                self.at += 1
                parts.append(text)
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
            if kind == "number":
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

    def _value(self) -> str:
        kind, text = self._next()
        if kind == "number":
            return self._number(text)
        if text in {"(", "[", "{"}:
            return self.spell(_CLOSED[text])
        if text in _ROUND:
            return f"{_ROUND[text]}({self.spell(_CLOSED[text])})"
        name = text.lstrip("\\")
        if kind == "command" and name in {"frac", "binom", "sqrt", "vec"}:
            return self._command(name)
        if name == "sqrt" and kind == "name" and self._peek()[0] == "number":
            return f"sqrt({self._value()})"
        if name in {"sqrt", "binom", "binomial"} and kind == "name":
            return f"{name}({self._arguments()})"
        if name in _FUNCTIONS and kind in {"name", "command"} and len(name) > 1:
            return self._function(_FUNCTIONS[name])
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
        if name == "vec":
            return self._keep(self._sympy.Symbol(rf"\vec{self._raw()}", real=True))
        if name == "sqrt":
            root = ""
            if self._peek()[1] == "[":
                self.at += 1
                root = self.spell("]")
            inner = self._value()
            return f"({inner})**({self._keep(self._sympy.Integer(1))}/{root})" if root else f"sqrt({inner})"
        top, bottom = self._value(), self._value()
        return f"({top}/{bottom})" if name == "frac" else f"binomial({top},{bottom})"

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
            elif self._peek()[1] in {"^"}:
                self.at += 1
                power = "-1" if self._inverts(name) else self._exponent()
        if power == "-1":
            name, power = _INVERSES[name], ""
        line = self._argument()
        line = f"log({line})/log({base})" if base else f"{name}({line})"
        return f"({line})**{power}" if power else f"({line})"

    def _inverts(self, name: str) -> bool:
        ahead = "".join(token[1] for token in self.tokens[self.at : self.at + 4])
        if name in _INVERSES and ahead.startswith("{-1}"):
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
            *_FUNCTIONS,
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
            kind == "command" and name not in {*_GREEK, *constants} - {"e", "i"}
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
        if name in _APPLIED and self._peek()[1] == "(":
            return f"applied({self._keep(label)},{self._value()})"
        return self._keep(self._sympy.Symbol(label, real=True))

    def _ahead(self, *texts: str) -> bool:
        return [token[1] for token in self.tokens[self.at + 1 : self.at + 1 + len(texts)]] == list(texts)

    def _raw(self) -> str:
        """The text of one group, without its braces."""
        kind, text = self._next()
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
            "binom": self._sympy.binomial,
        }
        return special[name](*values) if name in special else getattr(self._sympy, name)(*values)


def is_immense(text: str) -> bool:
    """Whether a text is surely a number above 2 to the 150,000th: a tower of powers, a huge factorial."""
    try:
        speller = _Speller(_tokens(text))
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
