"""What a pair's curves show, in sentences."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from beyondbase.judging.verdict import TIE
from beyondbase.report.terminal import counted
from beyondbase.results.numbers import arm_word, estimate, number, p_value
from beyondbase.study.kinds import ANY, NAMES, PAPER


def rows(
    curve: Mapping[str, Any],
    axis: str,
    wanted: Sequence[float] | None = None,
    floors: Sequence[Mapping[str, Any]] = (),
) -> Iterator[dict[str, Any]]:
    """Turn the columns of a curve into rows.

    Args:
        curve: the axis beside base, other and difference, each with estimate, lower and upper.
        axis: the name of the axis, k or tau.
        wanted: the points to keep; all if None.
        floors: further columns on the same axis.
    """
    for index, at in enumerate(curve[axis]):
        if wanted is None or at in wanted:
            arms = ("base", "other", "difference")
            yield (
                {axis: at, "floors": [_cell(floor, index) for floor in floors]}
                | {arm: _cell(curve[arm], index) for arm in arms}
            )


def _cell(column: Mapping[str, Any], index: int) -> dict[str, Any]:
    return {name: column[name][index] for name in ("estimate", "lower", "upper")}


def floor_words(pair: Mapping[str, Any]) -> Iterator[str]:
    """Say what guesses reach on the problems of a pair, by their exact chances: a sentence for each."""
    ks = pair["curve"]["k"] if pair["floors"] else []
    for floor in pair["floors"] or ():
        ends = (
            f"{estimate(_cell(floor, ks.index(k)))} at k = {number(k)}"
            for k in dict.fromkeys((ks[0], ks[-1]))
        )
        yield f"Guesses ({floor['arm']}) reach {' and '.join(ends)}."


def deciding(verdict: Mapping[str, Any]) -> int | None:
    """Find the part that a verdict with parts rests on; None if it is undecided or has none.

    Where all parts must hold, the verdict has the p-value of the least sure; where one is enough, that of
    the surest, times the number of parts that were looked at.
    """
    side = {"SUPPORTED": "p_support", "REFUTED": "p_refute"}.get(verdict["outcome"])
    if side is None:
        return None
    known = {index: part[side] for index, part in enumerate(verdict["parts"]) if part[side] is not None}
    if not known:
        return None
    least_sure, surest = max(known.values()), min(known.values())
    wanted = least_sure if math.isclose(least_sure, verdict[side], rel_tol=TIE) else surest
    return next(index for index, p in known.items() if math.isclose(p, wanted, rel_tol=TIE))


def headline(pair: Mapping[str, Any]) -> str:
    """Say in one sentence what the curves of a pair show, with their bands."""
    if pair["curve"] is None:
        # The reason may hold for many pairs, and is told once for all of them.
        return "cannot be judged, its evidence is unfit for the reason below"
    table = list(rows(pair["curve"], "k"))
    first, last = table[0], table[-1]
    if last["k"] == first["k"]:
        return _leader(pair, first)
    return f"{_leader(pair, first)}{_crossing(pair, first, last)}; {_leader(pair, last)}"


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


def _crossing(pair: Mapping[str, Any], first: Mapping[str, Any], last: Mapping[str, Any]) -> str:
    """The clause on the crossing: told as a fact only where the band shows both sides of it too."""
    crossing = pair["crossover"]
    if crossing["k"] is None or crossing["k"] <= first["k"]:
        return ""
    where = estimate({"estimate": crossing["k"], **crossing}, "number")
    lead, loss = first["difference"]["lower"], last["difference"]["upper"]
    shown = lead is not None and lead > 0 and loss is not None and loss < 0
    if crossing["upper"] is not None and shown:
        return f", and the base overtakes at k = {where}"
    beyond = where.replace("no upper limit", f"beyond {number(pair['k_max'])}")
    return f", and the estimated curves cross at k = {beyond}, which the band leaves open"


def crossing_words(pair: Mapping[str, Any]) -> str:
    """Say where the estimated curves of a pair cross, with the interval of that k."""
    crossing = pair["crossover"]
    if crossing["k"] is None or crossing["k"] <= 1:
        return "The estimated base curve does not cross from below."
    lower, upper = crossing["lower"], crossing["upper"]
    low = "no lower limit" if lower is None else number(lower)
    high = f"beyond {number(pair['k_max'])}" if upper is None else number(upper)
    return (
        f"From k = {number(crossing['k'])} on the base is ahead by the estimates, interval {low} to {high}."
    )


def because(verdict: Mapping[str, Any], study: Mapping[str, Any]) -> str:
    """Say what decided a verdict: which part, and how its p-value stands to the level."""
    outcome, alpha = verdict["outcome"], number(study["alpha"])
    adjusted = f"adjusted {p_value(verdict['p_adjusted'])}"
    if outcome == "INVALID":
        return "The evidence is unfit, so nothing was decided."
    if outcome == "INCONCLUSIVE":
        shown = f"Neither the claim nor its opposite is shown: {adjusted}, above the level {alpha}."
        return shown + _open(verdict)
    index = deciding(verdict)
    if index is None:
        side = "for" if outcome == "SUPPORTED" else "against"
        return f"The evidence {side} the claim is enough: {adjusted}, at most the level {alpha}."
    part = verdict["parts"][index]["statement"]
    return f"The part “{part}” decides: {adjusted}, at most the level {alpha}."


def _open(verdict: Mapping[str, Any]) -> str:
    names = [f"“{part['statement']}”" for part in verdict["parts"] if part["outcome"] != "SUPPORTED"]
    return f" Not shown even on its own: {', '.join(names)}." if names else ""


def kept_over(study: Mapping[str, Any]) -> str:
    """Say over which verdicts the chance of a false one is kept."""
    over = "the verdicts of each claim" if study["family_over"] == "claim" else "all verdicts of the study"
    return f"the chance of any false one among {over} is at most alpha {number(study['alpha'])}"


def family_words(verdict: Mapping[str, Any], study: Mapping[str, Any]) -> str:
    """Name the family of a verdict, and what it has of alpha before any other of it is decided."""
    whose = "claim" if study["family_over"] == "claim" else "study"
    if verdict["family_size"] == 1:
        return f"the only verdict of its {whose}"
    share = verdict["alpha_share"] * study["alpha"]
    at = f"at {number(share)} itself until others are" if share else "waiting until others are"
    return f"the {verdict['family_size']:,} verdicts of its {whose}, {at} decided"


def margin_words(moved: Mapping[str, Any]) -> str:
    """Say what the outcome would be at other values of a margin."""
    value, double = moved["value"], moved["double"]
    half = f"{number(value)}; at half of it, {number(value / 2)}, the verdict would be {moved['half']}"
    return f"{half}, at double, {number(2 * value)}, {double}" if double else half


def preconditions(pair: Mapping[str, Any], study: Mapping[str, Any]) -> str:
    """Say what was checked of a pair's evidence before its claims were judged."""
    n = number(pair["n_min"]) if pair["n_min"] == pair["n_max"] else f"{pair['n_min']} to {pair['n_max']}"
    text = f"the same {counted(pair['problems'], 'problem')} in both arms, completions of each: {n}"
    large = study["grid"]["k_large"] or pair["k_max"]
    if large < study["grid"]["k_large_min"] or large > pair["k_max"]:
        least = max(large, study["grid"]["k_large_min"])
        return f"{text}; too few for claims about large k ({number(least)}), which this one is not"
    return f"{text}; large k is {number(large)}, at least {number(study['grid']['k_large_min'])} asked for"


