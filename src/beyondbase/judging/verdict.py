"""Verdicts and their algebra: all of, any of, opposite.

A verdict carries two one-sided p-values: against "the statement is false" (small: supported) and
against "the statement is true" (small: refuted). So a refutation needs evidence the other way, never
a mere lack of it. Combining statements combines the p-values; De Morgan's laws hold.

The number shown of a combination is that of the part that decides it, so a claim that its part at k = 1
refutes does not show what the arms do at k = 128.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

from beyondbase.inference.assurance import Pilot
from beyondbase.judging.thresholds import Threshold

Joined: TypeAlias = Literal["all", "any", "given"]
_MIRRORED: dict[Joined, Joined] = {"all": "any", "any": "all", "given": "given"}

# p-values that differ by a smaller part of themselves are one, so that no rounding chooses among them.
TIE = 1e-6


class Outcome(StrEnum):
    """What a claim ends in."""

    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"


@dataclass(frozen=True)
class Effect:
    """A number with its interval; `upper` None means that the data set no upper end.

    `unit` is "share" (a share of problems or samples, or a difference of two, shown in points),
    "probability" (shown in percent), "k" (a number of samples), or what else a plain number counts.

    A number of samples below 1 is less than one sample. `most` is the greatest that was looked at, where that
    is known: an `estimate` None lies beyond it, or nowhere.
    """

    name: str
    estimate: float | None
    lower: float | None
    upper: float | None
    level: float = 0.95
    unit: str = "share"
    most: int | None = None


class Advice(Protocol):
    """What would show one side of a statement that is not about problems alone."""

    @property
    def favourable(self) -> bool:
        """Whether the estimate lies on this side."""
        ...

    def text(self, level: float, *, seed: int = 0) -> str:
        """What would show it at a one-sided level, in words."""
        ...


@dataclass(frozen=True)
class Verdict:
    """A statement with the evidence for and against it.

    Attributes:
        statement: one sentence that is true or false of the models.
        p_support: p-value against the statement's falsehood.
        p_refute: p-value against its truth.
        effect: the number that the statement is about; of a combination, that of the part that decides it.
        parts: the statements it is made of, if any.
        invalid: why the evidence is unfit; then nothing else counts.
        pilots: the data on the side of the statement and on the other, for statements without parts: what a
            remedy is computed from.
        details: further numbers worth showing.
        joined: how the parts make the whole; "given" has the premise first.
        slips: the statement, to be tried with slips of the grader, for statements without parts; None where
            it is not known what slips do to it.
        advice: what would show the statement and the other side, where that is more than data like `pilots`.
    """

    statement: str
    p_support: float
    p_refute: float
    effect: Effect | None = None
    parts: tuple["Verdict", ...] = ()
    invalid: tuple[str, ...] = ()
    pilots: tuple[Pilot, Pilot] | None = None
    details: tuple[Effect, ...] = ()
    joined: Joined = "all"
    slips: Threshold | None = None
    advice: tuple[Advice, Advice] | None = None

    def outcome(self, alpha: float, p_adjusted: float | None = None) -> Outcome:
        """Decide at one-sided level `alpha`, on the adjusted p of the better-evidenced side if given."""
        if self.invalid:
            return Outcome.INVALID
        if (self.p if p_adjusted is None else p_adjusted) > alpha:
            return Outcome.INCONCLUSIVE
        return Outcome.SUPPORTED if self.p_support <= self.p_refute else Outcome.REFUTED

    @property
    def p(self) -> float:
        """The smaller of the two p-values, the one that the family adjusts; 1 where invalid."""
        return 1.0 if self.invalid else min(self.p_support, self.p_refute)

    def about(
        self, statement: str, effect: Effect | None = None, details: tuple[Effect, ...] = ()
    ) -> "Verdict":
        """The same evidence under a claim's own sentence, headline number and details."""
        return replace(
            self, statement=statement, effect=effect or self.effect, details=details or self.details
        )

    def leaves(self) -> tuple["Verdict", ...]:
        """The statements without parts that this one is made of."""
        return tuple(leaf for part in self.parts for leaf in part.leaves()) if self.parts else (self,)


