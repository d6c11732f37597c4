"""Rows of the follow-up of remedies, and the page that shows them."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from math import sqrt
from pathlib import Path

from remedy_rules import RULES, promises
from remedy_scenes import DISTANCES, MARGIN

LOW, HIGH = 0.7, 0.9
ERRORS = 2.0  # Monte-Carlo standard errors granted
FEWEST = 20  # of which a share is told

HEAD = """# What remedies promise, and what becomes of it

Made, with the rows in the .csv beside it, by

    {command}

Do not edit. Seeds depend on the scene and the replicate alone, so any number of processes makes the same
page.

**What is simulated.** Pilots are drawn under known laws, at several distances of the truth from the
threshold (in standard errors of a pilot: 0, .75, ..., 6.75; of "RL alone below 2 %", true shares of 0, .2,
.5, 1 and 2 %). An undecided pilot is told a size by the library, at its level: .05, or what Holm's
step-down asks where 8 or 100 verdicts are open. Then as many units as it was told are added to it and it is
tested once more:

* **by law**: they come from the law that the pilot came from;
* **as it looks**: they are drawn from the pilot itself, so the truth is its estimate.

Samples are added on the same problems: by law at their true rates, as it looks at these rates moved to the
estimate. Laws are those of [calibration.md](calibration.md) (`minerva-7b` for differences and slopes,
`math500-7b` for Delta SE, `aime24-32b` for Cover), 35 % of discordant problems for McNemar's test,
lognormal entropies for Student's, and clusters of 1 to 7 problems that share 70 % of the variance of each
normal score. `moved`: values of -1, 0 and 1, against a threshold that is not zero."""

KINDS = """## By kind of effect and level

