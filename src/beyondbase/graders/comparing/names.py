"""Names of what is found: a symbol, a function of something, an angle, a part of a figure."""

import itertools
import re
from collections.abc import Sequence

_NAME = re.compile(
    r"(?:\\[A-Za-z]+|[A-Za-z]|[A-Z]{2}|[A-Za-z]{3,}|\\vec\{[a-z]\})"
    r"(?:_(?:\w|\{[^{}]*\}))?'*(?:\^\{-1\})?(?:\((?:[^()]|\([^()]*\))*\))?"
    r"|\|[A-Z]{2}\||\|[A-Z](?:\\(?:cap|cup) ?[A-Z])+\||m?\\(?:angle|overline)\{? ?[A-Z]+\}?"
    r"|[A-Za-z]{1,2}(?::[A-Za-z]{1,2})+"
    r"|\\frac\{d[a-z]?\}\{d[a-z]\}|\\text\{[^{}=]+\}(?:\\triangle ?)?[A-Z]*"
)
_FUNCTION = re.compile(
    r"\\?(?:(?:arc)?(?:sin|cos|tan|cot|sec|csc)h?|log|ln|lg|exp|sqrt|abs|infty)(?![A-Za-z])"
)
_CONSTANTS = frozenset({"e", "i", "\\pi", "pi", "\\infty", "oo"})


def is_name(text: str) -> bool:
    """Whether a text names what is found: a symbol, or a function of something."""
    return text not in _CONSTANTS and not _FUNCTION.match(text) and _NAME.fullmatch(text) is not None


def follow(names: Sequence[str]) -> bool:
    """Whether names have an order of their own: letters that follow each other, or one letter's indices."""
    letters = sorted({name[:1] for name in names})
    if not all(re.fullmatch(r"[A-Za-z](?:_\w|_\{\d+\})?", name) for name in names):
        return False
    if len(letters) == 1:
        return True
    return all(ord(after) - ord(before) == 1 for before, after in itertools.pairwise(letters))
