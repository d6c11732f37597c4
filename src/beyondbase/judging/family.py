"""Judge a study: every claim on every case, adjusted over the whole family."""

import traceback
import unittest
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

import pytest

from beyondbase.errors import InputError
from beyondbase.evidence.load import Evidence, load_evidence
from beyondbase.inference.multiplicity import holm
from beyondbase.judging.case import Case
from beyondbase.judging.claim import Claim
from beyondbase.judging.comparable import few_samples
from beyondbase.judging.remedies import remedy_text
from beyondbase.judging.sensitivity import Sensitivity, sensitivities, with_moved_margins
from beyondbase.judging.tipping import Member, Tipping, tippings
from beyondbase.judging.undecided import SETTLEMENTS, doubts, settled
from beyondbase.judging.unlike_tasks import with_tasks
from beyondbase.judging.verdict import Outcome, Verdict, invalid
from beyondbase.messages import suggest
from beyondbase.study import Expectation, Study, Waiver
from beyondbase.study.kinds import ANY, PAPER, ExpectedVerdict

_LEAVING = (
    pytest.fail.Exception,
    pytest.skip.Exception,
    pytest.exit.Exception,
    unittest.SkipTest,
    SystemExit,
)
_Entry = TypeVar("_Entry", Expectation, Waiver)
NOTHING: Mapping[int, Any] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Judged:
    """One claim on one case, decided.

    Attributes:
        claim: what was judged.
        case: on what.
        verdict: the evidence for and against, before adjustment.
        outcome: the decision at the study's alpha, adjusted over the family.
        p_adjusted: Holm-adjusted p of the better-evidenced side.
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
    """All claims of a study with the cases they are judged on: what the error rate is kept over.

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


@dataclass(frozen=True, eq=False)
class _Tried:
    claim: Claim
    case: Case
    verdict: Verdict
    error: Exception | None = None


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
    """Judge every claim on each of its cases, with Holm's adjustment over all of them.

    Where more answers are undecided than the study lets pass, a verdict that would be another one if they
    were right (in all arms, in the base alone, in the others alone) is INVALID.

    Args:
        family: what to judge.
        known: verdicts that `tried_verdict` found before, by place in the family.
    """
    few = _few(family)
    tested = [
        _Tried(claim, case, known[place]) if place in known else _test(claim, case, few)
        for place, (claim, case) in enumerate(family.found)
    ]
    tested = _without_shaky(family, tested, few)
    adjusted = holm([tried.verdict.p for tried in tested])
    still_open = int((adjusted > family.study.alpha).sum())
    decided = [_decided(tried, float(p), still_open) for tried, p in zip(tested, adjusted, strict=True)]
    members = [
        Member(entry.verdict, entry.outcome, entry.claim.large_k, entry.case.problem_ids) for entry in decided
    ]
    tipped = tippings(members, family.study.alpha)
    moved = sensitivities([tried.verdict for tried in tested], family.study.alpha, partial(_adjusted, tested))
    told = zip(decided, tipped, moved, strict=True)
    return Judgement(
        family, tuple(replace(entry, tipping=tip, sensitivity=some) for entry, tip, some in told)
    )


def tried_verdict(family: Family, place: int) -> Verdict | None:
    """The verdict of one member of a family before adjustment; None where the claim's code fails."""
    tried = _test(*family.found[place], _few(family))
    return None if tried.error else tried.verdict


def _without_shaky(family: Family, tested: list[_Tried], few: str) -> list[_Tried]:
    """The same, with verdicts that hang on undecided answers in too large a number INVALID."""
    unsure = {place for place, tried in enumerate(tested) if doubts(tried.case)}
    if not unsure:
        return tested
    found = _outcomes(family, tested)
    shaky: set[int] = set()
    for where in SETTLEMENTS:
        other = [
            _test(tried.claim, settled(tried.case, where), few) if place in unsure else tried
            for place, tried in enumerate(tested)
        ]
        pairs = enumerate(zip(found, _outcomes(family, other), strict=True))
        shaky |= {place for place, (one, two) in pairs if one != two}
    return [
        _Tried(tried.claim, tried.case, invalid(tried.claim.finding, *doubts(tried.case)))
        if place in shaky & unsure
        else tried
        for place, tried in enumerate(tested)
    ]


