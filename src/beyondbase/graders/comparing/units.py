r"""Units beside a value: which fall away, which convert, and which contradict each other.

A unit is written in ``\text{}``, or as a known name or a word after a number. Known units have dimensions and
a factor, so that 5 m is 500 cm and not 5 km, nor 5 m². Other words ("people") contradict each other unless
one's words are among the other's.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

# ruff: noqa: RUF001 - signs as people type them
_LENGTHS = {"m": "1", "inch": "0.0254", "foot": "0.3048", "yard": "0.9144", "mile": "1609.344"}
_TIMES = {"s": "1", "minute": "60", "hour": "3600", "day": "86400", "week": "604800"}
_MASSES = {"g": "0.001", "lb": "0.45359237", "oz": "0.028349523125"}
_DERIVED = {"N": "kg m s^-2", "J": "kg m^2 s^-2", "W": "kg m^2 s^-3", "Pa": "kg m^-1 s^-2", "Hz": "s^-1"}
_PREFIXES = {"k": 3, "c": -2, "m": -3, "M": 6, "G": 9, "μ": -6, "u": -6, "n": -9, "d": -1, "p": -12}


def _words(text: str) -> list[str]:
    return text.split()


# Each in dimensions of its own: nothing converts into them.
_OWN = frozenset(
    _words(
        "degree rad year month euro sterling yen rupee A K mol cd V ohm C F T Wb H eV "
        "celsius fahrenheit unit bit"
    )
)
_PREFIXED = frozenset(_words("m s g N J W Pa Hz V A eV L mol F T C"))
_SPELLED = """
m=meter,metre km=kilometer,kilometre cm=centimeter,centimetre mm=millimeter,millimetre inch=in,inche
foot=ft,feet yard=yd mile=mi s=second,sec minute=min hour=hr,h g=gram kg=kilogram lb=pound,lbs oz=ounce
L=liter,litre,l mL=ml,milliliter degree=deg,° rad=radian $=dollar,usd ¢=cent euro=€,eur sterling=£
yen=¥ rupee=₹ N=newton J=joule W=watt Pa=pascal Hz=hertz V=volt A=ampere,amp K=kelvin ohm=ω mol=mole
year=yr
"""
_NAMES = {
    other: name
    for name, _, others in (line.partition("=") for line in _words(_SPELLED))
    for other in others.split(",")
}
_COUNTS = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "quadrillion": 10**15,
    "lakh": 10**5,
    "crore": 10**7,
}
_ALIASES = {"mph": "mile/hour", "kmh": "km/hour", "kph": "km/hour", "sqft": "foot^2", "cc": "cm^3"}

_POWER = r"(?:\^\{?([+-]?\d)\}?)?"
_RAISED = r"(?:\^(?:\{-?\d\}|-?\d))?"
_WRITTEN = rf"\\text\{{[^{{}}]*\}}{_RAISED}"
_PIECE = rf"(?:\\text\{{[^{{}}]*\}}|(?<![A-Za-z\\])[A-Za-zμ]+){_RAISED}"
_BETWEEN = r" ?(?:/|\\cdot ?|\*)? ?"
_ANGLES = r"\^\{\\circ\} ?(?:\\text\{[CFK]\}|[CF](?![a-z]))?"
_TAIL = re.compile(rf"^(.*?[\d}})!%.a-z]) ?({_ANGLES}|{_PIECE}(?:{_BETWEEN}{_PIECE})*|[€£¥$¢])$")
_RATE = re.compile(r"\\frac\{(\\text\{[^{}]*\})\}\{(\\text\{[^{}]*\})(?:\^\{?(\d)\}?)?\}$")
_TEXTS = re.compile(rf"^(.+?) ?({_WRITTEN}(?:{_BETWEEN}{_WRITTEN})*)$")
_MONEY = re.compile(r"^([+-]?) ?(?:US)? ?([$€£¥₹])\s?([+-]?)(.+)$", re.DOTALL)
_PAY = re.compile(r"([\d.]+) ?((?:/|per\b|\\text\{ ?(?:/|per\b)).+)")
_TOKEN = re.compile(
    rf"(/|per\b)|(sq\.|cu\.|(?:sq|square|cubic)\s)|(\$|¢|°|€|£|¥|[A-Za-zμΩ'’-]+){_POWER}|(\S)"
)
_LETTER = re.compile("[A-Za-z]")
# A sum of units, a comparison, a doubt: no unit.
_SIGNS = re.compile(r"[+=<>|!?]")
_ANGLE = re.compile(r"sin|cos|tan|cot|sec|csc")
# Words that say something of the value, or change it, and so are no unit that could fall away.
_CHANGING = frozenset(
    _words(
        "pi sqrt sin cos tan log ln exp e mod modulo and or not infty plus minus times over root squared "
        "cubed half halves third thirds quarter quarters fourth fourths fifth fifths tenth tenths if when "
        "unless divided by less than greater more least most except without negative positive below above "
        "to double twice wrong ones twos threes fours fives sixes sevens eights nines tens fewer past before "
        "after is isn cannot never false incorrect impossible invalid factorial base grand remainder choose "
        "doubled tripled halved inverse reciprocal negated undefined infinite excluded fails doesn don no"
    )
)
_PART_OF_ONE = re.compile(r"(?:[a-z]+[fx]|eigh|nin|[a-z]*en|hundred|thousand|[a-z]+illion|[a-z]+ie)ths?")
_DIGITS = re.compile(r"(?:binary|octal|hex|hexadecimal)[^A-Za-z]*$")
_NUMBERED = re.compile(r"(?<![A-Za-z^{-])\d")


@dataclass(frozen=True)
class Unit:
    """What stands beside a value.

    Attributes:
        words: As written, in small letters, without plurals, with powers that are not 1.
        size: Powers of the basic units, sorted; None where a word is no known unit.
        factor: What one of it is in the basic units.
        count: What a word such as "million" or "dozen" multiplies by, which never falls away.
    """

    words: frozenset[str]
    size: tuple[tuple[str, int], ...] | None
    factor: Fraction
    count: Fraction = Fraction(1)

    def scale_from(self, other: "Unit") -> Fraction | None:
        """What a value in the other unit is multiplied by to be in this one; None where they contradict."""
        if self.size is not None and self.size == other.size:
            return other.factor / self.factor
        if self.size is not None and other.size is not None:
            return None
        near = self.words <= other.words or other.words <= self.words
        return Fraction(1) if near else None


@lru_cache(maxsize=8192)
def split_unit(text: str, *, letters: bool = False) -> tuple[str, Unit | None]:
    """Split a text in normal form into the value and its unit; where none is found, the whole is the value.

    Args:
        letters: Whether a single letter, apart, is a unit rather than a symbol: 5 h.
    """
    if text.isascii() and "$" not in text and "\\" not in text and not _LETTER.search(text):
        return text, None
    if money := _MONEY.fullmatch(text):
        return _split_money(text, money)
    if len(text) > 400:
        return text, None
    text = _RATE.sub(lambda found: rf"{found[1]}/{found[2]}" + (f"^{found[3]}" if found[3] else ""), text)
    found = _TEXTS.fullmatch(text) or _TAIL.fullmatch(text)
    apart = (
        letters
        and found is not None
        and re.fullmatch(rf"[a-zA-Z]{_RAISED}", found[2])
        and _known(found[2][0]) is not None
    )
    if not found or not (apart or _stands(found[1], found[2])):
        return text, None
    value, written = found[1].rstrip(), found[2].replace(r"^{\circ}", "°")
    if value.endswith(r"^{\circ}"):
        # Degrees, and a word on them: 90° clockwise.
        value, written = value.removesuffix(r"^{\circ}"), f"° {written}"
    return value, _unit(written)


def _split_money(text: str, money: re.Match[str]) -> tuple[str, Unit | None]:
    """Split what begins with a currency's sign, and may end in words: $3 million, $12 per hour."""
    if rate := _PAY.fullmatch(money[4]):
        return money[1] + money[3] + rate[1], _unit(f"{money[2]} {rate[2]}")
    value, more = split_unit(money[1] + money[3] + money[4])
    mark = _unit(money[2])
    if more is None:
        return value, mark
    fits = not more.words or more.scale_from(mark) is not None
    return (value, replace(mark, count=more.count)) if fits else (text, None)