def invalid(statement: str, *reasons: str) -> Verdict:
    """A verdict on evidence that is unfit, with the reasons."""
    return Verdict(statement, 1.0, 1.0, invalid=reasons)


def all_of(statement: str, *parts: Verdict) -> Verdict:
    """Every part holds: an intersection-union test (Berger 1982).

    Support needs every part at full level; refutation needs one part refuted, Bonferroni-adjusted for
    having looked at all.

    The effect is that of the part which stands most in the way of support: the least sure one, or, where the
    evidence is against the whole, the one with the strongest evidence against it. So it is the weakest link
    of a SUPPORTED verdict, what refuted a REFUTED one, and what keeps an INCONCLUSIVE one from being
    SUPPORTED. A part that has parts shows its own by the same rule.
    """
    support, refute = ([getattr(part, side) for part in parts] for side in ("p_support", "p_refute"))
    p_support, p_refute = max(support), min(1.0, len(parts) * min(refute))
    shown = _largest(support) if p_support <= p_refute else _smallest(refute)
    return _fit(Verdict(statement, p_support, p_refute, parts[shown].effect, parts))


def any_of(statement: str, *parts: Verdict) -> Verdict:
    """At least one part holds: the mirror image of `all_of`.

    The effect is that of the part which stands most in the way of refutation, as in `all_of` of support.
    """
    support, refute = ([getattr(part, side) for part in parts] for side in ("p_support", "p_refute"))
    p_support, p_refute = min(1.0, len(parts) * min(support)), max(refute)
    shown = _largest(refute) if p_refute <= p_support else _smallest(support)
    return _fit(Verdict(statement, p_support, p_refute, parts[shown].effect, parts, joined="any"))


def given(statement: str, premise: Verdict, conclusion: Verdict) -> Verdict:
    """The conclusion holds where the premise does; without the premise nothing follows either way.

    An intersection-union test on both sides: supported where premise and conclusion are shown, refuted where
    the premise is shown and the conclusion refuted. The number is that of the conclusion.
    """
    p_support = max(premise.p_support, conclusion.p_support)
    p_refute = max(premise.p_support, conclusion.p_refute)
    parts = (premise, conclusion)
    return _fit(Verdict(statement, p_support, p_refute, conclusion.effect, parts, joined="given"))


def opposite(statement: str, verdict: Verdict) -> Verdict:
    """The statement is false: support and refutation change places, in all parts but a premise."""
    kept = verdict.parts[:1] if verdict.joined == "given" else ()
    turned = (opposite(f"not: {part.statement}", part) for part in verdict.parts[len(kept) :])
    return replace(
        verdict,
        statement=statement,
        p_support=verdict.p_refute,
        p_refute=verdict.p_support,
        parts=(*kept, *turned),
        pilots=verdict.pilots and verdict.pilots[::-1],
        advice=verdict.advice and verdict.advice[::-1],
        joined=_MIRRORED[verdict.joined],
        slips=verdict.slips and verdict.slips.opposite(),
    )


def _fit(whole: Verdict) -> Verdict:
    """The same, unfit where a part is."""
    reasons = dict.fromkeys(reason for part in whole.parts for reason in part.invalid)
    return replace(whole, invalid=tuple(reasons))


def _largest(p: Sequence[float]) -> int:
    """Where the largest p stands, the first of those that are it but for rounding."""
    return next((place for place, one in enumerate(p) if one >= max(p) * (1 - TIE)), 0)


def _smallest(p: Sequence[float]) -> int:
    """Where the smallest p stands, as `_largest`."""
    return next((place for place, one in enumerate(p) if one <= min(p) * (1 + TIE)), 0)
