"""Tokens of expressions, in LaTeX and in plain code: what is no token of these is not read."""

import re

_ROUNDED = ("sin", "cos", "tan", "cot", "sec", "csc")
INVERSES = {name: f"a{name}" for name in (*_ROUNDED, "sinh", "cosh", "tanh")}
FUNCTIONS = {
    "ln": "log",
    "lg": "lg",
    "log": "anylog",
    "exp": "exp",
    "abs": "Abs",
    "Abs": "Abs",
    "floor": "floor",
    "ceil": "ceiling",
    "ceiling": "ceiling",
    "factorial": "factorial",
    "coth": "coth",
}
FUNCTIONS |= {name: name for name in INVERSES} | {inverse: inverse for inverse in INVERSES.values()}
FUNCTIONS |= {f"arc{name}": f"a{name}" for name in _ROUNDED}
GREEK = frozenset(
    r"""alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi
    psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell hbar""".split()  # noqa: SIM905 - a list of names reads best so
)
# What code calls with its arguments in brackets.
CALLED = frozenset({"sqrt", "cbrt", "binom", "binomial", "Rational"})
_NAMES = sorted([*FUNCTIONS, *CALLED, "pi", "theta", "infty", "oo"], key=lambda name: (-len(name), name))
_TOKEN = re.compile(
    r"(?P<derivative>\\frac\{d ?[A-Za-z]\}\{d ?[A-Za-z]\})"
    r"|(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)|(?P<command>\\[A-Za-z]+|\\[{}|])"
    rf"|(?P<name>{'|'.join(_NAMES)}|[A-Za-z])|(?P<sign>\*\*|[-+*/^!|()\[\]{{}},%'_])|(?P<gap> )"
)
# What code calls I and E, where it is plainly code.
_CODED = re.compile(r"(?<=\*)I(?![A-Za-z_])|(?<![A-Za-z_\\])(?:I(?=\*)|E(?=\*\*))")
CLOSED = {"(": ")", "[": "]", "{": "}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil", "|": "|", r"\{": r"\}"}
ROUND = {r"\lfloor": "floor", r"\lceil": "ceiling", "|": "Abs"}
ACCENTS = frozenset({"vec", "dot", "ddot", "hat", "tilde", "overline"})
APPLIED = frozenset("fgh")
_MOST_TOKENS = 1500


class UnreadError(Exception):
    """A text is no expression that is understood as a whole."""


class HugeError(UnreadError):
    """An expression has a value too large to compute."""


def tokens_of(text: str) -> list[tuple[str, str]]:
    """Split a text in normal form into kinds and texts of tokens."""
    text = _CODED.sub(lambda found: found[0].lower(), text)
    found, at = list[tuple[str, str]](), 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if not token or not token.lastgroup or len(found) > _MOST_TOKENS:
            raise UnreadError(text[at : at + 20])
        found.append((token.lastgroup, token[0]))
        at = token.end()
    return found
