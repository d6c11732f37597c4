r"""How answers are written: what falls away before they are compared, and how a list falls into elements.

`tidy` mends what math-verify 0.9 misreads: a full stop or bold face inside a box ("5." is read as no
number), digits in groups set apart by blanks ("1 000" is read as 1 times 0), and several signs of
``\pm`` in one expression (of which it drops all but the last part).
"""

import itertools
import re

_WRAPPERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"))
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:(?: |~|\\[,;: ])\d{3})+(?!\d)")
_BLANK = re.compile(r" |~|\\[,;: ]")
_SIGN = re.compile(r"\\(?:pm|mp)(?![A-Za-z])")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_AND = re.compile(
    r"\\(?:text|mathrm|mbox)\s{0,4}\{,?\s{0,4}(?:and|or)\s{0,4}\}|,?(?<![A-Za-z\\])(?:and|or)(?![A-Za-z])"
)
_BRACKETS = re.compile(r"\\[{}]|\\l(?:angle|brace)\b|\\r(?:angle|brace)\b|[()\[\]{},;]")
_SPACING = re.compile(r"(?:\\(?:left|right|quad|qquad|displaystyle)(?![A-Za-z])|\\[,;:! ]|~|\s)+")
_MEMBER = re.compile(r"^[A-Za-z](?:_\w)?\s*\\in(?![A-Za-z])\s*")
_SETS = ((r"\{", r"\}"), (r"\lbrace", r"\rbrace"))
_LISTS = (*_SETS, ("(", ")"), ("[", "]"), (r"\langle", r"\rangle"))
_MOST_SIGNS = 3


def tidy(text: str) -> str:
    """Drop what is around an answer and no part of it; see the module's text."""
    text = text.strip()
    for _ in range(4):
        text, before = _unwrap(text), text
        if text == before:
            break
    text = _GROUPED.sub(lambda found: _BLANK.sub("", found[0]), text)
    return ", ".join(spread(text)) if len(_SIGN.findall(text)) > 1 else text


def _unwrap(text: str) -> str:
    text = re.sub(r"(?:\\[,;: ]|\s)+$", "", text)
    if text.endswith((".", ",", ";")) and not text.endswith((r"..", "\\.")):
        text = text[:-1].rstrip()
    for left, right in _WRAPPERS:
        inner = text[len(left) : -len(right)]
        whole = len(text) > len(left) + len(right) and text.startswith(left) and text.endswith(right)
        if whole and left not in inner and not inner.endswith("\\"):
            return inner.strip()
    return text


def squeeze(text: str) -> str:
    r"""Bring an answer to a form in which equal spellings are equal text: no blanks, no ``\left``."""
    return _SPACING.sub(_gap, text)


def _gap(found: re.Match[str]) -> str:
    # 1 2 is not 12.
    left, right = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    return " " if left.isdigit() and right.isdigit() else ""


def spread(text: str) -> list[str]:
    r"""Write out every ``\pm``: both values, or all combinations where several stand in one expression.

    Beside a ``\mp`` all signs go together: the upper ones, then the lower ones. An expression with more
    than three free signs stays as it is.
    """
    signs = [found[0] for found in _SIGN.finditer(text)]
    if not signs or len(signs) > _MOST_SIGNS:
        return [text]
    if r"\mp" in signs:
        choices = [["+" if (sign == r"\pm") == upper else "-" for sign in signs] for upper in (True, False)]
    else:
        choices = [list(choice) for choice in itertools.product("+-", repeat=len(signs))]
    pieces = _SIGN.split(text)
    return [
        pieces[0] + "".join(sign + piece for sign, piece in zip(choice, pieces[1:], strict=True))
        for choice in choices
    ]


def elements(text: str, *, ordered: bool, grouped: bool) -> list[str]:
    r"""Split a list or set into its elements, at commas, semicolons, "and" and "or" outside of brackets.

    Braces around the whole fall away; so do other brackets where the order counts, for a tuple in round
    brackets is one element of a set.

    Args:
        text: The answer.
        ordered: Whether it is a list rather than a set.
        grouped: Whether 54,108 is one number, thousands set apart, rather than two.
    """
    text = _AND.sub(",", _MEMBER.sub("", text.replace(r"\left", "").replace(r"\right", "").strip()))
    text = _inside(text, _LISTS if ordered else _SETS)
    if grouped:
        text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
    parts = [tidy(part) for part in _split(text)]
    return [value for part in parts if part for value in spread(part)]


def _inside(text: str, brackets: tuple[tuple[str, str], ...]) -> str:
    for left, right in brackets:
        if text.startswith(left) and text.endswith(right) and len(text) > len(left) + len(right):
            inner = text[len(left) : -len(right)]
            if _balanced(inner):
                return inner.strip()
    return text


def _step(token: str) -> int:
    if token in {"(", "[", "{", r"\{"} or token.startswith(r"\l"):
        return 1
    return 0 if token in {",", ";"} else -1


def _balanced(text: str) -> bool:
    depth = 0
    for token in _BRACKETS.finditer(text):
        depth += _step(token[0])
        if depth < 0:
            return False
    return depth == 0


def _split(text: str) -> list[str]:
    parts, start, depth = [], 0, 0
    for token in _BRACKETS.finditer(text):
        depth = max(0, depth + _step(token[0]))
        if token[0] in {",", ";"} and depth == 0:
            parts.append(text[start : token.start()])
            start = token.end()
    return [*parts, text[start:]]
