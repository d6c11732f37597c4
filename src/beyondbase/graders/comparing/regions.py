r"""Sets of real numbers: intervals, unions of them, inequalities, points, all numbers but some.

Each becomes sorted pieces with ends, so that ``[0,1)`` and ``0 \le x < 1`` are the same pieces.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from beyondbase.graders.comparing.names import is_name
from beyondbase.graders.comparing.shapes import (
    MEMBER,
    Items,
    Meet,
    Order,
    Shape,
    Union,
    Without,
    shape_of,
)

_ALL = frozenset({r"\mathbb{R}", "all real numbers", "all reals", r"\text{all real numbers}"})
_NONE = frozenset({r"\emptyset", r"\{\}"})
_INFINITE = re.compile(r"([+-]?)\\infty ?")
_TURNED = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le", r"\ne": r"\ne"}


@dataclass(frozen=True)
class Piece:
    """An interval, or a point where both ends are one.

    Attributes:
        low: The text of the lower end.
        high: That of the upper end.
        has_low: Whether the lower end is part of it.
        has_high: Whether the upper end is.
        at: About where the ends are.
    """

    low: str
    high: str
    has_low: bool
    has_high: bool
    at: tuple[float, float]


@dataclass(frozen=True)
class Region:
    """Pieces from low to high, and the variable that they are of, where one is named."""

    pieces: tuple[Piece, ...]
    variable: str | None = None


_EVERYTHING = Region((Piece(r"-\infty", r"\infty", False, False, (-math.inf, math.inf)),))  # noqa: FBT003 - ends


class Regions:
    """Reads regions; what numbers are worth it is told."""

    def __init__(self, value: Callable[[str], float | None]) -> None:
        self._value = value

    def read(self, text: str) -> Region | None:
        """Read a text in normal form as a region; None where it is none, or an end has no known value."""
        if text in _ALL:
            return _EVERYTHING
        if text in _NONE:
            return Region(())
        bare = MEMBER.sub("", text, count=1)
        return self._of(shape_of(text)) if bare == text or "," in text else self.read(bare)

    def _of(self, shape: Shape) -> Region | None:
        found: Region | None = None
        if isinstance(shape, Order):
            found = self._order(shape)
        elif isinstance(shape, Union):
            found = self._union([self.read(part) for part in shape.parts])
        elif isinstance(shape, Meet):
            regions = [self.read(part) for part in shape.parts]
            found = self._meet(regions)
            if shape.loose and found is not None and not found.pieces:
                # x < 3, x > 5 are alternatives: nothing is both.
                found = self._union(regions)
        elif isinstance(shape, Without):
            found = self._without(shape)
        elif isinstance(shape, Items):
            found = self._items(shape)
        return found

    def _items(self, shape: Items) -> Region | None:
        """Read an interval, a set of points, or several intervals."""
        if _is_interval(shape) and shape.right in {")", "]"}:
            piece = self._piece(shape.parts[0], shape.parts[1], shape.left + shape.right)
            return None if piece is None or piece.at[0] > piece.at[1] else Region((piece,))
        if not shape.left and all(_is_interval(shape_of(part)) for part in shape.parts):
            return self._union([self.read(part) for part in shape.parts])
        return self._union([self._point(part) for part in shape.parts]) if shape.is_set else None

    def _end(self, text: str) -> float | None:
        if found := _INFINITE.fullmatch(text):
            return -math.inf if found[1] == "-" else math.inf
        return self._value(text)

    def _piece(self, low: str, high: str, brackets: str) -> Piece | None:
        ends = self._end(low), self._end(high)
        if ends[0] is None or ends[1] is None:
            return None
        return Piece(low, high, brackets[0] == "[", brackets[1] == "]", (ends[0], ends[1]))

    def _point(self, text: str) -> Region | None:
        piece = self._piece(text, text, "[]")
        return None if piece is None else Region((piece,))

    def _order(self, order: Order) -> Region | None:
        """Read a < x < b, or x < b, in either direction."""
        at = next((at for at, part in enumerate(order.parts) if is_name(part)), None)
        if at is None or len(order.parts) > 3 or (len(order.parts) == 3 and at != 1):
            return None
        name = order.parts[at]
        found: Region | None = replace(_EVERYTHING, variable=name)
        for number, sign in enumerate(order.signs):
            before = number < at
            bound = order.parts[number if before else number + 1]
            found = self._meet([found, self._bounded(bound, _TURNED[sign] if before else sign)])
        return None if found is None else replace(found, variable=name)

    def _bounded(self, bound: str, sign: str) -> Region | None:
        if sign == r"\ne":
            return self._union([self._bounded(bound, "<"), self._bounded(bound, ">")])
        closed = sign in {r"\le", r"\ge"}
        if sign in {"<", r"\le"}:
            piece = self._piece(r"-\infty", bound, "(]" if closed else "()")
        else:
            piece = self._piece(bound, r"\infty", "[)" if closed else "()")
        return None if piece is None else Region((piece,))

    def _union(self, regions: Iterable[Region | None]) -> Region | None:
        pieces: list[Piece] = []
        names: set[str | None] = set()
        for region in regions:
            if region is None:
                return None
            pieces += region.pieces
            names.add(region.variable)
        if len(names - {None}) > 1:
            return None
        return Region(tuple(_joined(pieces)), next(iter(names - {None}), None))

    def _meet(self, regions: list[Region | None]) -> Region | None:
        found = regions[0]
        for region in regions[1:]:
            if found is None or region is None or len({found.variable, region.variable} - {None}) > 1:
                return None
            pieces = [
                both for left in found.pieces for right in region.pieces if (both := _both(left, right))
            ]
            found = Region(tuple(_joined(pieces)), found.variable or region.variable)
        return found

    def _without(self, shape: Without) -> Region | None:
        found, removed = self.read(shape.whole), self.read(shape.removed)
        if removed is None:
            return None
        for piece in removed.pieces:
            sides = [
                self._piece(r"-\infty", piece.low, "()" if piece.has_low else "(]"),
                self._piece(piece.high, r"\infty", "()" if piece.has_high else "[)"),
            ]
            found = self._meet([found, Region(tuple(side for side in sides if side is not None))])
        return found


def _is_interval(shape: Shape) -> bool:
    return isinstance(shape, Items) and len(shape.parts) == 2 and shape.left in {"(", "["}


def _both(left: Piece, right: Piece) -> Piece | None:
    low = max(left, right, key=lambda piece: (piece.at[0], not piece.has_low))
    high = min(left, right, key=lambda piece: (piece.at[1], piece.has_high))
    point = low.at[0] == high.at[1] and low.has_low and high.has_high
    if low.at[0] < high.at[1] or point:
        return Piece(low.low, high.high, low.has_low, high.has_high, (low.at[0], high.at[1]))
    return None


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Sort pieces, and make one of those that touch or overlap."""
    found: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: (piece.at[0], not piece.has_low, piece.at[1])):
        last = found[-1] if found else None
        touch = last is not None and (
            piece.at[0] < last.at[1] or (piece.at[0] == last.at[1] and (piece.has_low or last.has_high))
        )
        if last is None or not touch:
            found.append(piece)
            continue
        high = max(last, piece, key=lambda each: (each.at[1], each.has_high))
        found[-1] = Piece(last.low, high.high, last.has_low, high.has_high, (last.at[0], high.at[1]))
    return found
