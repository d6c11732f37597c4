"""What the paper reports, for the cases that it covers: numbers to show beside a verdict.

Source: Yue et al., arXiv 2504.13837. Curves and histograms were read off the vector figures of its
second version; the tables are as printed. The files beside this module hold the numbers.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Reference:
    """A published number, in words, with its figure or table.

    Attributes:
        text: the number.
        source: where it stands.
        context: whether it is of the paper's own training runs, whose models are not released, and so
            of none of the models at hand.
    """

    text: str
    source: str
    context: bool = False


# The base of the paper's own training runs (section 4.3), and the columns of their tables.
_TRAINED = "Qwen/Qwen2.5-7B"
_COLUMNS = {"MATH500": "math500", "Omni-MATH-Train": "train", "Omni-MATH-Test": "test"}
_TABLES = {
    "algorithms": ("table_v2T2_v4T3_rl_algorithms", "v2 Table 2"),
    "steps": ("table_v2T3_v4T4_training_steps", "v2 Table 3"),
}


def reported(kinds: tuple[str, ...], *, benchmark: str, base: str, other: str) -> list[Reference]:
    """Published numbers for a pair on a benchmark, those of these very models first; maybe none.

    Args:
        kinds: which numbers: "curve", "solved", "histogram", "algorithms", "steps".
        benchmark: name of the benchmark.
        base: Hub id of the base model.
        other: Hub id of the other model.
    """
    readers = {"curve": _curve, "solved": _solved, "histogram": _histogram}
    named = [row for row in _rows("pairs") if (row["base"], row["other"]) == (base, other)]
    found = [
        reference
        for kind in kinds
        for row in named
        if kind in readers
        for reference in readers[kind](benchmark, row)
    ]
    if base != _TRAINED or benchmark not in _COLUMNS:
        return found
    tables = [_TABLES[kind] for kind in kinds if kind in _TABLES]
    return found + [reference for table in tables for reference in _table(benchmark, *table)]


def _curve(benchmark: str, named: dict[str, str]) -> list[Reference]:
    return [
        Reference(
            f"pass@1 {_percent(row['base_pass@1'])} (base) and {_percent(row['series_pass@1'])};"
            f" pass@{row['k_last']} {_percent(row['base_pass@k_last'])} and"
            f" {_percent(row['series_pass@k_last'])};"
            f" {_crossing(row['k_after_which_base_stays_above'])}",
            f"v2 {row['figure_v2'].capitalize().replace('Fig', 'Fig. ')}, read off the figure",
        )
        for row in _rows("digitised_crossovers")
        if (row["benchmark"], row["model_or_pair"], row["series"])
        == (benchmark, named["pair"], named["series"])
    ]


def _crossing(k: str) -> str:
    return f"the base stays above from k = {k}" if k else "the base never stays above"


def _solved(benchmark: str, named: dict[str, str]) -> list[Reference]:
    return [
        Reference(
            f"solved within {row['k']} by both {row['both']}, base only {row['base_only']}, RL only"
            f" {row['rl_only']}, neither {row['neither']} of {row['N']}; exact McNemar"
            f" p = {row['mcnemar_exact_two_sided_p']} (our computation)",
            row["source"],
        )
        for row in _rows("coverage_contingency")
        if (row["benchmark"], row["pair"]) == (benchmark, named["solved_pair"])
    ]


def _histogram(benchmark: str, named: dict[str, str]) -> list[Reference]:
    rows = {
        row["arm"]: row
        for row in _rows("fig13_accuracy_histograms")
        if (row["benchmark"], row["model"], "rl") == (benchmark, named["pair"], named["series"])
    }
    if not rows:
        return []
    base, rl = rows["base"], rows["rl"]
    text = (
        f"problems never solved: {base['0.0']} (base) and {rl['0.0']} (RL); always solved: {base['1.0']} and"
        f" {rl['1.0']}, of {base['n_problems']}"
    )
    return [Reference(text, "v2 Fig. 13, bars read off the figure")]


def _table(benchmark: str, name: str, source: str) -> list[Reference]:
    column = _COLUMNS[benchmark]
    return [
        Reference(
            f"{row['model']} on {benchmark}: pass@1 {row[f'{column}_pass@1']} %,"
            f" pass@256 {row[f'{column}_pass@256']} %",
            source,
            context=True,
        )
        for row in _rows(name)
    ]


def _percent(share: str) -> str:
    return f"{100 * float(share):.1f} %"


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = resources.files(__package__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
