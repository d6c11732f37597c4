"""Structures held against each other: sets of numbers, chains, matrices, lists, ratios, inequalities.

Their elements are compared by the same rules as answers are.
"""

import math
import re
from collections.abc import Callable, Sequence

from beyondbase.graders.comparing.chains import Chains
from beyondbase.graders.comparing.decision import Decision, Verdict
from beyondbase.graders.comparing.matching import all_same, match_any_order
from beyondbase.graders.comparing.names import follow
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
from beyondbase.graders.comparing.tokens import UnreadError
from beyondbase.graders.comparing.units import split_unit
from beyondbase.graders.comparing.words import in_words

_CLOCK = re.compile(r"\d{1,2}:[0-5]\d(?::[0-5]\d)?")
_SETS = re.compile(r"\\(?:emptyset|mathbb|infty|cup|setminus)")
_NUMBERED = re.compile(r"([A-Za-z])_")
_VECTOR = re.compile(r"(?<![A-Za-z\\{])([ijk])(?![A-Za-z])")


class Structures:
    """Compares what is made of parts; how the parts compare it is told."""

    def __init__(self, symbols: Symbols, value: Callable[[str, str], Decision]) -> None:
        self._symbols, self._value = symbols, value
        self._regions = Regions(symbols.value)
        self._chains = Chains(symbols, self._same)

    def compare(self, gold: str, answer: str) -> Decision | None:
        """Compare two texts in normal form by what they are made of; None where both are scalars."""
        wanted, found = shape_of(gold), shape_of(answer)
        decision = self._as_regions(gold, answer, wanted, found)
        if decision is not None or (isinstance(wanted, Scalar) and isinstance(found, Scalar)):
            return decision
        wanted, found = _as_told(wanted, found), _as_told(found, wanted)
        if isinstance(wanted, Chain) or isinstance(found, Chain):
            return self._as_chains(gold, answer, wanted, found)
        return self._alike(gold, answer, wanted, found)

    def _alike(self, gold: str, answer: str, wanted: Shape, found: Shape) -> Decision:
        """Compare two shapes, at least one of which is no scalar, and none a chain."""
        shapes = (wanted, found)
        if any(isinstance(shape, Matrix) for shape in shapes):
            return Decision(self._matrices(wanted, found), "matrix")
        if any(isinstance(shape, Items) for shape in shapes):
            return self._items(wanted, found)
        if any(isinstance(shape, Ratio) for shape in shapes):
            return self._ratios(gold, answer, wanted, found)
        if isinstance(wanted, Order) and isinstance(found, Order):
            return Decision(self._orders(wanted, found), "inequality")
        return Decision("different", "inequality" if isinstance(wanted, Order) else "set")

    def _as_regions(self, gold: str, answer: str, wanted: Shape, found: Shape) -> Decision | None:
        """Compare as sets of numbers, where one of the two can be nothing else."""
        if not (_is_region(gold, wanted) or _is_region(answer, found)):
            return None
        left, right = self._regions.read(in_words(gold)), self._regions.read(in_words(answer))
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
        return self._in_order(*ends)

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
        if not (isinstance(gold, Matrix) and isinstance(answer, Matrix)) and any(
            min(len(rows), len(rows[0])) > 1 for rows in (wanted, found)
        ):
            same_form = [len(row) for row in wanted] == [len(row) for row in found]
            return self._in_order(*flat) if same_form else "different"
        return self._in_order(*flat)

    def _case(self, gold: Sequence[str], answer: Sequence[str]) -> Verdict:
        return self._in_order(*([_condition(cell) for cell in row] for row in (gold, answer)))

    def _items(self, gold: Shape, answer: Shape) -> Decision:
        wanted, found = (_as_items(shape) for shape in (gold, answer))
        if wanted is None or found is None:
            return Decision("different", "list")
        rule = "tuple" if wanted.is_ordered else "set" if wanted.is_set else "list"
        if not _fit(wanted, found):
            return Decision("different", rule)
        mapped = _is_mapping(wanted) != _is_mapping(found) and not (
            _is_numbered(found) and not found.left and not _is_mapping(wanted)
        )
        if wanted.is_ordered or found.is_ordered or mapped:
            return Decision(self._in_order(_sorted(wanted), _sorted(found)), rule)
        once = wanted.is_set or found.is_set
        return Decision(match_any_order(wanted.parts, found.parts, self._same, once=once), rule)

    def _ratios(self, gold: str, answer: str, wanted: Shape, found: Shape) -> Decision:
        if isinstance(wanted, Scalar | Ratio) and isinstance(found, Scalar | Ratio):
            (left, first), (right, second) = split_unit(gold), split_unit(answer)
            timed = _CLOCK.fullmatch(left) and (_CLOCK.fullmatch(right) or second or _unreduced(left))
            if timed or (isinstance(wanted, Scalar) and _CLOCK.fullmatch(right) and _unreduced(right)):
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

    def _in_order(self, gold: Sequence[str], answer: Sequence[str]) -> Verdict:
        return all_same(gold, answer, self._same)

    def _orders(self, gold: Order, answer: Order) -> Verdict:
        if len(gold.parts) != 2 or len(answer.parts) != 2:
            wanted, found = _rising(gold), _rising(answer)
            return (
                all_same(wanted.parts, found.parts, self._same)
                if wanted.signs == found.signs
                else "different"
            )
        (left, sign), (right, other) = _turned(gold), _turned(answer)
        if sign != other:
            return "different"
        try:
            return self._symbols.proportional(left, right, sign=sign != r"\ne")
        except UnreadError:
            return "undecided"


