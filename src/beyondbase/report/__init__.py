"""One offline HTML page from a results mapping: nothing is decided here, only shown."""

import math
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from beyondbase.errors import InputError
from beyondbase.files import write_whole
from beyondbase.report import charts
from beyondbase.report.charts import percent, points

__all__ = ["render_page", "write_page"]

SCHEMA_VERSION = 1
DASH = "\N{EM DASH}"
SMALLEST_P = 1e-6
ARM_WORDS = {
    "rl": "RL",
    "distilled": "the distilled model",
    "instruct": "the instruct model",
    "teacher": "the teacher",
    "guess": "guessing",
}

# Characters that a reader cannot see, that HTML forbids, or that turn the text around them.
UNSEEN: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    **dict.fromkeys((*range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"),
    **{code: f"[U+{code:04X}]" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))},
}


def render_page(results: Mapping[str, Any]) -> str:
    """Return the page for one results mapping.

    Args:
        results: the content of results.json, schema version 1; its texts are not trusted.

    Raises:
        InputError: the mapping follows another schema version.
    """
    version = results.get("schema_version")
    if version != SCHEMA_VERSION:
        raise InputError(
            f"results have schema_version {version!r}, this page shows version {SCHEMA_VERSION}: "
            "make results.json anew with this beyondbase, or install the one that wrote it"
        )
    return _environment().get_template("page.html.j2").render(results=_clean(results))


def write_page(results: Mapping[str, Any], path: Path) -> None:
    """Write the page to a file, which is replaced as a whole or left as it was.

    Args:
        results: the content of results.json.
        path: the page's file; missing folders are made.
    """
    write_whole(render_page(results), path)


def _environment() -> Environment:
    folder = files(__name__)
    environment = Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = (percent, points, p_value, number, estimate, effect, arm_word)
    environment.filters.update({function.__name__: function for function in shown})
    environment.globals.update(charts=charts, deciding=deciding, headline=headline, rows=rows)
    return environment


def _clean(value: Any) -> Any:
    """Make the invisible visible in every text, and turn what is not a finite number into None."""
    if isinstance(value, str):
        return str(value).translate(UNSEEN)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_clean(item) for item in value]
    return value


def p_value(value: float | None) -> str:
    """Format a p-value, such as ``p = .0004`` or ``p < 1e-6``."""
    if value is None:
        return DASH
    if value < SMALLEST_P:
        return "p < 1e-6"
    if value < 0.0001:
        return f"p = {value:.0e}".replace("e-0", "e-")
    if value > 0.999:
        return "p = 1" if value == 1 else "p > .999"
    return f"p = {value:.{4 if value < 0.1 else 3}f}".replace("0.", ".", 1)


def number(value: float | None) -> str:
    """Format a plain number: whole ones without decimals, others with four digits."""
    if value is None:
        return DASH
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


FORMATS = {"percent": percent, "points": points, "number": number}


def estimate(value: Mapping[str, Any], unit: str = "percent", word: str = "") -> str:
    """Format an estimate with its interval, such as ``61.6% [58.9, 64.2]``.

    Args:
        value: a mapping with estimate, lower and upper.
        unit: percent, points or number.
        word: what follows the estimate, such as " points".
    """
    shown = FORMATS[unit]
    middle = shown(value["estimate"]) + ("" if value["estimate"] is None else word)
    if value["lower"] is None and value["upper"] is None:
        return middle
    lower = "no lower limit" if value["lower"] is None else shown(value["lower"]).rstrip("%")
    upper = "no upper limit" if value["upper"] is None else shown(value["upper"]).rstrip("%")
    return f"{middle} [{lower}, {upper}]"


def effect(value: Mapping[str, Any] | None) -> str:
    """Format a verdict's effect in points (a share) or as a plain number."""
    if value is None:
        return DASH
    return estimate(value, "points", " points") if value["unit"] == "share" else estimate(value, "number")


def arm_word(pair: Mapping[str, Any]) -> str:
    """Name the arm that a pair sets against its base."""
    return ARM_WORDS.get(pair["role"], str(pair["other"]))


def rows(
    curve: Mapping[str, Any], axis: str, wanted: Sequence[float] | None = None
) -> Iterator[dict[str, Any]]:
    """Turn the columns of a curve into rows.

    Args:
        curve: the axis beside base, other and difference, each with estimate, lower and upper.
        axis: the name of the axis, k or tau.
        wanted: the points to keep; all if None.
    """
    for index, at in enumerate(curve[axis]):
        if wanted is None or at in wanted:
            arms = ("base", "other", "difference")
            yield {axis: at} | {arm: {name: curve[arm][name][index] for name in curve[arm]} for arm in arms}


def deciding(verdict: Mapping[str, Any]) -> int | None:
    """Find the part that the verdict rests on: the one whose p-value is nearest to the verdict's own."""
    side = {"SUPPORTED": "p_support", "REFUTED": "p_refute"}.get(verdict["outcome"])
    if side is None or verdict[side] is None:
        return None
    known = [(part[side], index) for index, part in enumerate(verdict["parts"]) if part[side] is not None]
    return min(known, key=lambda item: abs(item[0] - verdict[side]), default=(0, None))[1]


def headline(pair: Mapping[str, Any]) -> str:
    """Say in one sentence what the curves of a pair show, with their bands."""
    if pair["curve"] is None:
        return f"cannot be judged: {'; '.join(pair['invalid']) or 'no reason given'}"
    table = list(rows(pair["curve"], "k"))
    first, last = table[0], table[-1]
    start = f"{_leader(pair, first)}{_crossing(pair, first)}"
    return start if last["k"] == first["k"] else f"{start}; {_leader(pair, last)}"


def _leader(pair: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    k, difference = number(row["k"]), row["difference"]
    if difference["lower"] is not None and difference["lower"] > 0:
        return f"{arm_word(pair)} leads at k = {k} by {_size(difference)}"
    if difference["upper"] is not None and difference["upper"] < 0:
        return f"the base leads at k = {k} by {_size(_turned(difference))}"
    return f"at k = {k} neither arm is clearly ahead (difference {estimate(difference, 'points', ' points')})"


def _size(difference: Mapping[str, Any]) -> str:
    return estimate(difference, "points", " points").replace("+", "")


def _turned(value: Mapping[str, Any]) -> dict[str, Any]:
    flipped = {"estimate": "estimate", "lower": "upper", "upper": "lower"}
    return {name: None if value[source] is None else -value[source] for name, source in flipped.items()}


def _crossing(pair: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    crossing = pair["crossover"]
    if crossing["k"] is None:
        return f", and the base does not overtake up to k = {number(pair['k_max'])}"
    if crossing["k"] <= first["k"]:
        return ", and the base is never behind"
    where = estimate({"estimate": crossing["k"], **crossing}, "number")
    beyond = f"beyond {number(pair['k_max'])}"
    return f", and the base overtakes at k = {where.replace('no upper limit', beyond)}"
