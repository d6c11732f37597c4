"""Comparisons that need no library and no other process: equal texts, and plain numbers."""

import re

from beyondbase.graders.comparing.decision import LONGEST, Decision
from beyondbase.graders.comparing.numbers import Number, Precision, read_number
from beyondbase.graders.comparing.text import normal

# Longer ones are hardly plain, and to look costs what it would save.
_SHORT = 60
# These are in normal form already.
_BARE = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")


def decide_plainly(kind: str, gold: str, answer: str, precision: Precision) -> Decision | None:
    """Compare equal texts, too long ones, and two numbers; None where it takes more."""
    if gold == answer:
        return Decision("same", "text")
    if len(gold) > LONGEST or len(answer) > LONGEST:
        return Decision("different", "too long")
    if len(gold) > _SHORT or len(answer) > _SHORT:
        return None
    wanted, found = _read(gold), _read(answer)
    if wanted is None or found is None or (kind != "value" and "," in gold + answer):
        return None
    return Decision("same" if precision.same(wanted, found) else "different", "number")


def _read(text: str) -> Number | None:
    return read_number(text if _BARE.fullmatch(text) else normal(text))
