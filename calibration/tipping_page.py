"""The page of tipping points: what was planted, and how often a false finding claimed to bear it."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from math import isnan
from pathlib import Path

from scipy import special

LEVEL = 0.05
SURE = 0.001  # of a figure above the level, to be none by chance
HEAD = """# Tipping points, under planted slips

Made by:

    {command}

A finding is put just at its threshold, where it is false, and a grader accepts wrong answers that speak for
it. *Given* is how often the finding is then shown at level .05, in per cent: slips alone do that. *Borne* is
how often it is shown and its tipping point is at the planted share or above: the error of a reader who trusts
it, which must be at most 5 %. *Tipping* is the median of the tipping points of the findings that are given,
over the planted share: a lower limit of what would explain the finding, so below 1, and nearer with more
problems. *Fall* is the median of the number of accepted answers that would have to be wrong, over those that
were; in brackets how often it is no greater. These two are of the first {closer} findings that are given, and
say something where slips gave most of them: else they were given by chance, and bear more than there was.
{replicates} studies each, with {n} answers to every problem.

{summary}
"""
PARTS = {
    "favoured arm": """## The full share in the arm that slips favour, none in the other

Here the bound is met exactly.""",
    "here and there": """## Anything up to the share, in both arms

From problem to problem, and less in the other arm.""",
    "alike in both": """## Alike in both arms

The share on those problems of both where it hides the other arm's lead, none elsewhere; the tipping point is
that of slips alike in all arms.""",
    "heaped": """## Heaped on few problems

Twenty times the share on one problem in twenty: the share on average, and not at most. That is outside what
a tipping point promises, so no row must keep to 5 %; the number of accepted answers that would have to be
wrong needs no such promise.""",
}


@dataclass(frozen=True)
class Row:
    """What came of one scene.

    Attributes:
        spread: how the slips were spread.
        claim: the finding.
        problems: of a study.
        share: planted.
        studies: how many were drawn.
        given: in how many the finding was shown.
        borne: in how many also with slips up to the share.
        tipping: median tipping point of those given, over the share; NaN where few were.
        fall: median number of answers that would have to be wrong, over those that were; NaN where few were.
        enough: in which share of these it is no greater.
    """

    spread: str
    claim: str
    problems: int
    share: float
    studies: int
    given: int
    borne: int
    tipping: float
    fall: float
    enough: float

    @property
    def beyond(self) -> bool:
        """Whether the error is above the level by more than chance."""
        return bool(self.borne and special.bdtrc(self.borne - 1, self.studies, LEVEL) < SURE)


def page(rows: Sequence[Row], command: str, n: int, closer: int) -> str:
    """The whole page; parts that were not run are left out."""
    promised = [row for row in rows if row.spread != "heaped"]
    studies = f"{rows[0].studies:,}"
    parts = [HEAD.format(command=command, replicates=studies, n=n, closer=closer, summary=_summary(promised))]
    for spread, text in PARTS.items():
        some = [row for row in rows if row.spread == spread]
        if some:
            parts.append(f"{text}\n\n{_table(some)}\n")
    return "\n".join(parts)


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """All rows, for other uses."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def _summary(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    worst = max(rows, key=lambda row: row.borne / row.studies)
    beyond = sum(row.beyond for row in rows)
    where = f"{worst.claim}, {worst.problems} problems, 1 in {1 / worst.share:,.0f}"
    return (
        f"Of {len(rows)} rows within the promise {beyond} are above 5 % by more than chance (p < {SURE:g})."
        f" The greatest is {_percent(worst.borne, worst.studies)} % ({where})."
    )


def _table(rows: Sequence[Row]) -> str:
    head = "| finding | problems | planted | given | borne | tipping | fall |"
    return "\n".join([head, "|---" * 7 + "|", *map(_line, rows)])


def _line(row: Row) -> str:
    fall = "" if isnan(row.fall) else f"{row.fall:.2g} ({100 * row.enough:.0f} %)"
    tipping = "" if isnan(row.tipping) else f"{row.tipping:.2g}"
    shares = f"{_percent(row.given, row.studies)} | {_percent(row.borne, row.studies)}"
    return f"| {row.claim} | {row.problems} | 1 in {1 / row.share:,.0f} | {shares} | {tipping} | {fall} |"


def _percent(count: int, of: int) -> str:
    return f"{100 * count / of:.1f}"