def _outcomes(family: Family, tested: Sequence[_Tried]) -> list[Outcome]:
    alpha, adjusted = family.study.alpha, holm([tried.verdict.p for tried in tested])
    return [tried.verdict.outcome(alpha, float(p)) for tried, p in zip(tested, adjusted, strict=True)]


def _adjusted(tested: Sequence[_Tried], place: int, p: float) -> float:
    """The adjusted p of one verdict, were its own p another one."""
    every = [p if at == place else tried.verdict.p for at, tried in enumerate(tested)]
    return float(holm(every)[place])


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


def _test(claim: Claim, case: Case, few: str) -> _Tried:
    reasons = (*case.mismatch, *((few,) if claim.large_k and case.undersampled else ()))
    if reasons:
        return _Tried(claim, case, invalid(claim.finding, *reasons))
    try:
        verdict = _verdict(claim, case)
    except Exception as error:  # noqa: BLE001 - one broken claim must not take the others with it
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"the claim's code failed: {error!r} in {where.name}"
        return _Tried(claim, case, invalid(claim.finding, reason), error)
    return _Tried(claim, case, with_moved_margins(verdict, case, claim.margins, partial(_verdict, claim)))


def _verdict(claim: Claim, case: Case) -> Verdict:
    try:
        # Filters of pytest belong to the item that happens to be judged first, a verdict to none.
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            verdict = claim.test(case)
            if case.parts and isinstance(verdict, Verdict):
                verdict = with_tasks(verdict, case, claim.test)
    except _LEAVING as left:
        # To pytest these are orders to skip a test or end a run, not failures: they must not end one well.
        how = f"{type(left).__name__}: {left}"
        return invalid(claim.finding, f"the claim left ({how}) instead of returning a Verdict")
    if not isinstance(verdict, Verdict):
        return invalid(claim.finding, f"the claim returned {verdict!r} instead of a Verdict")
    if not (0 <= verdict.p_support <= 1 and 0 <= verdict.p_refute <= 1):
        found = f"p_support = {verdict.p_support}, p_refute = {verdict.p_refute}"
        return invalid(claim.finding, f"the claim returned {found}, which are no p-values")
    return verdict


def _decided(tried: _Tried, p_adjusted: float, still_open: int) -> Judged:
    """One member of the family, with a remedy at the level that Holm's step-down asks of it.

    Holm compares the smallest p that is left with alpha over the number that are left. So whichever of the
    `still_open` falls to alpha / still_open is decided, as long as the others stay as they are; each of them
    that is decided too makes it easier for the next.
    """
    study = tried.case.study
    outcome = tried.verdict.outcome(study.alpha, p_adjusted)
    open_ = outcome is Outcome.INCONCLUSIVE
    remedy = remedy_text(tried.verdict, study.alpha / still_open, seed=study.seed) if open_ else None
    return Judged(
        claim=tried.claim,
        case=tried.case,
        verdict=tried.verdict,
        outcome=outcome,
        p_adjusted=p_adjusted,
        stated=_meant(tried, study.expect),
        waiver=_meant(tried, study.waive),
        remedy=remedy,
        error=tried.error,
    )


def _meant(tried: _Tried, table: Mapping[str, _Entry]) -> _Entry | None:
    """The entry for one verdict before the one for all verdicts of its claim."""
    name = tried.claim.id
    return table.get(f"{name}[{tried.case.id}]") or table.get(name)


def _check_keys(study: Study, section: str, keys: Iterable[str], found: Sequence[tuple[Claim, Case]]) -> None:
    ids = {name for claim, case in found for name in (claim.id, f"{claim.id}[{case.id}]")}
    for key in keys:
        if key not in ids:
            raise InputError(
                f"{study.path}: [{section}] {key!r} matches nothing that is judged here; delete it or use one"
                f" of {', '.join(sorted(ids))}{suggest(key, ids)}"
            )
