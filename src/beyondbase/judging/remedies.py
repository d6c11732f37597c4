"""What would decide an INCONCLUSIVE verdict: the parts that stand in the way, and what would show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan

from beyondbase.inference.assurance import POWER, POWER_OF_SEVERAL, Pilot, Remedy, growth, remedy
from beyondbase.judging.verdict import Advice, Verdict

UNKNOWN = "More problems would help; how many cannot be told."


@dataclass(frozen=True, eq=False)
class Need:
    """A part that has to be shown on the side on which its estimate lies, and is not yet.

    Attributes:
        statement: of the part.
        pilot: the data on that side; None where the verdict has none.
        level: one-sided level at which it must be shown.
        p: its p-value at hand.
        advice: what would show it, where the verdict says that itself.
    """

    statement: str
    pilot: Pilot | None
    level: float
    p: float
    advice: Advice | None = None


Needs = tuple[Need, ...]


def remedy_text(verdict: Verdict, level: float, *, seed: int = 0) -> str:
    """What would decide an inconclusive verdict, in words.

    Args:
        verdict: not decided at `level`.
        level: one-sided level that the whole must reach.
        seed: of the draws behind the numbers.
    """
    found = needs(verdict, level, support=True) or needs(verdict, level, support=False)
    if found is None:
        return _nowhere(verdict)
    advised = [need.advice.text(need.level, seed=seed) for need in found if need.advice]
    found = tuple(need for need in found if not need.advice)
    return " ".join([*dict.fromkeys(advised), *([_of_problems(found, seed)] if found else [])])


def _of_problems(found: Needs, seed: int) -> str:
    pilots = [need.pilot for need in found if need.pilot]
    if not pilots or len(pilots) < len(found):
        return UNKNOWN
    power = POWER if len(found) == 1 else POWER_OF_SEVERAL
    cures = [
        remedy(pilot, need.level, need.p, power=power, seed=seed)
        for need, pilot in zip(found, pilots, strict=True)
    ]
    return _sentence(found, pilots, cures)


def needs(verdict: Verdict, level: float, *, support: bool) -> Needs | None:
    """The parts still to be shown for one side of a verdict; None where an estimate lies on the other side.

    Where one of several parts is enough, each has its share of the level, and the nearest to it is taken.

    Args:
        verdict: a whole, or a part.
        level: one-sided level that it must reach.
        support: whether it is to be supported, or refuted.
    """
    p = verdict.p_support if support else verdict.p_refute
    if p <= level:
        return ()
    if not verdict.parts:
        return _leaf(verdict, level, p, support=support)
    if verdict.joined == "given":
        premise, conclusion = verdict.parts
        return _together([needs(premise, level, support=True), needs(conclusion, level, support=support)])
    if (verdict.joined == "all") == support:
        return _together([needs(part, level, support=support) for part in verdict.parts])
    share = level / len(verdict.parts)
    ways = [needs(part, share, support=support) for part in verdict.parts]
    return min((way for way in ways if way is not None), key=_distance, default=None)


def _leaf(verdict: Verdict, level: float, p: float, *, support: bool) -> Needs | None:
    if verdict.advice is not None:
        advice = verdict.advice[0 if support else 1]
        return (Need(verdict.statement, None, level, p, advice),) if advice.favourable else None
    if verdict.pilots is None:
        leans = p < max(verdict.p_support, verdict.p_refute)
        return (Need(verdict.statement, None, level, p),) if leans else None
    pilot = verdict.pilots[0 if support else 1]
    return (Need(verdict.statement, pilot, level, p),) if pilot.favourable else None


def _together(ways: Sequence[Needs | None]) -> Needs | None:
    found = [way for way in ways if way is not None]
    return tuple(need for way in found for need in way) if len(found) == len(ways) else None


def _distance(way: Needs) -> float:
    """By how much data would have to grow, to the digits that rounding leaves alone."""
    return float(f"{max((growth(need.level, need.p) for need in way), default=0.0):.6g}")


def _nowhere(verdict: Verdict) -> str:
    """Why no amount of data is a remedy: no estimate leans to a side that would decide."""
    for leaf in verdict.leaves():
        sides = leaf.advice or leaf.pilots
        if sides and not any(side.favourable for side in sides):
            return f"{leaf.statement}: at the threshold, as it looks, where no amount of data decides."
    if verdict.joined == "given":
        return f"{verdict.parts[0].statement}: does not look true, and nothing follows where it is not."
    return UNKNOWN


def _sentence(found: Needs, pilots: Sequence[Pilot], cures: Sequence[Remedy]) -> str:
    name = _name(found, cures)
    more = _most([cure.more for cure in cures])
    # Where more samples would change what is asked of one part, they are no remedy of the whole.
    unasked = any(isnan(pilot.noise) for pilot in pilots)
    samples = None if unasked else _most([cure.samples for cure in cures])
    ways = [
        *([units_text(more, pilots[0])] if more else []),
        *([_samples(samples, pilots)] if samples else []),
    ]
    if not ways:
        return f"{name}: so close to the threshold that a hundredfold of data would not decide."
    alone = "samples per problem" if more else "problems"
    tail = "" if len(ways) == 2 or unasked else f"; more {alone} alone would not"
    if all(cure.promised for cure in cures):
        return f"{name}: {' or '.join(ways)} would probably decide{tail}."
    doubt = "may never be decided, as the truth may be at the threshold; if it is as it looks"
    return f"{name}: {doubt}, {' or '.join(ways)} would probably decide{tail}."


def _most(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return max(known) if len(known) == len(sizes) else None


def _name(found: Needs, cures: Sequence[Remedy]) -> str:
    """The parts to be shown: both of two; of more, the one that takes most."""
    statements = list(dict.fromkeys(need.statement for need in found))
    if len(statements) <= 2:
        return " and ".join(statements)
    sizes = [inf if cure.more is None else cure.more for cure in cures]
    return f"{found[sizes.index(max(sizes))].statement} and {len(statements) - 1} other parts"


def units_text(more: int, pilot: Pilot) -> str:
    """How many more problems, or clusters of them, in words."""
    plural = "s" if more > 1 else ""
    size = float(pilot.sizes.mean())
    if abs(size - 1) < 1e-9:
        return f"about {more:,} more problem{plural}"
    return f"about {more:,} more cluster{plural} (of about {size:.2g} problems each)"


def _samples(samples: int, pilots: Sequence[Pilot]) -> str:
    kept = next((f" (with [grid] k_large = {pilot.kept_k})" for pilot in pilots if pilot.kept_k), "")
    return (
        f"about {samples:,} samples on each of these {round(float(pilots[0].sizes.sum())):,} problems{kept}"
    )
