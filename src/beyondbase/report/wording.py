"""What a pair's curves show, in sentences."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from beyondbase.judging.verdict import TIE
from beyondbase.report.terminal import counted
from beyondbase.results.numbers import arm_word, estimate, number, p_value
from beyondbase.results.schema.pairs import Cover, Curve, Floor, PairRecord, ValidPair
from beyondbase.results.schema.record import Interval
from beyondbase.results.schema.studies import StudyRecord
from beyondbase.results.schema.verdicts import VerdictRecord
from beyondbase.study.kinds import ANY, NAMES, PAPER


@dataclass(frozen=True)
class Row:
    """A curve at one place of its axis."""

    at: float
    base: Interval
    other: Interval
    difference: Interval
    floors: list[Interval]


def rows(
    curve: Curve | Cover,
    axis: Sequence[float],
    wanted: Sequence[float] | None = None,
    floors: Sequence[Floor] = (),
) -> Iterator[Row]:
    """Turn the columns of a curve into rows.

    Args:
        curve: what is shown.
        axis: its own axis, k or tau.
        wanted: the points to keep; all if None.
        floors: further columns on the same axis.
    """
    for index, at in enumerate(axis):
        if wanted is None or at in wanted:
            base, other, difference = (band.at(index) for band in (curve.base, curve.other, curve.difference))
            yield Row(at, base, other, difference, [floor.band.at(index) for floor in floors])


def ends_of(curve: Curve) -> tuple[Row, Row]:
    """A curve at its first k and at its last, which may be the same."""
    table = list(rows(curve, curve.k, (curve.k[0], curve.k[-1])))
    return table[0], table[-1]


def floor_words(pair: PairRecord) -> Iterator[str]:
    """Say what guesses reach on the problems of a pair, by their exact chances: a sentence for each."""
    if not isinstance(pair, ValidPair):
        return
    for floor in pair.floors:
        ks = pair.curve.k
        ends = (
            f"{estimate(floor.band.at(index))} at k = {number(ks[index])}"
            for index in dict.fromkeys((0, len(ks) - 1))
        )
        yield f"Guesses ({floor.arm}) reach {' and '.join(ends)}."


def deciding(verdict: VerdictRecord) -> int | None:
    """Find the part that a verdict with parts rests on; None if it is undecided or has none.

    Where all parts must hold, the verdict has the p-value of the least sure; where one is enough, that of
    the surest, times the number of parts that were looked at.
    """
    if verdict.outcome not in {"SUPPORTED", "REFUTED"}:
        return None
    support = verdict.outcome == "SUPPORTED"
    sides = [part.p_support if support else part.p_refute for part in verdict.parts]
    known = {index: p for index, p in enumerate(sides) if p is not None}
    if not known:
        return None
    least_sure, surest = max(known.values()), min(known.values())
    own = verdict.p_support if support else verdict.p_refute
    wanted = least_sure if math.isclose(least_sure, own, rel_tol=TIE) else surest
    return next(index for index, p in known.items() if math.isclose(p, wanted, rel_tol=TIE))


def headline(pair: PairRecord) -> str:
    """Say in one sentence what the curves of a pair show, with their bands."""
    if not isinstance(pair, ValidPair):
        # The reason may hold for many pairs, and is told once for all of them.
        return "cannot be judged, its evidence is unfit for the reason below"
    first, last = ends_of(pair.curve)
    if last.at == first.at:
        return _leader(pair, first)
    return f"{_leader(pair, first)}{_crossing(pair, first, last)}; {_leader(pair, last)}"


def _leader(pair: ValidPair, row: Row) -> str:
    k, difference = number(row.at), row.difference
    if difference.lower is not None and difference.lower > 0:
        return f"{arm_word(pair)} leads at k = {k} by {_size(difference)}"
    if difference.upper is not None and difference.upper < 0:
        return f"the base leads at k = {k} by {_size(difference.turned)}"
    return f"at k = {k} neither arm is clearly ahead (difference {estimate(difference, 'points', ' points')})"


def _size(difference: Interval) -> str:
    return estimate(difference, "points", " points").replace("+", "")


def _crossing(pair: ValidPair, first: Row, last: Row) -> str:
    """The clause on the crossing: told as a fact only where the band shows both sides of it too."""
    crossing = pair.crossover
    if crossing.k is None or crossing.k <= first.at:
        return ""
    where = estimate(
        Interval.model_construct(estimate=crossing.k, lower=crossing.lower, upper=crossing.upper), "number"
    )
    lead, loss = first.difference.lower, last.difference.upper
    shown = lead is not None and lead > 0 and loss is not None and loss < 0
    if crossing.upper is not None and shown:
        return f", and the base overtakes at k = {where}"
    beyond = where.replace("no upper limit", f"beyond {number(pair.k_max)}")
    return f", and the estimated curves cross at k = {beyond}, which the band leaves open"


def crossing_words(pair: ValidPair) -> str:
    """Say where the estimated curves of a pair cross, with the interval of that k."""
    crossing = pair.crossover
    if crossing.k is None or crossing.k <= 1:
        return "The estimated base curve does not cross from below."
    high = f"beyond {number(pair.k_max)}" if crossing.upper is None else number(crossing.upper)
    return (
        f"From k = {number(crossing.k)} on the base is ahead by the estimates,"
        f" interval {number(crossing.lower)} to {high}."
    )


def because(verdict: VerdictRecord, study: StudyRecord) -> str:
    """Say what decided a verdict: which part, and how its p-value stands to the level."""
    outcome, alpha = verdict.outcome, number(study.alpha)
    adjusted = f"adjusted {p_value(verdict.p_adjusted)}"
    if outcome == "INVALID":
        return "The evidence is unfit, so nothing was decided."
    if outcome == "INCONCLUSIVE":
        shown = f"Neither the claim nor its opposite is shown: {adjusted}, above the level {alpha}."
        return shown + _open(verdict)
    index = deciding(verdict)
    if index is None:
        side = "for" if outcome == "SUPPORTED" else "against"
        return f"The evidence {side} the claim is enough: {adjusted}, at most the level {alpha}."
    part = verdict.parts[index].statement
    return f"The part “{part}” decides: {adjusted}, at most the level {alpha}."


def _open(verdict: VerdictRecord) -> str:
    names = [f"“{part.statement}”" for part in verdict.parts if part.outcome != "SUPPORTED"]
    return f" Not shown even on its own: {', '.join(names)}." if names else ""


def preconditions(pair: PairRecord, study: StudyRecord) -> str:
    """Say what was checked of a pair's evidence before its claims were judged."""
    n = number(pair.n_min) if pair.n_min == pair.n_max else f"{pair.n_min} to {pair.n_max}"
    text = f"the same {counted(pair.problems, 'problem')} in both arms, completions of each: {n}"
    large = study.grid.k_large or pair.k_max
    if large < study.grid.k_large_min or large > pair.k_max:
        least = max(large, study.grid.k_large_min)
        return f"{text}; too few for claims about large k ({number(least)}), which this one is not"
    return f"{text}; large k is {number(large)}, at least {number(study.grid.k_large_min)} asked for"


