"""The layers in their order: text, numbers, structures, symbols, words."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from beyondbase.graders.comparing.chains import Chains
from beyondbase.graders.comparing.decision import Decision, Verdict
from beyondbase.graders.comparing.matching import all_same, match_any_order
from beyondbase.graders.comparing.numbers import Precision, read_number
from beyondbase.graders.comparing.reading import UnreadError
from beyondbase.graders.comparing.regions import Region, Regions
from beyondbase.graders.comparing.shapes import (
    Chain,
    Items,
    Matrix,
    Meet,
    Order,
    Ratio,
    Scalar,
    Shape,
    Union,
    Without,
    shape_of,
)
from beyondbase.graders.comparing.symbols import Symbols
from beyondbase.graders.comparing.text import normal
from beyondbase.graders.comparing.units import split_unit
from beyondbase.graders.comparing.words import words_of
from beyondbase.graders.protocol import LONGEST

Kind = Literal["value", "set", "list"]
_MOST_ELEMENTS = 100
_DEEPEST = 8
_CLOCK = re.compile(r"\d{1,2}:[0-5]\d(?::[0-5]\d)?")
_SETS = re.compile(r"\\(?:emptyset|mathbb|infty|cup|setminus)")
_VECTOR = re.compile(r"(?<![A-Za-z\\{])([ijk])(?![A-Za-z])")


class Comparer:
    """Compares answers with gold ones.

    Attributes:
        precision: What numbers may differ by: `tolerance` is a share of the gold one, `places` how many digits a
            decimal needs to stand for an exact number (0: it never does), `percent` "either" or "strict".
        units: "drop" where a unit beside one of the two falls away, "keep" where it counts.
    """

    def __init__(
        self, *, tolerance: float = 0.0, places: int = 0, units: str = "drop", percent: str = "either"
    ) -> None:
        self.precision = Precision(tolerance, places, percent)
        self.units = units
        self._symbols = Symbols(self.precision)
        self._regions = Regions(self._symbols.value)
        self._chains = Chains(self._symbols, lambda gold, answer: self._value(gold, answer).verdict)
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
        rule, verdicts = "list" if ordered else "set", []
        for grouped in (False, True):
            wanted, found = (
                _parts(normal(text, grouped=grouped), ordered=ordered) for text in (gold, answer)
            )
            compare = all_same if ordered else match_any_order
            verdicts.append(self._match(compare, wanted, found, once=not ordered))
        best = "same" if "same" in verdicts else "undecided" if "undecided" in verdicts else "different"
        return Decision(best, rule)

    def _match(
        self, compare: object, gold: Sequence[str], answer: Sequence[str], *, once: bool = False
    ) -> Verdict:
        if max(len(gold), len(answer)) > _MOST_ELEMENTS:
            return "same" if gold == answer else "different"
        same = lambda left, right: self._value(left, right).verdict  # noqa: E731 - it is handed on
        if compare is all_same:
            return all_same(gold, answer, same)
        return match_any_order(gold, answer, same, once=once)

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
        return self._structures(gold, answer)

    def _structures(self, gold: str, answer: str) -> Decision:
        gold, answer = _vectors(gold, answer)
        wanted, found = shape_of(gold), shape_of(answer)
        if isinstance(wanted, Scalar) and isinstance(found, Scalar):
            return self._scalars(gold, answer)
        if (decision := self._as_regions(gold, answer, wanted, found)) is not None:
            return decision
        if isinstance(wanted, Items) and isinstance(found, Chain):
            found = _last_items(found)
        elif isinstance(found, Items) and isinstance(wanted, Chain):
            wanted = _last_items(wanted)
        if isinstance(wanted, Chain) or isinstance(found, Chain):
            return self._as_chains(gold, answer, wanted, found)
        if isinstance(wanted, Matrix) or isinstance(found, Matrix):
            return Decision(self._matrices(wanted, found), "matrix")
        if isinstance(wanted, Items) or isinstance(found, Items):
            return self._items(wanted, found)
        if isinstance(wanted, Ratio) or isinstance(found, Ratio):
            return self._ratios(gold, answer, wanted, found)
        if isinstance(wanted, Order) and isinstance(found, Order):
            return Decision(self._orders(wanted, found), "inequality")
        return Decision("different", "inequality" if isinstance(wanted, Order) else "set")

    def _as_regions(self, gold: str, answer: str, wanted: Shape, found: Shape) -> Decision | None:
        """Compare as sets of numbers, where one of the two can be nothing else."""
        if not (_is_region(gold, wanted) or _is_region(answer, found)):
            return None
        left, right = self._regions.read(_in_words(gold)), self._regions.read(_in_words(answer))
        if left is None or right is None:
            other, shape = (gold, wanted) if left is None else (answer, found)
            value = (left or right) is not None and isinstance(shape, Scalar) and self._symbols.reads(other)
            return Decision("different", "interval") if value else None
        return Decision(self._pieces(left, right), "interval")

    def _pieces(self, gold: Region, answer: Region) -> Verdict:
        if gold.variable and answer.variable and gold.variable != answer.variable:
            return "different"
        if [(piece.has_low, piece.has_high) for piece in gold.pieces] != [
            (piece.has_low, piece.has_high) for piece in answer.pieces
        ]:
            return "different"
        ends = [
            [end for piece in region.pieces for end in (piece.low, piece.high)] for region in (gold, answer)
        ]
        return self._match(all_same, *ends)

    def _as_chains(self, gold: str, answer: str, wanted: Shape, found: Shape) -> Decision:
        left = wanted if isinstance(wanted, Chain) else Chain((gold,), ())
        right = found if isinstance(found, Chain) else Chain((answer,), ())
        rule = "chain" if len(left.parts) == 1 or len(right.parts) == 1 else "equation"
        return Decision(self._chains.compare(left, right), rule)

    def _matrices(self, gold: Shape, answer: Shape) -> Verdict:
        wanted, found = _rows(gold), _rows(answer)
        if wanted is None or found is None:
            return "different"
        if isinstance(gold, Matrix) and isinstance(answer, Matrix):
            if (gold.kind, [len(row) for row in wanted]) != (answer.kind, [len(row) for row in found]):
                return "different"
            if gold.kind == "cases":
                return match_any_order(wanted, found, self._case)
        flat = [[cell for row in rows for cell in row] for rows in (wanted, found)]
        if (
            not (isinstance(gold, Matrix) and isinstance(answer, Matrix))
            and min(len(wanted), len(wanted[0]), len(found), len(found[0])) > 1
        ):
            same_form = [len(row) for row in wanted] == [len(row) for row in found]
            return self._match(all_same, *flat) if same_form else "different"
        return self._match(all_same, *flat)

    def _case(self, gold: Sequence[str], answer: Sequence[str]) -> Verdict:
        return self._match(all_same, *([_condition(cell) for cell in row] for row in (gold, answer)))

    def _items(self, gold: Shape, answer: Shape) -> Decision:
        wanted, found = (_as_items(shape) for shape in (gold, answer))
        if wanted is None or found is None:
            return Decision("different", "list")
        rule = "tuple" if wanted.is_ordered else "set" if wanted.is_set else "list"
        if not _fit(wanted, found):
            return Decision("different", rule)
        if wanted.is_ordered or found.is_ordered or _is_mapping(wanted) != _is_mapping(found):
            return Decision(self._match(all_same, _sorted(wanted), _sorted(found)), rule)
        once = wanted.is_set or found.is_set
        return Decision(self._match(match_any_order, wanted.parts, found.parts, once=once), rule)

    def _ratios(self, gold: str, answer: str, wanted: Shape, found: Shape) -> Decision:
        if isinstance(wanted, Scalar | Ratio) and isinstance(found, Scalar | Ratio):
            (left, first), (right, second) = split_unit(gold), split_unit(answer)
            if _CLOCK.fullmatch(left) and (_CLOCK.fullmatch(right) or second or _unreduced(left)):
                return self._clocks((left, first), (right, second))
            parts = [
                [left.strip() for left in shape.parts] if isinstance(shape, Ratio) else [text]
                for shape, text in ((wanted, gold), (found, answer))
            ]
            return Decision(self._proportions(*parts), "ratio")
        return Decision("different", "ratio")

    def _clocks(self, gold: tuple[str, object], answer: tuple[str, object]) -> Decision:
        same = gold[0].lstrip("0") == answer[0].lstrip("0")
        agree = gold[1] is None or answer[1] is None or gold[1] == answer[1]
        return Decision("same" if same and agree else "different", "word")

    def _proportions(self, gold: list[str], answer: list[str]) -> Verdict:
        """Compare ratios; one of two parts is also their quotient."""
        if 1 in {len(gold), len(answer)}:
            if {len(gold), len(answer)} != {1, 2}:
                return "different"
            quotients = ["/".join(f"({part})" for part in parts) for parts in (gold, answer)]
            return self._value(*quotients).verdict
        if len(gold) != len(answer):
            return "different"
        crossed = [
            (f"({gold[0]})*({right})", f"({answer[0]})*({left})")
            for left, right in zip(gold[1:], answer[1:], strict=True)
        ]
        return all_same([left for left, _ in crossed], [right for _, right in crossed], self._same)

    def _same(self, gold: str, answer: str) -> Verdict:
        return self._value(gold, answer).verdict

    def _orders(self, gold: Order, answer: Order) -> Verdict:
        if len(gold.parts) != 2 or len(answer.parts) != 2:
            return "undecided"
        (left, sign), (right, other) = _turned(gold), _turned(answer)
        if sign != other:
            return "different"
        try:
            return self._symbols.proportional(left, right, sign=sign != r"\ne")
        except UnreadError:
            return "undecided"

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
            return Decision(
                "same" if _in_words(gold) == _in_words(answer) or wanted == found else "different", "word"
            )
        if all(self._symbols.reads(text) for text in (gold, answer)):
            return Decision(self._symbols.compare(gold, answer), "symbol")
        if self._symbols.one_is_immense(gold, answer):
            return Decision("different", "number")
        # Mathematics that is not read may be the same; what is none (7 8, 7 ?) is not.
        plain = not any("\\" in text or self._symbols.is_huge(text) for text in (gold, answer))
        return Decision("different" if plain else "undecided", "word" if plain else "symbol")


def _unreduced(clock: str) -> bool:
    """Whether a ratio would have been written otherwise: 3:15 is a time, or would be 1:5."""
    return math.gcd(*(int(part) for part in clock.split(":"))) > 1


def _squeezed(text: str) -> str:
    return re.sub(r"(?<!\d) | (?!\d)", "", text) if " " in text and "\\" not in text else text


def _parts(text: str, *, ordered: bool) -> tuple[str, ...]:
    shape = shape_of(text)
    if isinstance(shape, Items) and (ordered or not shape.is_ordered):
        return shape.parts
    return (text,)


def _is_region(text: str, shape: Shape) -> bool:
    if isinstance(shape, Order | Union | Meet | Without) or _SETS.search(text) is not None:
        return True
    return isinstance(shape, Items) and {shape.left, shape.right} in ({"[", ")"}, {"(", "]"})


def _in_words(text: str) -> str:
    said = words_of(text)
    if said == "no solution":
        return r"\emptyset"
    return r"\mathbb{R}" if said in {"all real numbers", "all reals", "all real"} else text


def _vectors(gold: str, answer: str) -> tuple[str, str]:
    r"""Where one side has \mathbf{i}, write the other in i, j and k too."""
    if r"\vec{" in gold and r"\vec{" not in answer:
        return gold, _vector(answer)
    if r"\vec{" in answer and r"\vec{" not in gold:
        return _vector(gold), answer
    return gold, answer


def _vector(text: str) -> str:
    rows = _rows(shape_of(text))
    cells = [cell for row in rows or () for cell in row]
    if rows is not None and 2 <= len(cells) <= 3 and (len(rows) == 1 or len(rows[0]) == 1):
        return "+".join(rf"({cell})\vec{{{name}}}" for cell, name in zip(cells, "ijk", strict=False))
    return _VECTOR.sub(r"\\vec{\1}", text)


def _rows(shape: Shape) -> tuple[tuple[str, ...], ...] | None:
    if isinstance(shape, Matrix):
        return shape.rows
    if isinstance(shape, Items) and shape.is_ordered:
        inner = [shape_of(part) for part in shape.parts]
        if all(isinstance(each, Items) and each.is_ordered for each in inner):
            return tuple(each.parts for each in inner if isinstance(each, Items))
        return (shape.parts,)
    return None


def _condition(cell: str) -> str:
    return re.sub(r"^(?:\\text\{)?(?:if|for|when)\}? ?|[,.]$", "", cell).strip()


def _as_items(shape: Shape) -> Items | None:
    if isinstance(shape, Items):
        return shape
    return Items((shape.text,)) if isinstance(shape, Scalar) else None


def _fit(gold: Items, answer: Items) -> bool:
    """Whether brackets do not contradict: neither a set and a tuple, nor an open and a closed interval."""
    if (gold.is_set and answer.is_ordered) or (gold.is_ordered and answer.is_set):
        return False
    pairs = {(gold.left, gold.right), (answer.left, answer.right)}
    if len(gold.parts) == 2 and ("[", "]") in pairs and len(pairs) == 2:
        return False
    return not any(left + right in {"[)", "(]"} for left, right in pairs) or len(pairs) == 1


def _is_mapping(items: Items) -> bool:
    shapes = [shape_of(part) for part in items.parts]
    names = {shape.parts[0] for shape in shapes if isinstance(shape, Chain)}
    return len(names) == len(items.parts) > 1


def _sorted(items: Items) -> list[str]:
    """The parts, of x = 1, y = 2 in the order of the names."""
    return sorted(items.parts) if _is_mapping(items) else list(items.parts)


def _last_items(chain: Chain) -> Shape:
    return shape_of(chain.parts[-1]) if len(chain.parts) > 1 else chain


def _turned(order: Order) -> tuple[tuple[str, str], str]:
    left, right = order.parts
    if order.signs[0] in {">", r"\ge"}:
        return (right, left), {">": "<", r"\ge": r"\le"}[order.signs[0]]
    return (left, right), order.signs[0]
