"""Verdicts and their algebra: all of, any of, opposite.

A verdict carries two one-sided p-values: against "the statement is false" (small: supported) and
against "the statement is true" (small: refuted). So a refutation needs evidence the other way, never
a mere lack of it. Combining statements combines the p-values; De Morgan's laws hold.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, TypeAlias

from beyondbase.inference.assurance import Pilot

Joined: TypeAlias = Literal["all", "any", "given"]
_MIRRORED: dict[Joined, Joined] = {"all": "any", "any": "all", "given": "given"}


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
    """

    name: str
    estimate: float | None
    lower: float | None
    upper: float | None
    level: float = 0.95
    unit: str = "share"


@dataclass(frozen=True)
class Verdict:
    """A statement with the evidence for and against it.

    Attributes:
        statement: one sentence that is true or false of the models.
        p_support: p-value against the statement's falsehood.
        p_refute: p-value against its truth.
        effect: the number that the statement is about.
        parts: the statements it is made of, if any.
        invalid: why the evidence is unfit; then nothing else counts.
        pilots: the data on the side of the statement and on the other, for statements without parts: what a
            remedy is computed from.
        details: further numbers worth showing.
        joined: how the parts make the whole; "given" has the premise first.
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
    """
    return _combined(
        statement,
        parts,
        p_support=max(part.p_support for part in parts),
        p_refute=min(1.0, len(parts) * min(part.p_refute for part in parts)),
    )


def any_of(statement: str, *parts: Verdict) -> Verdict:
    """At least one part holds: the mirror image of `all_of`."""
    verdict = _combined(
        statement,
        parts,
        p_support=min(1.0, len(parts) * min(part.p_support for part in parts)),
        p_refute=max(part.p_refute for part in parts),
    )
    return replace(verdict, joined="any")


def given(statement: str, premise: Verdict, conclusion: Verdict) -> Verdict:
    """The conclusion holds where the premise does; without the premise nothing follows either way.

    An intersection-union test on both sides: supported where premise and conclusion are shown, refuted where
    the premise is shown and the conclusion refuted. The number is that of the conclusion.
    """
    verdict = _combined(
        statement,
        (premise, conclusion),
        p_support=max(premise.p_support, conclusion.p_support),
        p_refute=max(premise.p_support, conclusion.p_refute),
    )
    return replace(verdict, effect=conclusion.effect, joined="given")


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
        joined=_MIRRORED[verdict.joined],
    )


def _combined(statement: str, parts: tuple[Verdict, ...], *, p_support: float, p_refute: float) -> Verdict:
    reasons = tuple(dict.fromkeys(reason for part in parts for reason in part.invalid))
    effect = next((part.effect for part in parts if part.effect), None)
    return Verdict(statement, p_support, p_refute, effect, parts, reasons)
