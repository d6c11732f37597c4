"""Judge a study: every claim on every case, adjusted over its family."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

from beyondbase.errors import InputError
from beyondbase.evidence.load import Evidence, load_evidence
from beyondbase.inference.graphical import Procedure, adjusted_by, at_the_end
from beyondbase.judging.case import Case
from beyondbase.judging.claim import Claim
from beyondbase.judging.comparable import few_samples
from beyondbase.judging.remedies import remedy_text
from beyondbase.judging.sensitivity import Sensitivity, sensitivities
from beyondbase.judging.shares import NEARLY_NONE, adjusted_over, families
from beyondbase.judging.tipping import Member, Tipping, tippings
from beyondbase.judging.trying import Tried, tried
from beyondbase.judging.undecided import SETTLEMENTS, doubts, settled
from beyondbase.judging.verdict import Outcome, Verdict, invalid
from beyondbase.messages import suggest
from beyondbase.study import Expectation, Study, Waiver
from beyondbase.study.kinds import ANY, PAPER, ExpectedVerdict

_Entry = TypeVar("_Entry", Expectation, Waiver)
NOTHING: Mapping[int, Any] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Judged:
    """One claim on one case, decided.

    Attributes:
        claim: what was judged.
        case: on what.
        verdict: the evidence for and against, before adjustment.
        outcome: the decision at the study's alpha, adjusted over its family.
        p_adjusted: p of the better-evidenced side, adjusted over its family.
        family_size: verdicts in that family.
        alpha_share: the share of alpha that it has before any other is decided.
        stated: what the study expects by its own word, if it says so.
        waiver: the study's dated exception, whatever the day; it changes nothing here.
        remedy: what would decide it, where it is inconclusive.
        error: what the claim's code raised, if it did.
        tipping: how wrong the grader may be before it falls, where it is decided and about large k.
        sensitivity: the outcome at half and double of each margin that the claim says it uses, but of zero.
    """

    claim: Claim
    case: Case
    verdict: Verdict
    outcome: Outcome
    p_adjusted: float
    family_size: int
    alpha_share: float
    stated: Expectation | None
    waiver: Waiver | None
    remedy: str | None
    error: Exception | None
    tipping: Tipping | None = None
    sensitivity: tuple[Sensitivity, ...] = ()

    @property
    def id(self) -> str:
        """Name of the verdict within its study."""
        return f"{self.claim.id}[{self.case.id}]"

    @property
    def expected(self) -> Expectation:
        """What the study expects, or the paper where the study says nothing."""
        return self.stated or Expectation(verdict=PAPER[self.claim.kind])

    @property
    def as_expected(self) -> bool:
        """Whether the outcome is the expected one; where none is expected, any but INVALID."""
        return meets(self.outcome, self.expected.verdict)

    @property
    def as_paper(self) -> bool:
        """Whether the outcome is the one that the paper's findings ask for."""
        return self.outcome == PAPER[self.claim.kind]


@dataclass(frozen=True, eq=False)
class Family:
    """All claims of a study with the cases they are judged on, the families of `shares` together.

    Attributes:
        evidence: what it is judged on; no claim sees its examples.
        found: claims and cases, in the order of claims, tasks and arms.
        not_applicable: claims that found no case in the study.
    """

    study: Study
    evidence: Evidence
    found: tuple[tuple[Claim, Case], ...]
    not_applicable: tuple[Claim, ...]


@dataclass(frozen=True, eq=False)
class Judgement:
    """All verdicts of a family, in its order."""

    family: Family
    judged: tuple[Judged, ...]

    @property
    def study(self) -> Study:
        """The study that was judged."""
        return self.family.study

    def __getitem__(self, name: str) -> Judged:
        """The entry of a name such as ``rl-leads-at-1[MATH500/grpo]``."""
        return next(entry for entry in self.judged if entry.id == name)


def gather(study: Study, claims: Sequence[Claim], *, evidence: Evidence | None = None) -> Family:
    """Read the evidence and find the cases of every claim.

    Args:
        study: what to judge.
        claims: all claims at hand; the study may choose among them.
        evidence: what to judge it on, if not as it is read.

    Raises:
        InputError: the evidence cannot be read, or the study names a claim or case that is not there.
    """
    evidence = load_evidence(study) if evidence is None else evidence
    cases = [
        (claim, claim.over.cases(study, evidence.tallies, evidence.chances))
        for claim in _chosen(study, claims)
    ]
    found = tuple((claim, case) for claim, some in cases for case in some)
    for section, keys in (("expect", study.expect), ("waive", study.waive)):
        _check_keys(study, section, keys, found)
    idle = tuple(claim for claim, some in cases if not some)
    return Family(study, evidence, found, idle)


def judge(family: Family, *, known: Mapping[int, Verdict] = NOTHING) -> Judgement:
    """Judge every claim on each of its cases, adjusted over its family, or over the study if it says so.

    Where more answers are undecided than the study lets pass, a verdict that would be another one if they
    were right (in all arms, in the base alone, in the others alone) is INVALID.

    Args:
        family: what to judge.
        known: verdicts that `tried_verdict` found before, by place in the family.
    """
    few = _few(family)
    tested = [
        Tried(claim, case, known[place]) if place in known else tried(claim, case, few)
        for place, (claim, case) in enumerate(family.found)
    ]
    tested = _without_shaky(family, tested, few)
    judged: dict[int, Judged] = {}
    for some in families(family.found, family.study.family.over):
        decided = _decided(some.procedure, [tested[place] for place in some.places])
        judged |= zip(some.places, decided, strict=True)
    return Judgement(family, tuple(judged[place] for place in range(len(tested))))


