"""Try a claim on a case: the verdict that its code returns, or why there is none."""

import traceback
import unittest
import warnings
from dataclasses import dataclass
from functools import partial

import pytest

from beyondbase.judging.case import Case
from beyondbase.judging.claim import Claim
from beyondbase.judging.sensitivity import with_moved_margins
from beyondbase.judging.unlike_tasks import with_tasks
from beyondbase.judging.verdict import Verdict, invalid

_LEAVING = (
    pytest.fail.Exception,
    pytest.skip.Exception,
    pytest.exit.Exception,
    unittest.SkipTest,
    SystemExit,
)


@dataclass(frozen=True, eq=False)
class Tried:
    """A claim on a case, before adjustment.

    Attributes:
        claim: that was tried.
        case: on what.
        verdict: the evidence for and against.
        error: what the claim's code raised, if it did.
    """

    claim: Claim
    case: Case
    verdict: Verdict
    error: Exception | None = None


def tried(claim: Claim, case: Case, few: str) -> Tried:
    """The claim on the case; INVALID where the evidence is unfit or the code fails.

    Args:
        claim: to try.
        case: on what.
        few: what to say where there are too few samples for a claim about large k.
    """
    reasons = (*case.mismatch, *((few,) if claim.large_k and case.undersampled else ()))
    if reasons:
        return Tried(claim, case, invalid(claim.finding, *reasons))
    try:
        verdict = _verdict(claim, case)
    except Exception as error:  # noqa: BLE001 - one broken claim must not take the others with it
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"the claim's code failed: {error!r} in {where.name}"
        return Tried(claim, case, invalid(claim.finding, reason), error)
    return Tried(claim, case, with_moved_margins(verdict, case, claim.margins, partial(_verdict, claim)))


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
