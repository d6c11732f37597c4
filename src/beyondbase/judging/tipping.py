"""How wrong a grader may be before a verdict falls: tipping points and fragility of a family's verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil

import numpy as np

from beyondbase.inference.graphical import Procedure, own_level
from beyondbase.inference.tipping import NONE, ONE_IN, SHARES, slip_limit, tipping_points
from beyondbase.judging.slips import SolvedAlone, SolvedBeyondLuck
from beyondbase.judging.thresholds import Wrong, answers, fewest, together
from beyondbase.judging.verdict import TIE, Outcome, Verdict

LEAST = f"1 wrong answer in {ONE_IN[0]:,}"


@dataclass(frozen=True)
class Fall:
    """Accepted answers that would let a verdict fall if they were wrong.

    Attributes:
        answers: how many.
        problems: on how many problems.
        arms: of which arms.
        share: of the wrong answers of these arms, these among them.
    """

    answers: int
    problems: int
    arms: tuple[str, ...]
    share: float


@dataclass(frozen=True)
class Sole:
    """The problem that an arm solves alone with most accepted answers for its number of answers.

    Attributes:
        arm: that solves it.
        problem_id: of it.
        n: answers of the arm.
        c: accepted ones.
        share: of wrong answers that could be accepted without all of them being slips.
    """

    arm: str
    problem_id: str
    n: int
    c: int
    share: float


@dataclass(frozen=True)
class Tipping:
    """How much a decided verdict bears.

    Attributes:
        clause: all of it in words.
        anywhere: greatest share of wrong answers accepted, on any problem of any arm, up to which it holds; 0
            where it is less than the least that is looked at.
        alike: the same where on each problem all arms fare alike.
        fall: the fewest wrong answers found to fell it; None where no number does, or none was looked for.
        sole: of claims on problems that an arm solves alone.
    """

    clause: str
    anywhere: float
    alike: float
    fall: Fall | None
    sole: Sole | None


@dataclass(frozen=True, eq=False)
class Member:
    """A verdict of a family.

    Attributes:
        verdict: before adjustment.
        outcome: after it.
        told: whether its tipping point is to be told; the others only count as members of the family.
        problem_ids: of its case.
    """

    verdict: Verdict
    outcome: Outcome
    told: bool
    problem_ids: Sequence[str]

    @property
    def decided(self) -> bool:
        """Whether it was decided, so that it can fall."""
        return self.outcome in {Outcome.SUPPORTED, Outcome.REFUTED}

    @property
    def support(self) -> bool:
        """On which side."""
        return self.outcome is Outcome.SUPPORTED

    def shown(self, share: float, level: float, *, alike: bool) -> bool:
        """Whether it is still so at a share of wrong answers accepted, at a one-sided level."""
        return shown(self.verdict, share, level, support=self.support, alike=alike)


def tippings(members: Sequence[Member], alpha: float, procedure: Procedure) -> list[Tipping | None]:
    """Tipping points of those verdicts of a family of which they are to be told; None of the others.

    Args:
        members: of the family.
        alpha: of the family.
        procedure: that keeps its error, at its start.
    """
    known = [_known(member) for member in members]
    told = [place for place, member in enumerate(members) if known[place] and member.told]
    found: list[Tipping | None] = [None] * len(members)
    if not told:
        return found
    decided = [place for place, member in enumerate(members) if known[place]]
    anywhere, alike = (
        tipping_points(
            {place: partial(members[place].shown, alike=both) for place in decided}, alpha, procedure
        )
        for both in (False, True)
    )
    p = [member.verdict.p for member in members]
    for place in told:
        level = own_level(procedure, p, place, alpha)
        # Alike is a case of anywhere; by their own bounds and steps the two are not always in this order.
        ends = anywhere[place], max(anywhere[place], alike[place])
        found[place] = _tipping(members[place], level, alpha, *ends)
    return found


def shown(verdict: Verdict, share: float, level: float, *, support: bool, alike: bool) -> bool:
    """Whether a verdict is shown at a level, whatever slips up to a share of wrong answers there were.

    Args:
        verdict: a whole, or a part.
        share: the greatest chance that a wrong answer is accepted, on any problem of any arm.
        level: one-sided.
        support: whether it is to be supported, or refuted.
        alike: whether on each problem all arms have the same chance.
    """
    if not verdict.parts:
        return verdict.slips is not None and verdict.slips.shown(share, level, support=support, alike=alike)
    if verdict.joined == "given":
        premise, conclusion = verdict.parts
        return shown(premise, share, level, support=True, alike=alike) and shown(
            conclusion, share, level, support=support, alike=alike
        )
    one = partial(shown, share=share, support=support, alike=alike)
    if (verdict.joined == "all") == support:
        return all(one(part, level=level) for part in verdict.parts)
    return any(one(part, level=level / len(verdict.parts)) for part in verdict.parts)


def fewest_wrong(verdict: Verdict, level: float, *, support: bool) -> Wrong | None:
    """Accepted answers that, if wrong, leave a verdict open at a level; None if none were found.

    Of a whole that needs all its parts, the cheapest part to fell; of one that needs any, all that are shown.
    """
    if not verdict.parts:
        return verdict.slips.fewest_wrong(level, support=support) if verdict.slips else None
    if verdict.joined == "given":
        sides = zip(verdict.parts, (True, support), strict=True)
        ways = [fewest_wrong(part, level, support=side) for part, side in sides]
        return fewest([way for way in ways if way is not None])
    if (verdict.joined == "all") == support:
        ways = [fewest_wrong(part, level, support=support) for part in verdict.parts]
        return fewest([way for way in ways if way is not None])
    share = level / len(verdict.parts)
    p = (part.p_support if support else part.p_refute for part in verdict.parts)
    shown_parts = [part for part, one in zip(verdict.parts, p, strict=True) if one <= share]
    return together([fewest_wrong(part, share, support=support) for part in shown_parts])


def _known(member: Member) -> bool:
    """Whether it was decided by statements of which it is known what slips do to them."""
    return (
        member.decided
        and all(leaf.slips is not None for leaf in member.verdict.leaves())
        and _as_joined(member.verdict)
    )


def _as_joined(verdict: Verdict) -> bool:
    """Whether the p-values of a whole are those of its parts, joined as it says: a claim may make its own."""
    if not verdict.parts:
        return True
    support, refute = ([getattr(part, side) for part in verdict.parts] for side in ("p_support", "p_refute"))
    if verdict.joined == "given":
        ends = max(support[0], support[1]), max(support[0], refute[1])
    elif verdict.joined == "all":
        ends = max(support), min(1.0, len(refute) * min(refute))
    else:
        ends = min(1.0, len(support) * min(support)), max(refute)
    same = np.allclose(ends, (verdict.p_support, verdict.p_refute), rtol=TIE, atol=0)
    return same and all(map(_as_joined, verdict.parts))


def _tipping(member: Member, level: float, alpha: float, anywhere: int, alike: int) -> Tipping:
    wrong = fewest_wrong(member.verdict, level, support=member.support)
    fall = _fall(member.verdict, wrong) if wrong is not None else None
    sole = _sole(member, alpha)
    shares = [0.0 if place == NONE else SHARES[place] for place in (anywhere, alike)]
    clause = " ".join([_holds(anywhere, alike), *_falls(fall), *_solves(sole)])
    return Tipping(clause, shares[0], shares[1], fall, sole)


def _fall(verdict: Verdict, wrong: Wrong) -> Fall:
    counts = _arms(verdict)
    arms = tuple(arm for arm, part in wrong.items() if part.any())
    rows = [np.flatnonzero(wrong[arm]) for arm in arms]
    number = answers(wrong)
    refused = sum(int(counts[arm].sum()) for arm in arms)
    problems = len(np.unique(np.concatenate(rows)))
    return Fall(number, problems, arms, number / (refused + number))


def _arms(verdict: Verdict) -> Mapping[str, np.ndarray]:
    """Numbers of refused answers, by arm."""
    return {
        arm.name: arm.n - arm.c
        for leaf in verdict.leaves()
        if leaf.slips
        for up in (True, False)
        for arm in leaf.slips.source.favoured(up=up)
    }


def _sole(member: Member, alpha: float) -> Sole | None:
    """The problem with no accepted answer of the base that the arm most surely solves at all.

    Were it solved on none of them, each would have c or more of n accepted by a chance of at most that of a
    binomial count; Bonferroni over all of them, because it is the best of them.
    """
    sources = (leaf.slips.source for leaf in member.verdict.leaves() if leaf.slips)
    source = next((one for one in sources if isinstance(one, SolvedAlone | SolvedBeyondLuck)), None)
    if source is None or not ((source.base.c == 0) & (source.arm.c > 0)).any():
        return None
    unsolved = np.flatnonzero(source.base.c == 0)
    n, c = source.arm.n[unsolved], source.arm.c[unsolved]
    limits = slip_limit(n, c, alpha / len(unsolved))
    ids = [member.problem_ids[row] for row in unsolved.tolist()]
    best = min(range(len(ids)), key=lambda place: (-round(float(limits[place]), 12), ids[place]))
    return Sole(source.arm.name, ids[best], int(n[best]), int(c[best]), float(limits[best]))


def _holds(anywhere: int, alike: int) -> str:
    if alike == NONE:
        return f"No longer shown if {LEAST} is accepted."
    both = f"1 in {ONE_IN[alike]:,} where all arms fare alike"
    if anywhere == NONE:
        return f"No longer shown if {LEAST} is accepted in one arm only; holds unless more than {both}."
    holds = f"Holds unless more than 1 wrong answer in {ONE_IN[anywhere]:,} is accepted on some problem"
    return f"{holds}." if anywhere == alike else f"{holds} ({both})."


def _falls(fall: Fall | None) -> Sequence[str]:
    if fall is None:
        return ()
    answers_ = f"{fall.answers:,} accepted answer{'s' * (fall.answers > 1)}"
    problems = f"{fall.problems:,} problem{'s' * (fall.problems > 1)}"
    are = "are" if fall.answers > 1 else "is"
    of = f"{100 * fall.share:.2g} % of all wrong answers of {' and '.join(fall.arms)}"
    return (f"Falls if {answers_} on {problems} {are} wrong ({of}).",)


def _solves(sole: Sole | None) -> Sequence[str]:
    if sole is None:
        return ()
    here = f"{sole.arm} has {sole.c:,} of {sole.n:,} accepted on {sole.problem_id}, the base none"
    # Of 9 digits, so that no rounding decides; a share is never told as more than it is.
    rare = ceil(float(f"{1 / sole.share:.9g}"))
    digits = max(len(str(rare)) - 2, 0)
    number = -(-rare // 10**digits) * 10**digits
    return (f"{here}: not all are slips unless more than 1 wrong answer in {number:,} is accepted.",)
