"""The layers in their order: text, numbers, structures, symbols, words."""

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from beyondbase.graders.comparing.decision import LONGEST, Decision, Verdict
from beyondbase.graders.comparing.matching import all_same, match_any_order
from beyondbase.graders.comparing.numbers import Precision, read_number
from beyondbase.graders.comparing.shapes import Items, shape_of
from beyondbase.graders.comparing.structures import Structures, vectors
from beyondbase.graders.comparing.symbols import Symbols
from beyondbase.graders.comparing.text import normal
from beyondbase.graders.comparing.units import split_unit
from beyondbase.graders.comparing.words import in_words, words_of

Kind = Literal["value", "set", "list"]
_MOST_ELEMENTS = 100
_DEEPEST = 8


class Comparer:
    """Compares answers with gold ones.

    Attributes:
        precision: What numbers may differ by: `tolerance` is a share of the gold one, `places` how many
            digits a decimal needs to stand for an exact number (0: never), `percent` "either" or "strict".
        units: "drop" where a unit beside one of the two falls away, "keep" where it counts.
    """

    def __init__(
        self, *, tolerance: float = 0.0, places: int = 0, units: str = "drop", percent: str = "either"
    ) -> None:
        self.precision = Precision(tolerance, places, percent)
        self.units = units
        self._symbols = Symbols(self.precision)
        self._structures = Structures(self._symbols, self._value)
        self._depth = 0

    def decide(self, kind: Kind, gold: str, answer: str) -> Decision:
        """Say whether an answer is the same as a gold one."""
        if gold == answer:
            return Decision("same", "text")
        if len(gold) > LONGEST or len(answer) > LONGEST:
            return Decision("different", "too long")
        try:
            if kind == "list":
                return self._elements(gold, answer, ordered=True)
            decision = self._value(normal(gold), normal(answer))
            if decision.verdict == "same" or kind == "value":
                return decision
            return self._elements(gold, answer, ordered=False)
        except RecursionError:
            return Decision("undecided", "text")

    def _elements(self, gold: str, answer: str, *, ordered: bool) -> Decision:
        """Compare element by element, with 54,108 read as two numbers, or as one, as fits."""
        rule, verdicts = "list" if ordered else "set", list[Verdict]()
        for grouped in (False, True):
            wanted, found = (
                _parts(normal(text, grouped=grouped), ordered=ordered) for text in (gold, answer)
            )
            verdicts.append(self._match(wanted, found, ordered=ordered))
        best: Verdict = (
            "same" if "same" in verdicts else "undecided" if "undecided" in verdicts else "different"
        )
        return Decision(best, rule)

    def _match(self, gold: Sequence[str], answer: Sequence[str], *, ordered: bool) -> Verdict:
        if max(len(gold), len(answer)) > _MOST_ELEMENTS:
            return "same" if gold == answer else "different"

        def same(wanted: str, found: str) -> Verdict:
            return self._value(wanted, found).verdict

        if ordered:
            return all_same(gold, answer, same)
        return match_any_order(gold, answer, same, once=True)

    def _value(self, gold: str, answer: str) -> Decision:
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return Decision("same" if gold == answer else "undecided", "text")
            return self._layers(gold, answer)
        finally:
            self._depth -= 1

    def _layers(self, gold: str, answer: str) -> Decision:
        if not answer or not gold:
            return Decision("same" if gold == answer else "different", "text")
        if _squeezed(gold) == _squeezed(answer):
            return Decision("same", "text")
        wanted, found = read_number(gold), read_number(answer)
        if wanted is not None and found is not None:
            return Decision("same" if self.precision.same(wanted, found) else "different", "number")
        gold, answer = vectors(*self._without_units(gold, answer))
        decision = self._structures.compare(gold, answer)
        return self._scalars(gold, answer) if decision is None else decision

    def _without_units(self, gold: str, answer: str) -> tuple[str, str]:
        """Of lists and tuples in brackets, without the unit that stands beside one of them."""
        (left, unit), (right, other) = split_unit(gold), split_unit(answer)
        alone = (unit is None) != (other is None) and self.units == "drop"
        count = next((each.count for each in (unit, other) if each is not None), 1)
        bracketed = all(text.startswith(("(", "[", r"\{")) for text in (left, right))
        return (left, right) if alone and bracketed and count == 1 else (gold, answer)

    def _scalars(self, gold: str, answer: str) -> Decision:
        (left, unit), (right, other) = split_unit(gold), split_unit(answer)
        if (unit is None) != (other is None):
            (left, unit), (right, other) = split_unit(gold, letters=True), split_unit(answer, letters=True)
        scale: Fraction | None = Fraction(1)
        if unit is not None and other is not None:
            scale = unit.scale_from(other)
        elif (unit is None) != (other is None) and self.units == "keep":
            scale = None
        if scale is None:
            return Decision("different", "unit")
        if unit is None and other is None:
            return self._plain(gold, answer)
        left_scale, right_scale = unit.count if unit else Fraction(1), (other.count if other else 1) * scale
        shares = (left.endswith("%"), right.endswith("%"))
        if shares[0] != shares[1] and (beside := other if shares[0] else unit) and beside.words:
            # 12% is not 12 dollars.
            return Decision("different", "unit")
        return self._scaled((left, left_scale), (right, right_scale))

    def _scaled(self, gold: tuple[str, Fraction], answer: tuple[str, Fraction]) -> Decision:
        (left, first), (right, second) = gold, answer
        wanted, found = read_number(left), read_number(right)
        if wanted is not None and found is not None:
            wanted, found = (
                replace(number, value=number.value * by, step=number.step and number.step * by)
                for number, by in ((wanted, first), (found, second))
            )
            return Decision("same" if self.precision.same(wanted, found) else "different", "unit")
        texts = [text if by == 1 else f"({by})*({text})" for text, by in (gold, answer)]
        return self._value(texts[0], texts[1])

    def _plain(self, gold: str, answer: str) -> Decision:
        wanted, found = words_of(gold), words_of(answer)
        if wanted is not None or found is not None:
            # March 3, in letters and digits, is no word, but beside one it is what it says.
            said = [word or text.casefold() for word, text in ((wanted, gold), (found, answer))]
            alike = in_words(gold) == in_words(answer) or said[0] == said[1]
            return Decision("same" if alike else "different", "word")
        if all(self._symbols.reads(text) for text in (gold, answer)):
            return Decision(self._symbols.compare(gold, answer), "symbol")
        if (powers := self._symbols.compare_powers(gold, answer)) is not None:
            return Decision(powers, "number")
        if self._symbols.one_is_immense(gold, answer):
            return Decision("different", "number")
        # Mathematics that is not read may be the same; what is none (7 8, 7 ?, 7...) is not.
        texts = [text.replace(r"\ldots", "") for text in (gold, answer)]
        plain = not any("\\" in text or self._symbols.is_huge(text) for text in texts)
        return Decision("different" if plain else "undecided", "word" if plain else "symbol")


def _squeezed(text: str) -> str:
    return re.sub(r"(?<!\d) | (?!\d)", "", text) if " " in text and "\\" not in text else text


def _parts(text: str, *, ordered: bool) -> tuple[str, ...]:
    shape = shape_of(text)
    if isinstance(shape, Items) and (ordered or not shape.is_ordered):
        return shape.parts
    return (text,)
