"""What a pair's curves show, in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from beyondbase.report.formats import estimate, number

ARM_WORDS = {
    "rl": "RL",
    "distilled": "the distilled model",
    "instruct": "the instruct model",
    "teacher": "the teacher",
    "guess": "guessing",
}


def arm_word(pair: Mapping[str, Any]) -> str:
    """Name the arm that a pair sets against its base."""
    return ARM_WORDS.get(pair["role"], str(pair["other"]))


def rows(
    curve: Mapping[str, Any], axis: str, wanted: Sequence[float] | None = None
) -> Iterator[dict[str, Any]]:
    """Turn the columns of a curve into rows.

    Args:
        curve: the axis beside base, other and difference, each with estimate, lower and upper.
        axis: the name of the axis, k or tau.
        wanted: the points to keep; all if None.
    """
    for index, at in enumerate(curve[axis]):
        if wanted is None or at in wanted:
            arms = ("base", "other", "difference")
            yield {axis: at} | {arm: {name: curve[arm][name][index] for name in curve[arm]} for arm in arms}


def deciding(verdict: Mapping[str, Any]) -> int | None:
    """Find the part that the verdict rests on: the one whose p-value is nearest to the verdict's own."""
    side = {"SUPPORTED": "p_support", "REFUTED": "p_refute"}.get(verdict["outcome"])
    if side is None or verdict[side] is None:
        return None
    known = [(part[side], index) for index, part in enumerate(verdict["parts"]) if part[side] is not None]
    return min(known, key=lambda item: abs(item[0] - verdict[side]), default=(0, None))[1]


def headline(pair: Mapping[str, Any]) -> str:
    """Say in one sentence what the curves of a pair show, with their bands."""
    if pair["curve"] is None:
        return f"cannot be judged: {'; '.join(pair['invalid']) or 'no reason given'}"
    table = list(rows(pair["curve"], "k"))
    first, last = table[0], table[-1]
    start = f"{_leader(pair, first)}{_crossing(pair, first)}"
    return start if last["k"] == first["k"] else f"{start}; {_leader(pair, last)}"


def _leader(pair: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    k, difference = number(row["k"]), row["difference"]
    if difference["lower"] is not None and difference["lower"] > 0:
        return f"{arm_word(pair)} leads at k = {k} by {_size(difference)}"
    if difference["upper"] is not None and difference["upper"] < 0:
        return f"the base leads at k = {k} by {_size(_turned(difference))}"
    return f"at k = {k} neither arm is clearly ahead (difference {estimate(difference, 'points', ' points')})"


def _size(difference: Mapping[str, Any]) -> str:
    return estimate(difference, "points", " points").replace("+", "")


def _turned(value: Mapping[str, Any]) -> dict[str, Any]:
    flipped = {"estimate": "estimate", "lower": "upper", "upper": "lower"}
    return {name: None if value[source] is None else -value[source] for name, source in flipped.items()}


def _crossing(pair: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    crossing = pair["crossover"]
    if crossing["k"] is None:
        return f", and the base does not overtake up to k = {number(pair['k_max'])}"
    if crossing["k"] <= first["k"]:
        return ", and the base is never behind"
    where = estimate({"estimate": crossing["k"], **crossing}, "number")
    beyond = f"beyond {number(pair['k_max'])}"
    return f", and the base overtakes at k = {where.replace('no upper limit', beyond)}"
