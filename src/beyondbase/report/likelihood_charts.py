"""Charts of how likely responses are under a base: its own, and those of the arms beside it."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from beyondbase.report.figures import ARM_STYLES, BASE, Figure, legend_of, series_of
from beyondbase.report.terminal import counted
from beyondbase.results.numbers import DASH, estimate
from beyondbase.results.schema.likelihoods import Distribution, Likelihood
from beyondbase.results.schema.studies import StudyRecord

Drawn: TypeAlias = tuple[Likelihood, Distribution]

# Of each role in turn one arm is drawn, in this order, until there are no more styles.
TURNS = ("rl", "distilled", "teacher", "instruct", "base", "guess")

# Every so many points of a line have its symbol.
MARKED = 6


def of_likelihoods(study: StudyRecord) -> Iterator[Figure]:
    """One chart for each task and base of a study that has log-probabilities."""
    groups: dict[tuple[str, str], list[Drawn]] = {}
    for item in study.likelihoods:
        if item.distribution is not None:
            groups.setdefault((item.task, item.base), []).append((item, item.distribution))
    roles = {arm.id: arm.role for arm in study.arms}
    for (task, base), items in groups.items():
        first = [drawn for drawn in items if drawn[0].arm == base]
        others = [drawn for drawn in items if drawn[0].arm != base]
        chosen = _by_turns([roles[item.arm] for item, _ in others])[: len(ARM_STYLES)]
        yield _distribution(
            task, base, first, [others[at] for at in sorted(chosen)], len(others) - len(chosen)
        )


def _by_turns(roles: Sequence[str]) -> list[int]:
    """Places of arms with these roles: the first of each role, then the second of each, and so on."""
    earlier = [roles[:at].count(role) for at, role in enumerate(roles)]
    return sorted(range(len(roles)), key=lambda at: (earlier[at], TURNS.index(roles[at])))


def _distribution(
    task: str, base: str, first: Sequence[Drawn], others: Sequence[Drawn], left_out: int
) -> Figure:
    shown = [*((drawn, BASE) for drawn in first), *zip(others, ARM_STYLES, strict=False)]
    series = [
        series_of(item.arm, style, distribution.nats, distribution.band)
        for (item, distribution), style in shown
    ]
    medians = "; ".join(
        f"{item.arm} {estimate(item.perplexity_under_base, 'number') if item.perplexity_under_base else DASH}"
        for (item, _), _ in shown
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
            "dots": series[0].x[::MARKED],
            "series": series,
        },
        legend_of(series),
    )
