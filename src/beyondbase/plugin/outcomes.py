"""How a test of a claim ends: the verdict held against what is expected of it."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pytest

from beyondbase.judging import waivers
from beyondbase.judging.family import Judged, Judgement, meets
from beyondbase.judging.verdict import Outcome
from beyondbase.judging.waivers import WaiverWarning
from beyondbase.report.terminal import effect_text, p_text
from beyondbase.study.kinds import ANY, ExpectedVerdict

Expect = Literal["paper", "study", "none"]


@dataclass(frozen=True)
class Ending:
    """What decides how the tests of one run end. Verdicts and results do not depend on it.

    Attributes:
        expect: whose expectations count.
        inconclusive: what becomes of a test whose verdict is open though another is expected.
        day: what waivers are held against.
    """

    expect: Expect
    inconclusive: Literal["skip", "fail"]
    day: date

    def wanted(self, judged: Judged) -> ExpectedVerdict:
        """The outcome that a verdict must have for its test not to fail."""
        counts = self.expect == "paper" or (self.expect == "study" and judged.stated is not None)
        return judged.expected.verdict if counts else ANY

    def refuse(self, judged: Judged) -> None:
        """End the test of an INVALID verdict, which is an error whatever is expected."""
        message = f"INVALID: {'; '.join(judged.verdict.invalid)}"
        self._excuse(judged, message)
        if judged.error is not None:
            raise judged.error
        pytest.fail(message, pytrace=False)

    def decide(self, judged: Judged) -> None:
        """End the test of any other verdict: return if it passes."""
        wanted = self.wanted(judged)
        if not meets(judged.outcome, wanted):
            self._object(judged, wanted)
        elif wanted != ANY and judged.claim.kind != "companion" and not judged.as_paper:
            # A pass would say that the finding was reproduced.
            pytest.xfail(f"{judged.outcome} as expected: {judged.expected.reason or 'no reason given'}")

    def _object(self, judged: Judged, wanted: ExpectedVerdict) -> None:
        message = _message(judged, wanted)
        self._excuse(judged, message)
        if judged.outcome is Outcome.INCONCLUSIVE and self.inconclusive == "skip":
            pytest.skip(message)
        strict = "[XPASS(strict)] " if judged.as_paper else ""
        pytest.fail(strict + message, pytrace=False)

    def _excuse(self, judged: Judged, message: str) -> None:
        excuse = waivers.excuse(judged, self.day)
        if excuse:
            # No branch, because --runxfail makes this do nothing: then waivers count as little as marks.
            pytest.xfail(f"{excuse}; {message}")


def complain(judged: Judged, judgement: Judgement, day: date, warn: Callable[[Warning], None]) -> None:
    """Warn of a waiver that has run out or is not needed."""
    text = waivers.complaint(judged, judgement, day)
    if not text:
        return
    try:
        warn(WaiverWarning(text))
    except WaiverWarning:
        # Also where warnings are errors: the verdict of a test is not that of its waiver.
        with warnings.catch_warnings():
            warnings.simplefilter("always", WaiverWarning)
            warn(WaiverWarning(text))


def _message(judged: Judged, wanted: ExpectedVerdict) -> str:
    effect, p = judged.verdict.effect, p_text(judged.p_adjusted)
    found = f"{effect.name} {effect_text(effect)}" if effect else "no effect"
    tail = f". {judged.remedy}" if judged.outcome is Outcome.INCONCLUSIVE else f", {_against(judged, wanted)}"
    return f"{judged.outcome}: {judged.verdict.statement}: {found}, adjusted p = {p}{tail}"


def _against(judged: Judged, wanted: ExpectedVerdict) -> str:
    if judged.stated is not None:
        return f"expected {wanted} by the study"
    if judged.claim.kind == "counter":
        return f"expected {wanted}: a counter-claim, it excludes {', '.join(judged.claim.excludes)}"
    return f"expected {wanted}: the finding was not reproduced"
