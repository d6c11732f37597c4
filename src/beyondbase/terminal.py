"""Verdicts as lines of a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from beyondbase.judge import Family, Judged
from beyondbase.verdict import Effect

HEAD = ("claim", "pair", "task", "verdict", "effect [interval]", "adj. p", "")


def table_lines(entries: Sequence[Judged]) -> list[tuple[str, str]]:
    """A compact table: lines with the outcome that each belongs to ("" for the head)."""
    rows = [HEAD, *(_row(entry) for entry in entries)] if entries else []
    if len({entry.case.study.id for entry in entries}) > 1:
        studies = ("study", *(entry.case.study.id for entry in entries))
        rows = [(row[0], study, *row[1:]) for row, study in zip(rows, studies, strict=True)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return list(zip(lines, ["", *(str(entry.outcome) for entry in entries)][: len(rows)], strict=True))


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


def reason_lines(entries: Iterable[Judged]) -> list[str]:
    """Why verdicts are INVALID, and what would decide the INCONCLUSIVE ones; a shared reason once."""
    named: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        reason = "; ".join(entry.verdict.invalid) or entry.remedy
        if reason:
            named.setdefault((str(entry.outcome), reason), []).append(entry.id)
    return [f"{outcome}: {', '.join(ids)}: {reason}" for (outcome, reason), ids in named.items()]


def not_applicable_lines(families: Iterable[Family]) -> list[str]:
    """Claims that a study has no case for, with what they need."""
    return [
        f"not applicable to {family.study.id}: {claim.id} (needs {claim.over.needs})"
        for family in families
        for claim in family.not_applicable
    ]


def _points(share: float | None) -> str:
    # Adding zero turns -0.0 into 0.0.
    return "none" if share is None else f"{round(100 * share, 1) + 0.0:+.1f}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"
