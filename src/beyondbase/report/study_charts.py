"""Charts across the arms of a study: all curves of a task, training steps, algorithms, all effects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from beyondbase.report.figures import ARM_STYLES, BASE, OTHER, Figure, floors_of, series_of
from beyondbase.report.likelihood_charts import of_likelihoods
from beyondbase.report.wording import floor_words
from beyondbase.results.numbers import estimate

Record = Mapping[str, Any]

MOST_ROWS = 60
# What a checkpoint has of its own; arms that differ in nothing else are one run.
OWN = {"id", "step", "model", "revision", "note"}


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
        yield from (_steps(task, base, run, arms) for run in _runs(pairs, arms))
    yield from _gaps(study, arms)
    yield from of_likelihoods(study)
    several = len({verdict["case"] for verdict in study["verdicts"]}) > 1
    effects = [
        (f"{verdict['claim']}, {verdict['case']}" if several else verdict["claim"], verdict)
        for verdict in study["verdicts"]
    ]
    whole = forest(effects) if len(effects) <= MOST_ROWS else None
    if whole is not None:
        yield whole


def _all_arms(task: str, base: str, pairs: Sequence[Record]) -> Figure:
    # Curves end where their samples do; that of the base is the longest of those it has.
    longest = max(pairs, key=lambda pair: pair["k_max"])
    shown = pairs[: len(ARM_STYLES)]
    series = [_series_of_arm(base, BASE, longest["curve"], "base")] + [
        _series_of_arm(pair["other"], style, pair["curve"], "other")
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
        + (" The dashed grey line is what guesses reach." if longest["floors"] else "")
        + (f" The first {len(shown)} arms, {left_out} more in charts of their own." if left_out else ""),
        {
            "x": {"name": "k", "log": True},
            "y": {"name": "pass@k", "unit": "percent"},
            "dots": sorted({k for pair in shown for k in pair["table_k"]}),
            "series": series,
        },
        tuple((item["name"], item["style"]) for item in series),
    )


def _series_of_arm(name: str, style: str, curve: Record, side: str) -> dict[str, Any]:
    return series_of(name, style, curve["k"], curve[side])


def _runs(pairs: Sequence[Record], arms: Record) -> list[list[Record]]:
    """Pairs whose arms differ in the training step only, by step; runs of one step are no runs."""
    groups: dict[str, list[Record]] = {}
    for pair in pairs:
        arm = arms[pair["other"]]
        if arm["step"] is not None:
            alike = {key: value for key, value in arm.items() if key not in OWN}
            groups.setdefault(repr(sorted(alike.items())), []).append(pair)
    runs = [sorted(group, key=lambda pair: arms[pair["other"]]["step"]) for group in groups.values()]
    return [run for run in runs if len({arms[pair["other"]]["step"] for pair in run}) > 1]


def _steps(task: str, base: str, run: Sequence[Record], arms: Record) -> Figure:
    steps = [arms[pair["other"]]["step"] for pair in run]
    largest = max(set.intersection(*(set(pair["curve"]["k"]) for pair in run)))
    wanted = [(1, OTHER)] + [(largest, BASE)] * (largest > 1)
    series = [series_of(f"pass@{k}", style, steps, _at(run, k)) for k, style in wanted]
    names = " and ".join(item["name"] for item in series)
    last = run[-1]["other"]
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
        tuple((item["name"], item["style"]) for item in series),
    )


def _at(run: Sequence[Record], k: int) -> dict[str, list[Any]]:
    """pass@k of the trained arms at one k, in the order of the run."""
    place = [(pair["curve"]["other"], pair["curve"]["k"].index(k)) for pair in run]
    return {key: [curve[key][at] for curve, at in place] for key in ("estimate", "lower", "upper")}


def _gaps(study: Record, arms: Record) -> Iterator[Figure]:
    """Delta SE of every arm with an algorithm, from the verdicts that are about it."""
    found = [
        verdict
        for verdict in study["verdicts"]
        if verdict["claim"] == "sampling-gap-stays-large"
        and arms[verdict["label"]]["algorithm"]
        and _drawable(verdict["effect"])
    ]
    if len(found) < 2:
        return
    name = "label" if len({verdict["task"] for verdict in found}) == 1 else "case"
    verdicts = [(f"{arms[verdict['label']]['algorithm']} ({verdict[name]})", verdict) for verdict in found]
    shown = {
        "label": [label for label, _ in verdicts],
        "style": [OTHER for _ in verdicts],
        "effect": [verdict["effect"]["name"] for verdict in found],
        **_columns(verdicts),
    }
    names = ", ".join(dict.fromkeys(shown["effect"]))
    yield Figure(
        "intervals",
        "Sampling-efficiency gap by algorithm",
        "; ".join(f"{label}: {estimate(v['effect'], 'points', ' points')}" for label, v in verdicts),
        f"ΔSE in points: {names}. The paper reports 36 to 45 on Omni-MATH and 21 to 23 on MATH500, with"
        " k = 256.",
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
        "Each verdict's effect in points with its interval, of the part that decides it where it has parts;"
        " shape and colour are the verdict."
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
