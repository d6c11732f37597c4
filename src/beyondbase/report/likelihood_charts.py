"""Charts of how likely responses are under a base: its own, and those of the arms beside it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from beyondbase.report.figures import ARM_STYLES, BASE, Figure, series_of
from beyondbase.report.terminal import counted
from beyondbase.results.numbers import estimate

Record = Mapping[str, Any]

# Of each role in turn one arm is drawn, in this order, until there are no more styles.
TURNS = ("rl", "distilled", "teacher", "instruct", "base", "guess")

# Every so many points of a line have its symbol.
MARKED = 6


def of_likelihoods(study: Record) -> Iterator[Figure]:
    """One chart for each task and base of a study that has log-probabilities."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for item in study["likelihoods"]:
        if item["distribution"] is not None:
            groups.setdefault((item["task"], item["base"]), []).append(item)
    roles = {arm["id"]: arm["role"] for arm in study["arms"]}
    for (task, base), items in groups.items():
        first = [item for item in items if item["arm"] == base]
        others = [item for item in items if item["arm"] != base]
        chosen = _by_turns([roles[item["arm"]] for item in others])[: len(ARM_STYLES)]
        yield _distribution(
            task, base, first, [others[at] for at in sorted(chosen)], len(others) - len(chosen)
        )


def _by_turns(roles: Sequence[str]) -> list[int]:
    """Places of arms with these roles: the first of each role, then the second of each, and so on."""
    earlier = [roles[:at].count(role) for at, role in enumerate(roles)]
    return sorted(range(len(roles)), key=lambda at: (earlier[at], TURNS.index(roles[at])))


def _distribution(
    task: str, base: str, first: Sequence[Record], others: Sequence[Record], left_out: int
) -> Figure:
    shown = [(item, BASE) for item in first] + list(zip(others, ARM_STYLES, strict=False))
    series = [
        series_of(item["arm"], style, item["distribution"]["nats"], item["distribution"])
        for item, style in shown
    ]
    medians = "; ".join(
        f"{item['arm']} {estimate(item['perplexity_under_base'], 'number')}" for item, _ in shown
    )
    return Figure(
        "lines",
        f"Perplexity under {base} on {task}",
        f"Share of responses by their perplexity under {base}. Median perplexities: {medians}.",
        f"Share of responses that have at most this log-perplexity under {base}; further left is likelier."
        " Bands are for all points at once."
        + (f" {counted(left_out, 'more arm')} in the table." if left_out > 0 else ""),
        {
            "x": {"name": "log-perplexity, nats per token", "log": False},
            "y": {"name": "share of responses", "unit": "percent"},
            "dots": series[0]["x"][::MARKED],
            "series": series,
        },
        tuple((item["name"], item["style"]) for item in series),
    )
