r"""Chains: ``x = 5``, ``\sqrt2 \approx 1.41``, ``A = \pi r^2 = 9\pi``, and equations.

A chain is compared by what it ends in and by each part that it states. Names on its left (x, f(2), A) fall away
unless both chains name something and the names differ. An equation that names nothing is compared as an equation.
"""

from collections.abc import Callable
from dataclasses import dataclass

from beyondbase.graders.comparing.numbers import read_number
from beyondbase.graders.comparing.reading import UnreadError
from beyondbase.graders.comparing.shapes import Chain, is_name
from beyondbase.graders.comparing.symbols import Symbols, Verdict
from beyondbase.graders.comparing.units import split_unit

_APPROXIMATE = r"\approx"


@dataclass(frozen=True)
class _Told:
    """A chain as names and values; `loose` are the values that stand after an approximation."""

    names: tuple[str, ...]
    values: tuple[str, ...]
    loose: frozenset[int]
    sides: tuple[str, ...]


class Chains:
    """Compares chains with chains and with values."""

    def __init__(self, symbols: Symbols, compare: Callable[[str, str], Verdict]) -> None:
        self._symbols, self._compare = symbols, compare

    def compare(self, gold: Chain, answer: Chain) -> Verdict:
        """Compare two chains; a value by itself is a chain of one part."""
        wanted, found = _told(gold), _told(answer)
        if self._is_equation(wanted) or not wanted.values or not found.values:
            return self._equations(gold, answer)
        verdict = self._values(wanted, found)
        if verdict == "same" or len(gold.parts) != 2 or len(answer.parts) != 2 or self._is_assignment(wanted):
            return verdict
        # y = 2x + 1 is 2x - y + 1 = 0.
        equal = self._equations(gold, answer)
        return equal if equal == "same" or found.names == () else verdict

    def _is_equation(self, told: _Told) -> bool:
        """Whether nothing is named, and something is unknown: x + y = 7."""
        return len(told.sides) == 2 and not told.names and any(self._is_open(side) for side in told.sides)

    def _is_assignment(self, told: _Told) -> bool:
        return bool(told.names) and not any(self._is_open(value) for value in told.values)

    def _is_open(self, text: str) -> bool:
        try:
            return bool(self._symbols.names(text))
        except UnreadError:
            return False

    def _equations(self, gold: Chain, answer: Chain) -> Verdict:
        if len(gold.parts) != 2 or len(answer.parts) != 2 or {*gold.signs, *answer.signs} - {"=", "=="}:
            return self._by_parts(gold, answer)
        try:
            wanted, found = (gold.parts[0], gold.parts[1]), (answer.parts[0], answer.parts[1])
            return self._symbols.proportional(wanted, found, sign=False)
        except UnreadError:
            return self._by_parts(gold, answer)

    def _by_parts(self, gold: Chain, answer: Chain) -> Verdict:
        if len(gold.parts) != len(answer.parts):
            return "different"
        verdicts = {self._compare(*pair) for pair in zip(gold.parts, answer.parts, strict=True)}
        return "same" if verdicts == {"same"} else "different" if "different" in verdicts else "undecided"

    def _values(self, gold: _Told, answer: _Told) -> Verdict:
        if _contradict(gold.names, answer.names):
            return "different"
        verdicts = [self._part(gold, answer, at) for at in range(len(answer.values))]
        if "different" in verdicts or verdicts[-1] == "unlike":
            return "different"
        return "same" if "same" in verdicts else "undecided" if "undecided" in verdicts else "different"

    def _part(self, gold: _Told, answer: _Told, at: int) -> str:
        """What one part of the answer's chain says of the gold one: "rounded" and "unlike" say nothing."""
        part = answer.values[at]
        last = len(gold.values) - 1
        verdicts = [
            self._compare(value, part)
            for number, value in enumerate(gold.values)
            if number == last or not self._is_open(value)
        ]
        if "same" in verdicts:
            return "same"
        if at + 1 in answer.loose and any(self._is_rounded([part], value) for value in gold.values):
            return "rounded"
        if at in answer.loose and self._is_rounded([*gold.values, *answer.values[:at]], part):
            return "rounded"
        if at < len(answer.values) - 1 and self._is_open(part):
            return "unlike"
        return "undecided" if "undecided" in verdicts else "different"

    def _is_rounded(self, exact: list[str], part: str) -> bool:
        number = read_number(split_unit(part)[0])
        return number is not None and number.step is not None and any(
            self._symbols.rounds(value, number) for value in exact
        )


def _told(chain: Chain) -> _Told:
    named = [at for at, part in enumerate(chain.parts[:-1]) if is_name(part)]
    if len(chain.parts) > 1 and not named and is_name(chain.parts[-1]):
        named = [len(chain.parts) - 1]
    kept = [at for at in range(len(chain.parts)) if at not in named]
    loose = frozenset(
        number for number, at in enumerate(kept) if at and _APPROXIMATE in chain.signs[:at][-len(kept) :]
    )
    # An approximation without an exact part before it, as in x ≈ 3.14, is a value like others.
    return _Told(
        tuple(chain.parts[at] for at in named), tuple(chain.parts[at] for at in kept), loose, chain.parts
    )


def _contradict(gold: tuple[str, ...], answer: tuple[str, ...]) -> bool:
    """Whether both name something, and nothing in common: x and y, but not f(x) and y."""
    if not gold or not answer or {*gold} & {*answer}:
        return False
    return all("(" in name for name in (*gold, *answer)) or not any("(" in name for name in (*gold, *answer))
