"""Charts across the arms of a study: all curves of a task, training steps, algorithms, all effects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from beyondbase.report.figures import ARM_STYLES, BASE, OTHER, Figure, series_of
from beyondbase.report.formats import estimate

Record = Mapping[str, Any]

MOST_ROWS = 60


def of_study(study: Record) -> Iterator[Figure]:
    """Charts across the arms of a study: all curves of a task, algorithms, training steps, all effects."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for pair in study["pairs"]:
        if pair["curve"] is not None:
            groups.setdefault((pair["task"], pair["base"]), []).append(pair)
    arms = {arm["id"]: arm for arm in study["arms"]}
    for (task, base), pairs in groups.items():
        if len(pairs) > 1:
            yield _all_arms(task, base, pairs)
        yield from _steps(task, base, pairs, arms)
    yield from _gaps(study, arms)
    several = len({verdict["case"] for verdict in study["verdicts"]}) > 1
    effects = [
        (f"{verdict['claim']}, {verdict['case']}" if several else verdict["claim"], verdict)
        for verdict in study["verdicts"]
    ]
    whole = forest(effects) if len(effects) <= MOST_ROWS else None
    if whole is not None:
        yield whole


def _all_arms(task: str, base: str, pairs: Sequence[Record]) -> Figure:
    first = pairs[0]["curve"]
    series = [series_of(base, BASE, first["k"], first["base"])]
    for index, pair in enumerate(pairs):
        style = ARM_STYLES[index % len(ARM_STYLES)]
        item = series_of(pair["other"], style, pair["curve"]["k"], pair["curve"]["other"])
        series.append(item | {"dash": index // len(ARM_STYLES)})
    return Figure(
        "lines",
        f"pass@k of all arms on {task}",
        f"pass@k over k of {base} and {len(pairs)} arms compared with it; each pair has its numbers.",
        "Bands hold at all k of an arm at once; hover for the values of all arms.",
        {
            "x": {"name": "k", "log": True},
            "y": {"name": "pass@k", "unit": "percent"},
            "dots": pairs[0]["table_k"],
            "series": series,
        },
        tuple((item["name"], item["style"]) for item in series),
    )


def _steps(task: str, base: str, pairs: Sequence[Record], arms: Record) -> Iterator[Figure]:
    stepped = sorted(
        ((arms[pair["other"]]["step"], pair) for pair in pairs if arms[pair["other"]]["step"] is not None),
        key=lambda item: item[0],
    )
    if len({step for step, _ in stepped}) < 2:
        return
    largest = min(pair["k_max"] for _, pair in stepped)
    series = []
    for k, style in ((1, OTHER), (largest, BASE)):
        columns: dict[str, list[Any]] = {key: [] for key in ("estimate", "lower", "upper")}
        for _, pair in stepped:
            at = pair["curve"]["k"].index(k) if k in pair["curve"]["k"] else None
            for key, column in columns.items():
                column.append(None if at is None else pair["curve"]["other"][key][at])
        series.append(series_of(f"pass@{k}", style, [step for step, _ in stepped], columns))
    yield Figure(
        "lines",
        f"Training steps on {task}",
        f"pass@1 and pass@{largest} of {len(stepped)} checkpoints trained from {base}.",
        f"pass@1 and pass@{largest} of the checkpoints trained from {base}; they may differ in more than the"
        " step.",
        {
            "x": {"name": "training step", "log": False},
            "y": {"name": "pass@k", "unit": "percent"},
            "dots": [step for step, _ in stepped],
            "series": series,
        },
        tuple((item["name"], item["style"]) for item in series),
    )


def _gaps(study: Record, arms: Record) -> Iterator[Figure]:
    """Delta SE of every arm with an algorithm, from the verdicts that are about it."""
    verdicts = [
        (f"{arms[verdict['label']]['algorithm']} ({verdict['case']})", verdict)
        for verdict in study["verdicts"]
        if verdict["claim"] == "sampling-gap-stays-large"
        and arms[verdict["label"]]["algorithm"]
        and _drawable(verdict["effect"])
    ]
    if len(verdicts) < 2:
        return
    shown = {
        "label": [label for label, _ in verdicts],
        "style": [OTHER for _ in verdicts],
        **_columns(verdicts),
    }
    yield Figure(
        "intervals",
        "Sampling-efficiency gap by algorithm",
        "; ".join(f"{label}: {estimate(v['effect'], 'points', ' points')}" for label, v in verdicts),
        "ΔSE: base pass@K minus RL pass@1, in points. The paper reports 36 to 45 on Omni-MATH and 21 to 23 on"
        " MATH500, K = 256.",
        {"unit": "points", "bars": True, "zero": True, "rows": shown},
    )


def forest(verdicts: Sequence[tuple[str, Record]]) -> Figure | None:
    """Effects of verdicts with their intervals, one below the other; None with fewer than two.

    Args:
        verdicts: a label and a verdict per row; effects that are no shares are left out, and so is what
            comes after the first sixty.
    """
    known = [(label, verdict) for label, verdict in verdicts if _drawable(verdict["effect"])][:MOST_ROWS]
    if len(known) < 2:
        return None
    shown = {
        "label": [label for label, _ in known],
        "style": [verdict["outcome"].lower() for _, verdict in known],
        "effect": [verdict["effect"]["name"] for _, verdict in known],
        **_columns(known),
    }
    left_out = len(verdicts) - len(known)
    return Figure(
        "intervals",
        "Effects with their intervals",
        f"{len(known)} effects with intervals; the numbers stand in the table of verdicts.",
        "Each verdict's headline effect in points with its interval; shape and colour are the verdict."
        + (
            f" Not drawn: {left_out}, without such an effect or beyond the first {MOST_ROWS}."
            if left_out
            else ""
        ),
        {"unit": "points", "zero": True, "rows": shown},
        tuple((word, word.lower()) for word in dict.fromkeys(verdict["outcome"] for _, verdict in known)),
    )


def _columns(known: Sequence[tuple[str, Record]]) -> dict[str, list[Any]]:
    return {key: [verdict["effect"][key] for _, verdict in known] for key in ("estimate", "lower", "upper")}


def _drawable(effect: Record | None) -> bool:
    return effect is not None and effect["unit"] == "share" and effect["estimate"] is not None
