"""The charts of one pair: a base and another arm on one task."""

from beyondbase.report.figures import (
    BASE,
    OTHER,
    PLAIN,
    Figure,
    floor_legend,
    floors_of,
    legend_of,
    pair_legend,
    series_of,
)
from beyondbase.report.terminal import counted
from beyondbase.report.wording import crossing_words, ends_of, floor_words
from beyondbase.results.changes import PairChange
from beyondbase.results.numbers import arm_word, estimate, number
from beyondbase.results.schema.pairs import ValidPair
from beyondbase.results.schema.studies import StudyRecord

STRONGEST = 40


def of_pair(study: StudyRecord, pair: ValidPair, change: PairChange | None) -> dict[str, Figure]:
    """All charts of a pair that can be judged.

    Args:
        study: the pair's study, for its margins.
        pair: one pair of the results.
        change: the pair against an earlier run, or None.
    """
    figures = {
        "curves": _curves(pair),
        "difference": _difference(study, pair),
        "solved": _solved(pair),
        "evidence": _evidence(pair),
        "scatter": _scatter(pair),
        "histogram": _histogram(pair),
        "cover": _cover(pair),
        "change": _change(pair, change),
    }
    return {name: figure for name, figure in figures.items() if figure is not None}


def _curves(pair: ValidPair) -> Figure:
    curve = pair.curve
    ends = " and ".join(
        f"{estimate(row.base)} (base) and {estimate(row.other)} at k = {number(row.at)}"
        for row in ends_of(curve)
    )
    more = " ".join((crossing_words(pair), *floor_words(pair)))
    return Figure(
        "lines",
        "pass@k of both arms",
        f"pass@k over k from 1 to {pair.k_max} on a log scale: {ends}. {more}",
        "pass@k: the chance that at least one of k completions is right. Bands are for all k at once."
        + (" The dashed grey line is what guesses reach, by their exact chances." if pair.floors else ""),
        {
            "x": {"name": "k", "log": True},
            "y": {"name": "pass@k", "unit": "percent"},
            "dots": pair.table_k,
            "crossing": pair.crossover,
            "series": [
                series_of(pair.base, BASE, curve.k, curve.base),
                series_of(pair.other, OTHER, curve.k, curve.other),
                *floors_of(pair),
            ],
        },
        (*pair_legend(pair), *floor_legend(pair)),
    )


def _difference(study: StudyRecord, pair: ValidPair) -> Figure:
    curve = pair.curve
    margins = {
        "lead": study.margins.get("lead", 0.0),
        "overtake": -study.margins.get("overtake", 0.0),
    }
    name = f"{pair.other} minus {pair.base}"
    return Figure(
        "lines",
        "Difference of pass@k",
        f"Difference of pass@k, {name}, with its band. {crossing_words(pair)}",
        f"Above zero {pair.other} leads, below zero {pair.base}; where the band excludes zero, the lead"
        " is established."
        + (f" {crossing_words(pair)}" if pair.crossover.k is not None else "")
        + (" Dotted lines are the study's margins." if any(margins.values()) else ""),
        {
            "x": {"name": "k", "log": True},
            "y": {"name": "difference in points", "unit": "points"},
            "zero": True,
            "margins": [value for value in margins.values() if value],
            "dots": pair.table_k,
            "crossing": pair.crossover,
            "series": [series_of(name, PLAIN, curve.k, curve.difference)],
        },
        ((name, PLAIN),),
    )


def _change(pair: ValidPair, change: PairChange | None) -> Figure | None:
    if change is None or change.curve is None:
        return None
    curve, same = change.curve, change.same_samples
    series = [
        series_of(f"{name}: now minus before", style, curve.k, band)
        for name, style, band, kept in (
            (pair.base, BASE, curve.base, same["base"]),
            (pair.other, OTHER, curve.other, same["other"]),
        )
        if not kept
    ]
    if not series:
        return None
    return Figure(
        "lines",
        "pass@k now minus before",
        change.sentence,
        "Change of pass@k since the earlier run, problem by problem; more than noise"
        " where the band excludes zero.",
        {
            "x": {"name": "k", "log": True},
            "y": {"name": "change in points", "unit": "points"},
            "zero": True,
            "dots": curve.k,
            "series": series,
        },
        legend_of(series),
    )