`promised`: share of the undecided pilots that are promised a number; `growth`: median size promised, over
that at hand. The two shares that came true are pooled over all distances, each with as many pilots: so "by
law" is the chance for a truth that may be anywhere from the threshold to far beyond. `if it is as it
looks`: what became of the other pilots' numbers, which hold for that truth alone. **Bold**: outside
{low:.0f} to {high:.0f} % by more than {errors:g} standard errors."""

WHY = """Three kinds are told apart by what the table cannot hold. Where none of 118 problems is solved alone, the
pilot itself is certain, so "as it looks" is. More samples are told up to a hundredfold, not sixfold, and so
far out the two chances lie further apart. With 20 clusters at the strictest levels, or 60 problems that
only get more samples, the one extra observation of the test weighs so much that hardly any pilot is
promised a number, and those that are have been lucky."""

DISTANCE = """## By distance of the truth

All kinds and levels together. No rule can keep its promise at every distance: two pilots that look the same
are told the same, and of the truths behind them the one at the threshold is shown by no size, the one far
beyond it by nearly any. A promise is kept on average over the truths that the pilot leaves open, as a
forecast of rain is; those who know more of the truth know more than the pilot. That is why so few pilots
with a truth at its threshold should be promised anything."""

THRESHOLD = """## With the truth at its threshold

Share of all pilots that are promised a number, on either side. 1 in 10 on each side is the most that the
rule allows, before those that are decided are taken off."""

NORMAL = """## Other rules

Of normal means, by quadrature: the share of promises that come true at each distance, over all distances
alike, and as it looks, with the same limits on what is promised (p at most .1, six times the data). Power
at the estimate keeps too few over all distances. Predictive power keeps its word there, and asks for so
much that a truth which is as it looks is nearly always shown. The mean of both is what is told."""


@dataclass(frozen=True)
class Row:
    """What became of the pilots of one scene at one level.

    Attributes:
        kind: of effect.
        units: of the pilot.
        distance: of the truth from the threshold, in standard errors of the pilot, or the share itself.
        level: one-sided.
        pilots: how many were drawn.
        undecided: how many of them were.
        promised: how many of these were promised a number.
        growth: median of it over that at hand, NaN where nothing was promised.
        came_true: promises kept by law.
        came_true_as_it_looks: promises kept where the truth is the estimate.
        doubtful: how many were told a number for a truth that is as it looks.
        doubtful_came_true: how many of these numbers decided there.
    """

    kind: str
    units: int
    distance: float
    level: float
    pilots: int
    undecided: int
    promised: int
    growth: float
    came_true: int
    came_true_as_it_looks: int
    doubtful: int
    doubtful_came_true: int


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """One line per scene and level."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Row))
        writer.writerows([f"{x:.6g}" if isinstance(x, float) else x for x in astuple(row)] for row in rows)


def page(rows: Sequence[Row], command: str) -> str:
    """The page: by kind, by distance, at the threshold, and other rules."""
    parts = [
        HEAD.format(command=command),
        KINDS.format(low=100 * LOW, high=100 * HIGH, errors=ERRORS),
        _by_kind(rows),
        WHY,
        DISTANCE,
        _by_distance([row for row in rows if not _of_shares(row)]),
        THRESHOLD,
        _at_threshold(rows),
        NORMAL,
        _rules(list(dict.fromkeys(row.level for row in rows))),
    ]
    return "\n\n".join(parts) + "\n"


def _by_kind(rows: Sequence[Row]) -> str:
    lines = [
        "| kind | units | level | promised | growth | by law | as it looks | if it is as it looks |",
        "|---" * 8 + "|",
    ]
    for kind, units, level in dict.fromkeys((row.kind, row.units, row.level) for row in rows):
        some = [row for row in rows if (row.kind, row.units, row.level) == (kind, units, level)]
        told = [
            _share(_sum(some, "promised"), _sum(some, "undecided"), judged=False),
            _growth(some),
            _share(_sum(some, "came_true"), _sum(some, "promised")),
            _share(_sum(some, "came_true_as_it_looks"), _sum(some, "promised")),
            _share(_sum(some, "doubtful_came_true"), _sum(some, "doubtful")),
        ]
        lines.append(f"| {kind} | {units} | {level:.4g} | {' | '.join(told)} |")
    return "\n".join(lines)


def _by_distance(rows: Sequence[Row]) -> str:
    lines = ["| distance | undecided | promised of these | by law |", "|---" * 4 + "|"]
    for distance in DISTANCES:
        some = [row for row in rows if row.distance == distance]
        counts = {name: _sum(some, name) for name in ("pilots", "undecided", "promised", "came_true")}
        shares = [
            _share(counts[part], counts[whole], judged=False)
            for part, whole in (("undecided", "pilots"), ("promised", "undecided"), ("came_true", "promised"))
        ]
        lines.append(f"| {distance:g} | {' | '.join(shares)} |")
    return "\n".join(lines)


def _at_threshold(rows: Sequence[Row]) -> str:
    levels = list(dict.fromkeys(row.level for row in rows))
    lines = [
        f"| kind | units | {' | '.join(f'{level:.4g}' for level in levels)} |",
        "|---" * (len(levels) + 2) + "|",
    ]
    there = [row for row in rows if row.distance == (MARGIN if _of_shares(row) else 0)]
    for kind, units in dict.fromkeys((row.kind, row.units) for row in there):
        some = [row for row in there if (row.kind, row.units) == (kind, units)]
        shares = [
            _share(_sum(at, "promised"), _sum(at, "pilots"), judged=False)
            for level in levels
            for at in [[row for row in some if row.level == level]]
        ]
        lines.append(f"| {kind} | {units} | {' | '.join(shares)} |")
    return "\n".join(lines)


def _rules(levels: Sequence[float]) -> str:
    near = range(5)
    lines = [
        f"| rule | level | {' | '.join(f'at {distance}' for distance in near)} | over all | as it looks |",
        "|---" * (len(near) + 4) + "|",
    ]
    for rule in RULES:
        for level in levels:
            found = promises(rule, level)
            shares = [*(found.kept_at(distance) for distance in near), found.kept()]
            shown = " | ".join(f"{100 * share:.0f}" for share in shares)
            looks = found.kept_as_it_looks()
            lines.append(
                f"| {rule} | {level:.4g} | {shown} | {100 * looks.min():.0f} to {100 * looks.max():.0f} |"
            )
    return "\n".join(lines)


def _of_shares(row: Row) -> bool:
    return row.kind.startswith("RL alone")


def _sum(rows: Sequence[Row], name: str) -> int:
    return sum(int(getattr(row, name)) for row in rows)


def _growth(rows: Sequence[Row]) -> str:
    told = [row for row in rows if row.promised]
    weights = sum(row.promised for row in told)
    return f"{sum(row.growth * row.promised for row in told) / weights:.2g}" if told else "-"


def _share(part: int, whole: int, *, judged: bool = True) -> str:
    """Percent with its standard error; bold where it is outside the range by more than chance explains."""
    if not whole or (judged and whole < FEWEST):
        return "-"
    share = part / whole
    error = sqrt(share * (1 - share) / whole)
    text = f"{100 * share:.0f} ± {100 * error:.0f}"
    inside = LOW - ERRORS * error <= share <= HIGH + ERRORS * error
    return text if inside or not judged else f"**{text}**"
