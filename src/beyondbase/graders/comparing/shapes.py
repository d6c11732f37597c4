r"""What an answer is made of: lists, tuples, sets, chains, inequalities, matrices, ratios, scalars.

Texts are in normal form. A text is split at signs that stand outside of all brackets; its parts stay texts,
to be read in turn. Nothing is compared here.
"""

import itertools
import re
from dataclasses import dataclass

_BRACKET = re.compile(
    r"(?P<open>\\begin\{[a-z]*\*?\}|\\\{|\\langle|\\lfloor|\\lceil|[({\[])"
    r"|(?P<close>\\end\{[a-z]*\*?\}|\\\}|\\rangle|\\rfloor|\\rceil|[)}\]])"
)
_COMMA = re.compile(
    r",?\\text\{,?(?:and|or)\}|,? ?(?<![A-Za-z\\])(?:and|or)(?![A-Za-z]) ?"
    r"|\\(?:lor|vee|land|wedge)(?![A-Za-z])|[,;]"
)
_ORDER = re.compile(r"\\(?:le|ge|ne)(?![A-Za-z]) ?|[<>]")
_EQUAL = re.compile(r"(?:\\(?:approx|Rightarrow|implies|to|rightarrow)(?![A-Za-z]) ?|==?)")
_LOGICAL = re.compile(r"\\(?:lor|vee|land|wedge)")
_CUP = re.compile(r"\\cup(?![A-Za-z]) ?")
_WITHOUT = re.compile(r"\\setminus(?![A-Za-z]) ?")
_SIGN = re.compile(r"\\(?:pm|mp)(?![A-Za-z]) ?")
MEMBER = re.compile(
    r"^(?:\\forall ?)?([A-Za-z](?:_(?:\w|\{\w+\}))?|\([A-Za-z](?:,[A-Za-z])+\))\\in(?![A-Za-z]) ?"
)
_BUILDER = re.compile(r"^\\\{[A-Za-z](?:\\in ?\\mathbb\{R\} ?)?[|:](.+)\\\}$", re.DOTALL)
_MATRIX = re.compile(
    r"^(?P<factor>(?:(?!\\begin).)*)\\begin\{(?P<kind>[pbBvV]?matrix|smallmatrix|array|cases)\}(?:\{[lcr|]*\})?"
    r"(?P<body>(?:(?!\\end\{).)*)\\end\{(?P=kind)\}(?P<turned>\^\{?(?:T|\\top|\\intercal)\}?)?$",
    re.DOTALL,
)
_TURNED = re.compile(r"\^(?:T|\{(?:T|\\top|\\intercal)\}|\\top)$")
_PAIRS = {"(": ")", "[": "]", r"\{": r"\}", r"\langle": r"\rangle", "<": ">"}
_MOST_SIGNS = 3
_MOST_PARTS = 200


@dataclass(frozen=True)
class Scalar:
    """One value, or what is none of the other shapes."""

    text: str


@dataclass(frozen=True)
class Items:
    """Several values; the brackets are empty for a list that has none.

    Attributes:
        parts: The values.
        left: The opening bracket.
        right: The closing one.
    """

    parts: tuple[str, ...]
    left: str = ""
    right: str = ""

    @property
    def is_set(self) -> bool:
        """Whether braces stand around it."""
        return self.left == r"\{"

    @property
    def is_ordered(self) -> bool:
        """Whether it is a tuple, in which order counts."""
        return self.left not in {"", r"\{"}


