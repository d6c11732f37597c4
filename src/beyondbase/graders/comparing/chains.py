r"""Chains: ``x = 5``, ``\sqrt2 \approx 1.41``, ``A = \pi r^2 = 9\pi``, and equations.

A chain is compared by what it ends in and by each part that it states. What it names (x, f(2), A) falls away
unless both chains name something and the names differ. An equation that names nothing is compared as one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from beyondbase.graders.comparing.decision import Verdict
from beyondbase.graders.comparing.names import is_name
from beyondbase.graders.comparing.numbers import read_number
from beyondbase.graders.comparing.shapes import Chain
from beyondbase.graders.comparing.symbols import Symbols
from beyondbase.graders.comparing.tokens import UnreadError
from beyondbase.graders.comparing.units import split_unit

_APPROXIMATE = r"\approx"
_COEFFICIENT = re.compile(r"(?<![\^_{\d])\d+ ?\*?(?:[A-Za-z(]|\\(?!cdot))")


@dataclass(frozen=True)
class _Told:
    """A chain as names and values; `loose` are the values that stand after an approximation."""

    names: tuple[str, ...]
    values: tuple[str, ...]
    loose: frozenset[int]


class Chains:
    """Compares chains with chains and with values."""

    def __init__(self, symbols: Symbols, compare: Callable[[str, str], Verdict]) -> None:
        self._symbols, self._compare = symbols, compare

    def compare(self, gold: Chain, answer: Chain) -> Verdict:
        """Compare two chains; a value by itself is a chain of one part."""
        wanted, found = _told(gold), _told(answer)
        is_open = any(self._names(value) for value in wanted.values)
        if not wanted.values or not found.values or (is_open and len(gold.parts) == 2 and not wanted.names):
            return self._equations(gold, answer)
        if wanted.names and not found.names and any(self._names(part) for part in found.values[:-1]):
            # y = 2x + 1 is 2x - y + 1 = 0; x = 5 is not 2x = 5, nor 2x = 10, which leaves x to be found.
            return self._equations(gold, answer) if is_open else "different"
        verdict = self._values(wanted, found)
        if verdict == "same" or not is_open or not found.names:
            return verdict
        return self._equations(gold, answer)

    def _names(self, text: str) -> frozenset[str]:
        """The symbols and applied functions in a part; of one that is not read, none."""
        try:
            return self._symbols.names(text)
        except UnreadError:
            return frozenset()

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
        return "different" if "different" in verdicts else "undecided" if "undecided" in verdicts else "same"

    def _values(self, gold: _Told, answer: _Told) -> Verdict:
        if _contradict(gold.names, answer.names):
            return "different"
        verdicts = [self._part(gold, answer, at) for at in range(len(answer.values))]
        if "different" in verdicts:
            return "different"
        if "undecided" in verdicts:
            return "undecided"
        return "same" if "same" in verdicts else "different"

    def _part(self, gold: _Told, answer: _Told, at: int) -> str:
        """What one part of the answer says; "rounded" and "unlike" leave the verdict to the others."""
        part, last = answer.values[at], len(gold.values) - 1
        stated = [
            value for number, value in enumerate(gold.values) if number == last or not self._names(value)
        ]
        verdicts = [self._compare(value, part) for value in stated]
        if "same" in verdicts:
            return "same"
        if at + 1 in answer.loose and any(self._is_rounded([part], value) for value in gold.values):
            return "rounded"
        if at in answer.loose and self._is_rounded([*gold.values, *answer.values[:at]], part):
            return "rounded"
        names = self._names(part)
        if (
            at < len(answer.values) - 1
            and names
            and (answer.names or not self._is_to_be_solved(part, answer.values[-1]))
        ):
            alike = [value for value in gold.values if self._names(value) & names]
            agrees = not alike or any(self._compare(value, part) == "same" for value in alike)
            return "unlike" if agrees else "different"
        return "undecided" if "undecided" in verdicts else "different"

    def _is_to_be_solved(self, part: str, value: str) -> bool:
        """Whether an expression and its value are an equation rather than an answer: 2x = 10, x + 1 = 5."""
        return value == "0" or _COEFFICIENT.search(part) is not None or self._symbols.leaves_one(part)

    def _is_rounded(self, exact: Sequence[str], part: str) -> bool:
        """Whether a part is a decimal to which one of the exact ones rounds."""
        text, unit = split_unit(part)
        number, others = read_number(text), [split_unit(value)[1] for value in exact]
        if unit is not None and any(other is not None and other.scale_from(unit) is None for other in others):
            return False
        if number is None or number.step is None:
            return False
        return any(self._symbols.rounds(value, number) for value in exact)


def _told(chain: Chain) -> _Told:
    named = [at for at, part in enumerate(chain.parts[:-1]) if is_name(part)]
    if len(chain.parts) > 1 and not named and is_name(chain.parts[-1]):
        named = [len(chain.parts) - 1]
    kept = [at for at in range(len(chain.parts)) if at not in named]
    # The sign before each part; an approximation counts from there on.
    before = ["", *chain.signs][: len(chain.parts)]
    loose = {
        number for number, at in enumerate(kept) if number and _APPROXIMATE in before[kept[0] + 1 : at + 1]
    }
    names, values = (tuple(chain.parts[at] for at in each) for each in (named, kept))
    return _Told(names, values, frozenset(loose))


def _contradict(gold: Sequence[str], answer: Sequence[str]) -> bool:
    """Whether both name something, and nothing in common: x and y, but not f(x) and y."""
    if not gold or not answer or {*gold} & {*answer}:
        return False
    return len({"(" in name for name in (*gold, *answer)}) == 1