def _stands(value: str, unit: str) -> bool:
    """Whether what looks like a unit is one: a word after a number, or any after a value."""
    plain = not unit.startswith(("\\text", "^", "$", "€", "£", "¥", "¢"))
    words = re.findall(r"[A-Za-z]+", unit.replace("\\text", ""))
    if any(word.lower() in _CHANGING or _PART_OF_ONE.fullmatch(word.lower()) for word in words):
        return False
    if _SIGNS.search(unit) or _NUMBERED.search(unit) or _DIGITS.search(unit.lower()) or words == ["k"]:
        # 15 minutes past 3, digits of another base, and 15 thousand.
        return False
    if unit.startswith("^") and _ANGLE.search(value):
        # The degrees are the sine's, not the answer's.
        return False
    if not plain:
        written = bool(words) and (not value.isalpha() or all(_known(word) is not None for word in words))
        return written or not unit.startswith("\\")
    first = words[0].lower()
    known = (_known(words[0]) is not None or first in _COUNTS) and len(first) > 1
    if not value[-1].isdigit():
        return known and value.endswith(("}", ")", "pi"))
    return known or all(len(word) > 2 for word in words) or first in {"am", "pm"}


@lru_cache(maxsize=1024)
def _unit(text: str) -> Unit:
    text = re.sub(r"\\text\{([^{}]*)\}", r"\1 ", text).replace(r"\cdot", " ").replace("*", " ")
    text = (
        text.replace(" ^", "^").replace("°C", "celsius").replace("° C", "celsius").replace("°F", "fahrenheit")
    )
    text = text.replace("° F", "fahrenheit")
    for short, full in _ALIASES.items():
        text = re.sub(rf"(?<![A-Za-z]){short}(?![A-Za-z])", full, text, flags=re.IGNORECASE)
    size: dict[str, int] = {}
    factor, count, below, power, known, words = Fraction(1), Fraction(1), False, 1, True, set()
    for slash, raised, word, exponent, other in _TOKEN.findall(text):
        if slash:
            below = True
        elif raised:
            power = 3 if raised.startswith("cu") else 2
        elif _singular(word.lower()) in _COUNTS:
            count *= _COUNTS[_singular(word.lower())]
        elif other:
            continue
        elif word.lower() not in {"of", "the", "a", "an"}:
            times = int(exponent or power) * (-1 if below else 1)
            words.add(_singular(word.lower()) + (f"^{times}" if times != 1 else ""))
            found = _known(word)
            known = known and found is not None
            for name, share in (found or {}).items():
                if name == "":
                    factor *= share**times
                else:
                    size[name] = size.get(name, 0) + int(share) * times
            power = 1
    sizes = tuple(sorted((name, times) for name, times in size.items() if times))
    return Unit(frozenset(words), sizes if known and words else None, factor, count)


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 3 else word