@dataclass(frozen=True)
class Chain:
    """Parts with an equality or an approximation between each."""

    parts: tuple[str, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """Parts with <, > and their like between each."""

    parts: tuple[str, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Union:
    """Sets of numbers joined: each an interval, an inequality, or a set of points."""

    parts: tuple[str, ...]


@dataclass(frozen=True)
class Meet:
    """Inequalities that all hold.

    Attributes:
        parts: Each.
        loose: Whether only commas stand between them, so that they may be alternatives.
    """

    parts: tuple[str, ...]
    loose: bool = False


@dataclass(frozen=True)
class Without:
    """A set of numbers without another one."""

    whole: str
    removed: str


@dataclass(frozen=True)
class Matrix:
    """Rows of cells."""

    rows: tuple[tuple[str, ...], ...]
    kind: str


@dataclass(frozen=True)
class Ratio:
    """Parts with colons between them."""

    parts: tuple[str, ...]


Shape = Scalar | Items | Chain | Order | Union | Meet | Without | Matrix | Ratio


def shape_of(text: str) -> Shape:
    """Say what a text in normal form is made of."""
    if found := _BUILDER.match(text):
        return shape_of(found[1])
    if (found := MEMBER.match(text)) and not _outside(text, _COMMA):
        return shape_of(text[found.end() :])
    for look in (_listed, _signed, _related, _joined, _bracketed, _matrix, _ratio):
        if (shape := look(text)) is not None:
            return shape
    return Scalar(text)


def split(text: str, sign: re.Pattern[str]) -> tuple[list[str], list[str]]:
    """Split a text at signs outside of all brackets, into parts and the signs between them."""
    parts, signs, start = [], [], 0
    for found in _outside(text, sign):
        parts.append(text[start : found.start()].strip())
        signs.append(found[0].strip())
        start = found.end()
    return [*parts, text[start:].strip()], signs


def _outside(text: str, sign: re.Pattern[str]) -> list[re.Match[str]]:
    found = list(sign.finditer(text))
    if not found or len(found) > _MOST_PARTS:
        return []
    depths = [(match.end(), 1 if match["open"] else -1) for match in _BRACKET.finditer(text)]
    kept, depth, at = [], 0, 0
    for match in found:
        while at < len(depths) and depths[at][0] <= match.start():
            depth += depths[at][1]
            at += 1
        if depth == 0:
            kept.append(match)
    return kept


def _listed(text: str) -> Shape | None:
    parts, marks = split(text, _COMMA)
    parts = [part for part in parts if part]
    if len(parts) < 2:
        return _listed(parts[0]) if parts and parts[0] != text else None
    if any(_LOGICAL.search(mark) for mark in marks) and not all(_stated(part) for part in parts):
        # A formula of logic.
        return None
    if all(_outside(part, _ORDER) or MEMBER.match(part) for part in parts):
        either = any(re.search(r"or|vee", mark) for mark in marks)
        return (
            Union(tuple(parts))
            if either
            else Meet(tuple(parts), not any(set(mark) - {",", ";"} for mark in marks))
        )
    spread_out = tuple(value for part in parts for value in _spread(part))
    return Items(spread_out)


def _stated(text: str) -> bool:
    return bool(_outside(text, _ORDER) or _outside(text, _EQUAL) or MEMBER.match(text))


def _signed(text: str) -> Shape | None:
    values = [text] if text.startswith(r"\{") else _spread(text)
    if len(values) > 1 and all(r"\ne" in value for value in values):
        return Meet(tuple(values))
    return Items(tuple(values)) if len(values) > 1 else None


def _spread(text: str) -> list[str]:
    r"""Write out every ``\pm``; beside a ``\mp`` all signs go together."""
    signs = [found[0].strip() for found in _SIGN.finditer(text)]
    if not signs or len(signs) > _MOST_SIGNS:
        return [text]
    if r"\mp" in signs:
        choices = [["+" if (sign == r"\pm") == upper else "-" for sign in signs] for upper in (True, False)]
    else:
        choices = [list(choice) for choice in itertools.product("+-", repeat=len(signs))]
    pieces = _SIGN.split(text)
    return [
        pieces[0] + "".join(sign + piece for sign, piece in zip(choice, pieces[1:], strict=True))
        for choice in choices
    ]


def _related(text: str) -> Shape | None:
    orders, equals = _outside(text, _ORDER), _outside(text, _EQUAL)
    if orders and not equals:
        parts, signs = split(text, _ORDER)
        return Order(tuple(parts), tuple(signs)) if all(parts) else None
    if equals and not orders:
        parts, signs = split(text, _EQUAL)
        if not parts[0]:
            parts, signs = parts[1:], signs[1:]
        return Chain(tuple(parts), tuple(signs)) if all(parts) else None
    return None


def _joined(text: str) -> Shape | None:
    parts, _ = split(text, _WITHOUT)
    if len(parts) == 2 and all(parts):
        return Without(*parts)
    parts, _ = split(text, _CUP)
    return Union(tuple(parts)) if len(parts) > 1 and all(parts) else None


def _bracketed(text: str) -> Shape | None:
    text = _TURNED.sub("", text)
    if re.match(r"[A-Z]\(", text):
        # A point by its name.
        text = text[1:]
    for left, usual in _PAIRS.items():
        if not text.startswith(left):
            continue
        right = next((close for close in _PAIRS.values() if text.endswith(close)), "")
        if right != usual and (right not in {")", "]"} or left not in {"(", "["}):
            return None
        inner = text[len(left) : -len(right)].strip()
        if not _closed(inner):
            return None
        parts, _ = split(inner, _COMMA)
        if len(parts) < 2 and left != r"\{":
            return None
        values = [value for part in parts for value in (_spread(part) if left == r"\{" else [part])]
        return Items(tuple(value for value in values if value), left, right)
    return None


def _closed(text: str) -> bool:
    depth = 0
    for found in _BRACKET.finditer(text):
        depth += 1 if found["open"] else -1
        if depth < 0:
            return False
    return depth == 0


def _matrix(text: str) -> Shape | None:
    if text.startswith(("(\\begin", "[\\begin")) and text.endswith((")", "]")) and text.count("\\begin") == 1:
        text = text[1:-1]
    if not (found := _MATRIX.match(text)):
        return None
    rows = [row.strip() for row in re.split(r"\\\\(?:\[[^\]]*\])?|\\cr|\\hline", found["body"])]
    cells = tuple(tuple(cell.strip().rstrip(",") for cell in row.split("&")) for row in rows if row)
    if found["turned"] and len({len(row) for row in cells}) == 1:
        cells = tuple(zip(*cells, strict=True))
    if factor := found["factor"].removesuffix(r"\cdot").strip():
        factor = {"-": "-1"}.get(factor, factor)
        cells = tuple(tuple(f"({factor})*({cell})" for cell in row) for row in cells)
    kind = found["kind"]
    if kind == "cases" and all(len(row) == 1 for row in cells):
        return Items(tuple(row[0].rstrip(".;") for row in cells))
    return Matrix(cells, "determinant" if kind[0] in "vV" else "cases" if kind == "cases" else "")


def _ratio(text: str) -> Shape | None:
    parts, _ = split(text, re.compile(":|\\\\text\\{to\\}| to "))
    return Ratio(tuple(parts)) if len(parts) > 1 and all(parts) else None
