"""Rows of the calibration table, their targets, and the page that shows them."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from math import sqrt
from pathlib import Path

from cells import Cell
from prose import CHANCES, CLUSTERS, CROSSING, DENSE, HEAD, HOLM, RATIOS_OF_ENTROPY, T_INTERVAL, VERDICTS
from replicates import Totals

COVERAGE = 0.94
ERROR = 0.05
RATIO = 1.15
ERRORS = 2.0  # Monte-Carlo standard errors granted
RATIOS = ("width ratio", "width ratio where spread")
COVERAGES = ("coverage", "coverage of the base arm", "crossing", "interval")
LIMITS = ("lower limit", "upper limit")
ALIKE = ("alike at 0.9", "alike at 1.1")
RATES = (
    *("SUPPORTED: ", "REFUTED: ", "any SUPPORTED", "any REFUTED", "ours lower", "ours upper"),
    *(*LIMITS, *ALIKE),
)


@dataclass(frozen=True)
class Row:
    """One quantity of one cell; `meets` is "yes", "no", or "" where no target binds."""

    block: str
    law: str
    problems: int
    quantity: str
    value: float
    error: float
    replicates: int
    target: str
    meets: str

    @property
    def text(self) -> str:
        """Row in words."""
        spread = f" ± {self.error:.4f}" if self.error else ""
        return f"{self.block}/{self.law}/m={self.problems}, {self.quantity}: {self.value:.4f}{spread}"


def rows_of(cell: Cell, totals: Totals) -> list[Row]:
    """Means over replicates, with binomial standard errors, judged by their targets."""
    means = {key: (total / count, count) for key, (count, total) in totals.items()}
    rows = [_row(cell, key, value, count) for key, (value, count) in means.items()]
    if "width" not in means or cell.block == "clusters":
        return rows
    published, count = means["published coverage"]
    binds = published + ERRORS * _error(published, count) >= COVERAGE
    for name, key in zip(RATIOS, ("width", "width where spread"), strict=True):
        ratio = means[key][0] / means[f"published {key}"][0]
        target, meets = (f"<= {RATIO}", _yes(ratio <= RATIO)) if binds else ("", "")
        rows.append(Row(cell.block, cell.law, cell.problems, name, ratio, 0.0, count, target, meets))
    return rows


def _row(cell: Cell, quantity: str, value: float, count: int) -> Row:
    error = 0.0 if "width" in quantity else _error(value, count)
    target, meets = _judged(quantity, value, error)
    return Row(cell.block, cell.law, cell.problems, quantity, value, error, count, target, meets)


def _judged(quantity: str, value: float, error: float) -> tuple[str, str]:
    if quantity in COVERAGES:
        return f">= {COVERAGE}", _yes(value + ERRORS * error >= COVERAGE)
    if quantity.startswith(RATES):
        return f"<= {ERROR}", _yes(value - ERRORS * error <= ERROR)
    return "", ""


def _yes(met: bool) -> str:  # noqa: FBT001 - a yes or no is what it prints
    return "yes" if met else "no"


def _error(value: float, count: int) -> float:
    return sqrt(value * (1 - value) / count)


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """One line per cell and quantity."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Row))
        writer.writerows([f"{x:.6g}" if isinstance(x, float) else x for x in astuple(row)] for row in rows)


def page(rows: Sequence[Row], command: str, error: float) -> str:
    """The page: summary, then one table per block."""
    index = {(row.block, row.law, row.problems, row.quantity): row for row in rows}
    parts = [
        HEAD.format(command=command, error=error),
        "## Summary",
        *_summary(rows),
        *_band_section("## Bands on k = 1, 2, 4, ..., 128", CROSSING, "bands", rows, index),
        *_band_section("## The grid that the suite uses", DENSE, "dense", rows, index),
        *_band_section("## Clusters", CLUSTERS, "clusters", rows, index),
        *_verdict_section(rows, index),
        *_section("## Families", HOLM, "holm", "any ", rows),
        *_section("## Why not t", T_INTERVAL, "bands", ("t ", "ours "), rows),
        *_likelihood_section("## Entropy against the base's", RATIOS_OF_ENTROPY, "entropy/", rows),
        *_likelihood_section("## Perplexity under the base", CHANCES, "perplexity/", rows),
    ]
    return "\n\n".join(parts) + "\n"


Index = Mapping[tuple[str, str, int, str], Row]


def _summary(rows: Sequence[Row]) -> list[str]:
    kinds: dict[str, Callable[[Row], bool]] = {
        "coverage of the difference's band": lambda row: row.quantity == "coverage",
        "coverage of the base arm's band": lambda row: row.quantity == "coverage of the base arm",
        "coverage of the crossing": lambda row: row.quantity == "crossing",
        "width ratio, where the published band covers": lambda row: row.quantity == RATIOS[0],
        "the same, of columns with spread": lambda row: row.quantity == RATIOS[1],
        "false SUPPORTED": lambda row: row.quantity.startswith("SUPPORTED"),
        "false REFUTED": lambda row: row.quantity.startswith("REFUTED"),
        "family-wise error": lambda row: row.quantity.startswith("any "),
        "one-sided limits of ours": lambda row: row.quantity.startswith("ours "),
        "intervals of entropy and perplexity": lambda row: row.quantity == "interval",
        "their one-sided limits": lambda row: row.quantity in LIMITS,
        "entropies wrongly alike": lambda row: row.quantity in ALIKE,
    }
    lines = ["| target | rows | met | least | greatest |", "|---|---|---|---|---|"]
    for name, of_kind in kinds.items():
        chosen = [row for row in rows if row.target and of_kind(row)]
        if chosen:
            met, values = sum(row.meets == "yes" for row in chosen), [row.value for row in chosen]
            goal = chosen[0].target
            lines.append(f"| {name} {goal} | {len(chosen)} | {met} | {min(values):.4f} | {max(values):.4f} |")
    return ["\n".join(lines), _short(rows), _published(rows)]


