"""Charts of how likely responses are under a base: its own, and those of the arms beside it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from beyondbase.report.figures import ARM_STYLES, BASE, Figure, series_of
from beyondbase.report.formats import estimate

Record = Mapping[str, Any]

# Every so many points of a line have its symbol.
MARKED = 6


def of_likelihoods(study: Record) -> Iterator[Figure]:
    """One chart for each task and base of a study that has log-probabilities."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for item in study["likelihoods"]:
        if item["distribution"] is not None:
            groups.setdefault((item["task"], item["base"]), []).append(item)
    for (task, base), items in groups.items():
        first = [item for item in items if item["arm"] == base]
        yield _distribution(task, base, first, [item for item in items if item["arm"] != base])


def _distribution(task: str, base: str, first: Sequence[Record], others: Sequence[Record]) -> Figure:
    shown = [(item, BASE) for item in first] + list(zip(others, ARM_STYLES, strict=False))
    series = [
        series_of(item["arm"], style, item["distribution"]["nats"], item["distribution"])
        for item, style in shown
    ]
    medians = "; ".join(
        f"{item['arm']} {estimate(item['perplexity_under_base'], 'number')}" for item, _ in shown
    )
    left_out = len(others) - len(ARM_STYLES)
    return Figure(
        "lines",
        f"Perplexity under {base} on {task}",
        f"Share of responses by their perplexity under {base}. Median perplexities: {medians}.",
        f"Share of responses that have at most this log-perplexity under {base}; further left is likelier."
        " Bands hold at all points at once."
        + (f" {left_out} more arms stand in the table." if left_out > 0 else ""),
        {
            "x": {"name": "log-perplexity, nats per token", "log": False},
            "y": {"name": "share of responses", "unit": "percent"},
            "dots": series[0]["x"][::MARKED],
            "series": series,
        },
        tuple((item["name"], item["style"]) for item in series),
    )
