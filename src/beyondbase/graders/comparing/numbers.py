r"""Numbers, as exact rationals that know how they were written.

Whole numbers and decimals, fractions, mixed numbers, scientific and e-notation,
percents, repeating decimals, digits with a base. What is not wholly one of these is no number here.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction

_PLAIN = r"(?:\d+(?:\.\d*)?|\.\d+)"
_POWER = r"(?:\{([+-]?\d{1,6})\}|(\d)|\(([+-]?\d{1,6})\)|(-?\d{1,6})$)"
_DECIMAL = re.compile(
    rf"({_PLAIN})(?:\\ldots)?(?:[eE]([+-]?\d{{1,6}})|(?:\\cdot ?|\*)10(?:\^|\*\*){_POWER})?"
)
_TEN = re.compile(rf"10(?:\^|\*\*){_POWER}")
_REPEATING = re.compile(r"(\d*)\.(\d*)(?:\\(?:overline|dot)\{(\d{1,60})\}|\((\d{1,60})\))")
_FRACTION = re.compile(
    rf"\\frac\{{([+-]?{_PLAIN})\}}\{{([+-]?{_PLAIN})\}}|({_PLAIN})/({_PLAIN})|\((\d+)\)/\((\d+)\)"
)
_MIXED = re.compile(r"(\d+) ?(?:(?:\\frac\{(\d+)\}\{(\d+)\})|(?<= )(\d+)/(\d+))")
_BASED = re.compile(r"(?:\\text\{|\()?([0-9A-Za-z]+)[})]?_(?:\{(\d{1,2}|[a-z]{3,7})\}|(\d{1,2}))")
_BASES = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_BASES |= {"twelve": 12, "sixteen": 16}
_LONGEST_DIGITS = 1200
_LARGEST_POWER = 5000
# Below this many digits a decimal is too coarse to be a rounded value: 0.54 is not 0.5.
_COARSE = 3


@dataclass(frozen=True)
class Number:
    """A number as it was written.

    Attributes:
        value: What it is; of a percent, the number before the sign.
        step: The value of its last digit where it is a decimal, which may be rounded; else None.
        percent: Whether a percent sign follows it.
        base: The base that it is written in where one is named.
        figures: How many digits a decimal has, from the first that is not zero.
    """

    value: Fraction
    step: Fraction | None = None
    percent: bool = False
    base: int | None = None
    figures: int = 0

    def rounds_to(self, other: "Number") -> bool:
        """Whether this number, rounded (half up) to the last digit of a decimal, is that decimal."""
        if other.step is None:
            return False
        away = (self.value - other.value) / other.step * (-1 if other.value < 0 else 1)
        return Fraction(-1, 2) <= away < Fraction(1, 2)


def read_number(text: str) -> Number | None:
    """Read a text in normal form as a number, as a whole or not at all."""
    if len(text) > _LONGEST_DIGITS:
        return None
    percent = text.endswith("%")
    body = text[:-1].rstrip() if percent else text
    negative = body.startswith("-")
    found = _unsigned(body[1:].lstrip() if body[:1] in {"-", "+"} else body)
    if found is None:
        return None
    return replace(found, value=-found.value if negative else found.value, percent=percent)


def _unsigned(text: str) -> Number | None:
    if not text or not (text[0].isdigit() or text[0] in ".\\(" or "_" in text):
        return None
    for read in (_decimal, _fraction, _mixed, _ten, _repeating, _based):
        if (number := read(text)) is not None:
            return number
    return None


def _decimal(text: str) -> Number | None:
    if not (found := _DECIMAL.fullmatch(text)):
        return None
    digits = found[1]
    if "." not in digits and r"\ldots" in text:
        # 3... goes on, and nobody knows how.
        return None
    power = _power(found.groups()[1:])
    if abs(power) > _LARGEST_POWER:
        return None
    scale = Fraction(10) ** power
    digits = digits.removesuffix(".")
    if "." not in digits:
        coarse = Fraction(scale) if power else None
        return Number(Fraction(digits) * scale, coarse, figures=len(digits.lstrip("0")))
    after = len(digits) - digits.index(".") - 1
    return Number(
        Fraction(digits) * scale,
        scale / 10**after,
        figures=len(digits.replace(".", "").lstrip("0")),
    )


def _power(groups: tuple[str | None, ...]) -> int:
    return next((int(group) for group in groups if group), 0)


def _ten(text: str) -> Number | None:
    if (found := _TEN.fullmatch(text)) and abs(power := _power(found.groups())) <= _LARGEST_POWER:
        return Number(Fraction(10) ** power)
    return None


def _fraction(text: str) -> Number | None:
    if not (found := _FRACTION.fullmatch(text)):
        return None
    top, bottom = (Fraction(group) for group in found.groups() if group)
    return Number(top / bottom) if bottom else None


def _mixed(text: str) -> Number | None:
    if not (found := _MIXED.fullmatch(text)):
        return None
    whole, top, bottom = (int(group) for group in found.groups() if group)
    # 2 5/3 is no mixed number, and what else is not plain.
    return Number(whole + Fraction(top, bottom)) if 0 < top < bottom and whole else None


def _repeating(text: str) -> Number | None:
    if not (found := _REPEATING.fullmatch(text)):
        return None
    whole, fixed, cycle = found[1] or "0", found[2], found[3] or found[4]
    value = Fraction(int(whole + fixed), 10 ** len(fixed))
    return Number(value + Fraction(int(cycle), (10 ** len(cycle) - 1) * 10 ** len(fixed)))


def _based(text: str) -> Number | None:
    if not (found := _BASED.fullmatch(text)):
        return None
    name = found[2] or found[3]
    base = int(name) if name.isdigit() else _BASES.get(name, 0)
    try:
        return Number(Fraction(int(found[1], base)), base=base) if 2 <= base <= 36 else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Precision:
    """What numbers may differ by.

    Attributes:
        tolerance: A share of the gold number.
        places: How many digits a decimal needs to stand for an exact number; 0 for: it never does.
        percent: "either" where a percent may lose its sign, "strict" where it is its hundredth alone.
    """

    tolerance: float = 0.0
    places: int = 0
    percent: str = "either"

    def same(self, gold: Number, answer: Number) -> bool:
        """Whether a number answers a gold one."""
        if gold.base is not None or answer.base is not None:
            return gold.base == answer.base and gold.value == answer.value
        return any(self._close(*pair) for pair in self._pairs(gold, answer))

    def _pairs(self, gold: Number, answer: Number) -> list[tuple[Number, Number]]:
        if gold.percent == answer.percent:
            return [(gold, answer)]
        as_share = (_share(gold), _share(answer))
        return [as_share] if self.percent == "strict" else [as_share, (gold, answer)]

    def _close(self, gold: Number, answer: Number) -> bool:
        if gold.value == answer.value:
            return True
        if self.tolerance and abs(gold.value - answer.value) <= Fraction(self.tolerance) * abs(gold.value):
            return True
        if gold.step is not None and answer.step is not None:
            finer = answer.step < gold.step and gold.figures >= _COARSE
            return finer and answer.rounds_to(gold)
        enough = gold.step is None and answer.step is not None and answer.figures >= self.places > 0
        return enough and gold.rounds_to(answer)


def _share(number: Number) -> Number:
    if not number.percent:
        return number
    step = None if number.step is None else number.step / 100
    return replace(number, value=number.value / 100, step=step, percent=False)
