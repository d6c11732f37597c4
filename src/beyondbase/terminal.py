"""Verdicts of results.json as lines of a terminal, the same after a run of pytest and from the shell."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

from rich.cells import cell_len

from beyondbase.cleaning import clean
from beyondbase.verdict import Effect

Record: TypeAlias = Mapping[str, Any]

HEAD = ("claim", "pair", "task", "verdict", "effect [interval]", "adj. p", "")
COLOURS = {"SUPPORTED": "green", "REFUTED": "red", "INCONCLUSIVE": "yellow", "INVALID": "red"}
# What would break a line of the table, or turn the text beside it.
BREAKS = {
    ord("\t"): "\N{SYMBOL FOR HORIZONTAL TABULATION}",
    ord("\n"): "\N{SYMBOL FOR NEWLINE}",
}


def one_line(text: object) -> str:
    """A text from outside as part of one line: no control character of it reaches the terminal."""
    return str(clean(str(text))).translate(BREAKS)


def shown_path(path: Path) -> str:
    """A path as short as the working folder allows."""
    here = Path.cwd()
    return one_line(path.relative_to(here) if path.is_relative_to(here) else path)


def verdicts_of(results: Record, ran: Container[tuple[str, str]] | None = None) -> list[tuple[str, Record]]:
    """Verdicts with the id of their study, in the order of results.json.

    Args:
        results: the content of results.json.
        ran: study and id of the verdicts to keep; all if None.
    """
    every = [(study["id"], verdict) for study in results["studies"] for verdict in study["verdicts"]]
    return [(study, entry) for study, entry in every if ran is None or (study, entry["id"]) in ran]


def table_lines(verdicts: Sequence[tuple[str, Record]], *, day: date) -> list[tuple[str, str]]:
    """A compact table: lines with the outcome that each belongs to ("" for the head).

    Args:
        verdicts: what `verdicts_of` gives.
        day: what waivers are held against.
    """
    rows = [HEAD, *(_row(verdict, day) for _, verdict in verdicts)] if verdicts else []
    if len({study for study, _ in verdicts}) > 1:
        studies = ("study", *(one_line(study) for study, _ in verdicts))
        rows = [(row[0], study, *row[1:]) for row, study in zip(rows, studies, strict=True)]
    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(_filled, row, widths)).rstrip() for row in rows]
    outcomes = ["", *(verdict["outcome"] for _, verdict in verdicts)]
    return list(zip(lines, outcomes[: len(rows)], strict=True))


def _filled(cell: str, width: int) -> str:
    # Some letters take two columns of a terminal, some none.
    return cell + " " * (width - cell_len(cell))


def _row(verdict: Record, day: date) -> tuple[str, ...]:
    cells = (
        verdict["claim"],
        verdict["label"],
        verdict["task"],
        verdict["outcome"],
        effect_text(verdict["effect"]),
        p_text(verdict["p_adjusted"]) if not verdict["invalid"] else "",
        "; ".join(_remarks(verdict, day)),
    )
    return tuple(one_line(cell) for cell in cells)


def _remarks(verdict: Record, day: date) -> Iterator[str]:
    if verdict["expected"] != "SUPPORTED":
        yield f"expected {verdict['expected']}"
    if verdict["waiver"] and not verdict["as_expected"]:
        yield waiver_text(verdict["waiver"], day)
    for effect in verdict["details"]:
        if effect["unit"] == "k":
            yield f"{effect['name']} {effect_text(effect)}"


def waiver_text(waiver: Record, day: date) -> str:
    """Who lets an unwanted verdict pass until when, or that this has run out."""
    if day > date.fromisoformat(waiver["until"]):
        return f"waiver of {waiver['owner']} ran out on {waiver['until']}"
    return f"waived until {waiver['until']} by {waiver['owner']}"


def effect_text(effect: Effect | Record | None) -> str:
    """An effect with its interval: shares as points of a hundred, k as a number of samples."""
    if effect is None:
        return ""
    parts = vars(effect) if isinstance(effect, Effect) else effect
    show = _points if parts["unit"] == "share" else _number
    tail = " pts" if parts["unit"] == "share" else ""
    return f"{show(parts['estimate'])} [{show(parts['lower'])}, {show(parts['upper'])}]{tail}"


def p_text(p: float) -> str:
    """A p-value to two digits."""
    return f"{_steady(p):.2g}" if p >= 1e-4 else f"{_steady(p):.0e}"


def reasons(verdicts: Iterable[Record]) -> dict[tuple[str, str], list[str]]:
    """Why verdicts are INVALID, and what would decide the INCONCLUSIVE ones: ids by outcome and reason."""
    named: dict[tuple[str, str], list[str]] = {}
    for verdict in verdicts:
        reason = "; ".join(verdict["invalid"]) or verdict["remedy"]
        if reason:
            named.setdefault((verdict["outcome"], reason), []).append(verdict["id"])
    return named


def reason_lines(verdicts: Iterable[tuple[str, Record]]) -> list[str]:
    """The reasons of verdicts, a shared one once."""
    found = reasons(verdict for _, verdict in verdicts).items()
    return [one_line(f"{outcome}: {', '.join(ids)}: {reason}") for (outcome, reason), ids in found]


def not_applicable_lines(studies: Iterable[Record]) -> list[str]:
    """Claims that a study has no case for, with what they need."""
    return [
        one_line(f"not applicable to {study['id']}: {item['claim']} (needs {item['needs']})")
        for study in studies
        for item in study["not_applicable"]
    ]


def unpaired(study: Record) -> str:
    """Which arms a study wants judged together with others only; empty if none."""
    names = ", ".join(arm["id"] for arm in study["arms"] if not arm["paired"])
    return one_line(f"not judged beside their base (paired = false): {names}") if names else ""


def _points(share: float | None) -> str:
    # Adding zero turns -0.0 into 0.0.
    return "none" if share is None else f"{round(100 * _steady(share), 1) + 0.0:+.1f}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{_steady(value):.3g}"


def _steady(value: float) -> float:
    """A number to nine digits: halves such as 6.25 are rounded alike, whatever the last bits of a machine."""
    return float(f"{value:.9g}")