def _unreduced(clock: str) -> bool:
    """Whether a ratio would have been written otherwise: 3:15 is a time, or would be 1:5."""
    return math.gcd(*(int(part) for part in clock.split(":"))) > 1


def _is_region(text: str, shape: Shape) -> bool:
    if isinstance(shape, Order | Union | Meet | Without) or _SETS.search(text) is not None:
        return True
    return isinstance(shape, Items) and {shape.left, shape.right} in ({"[", ")"}, {"(", "]"})


def vectors(gold: str, answer: str) -> tuple[str, str]:
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
    # The set of the empty set is not empty.
    return Items((shape.text,)) if isinstance(shape, Scalar) and shape.text != r"\emptyset" else None


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


def _is_numbered(items: Items) -> bool:
    """Whether the values are told as those of one name: x_1 = 3, x_2 = 5."""
    shapes = [shape_of(part) for part in items.parts]
    found = [_NUMBERED.match(shape.parts[0]) for shape in shapes if isinstance(shape, Chain)]
    return len(found) == len(shapes) and None not in found and len({each[1] for each in found if each}) == 1


def _sorted(items: Items) -> list[str]:
    """The parts, of y = 2, x = 1 in the order of the names; that of m = 2, b = 3 is as told."""
    names = [part.partition("=")[0].strip() for part in items.parts]
    return sorted(items.parts) if _is_mapping(items) and follow(names) else list(items.parts)


def _as_told(shape: Shape, other: Shape) -> Shape:
    """What a shape is beside another one: (x, y) = (1, 2) beside a list, inequalities that are no set."""
    if isinstance(shape, Chain) and isinstance(other, Items | Matrix) and len(shape.parts) > 1:
        return _by_name(shape, other) or shape_of(shape.parts[-1])
    return Items(shape.parts) if isinstance(shape, Meet | Union) else shape


def _by_name(chain: Chain, other: Shape) -> Items | None:
    """(b, a) = (1, 2) as b = 1, a = 2 beside named values, and coordinates told in another order."""
    names, values = shape_of(chain.parts[0]), shape_of(chain.parts[-1])
    if not (isinstance(names, Items) and isinstance(values, Items) and isinstance(other, Items)):
        return None
    turned = follow(names.parts) and [*names.parts] != sorted(names.parts)
    if len(names.parts) != len(values.parts) or not (turned or _is_mapping(other)):
        return None
    return Items(tuple(f"{name}={value}" for name, value in zip(names.parts, values.parts, strict=True)))


def _rising(order: Order) -> Order:
    """The same inequalities from the least part on."""
    if any(sign in {"<", r"\le", r"\ne"} for sign in order.signs):
        return order
    signs = tuple({">": "<", r"\ge": r"\le"}[sign] for sign in reversed(order.signs))
    return Order(order.parts[::-1], signs)


def _turned(order: Order) -> tuple[tuple[str, str], str]:
    left, right = order.parts
    if order.signs[0] in {">", r"\ge"}:
        return (right, left), {">": "<", r"\ge": r"\le"}[order.signs[0]]
    return (left, right), order.signs[0]