def _solved(pair: ValidPair) -> Figure:
    solved = pair.solved
    parts = (
        ("both", "both", solved.both),
        (f"only {pair.base}", BASE, solved.base_only),
        (f"only {pair.other}", OTHER, solved.other_only),
        ("neither", "neither", solved.neither),
    )
    words = ", ".join(f"{name} {number(count)}" for name, _, count in parts)
    completions = counted(solved.k, "completion")
    return Figure(
        "parts",
        f"Problems solved at least once in {completions}",
        f"Problems solved at least once in {completions}: {words}.",
        f"Each problem once: solved at least once in {completions} by whom.",
        {
            "rows": {
                "part": [name for name, _, _ in parts],
                "style": [style for _, style, _ in parts],
                "problems": [count for _, _, count in parts],
            }
        },
        tuple((f"{name}: {number(count)}", style) for name, style, count in parts),
    )


def _evidence(pair: ValidPair) -> Figure | None:
    """The problems that one arm alone solves, strongest evidence first, a share for each arm."""
    solved = pair.solved
    alone = [*solved.base_only_problems, *solved.other_only_problems]
    found = sorted(alone, key=lambda row: row.fisher_p)[:STRONGEST]
    if not found:
        return None
    limit = pair.detection_limit
    return Figure(
        "dumbbells",
        "Problems that one arm alone solves",
        f"{counted(len(found), 'problem')} of {len(alone)} that one arm alone solves, by Fisher's p;"
        " the table below has their counts.",
        "Share of right completions of either arm, strongest evidence first"
        + (f" (the first {len(found)} of {len(alone)})" if len(alone) > len(found) else "")
        + ". Left of the line, no success in this many completions rules nothing out.",
        {
            "limit": max(limit.base, limit.other),
            "rows": {
                "problem": [row.id for row in found],
                "base": [row.base_c / row.base_n for row in found],
                "other": [row.other_c / row.other_n for row in found],
                "fisher_p": [row.fisher_p for row in found],
            },
            "names": [pair.base, pair.other],
        },
        pair_legend(pair),
    )


def _scatter(pair: ValidPair) -> Figure:
    return Figure(
        "scatter",
        "Every problem: right completions of both arms",
        f"Share of right completions per problem, {pair.base} across and {pair.other} up; the table of"
        " all problems has the counts.",
        f"Above the diagonal {arm_word(pair)} is the more reliable; larger dots are several problems.",
        None,
    )


def _histogram(pair: ValidPair) -> Figure:
    bars = pair.histogram
    return Figure(
        "bars",
        "Problems by accuracy",
        f"Problems never right: {bars.base[0]} (base) and {bars.other[0]}; always right:"
        f" {bars.base[-1]} and {bars.other[-1]}.",
        "How many problems each arm gets right never (0), sometimes, or always (1); compare the paper's"
        " Fig. 5.",
        {
            "x": "share of right completions",
            "y": "problems",
            "bins": bars.bins,
            "series": [
                {"name": pair.base, "style": BASE, "values": bars.base},
                {"name": pair.other, "style": OTHER, "values": bars.other},
            ],
        },
        pair_legend(pair),
    )


def _cover(pair: ValidPair) -> Figure:
    cover = pair.cover
    return Figure(
        "lines",
        "Cover@tau of both arms",
        "Share of problems that are right in at least a share tau of the completions; the table below has"
        " the numbers.",
        "Share of problems that are right in at least a share τ of the completions: reliability, where"
        " pass@k counts a lucky hit.",
        {
            "x": {"name": "τ", "log": False},
            "y": {"name": "Cover@τ", "unit": "percent"},
            "dots": cover.tau,
            "series": [
                series_of(pair.base, BASE, cover.tau, cover.base),
                series_of(pair.other, OTHER, cover.tau, cover.other),
            ],
        },
        pair_legend(pair),
    )