def paper_side(verdict: VerdictRecord) -> str | None:
    """What the paper says of a claim, where it has figures for these very models; None where it has none."""
    if all(item.context for item in verdict.reported):
        return None
    return "claims otherwise" if verdict.kind == "counter" else "claims it"


def standing(verdict: VerdictRecord, day: date) -> str:
    """How a verdict stands to what is expected of it.

    Args:
        verdict: one verdict of the results.
        day: what waivers are held against.

    Returns:
        "met" where it is what the paper says, "expected" where the study expects it by its own word, "free"
        where nothing is expected; "undecided" where it is open instead, "unfit" where it is INVALID, and else
        "unmet"; "waived" where one of these three is, as long as the waiver holds.
    """
    if verdict.as_expected:
        if verdict.expected == ANY:
            return "free"
        return "met" if verdict.outcome == PAPER.get(verdict.kind) else "expected"
    if verdict.waiver and day <= date.fromisoformat(verdict.waiver.until):
        return "waived"
    return {"INCONCLUSIVE": "undecided", "INVALID": "unfit"}.get(verdict.outcome, "unmet")


def kind_words(verdict: VerdictRecord) -> str:
    """Say what kind of claim it is, where it is no finding."""
    excluded = f" to {', '.join(verdict.excludes)}" if verdict.excludes else ""
    return "" if verdict.kind == "finding" else f"{NAMES.get(verdict.kind, verdict.kind)}{excluded}"
