"""What the scan for the worst case finds: rows, and the levels and sizes at which it looks."""

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

# Holm's adjustment over a family of a hundred claims tests its first at .0005.
LEVELS = (0.05, 0.01, 0.001, 0.0005)
SIZES = (12, 30, 60, 100, 272, 500, 1319, 3000)
ERRORS = 2.0  # Monte-Carlo standard errors granted
NOTHING = "no sample is rejected"  # in place of a law
ROUNDING = 1e-6  # of the level: the root at which a test just rejects is found to less


@dataclass(frozen=True)
class Finding:
    """The law, among those searched, under which a test is wrong most often.

    Attributes:
        block: part of the search.
        test: what is tested.
        units: problems, or clusters.
        level: at which it is tested.
        rejected: probability of the error.
        error: its Monte-Carlo standard error, 0 where it is exact.
        before: the same with half an extra observation; None where that was not asked.
        law: the law, in words.
        decides: whether the test makes verdicts, so that the level binds.
    """

    block: str
    test: str
    units: int
    level: float
    rejected: float
    error: float
    before: float | None
    law: str
    decides: bool = True

    @property
    def ratio(self) -> float:
        """Probability of the error, in levels."""
        return self.rejected / self.level

    @property
    def meets(self) -> bool:
        """Whether the error is within the level, Monte-Carlo error granted."""
        return self.rejected - ERRORS * self.error <= self.level * (1 + ROUNDING)


def write_csv(path: Path, rows: Iterable[Finding]) -> None:
    """One line per finding."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Finding))
        writer.writerows([_told(value) for value in astuple(row)] for row in rows)


def _told(value: object) -> object:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else value
