"""Verdicts as lines of a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from beyondbase.claim import Claim
from beyondbase.judge import Judged
from beyondbase.verdict import Effect

HEAD = ("claim", "pair", "task", "verdict", "effect [interval]", "adj. p", "")


def table_lines(entries: Sequence[Judged]) -> list[tuple[str, str]]:
    """A compact table: lines with the outcome that each belongs to ("" for the head)."""
    rows = [HEAD, *(_row(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return list(zip(lines, ["", *(str(entry.outcome) for entry in entries)], strict=True))


def _row(entry: Judged) -> tuple[str, ...]:
    return (
        entry.claim.id,
        entry.case.label,
        entry.case.task,
        str(entry.outcome),
        effect_text(entry.verdict.effect),
        p_text(entry.p_adjusted) if not entry.verdict.invalid else "",
        "; ".join(_remarks(entry)),
    )


def _remarks(entry: Judged) -> Iterator[str]:
    if entry.expected.verdict != "SUPPORTED":
        yield f"expected {entry.expected.verdict}"
    for effect in entry.verdict.details:
        if effect.unit == "k":
            yield f"{effect.name} {effect_text(effect)}"


def effect_text(effect: Effect | None) -> str:
    """An effect with its interval: shares as points of a hundred, k as a number of samples."""
    if effect is None:
        return ""
    show = _points if effect.unit == "share" else _number
    tail = " pts" if effect.unit == "share" else ""
    return f"{show(effect.estimate)} [{show(effect.lower)}, {show(effect.upper)}]{tail}"


def p_text(p: float) -> str:
    """A p-value to two digits."""
    return f"{p:.2g}" if p >= 1e-4 else f"{p:.0e}"


def not_applicable_lines(claims: Iterable[Claim]) -> list[str]:
    """Claims that a study has no case for, with what they need."""
    return [f"not applicable: {claim.id} (needs {claim.over.needs})" for claim in claims]


def _points(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:+.1f}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"