@lru_cache(maxsize=1024)
def _known(word: str) -> dict[str, Fraction] | None:
    """The powers of basic units in a unit, with the factor under the empty name."""
    if word.lower() in {"am", "pm"}:
        return None
    for name in (word, _singular(word), word.lower(), _singular(word.lower())):
        name = _NAMES.get(name, name)  # noqa: PLW2901 - the name by which it is known
        if (found := _basic(name)) is not None:
            return found
        if name[:1] in _PREFIXES and name[1:] in _PREFIXED and (found := _basic(name[1:])) is not None:
            return {**found, "": found[""] * Fraction(10) ** _PREFIXES[name[0]]}
    return None


def _basic(name: str) -> dict[str, Fraction] | None:
    one = Fraction(1)
    for table, basis in ((_LENGTHS, "length"), (_TIMES, "time"), (_MASSES, "mass")):
        if name in table:
            return {"": Fraction(table[name]), basis: one}
    if name == "L":
        return {"": Fraction(1, 1000), "length": Fraction(3)}
    if name in {"$", "¢"}:
        return {"": one if name == "$" else Fraction(1, 100), "dollar": one}
    if name in _OWN:
        return {"": one, name: one}
    if name not in _DERIVED:
        return None
    powers = {"kg": "mass", "m": "length", "s": "time"}
    parts = [part.partition("^") for part in _DERIVED[name].split()]
    return {"": one} | {powers[part]: Fraction(times or 1) for part, _, times in parts}