def tried_verdict(family: Family, place: int) -> Verdict | None:
    """The verdict of one member of a family before adjustment; None where the claim's code fails."""
    found = tried(*family.found[place], _few(family))
    return None if found.error else found.verdict


def _without_shaky(family: Family, tested: list[Tried], few: str) -> list[Tried]:
    """The same, with verdicts that hang on undecided answers in too large a number INVALID."""
    unsure = {place for place, one in enumerate(tested) if doubts(one.case)}
    if not unsure:
        return tested
    found = _outcomes(family, tested)
    shaky: set[int] = set()
    for where in SETTLEMENTS:
        other = [
            tried(one.claim, settled(one.case, where), few) if place in unsure else one
            for place, one in enumerate(tested)
        ]
        pairs = enumerate(zip(found, _outcomes(family, other), strict=True))
        shaky |= {place for place, (one, two) in pairs if one != two}
    return [
        Tried(one.claim, one.case, invalid(one.claim.finding, *doubts(one.case)))
        if place in shaky & unsure
        else one
        for place, one in enumerate(tested)
    ]


def _outcomes(family: Family, tested: Sequence[Tried]) -> list[Outcome]:
    shared = families(family.found, family.study.family.over)
    adjusted = adjusted_over(shared, [one.verdict.p for one in tested])
    return [one.verdict.outcome(family.study.alpha, p) for one, p in zip(tested, adjusted, strict=True)]


def _few(family: Family) -> str:
    return few_samples(case for claim, case in family.found if claim.large_k)


def meets(outcome: Outcome, wanted: ExpectedVerdict) -> bool:
    """Whether an outcome is the wanted one; unfit evidence never is."""
    return outcome == wanted or (wanted == ANY and outcome is not Outcome.INVALID)


def _chosen(study: Study, claims: Sequence[Claim]) -> list[Claim]:
    known = {claim.id: claim for claim in claims}
    for name in study.claims or ():
        if name not in known:
            raise InputError(
                f"{study.path}: claims: found {name!r}; use ids of claims at hand: {', '.join(known)}"
                f"{suggest(name, known)}"
            )
    return [claim for claim in claims if study.claims is None or claim.id in study.claims]


def _decided(procedure: Procedure, tested: Sequence[Tried]) -> list[Judged]:
    """All verdicts of a family whose error the procedure keeps."""
    alpha, p = tested[0].case.study.alpha, [one.verdict.p for one in tested]
    adjusted, left = adjusted_by(procedure, p), at_the_end(procedure, p, alpha).shares
    waited_for = [one.case.id for one, share in zip(tested, left, strict=True) if share > NEARLY_NONE]
    shares = zip(procedure.shares, left, strict=True)
    entries = [
        _entry(one, float(p), len(tested), (float(first), float(last)), waited_for)
        for one, p, (first, last) in zip(tested, adjusted, shares, strict=True)
    ]
    members = [
        Member(entry.verdict, entry.outcome, entry.claim.large_k, entry.case.problem_ids) for entry in entries
    ]
    tipped = tippings(members, alpha, procedure)
    moved = sensitivities([one.verdict for one in tested], alpha, procedure)
    told = zip(entries, tipped, moved, strict=True)
    return [replace(entry, tipping=tip, sensitivity=some) for entry, tip, some in told]


def _entry(
    one: Tried, p_adjusted: float, size: int, shares: tuple[float, float], waited_for: Sequence[str]
) -> Judged:
    """One member of the family, with its shares of alpha at the start and when no more is rejected.

    Where it is open it would be decided at the latter, as long as the others stay as they are; each of them
    that is decided too makes it easier for the next.
    """
    study, level = one.case.study, one.case.study.alpha * shares[1]
    outcome, remedy = one.verdict.outcome(study.alpha, p_adjusted), None
    if outcome is Outcome.INCONCLUSIVE and level <= study.alpha * NEARLY_NONE:
        remedy = f"It is tested once these are decided: {', '.join(waited_for)}."
    elif outcome is Outcome.INCONCLUSIVE:
        remedy = remedy_text(one.verdict, level, seed=study.seed)
    return Judged(
        claim=one.claim,
        case=one.case,
        verdict=one.verdict,
        outcome=outcome,
        p_adjusted=p_adjusted,
        family_size=size,
        alpha_share=shares[0],
        stated=_meant(one, study.expect),
        waiver=_meant(one, study.waive),
        remedy=remedy,
        error=one.error,
    )


def _meant(one: Tried, table: Mapping[str, _Entry]) -> _Entry | None:
    """The entry for one verdict before the one for all verdicts of its claim."""
    name = one.claim.id
    return table.get(f"{name}[{one.case.id}]") or table.get(name)


def _check_keys(study: Study, section: str, keys: Iterable[str], found: Sequence[tuple[Claim, Case]]) -> None:
    ids = {name for claim, case in found for name in (claim.id, f"{claim.id}[{case.id}]")}
    for key in keys:
        if key not in ids:
            raise InputError(
                f"{study.path}: [{section}] {key!r} matches nothing that is judged here; delete it or use one"
                f" of {', '.join(sorted(ids))}{suggest(key, ids)}"
            )
