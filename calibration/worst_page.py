"""The page of the worst cases: a summary, then a table for each part of the search."""

from collections.abc import Callable, Iterable, Sequence

from worst_prose import ATTACK, CLUSTERS, CURVES, HEAD, LEFT, MEAN, NOISE, PARTS, SMALLEST, THIRD
from worst_rows import NOTHING, Finding

Rows = Sequence[Finding]
Cell = Callable[[Finding], str]


def page(rows: Rows, command: str) -> str:
    """The whole page; parts that were not searched are left out."""
    deciding = [row for row in rows if row.decides]
    parts = [
        HEAD.format(command=command),
        *_summary(deciding),
        *_section(SMALLEST, _of(rows, "smallest"), _smallest),
        *_section(MEAN, _of(deciding, "mean"), _mean),
        *_section(THIRD, _of(deciding, "third value"), lambda some: _by_level(some, _percent)),
        *_section(ATTACK, _of(deciding, "attack"), _attack),
        *_section(NOISE, _of(deciding, "noise"), lambda some: _by_level(some, _percent)),
        *_section(CLUSTERS, _of(deciding, "clusters"), lambda some: _by_level(some, _percent)),
        *_section(CURVES, _of(deciding, "curves"), lambda some: _by_level(some, _with_before)),
        *_section(LEFT, [row for row in rows if not row.decides], _listed),
    ]
    return "\n\n".join(parts) + "\n"


def _of(rows: Rows, block: str) -> list[Finding]:
    return [row for row in rows if row.block == block]


def _section(text: str, rows: Rows, table: Callable[[Rows], str]) -> list[str]:
    return [text, table(rows)] if rows else []


def _summary(rows: Rows) -> list[str]:
    lines = []
    for block, name in PARTS.items():
        some = _of(rows, block)
        if some:
            met, most = sum(row.meets for row in some), max(some, key=lambda row: row.ratio)
            where = f"{most.test}, {most.units}, level {most.level:.4g}"
            lines.append([name, str(len(some)), str(met), f"{most.ratio:.6f}", where])
    short = [
        f"- {row.block}, {row.test}, {row.units}: {_percent(row)} %, {row.law}"
        for row in rows
        if not row.meets
    ]
    listed = ":\n\n" + "\n".join(short) if short else ": none."
    head = ("part", "rows", "met", "greatest error / level", "where")
    return [_table(head, lines), f"Beyond their level{listed}"]


def _smallest(rows: Rows) -> str:
    head = ("sample", "p", "p with half an observation", "a law at the threshold", "draws this sample in")
    lines = [
        [row.test, f"{row.level:.4f}", f"{row.before or 0:.4f}", row.law, f"{100 * row.rejected:.2f} %"]
        for row in rows
    ]
    return _table(head, lines)


def _mean(rows: Rows) -> str:
    """Greatest ratios over the levels by test and size, then one test in full."""
    sizes = list(dict.fromkeys(row.units for row in rows))
    lines = []
    for test in dict.fromkeys(row.test for row in rows):
        some = {size: [row for row in rows if (row.test, row.units) == (test, size)] for size in sizes}
        lines.append([test, *(_most(some[size]) for size in sizes)])
    first = [row for row in rows if row.test == rows[0].test]
    laws = [[str(row.units), f"{row.level:.4g}", row.law] for row in first if row.units in (12, 100, 3000)]
    return "\n\n".join(
        [
            _table(("error / level", *map(str, sizes)), lines),
            f"`{rows[0].test}` in full; in brackets with half an observation:",
            _by_level(first, _with_before),
            "Some of its laws:",
            _table(("problems", "level", "law"), laws),
        ]
    )


def _most(rows: Rows) -> str:
    most = max((row.ratio for row in rows), default=0.0)
    return f"{most:.6f}" if most else "-"


def _attack(rows: Rows) -> str:
    """By number of observations, the greatest ratio of all shapes."""
    names = list(dict.fromkeys(row.test for row in rows))
    lines = []
    for size in sorted({row.units for row in rows}):
        best = [
            max((r for r in rows if (r.units, r.test) == (size, name)), key=lambda r: r.ratio)
            for name in names
        ]
        ratios = [f"1 + {row.ratio - 1:.0e}" if row.ratio > 1 - 1e-9 else f"{row.ratio:.4f}" for row in best]
        lines.append([str(size), *ratios, f"{best[0].level:.4g}", best[0].law])
    return _table(("observations", *names, "level of the first", "law of the first"), lines)


def _by_level(rows: Rows, cell: Cell) -> str:
    levels = sorted({row.level for row in rows}, reverse=True)
    places = dict.fromkeys((row.test, row.units) for row in rows)
    known = {(row.test, row.units, row.level): row for row in rows}
    lines = [
        [test, str(units), *(cell(known[test, units, level]) for level in levels)] for test, units in places
    ]
    head = ("test", "problems or clusters", *(f"error in % at {100 * level:g} %" for level in levels))
    return _table(head, lines)


def _percent(row: Finding) -> str:
    if row.law == NOTHING:
        return "-"
    text = f"{100 * row.rejected:.3g}" + (f" ± {100 * row.error:.1g}" if row.error else "")
    return text if row.meets else f"**{text}**"


def _with_before(row: Finding) -> str:
    return _percent(row) + (f" ({100 * row.before:.3g})" if row.before else "")


def _listed(rows: Rows) -> str:
    lines = [
        [row.test, str(row.units), f"{100 * row.level:g}", f"{100 * row.rejected:.3g}", row.law]
        for row in rows
    ]
    return _table(("test", "problems or clusters", "level in %", "error in %", "law"), lines)


def _table(head: Iterable[str], lines: Iterable[Sequence[str]]) -> str:
    cells = list(head)
    every = [cells, ["---"] * len(cells), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in every)
