"""Charts across the arms of a study: all curves of a task, training steps, algorithms, all effects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from beyondbase.report.figures import ARM_STYLES, BASE, OTHER, Figure, floors_of, legend_of, series_of
from beyondbase.report.likelihood_charts import of_likelihoods
from beyondbase.report.wording import floor_words
from beyondbase.results.numbers import estimate
from beyondbase.results.schema.pairs import ValidPair
from beyondbase.results.schema.record import BandRecord
from beyondbase.results.schema.studies import ArmRecord, StudyRecord
from beyondbase.results.schema.verdicts import EffectRecord, VerdictRecord

# Pairs by the training step of the arm beside the base.
Run: TypeAlias = list[tuple[int, ValidPair]]

MOST_ROWS = 60
# What a checkpoint has of its own; arms that differ in nothing else are one run.
OWN = {"id", "step", "model", "revision", "note"}


def of_study(study: StudyRecord) -> Iterator[Figure]:
    """Charts across the arms of a study: all curves of a task, algorithms, training steps, all effects."""
    groups: dict[tuple[str, str], list[ValidPair]] = {}
    for pair in study.pairs:
        if isinstance(pair, ValidPair):
            groups.setdefault((pair.task, pair.base), []).append(pair)
    arms = {arm.id: arm for arm in study.arms}
    for (task, base), pairs in groups.items():
        if len(pairs) > 1:
            yield _all_arms(task, base, pairs)
        yield from (_steps(task, base, run) for run in _runs(pairs, arms))
    yield from _gaps(study, arms)
    yield from of_likelihoods(study)
    several = len({verdict.case for verdict in study.verdicts}) > 1
    effects = [
        (f"{verdict.claim}, {verdict.case}" if several else verdict.claim, verdict)
        for verdict in study.verdicts
    ]
    whole = forest(effects) if len(effects) <= MOST_ROWS else None
    if whole is not None:
        yield whole


def _all_arms(task: str, base: str, pairs: Sequence[ValidPair]) -> Figure:
    # Curves end where their samples do; that of the base is the longest of those it has.
    longest = max(pairs, key=lambda pair: pair.k_max)
    shown = pairs[: len(ARM_STYLES)]
    series = [series_of(base, BASE, longest.curve.k, longest.curve.base)] + [
        series_of(pair.other, style, pair.curve.k, pair.curve.other)
        for pair, style in zip(shown, ARM_STYLES, strict=False)
    ]
    series += floors_of(longest)
    left_out = len(pairs) - len(shown)
    return Figure(
        "lines",
        f"pass@k of all arms on {task}",
        f"pass@k over k of {base} and {len(shown)} arms compared with it; each pair has its numbers."
        + "".join(f" {words}" for words in floor_words(longest)),
        "Bands are for all k of an arm at once; hover for the values of all arms."
        + (" The dashed grey line is what guesses reach." if longest.floors else "")
        + (f" The first {len(shown)} arms, {left_out} more in charts of their own." if left_out else ""),
        {
            "x": {"name": "k", "log": True},
            "y": {"name": "pass@k", "unit": "percent"},
            "dots": sorted({k for pair in shown for k in pair.table_k}),
            "series": series,
        },
        legend_of(series),
    )


def _runs(pairs: Sequence[ValidPair], arms: Mapping[str, ArmRecord]) -> list[Run]:
    """Pairs whose arms differ in the training step only, in its order; runs of one step are no runs."""
    groups: dict[str, Run] = {}
    for pair in pairs:
        arm = arms[pair.other]
        if arm.step is not None:
            alike = [(key, value) for key, value in arm if key not in OWN]
            groups.setdefault(repr(alike), []).append((arm.step, pair))
    runs = [sorted(group, key=lambda item: item[0]) for group in groups.values()]
    return [run for run in runs if len({step for step, _ in run}) > 1]


def _steps(task: str, base: str, run: Run) -> Figure:
    steps, pairs = [step for step, _ in run], [pair for _, pair in run]
    largest = max(set.intersection(*(set(pair.curve.k) for pair in pairs)))
    wanted = [(1, OTHER)] + [(largest, BASE)] * (largest > 1)
    series = [series_of(f"pass@{k}", style, steps, _at(pairs, k)) for k, style in wanted]
    names = " and ".join(item.name for item in series)
    last = pairs[-1].other
    return Figure(
        "lines",
        f"Training steps up to {last} on {task}",
        f"{names} of {len(run)} checkpoints trained from {base}, the last of them {last}.",
        f"{names} of {len(run)} checkpoints from {base} that differ in the training step only.",
        {
            "x": {"name": "training step", "log": False},
            "y": {"name": "pass@k", "unit": "percent"},
            "dots": steps,
            "series": series,
        },
        legend_of(series),
    )


def _at(pairs: Sequence[ValidPair], k: int) -> BandRecord:
    """pass@k of the trained arms at one k, in the order of the run."""
    place = [(pair.curve.other, pair.curve.k.index(k)) for pair in pairs]
    return BandRecord.model_construct(
        estimate=[band.estimate[at] for band, at in place],
        lower=[band.lower[at] for band, at in place],
        upper=[band.upper[at] for band, at in place],
    )


def _gaps(study: StudyRecord, arms: Mapping[str, ArmRecord]) -> Iterator[Figure]:
    """Delta SE of every arm with an algorithm, from the verdicts that are about it."""
    found = [
        verdict
        for verdict in study.verdicts
        if verdict.claim == "sampling-gap-stays-large"
        and arms[verdict.label].algorithm
        and _drawable(verdict.effect)
    ]
    if len(found) < 2:
        return
    one = len({verdict.task for verdict in found}) == 1
    labels = [f"{arms[v.label].algorithm} ({v.label if one else v.case})" for v in found]
    effects = [verdict.effect for verdict in found if verdict.effect]
    names = ", ".join(dict.fromkeys(effect.name for effect in effects))
    yield Figure(
        "intervals",
        "Sampling-efficiency gap by algorithm",
        "; ".join(
            f"{label}: {estimate(effect, 'points', ' points')}"
            for label, effect in zip(labels, effects, strict=True)
        ),
        f"ΔSE in points: {names}. The paper reports 36 to 45 on Omni-MATH and 21 to 23 on MATH500, with"
        " k = 256.",
        {"unit": "points", "bars": True, "zero": True, "rows": _rows(labels, [OTHER] * len(found), effects)},
    )


def forest(verdicts: Sequence[tuple[str, VerdictRecord]]) -> Figure | None:
    """Effects of verdicts with their intervals, one below the other; None with fewer than two.

    Args:
        verdicts: a label and a verdict per row; effects that are no shares are left out, and so is what
            comes after the first sixty.
    """
    known = [(label, verdict) for label, verdict in verdicts if _drawable(verdict.effect)][:MOST_ROWS]
    if len(known) < 2:
        return None
    labels = [label for label, _ in known]
    outcomes = [verdict.outcome for _, verdict in known]
    effects = [verdict.effect for _, verdict in known if verdict.effect]
    shown = _rows(labels, [outcome.lower() for outcome in outcomes], effects)
    left_out = len(verdicts) - len(known)
    return Figure(
        "intervals",
        "Effects with their intervals",
        f"{len(known)} effects with intervals; the numbers stand in the table of verdicts.",
        "Each verdict's effect in points with its interval, of the part that decides it where it has parts;"
        " shape and colour are the verdict."
        + (
            f" Not drawn: {left_out}, without such an effect or beyond the first {MOST_ROWS}."
            if left_out
            else ""
        ),
        {"unit": "points", "zero": True, "rows": shown},
        tuple((word, word.lower()) for word in dict.fromkeys(outcomes)),
    )


def _rows(
    labels: Sequence[str], styles: Sequence[str], effects: Sequence[EffectRecord]
) -> dict[str, Sequence[object]]:
    return {
        "label": labels,
        "style": styles,
        "effect": [effect.name for effect in effects],
        "estimate": [effect.estimate for effect in effects],
        "lower": [effect.lower for effect in effects],
        "upper": [effect.upper for effect in effects],
    }


def _drawable(effect: EffectRecord | None) -> bool:
    return effect is not None and effect.unit == "share" and effect.estimate is not None
