r"""Comparisons so plain that math-verify need not be asked: equal texts, and numbers of a few digits.

On whole numbers, decimals and fractions of whole numbers this gives math-verify's verdict: those are exact
there too, but for decimals, which it rounds to six places, and which are therefore compared here only up
to six places and only with whole numbers and other decimals. Tests and `bench/grading.py` hold it to that.
"""

import re
from fractions import Fraction

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,14}")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,6})?")
_FRACTION = re.compile(
    r"(-?)\\[dt]?frac\{(-?[0-9]{1,4})\}\{([1-9][0-9]{0,3})\}|(-?[1-9][0-9]{0,3})/([1-9][0-9]{0,3})"
)
_SHORT = 40


def compare_quickly(gold: str, answer: str, *, places: int = 6, exact: bool = True) -> bool | None:
    """Compare texts of which it is plain what math-verify says.

    Args:
        gold: The gold answer.
        answer: The answer.
        places: To how many places decimals are compared.
        exact: Whether numbers may differ by nothing.

    Returns:
        None where it is not plain.
    """
    if gold == answer:
        return True
    if not exact or len(gold) > _SHORT or len(answer) > _SHORT:
        return None
    if _WHOLE.fullmatch(gold) and _WHOLE.fullmatch(answer):
        return False
    for read in (_exact, _decimal):
        if places < 6 and read is _decimal:
            return None
        wanted, found = read(gold), read(answer)
        if wanted is not None and found is not None:
            return wanted == found
    return None


def _decimal(text: str) -> Fraction | None:
    return Fraction(text) if _DECIMAL.fullmatch(text) else None


def _exact(text: str) -> Fraction | None:
    if found := _FRACTION.fullmatch(text):
        sign, top, bottom, left, right = found.groups()
        return (
            Fraction(int(left), int(right)) if left else Fraction(int(top), int(bottom)) * (-1 if sign else 1)
        )
    return Fraction(text) if "." not in text and _DECIMAL.fullmatch(text) else None