def _short(rows: Sequence[Row]) -> str:
    short = [row for row in rows if row.meets == "no"]
    kinds = {
        "Short of coverage or error": [row for row in short if row.quantity not in RATIOS],
        "Wider than the target, in exchange for coverage": [row for row in short if row.quantity in RATIOS],
    }
    return "\n\n".join(
        f"{kind}:"
        + ("\n\n" + "\n".join(f"- {row.text} (target {row.target})" for row in found) if found else " none.")
        for kind, found in kinds.items()
    )


def _published(rows: Sequence[Row]) -> str:
    found = [row for row in rows if row.quantity == "published coverage" and row.block != "clusters"]
    covers = sum(row.value + ERRORS * row.error >= COVERAGE for row in found)
    least = min((row.value for row in found), default=1.0)
    return (
        f"The published band covers in {covers} of {len(found)} cells without clusters (least: {least:.4f});"
        f" only there does the width target bind. {_cost(rows)}"
    )


def _cost(rows: Sequence[Row]) -> str:
    ratios: dict[int, list[float]] = {}
    for row in rows:
        if row.quantity == RATIOS[0] and row.target:
            ratios.setdefault(row.problems, []).append(row.value)
    parts = [f"{min(at):.2f} to {max(at):.2f} at m = {problems}" for problems, at in sorted(ratios.items())]
    return f"The ratio of widths there: {', '.join(parts)}." if parts else ""


def _band_section(title: str, text: str, block: str, rows: Sequence[Row], index: Index) -> list[str]:
    places = _places(rows, block)
    columns = ("coverage", "published coverage", "coverage of the base arm", "crossing", "width", *RATIOS)
    lines = [f"| law | m | {' | '.join(columns)} | result |", "|---" * (len(columns) + 3) + "|"]
    for law, problems in places:
        found = [index.get((block, law, problems, column)) for column in columns]
        result = "short" if any(row and row.meets == "no" for row in found) else "pass"
        lines.append(f"| {law} | {problems} | {' | '.join(map(_number, found))} | {result} |")
    return [title, text, "\n".join(lines)] if places else []


def _number(row: Row | None) -> str:
    if row is None:
        return "-"
    text = f"{row.value:.3f}" + (f" ± {row.error:.3f}" if row.error else "")
    return f"**{text}**" if row.meets == "no" else text


def _verdict_section(rows: Sequence[Row], index: Index) -> list[str]:
    out = []
    places = [(row.block, row.problems) for row in rows if row.quantity.startswith("SUPPORTED: ")]
    for block, problems in dict.fromkeys(places):
        at = [law for law, size in _places(rows, block) if size == problems]
        names = [r.quantity for r in rows if (r.block, r.law, r.problems) == (block, at[0], problems)]
        claims = [name.removeprefix("SUPPORTED: ") for name in names if name.startswith("SUPPORTED: ")]
        lines = [f"| claim at its margin | {' | '.join(at)} |", "|---" * (len(at) + 1) + "|"]
        lines += [
            f"| {c} | {' | '.join(_pair(index, block, law, problems, c) for law in at)} |" for c in claims
        ]
        where = f"m = {problems}" + (" in 20 clusters" if block == "clusters" else "")
        out += [f"### {where}", "\n".join(lines)]
    return ["## Verdicts at their margins", VERDICTS, *out] if out else []


def _pair(index: Index, block: str, law: str, problems: int, claim: str) -> str:
    pair = [index[block, law, problems, f"{which}: {claim}"] for which in ("SUPPORTED", "REFUTED")]
    return " / ".join(f"**{100 * r.value:.1f}**" if r.meets == "no" else f"{100 * r.value:.1f}" for r in pair)


def _section(
    title: str, text: str, block: str, prefix: str | tuple[str, ...], rows: Sequence[Row]
) -> list[str]:
    chosen = [row for row in rows if row.block == block and row.quantity.startswith(prefix)]
    return [title, text, _table(chosen)] if chosen else []


def _likelihood_section(title: str, text: str, kind: str, rows: Sequence[Row]) -> list[str]:
    chosen = [row for row in rows if row.block == "likelihoods" and row.law.startswith(kind)]
    return [title, text, _table(chosen)] if chosen else []


def _table(rows: Sequence[Row]) -> str:
    """A line for each law and number of problems, a column for each quantity."""
    names = list(dict.fromkeys(row.quantity for row in rows))
    lines = [f"| law | m | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    for law, problems in dict.fromkeys((row.law, row.problems) for row in rows):
        found = {row.quantity: row for row in rows if (row.law, row.problems) == (law, problems)}
        lines.append(f"| {law} | {problems} | {' | '.join(_number(found[name]) for name in names)} |")
    return "\n".join(lines)


def _places(rows: Sequence[Row], block: str) -> list[tuple[str, int]]:
    return list(dict.fromkeys((row.law, row.problems) for row in rows if row.block == block))