def paper_side(verdict: Mapping[str, Any]) -> str | None:
    """What the paper says of a claim, where it has figures for these very models; None where it has none."""
    if all(item["context"] for item in verdict["reported"]):
        return None
    return "claims otherwise" if verdict["kind"] == "counter" else "claims it"


def standing(verdict: Mapping[str, Any], day: date) -> str:
    """How a verdict stands to what is expected of it.

    Args:
        verdict: one verdict of the results.
        day: what waivers are held against.

    Returns:
        "met" where it is what the paper says, "expected" where the study expects it by its own word, "free"
        where nothing is expected; "undecided" where it is open instead, "unfit" where it is INVALID, and else
        "unmet"; "waived" where one of these three is, as long as the waiver holds.
    """
    if verdict["as_expected"]:
        if verdict["expected"] == ANY:
            return "free"
        return "met" if verdict["outcome"] == PAPER.get(verdict["kind"]) else "expected"
    if verdict["waiver"] and day <= date.fromisoformat(verdict["waiver"]["until"]):
        return "waived"
    return {"INCONCLUSIVE": "undecided", "INVALID": "unfit"}.get(verdict["outcome"], "unmet")


def kind_words(verdict: Mapping[str, Any]) -> str:
    """Say what kind of claim it is, where it is no finding."""
    excluded = f" to {', '.join(verdict['excludes'])}" if verdict["excludes"] else ""
    return "" if verdict["kind"] == "finding" else f"{NAMES.get(verdict['kind'], verdict['kind'])}{excluded}"
