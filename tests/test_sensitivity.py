"""What a verdict would be at half and double of its margins."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from study_factory import BASE, RL, all_claims, drawn, judged, made, pair_study, write_study
from test_builtin_claims import BY_CLAIM, TRUTHS

from beyondbase import Case, Verdict, claim, greater, pairs
from beyondbase.judging.case import Case as JudgedCase
from beyondbase.judging.claim import Claim
from beyondbase.judging.verdict import Outcome
from beyondbase.study import Study
from beyondbase.study.margins import Margins

LEAD = all_claims()["rl-leads-at-1"]


def study_of(folder: Path, **margins: float) -> Study:
    """RL is about 15 points ahead at pass@1."""
    return pair_study(folder, drawn([0.4] * 300, 32, 1), drawn([0.55] * 300, 32, 2), margins=margins)


def test_it_is_the_outcome_that_the_study_would_have(tmp_path: Path) -> None:
    """A lead of 15 points is above a margin of 10 and of 5, and below 20."""
    (entry,) = judged(study_of(tmp_path / "it", lead=0.1), LEAD).judged
    (moved,) = entry.sensitivity
    assert (moved.margin, moved.value) == ("lead", 0.1)
    others = (judged(study_of(tmp_path / str(lead), lead=lead), LEAD).judged[0] for lead in (0.05, 0.2))
    assert (moved.half, moved.double) == tuple(other.outcome for other in others)
    assert (entry.outcome, moved.double) == (Outcome.SUPPORTED, Outcome.REFUTED)


def test_the_family_decides_at_other_margins_too(tmp_path: Path) -> None:
    """Of two pairs the better one opens the way for the other, at each margin as in verdicts."""
    arms = {"base": BASE, "rl": RL, "late": RL | {"step": 2}}
    counts = {
        "base": drawn([0.4] * 60, 32, 1),
        "rl": drawn([0.9] * 60, 32, 2),
        "late": drawn([0.46] * 60, 32, 3),
    }

    def outcome(lead: float) -> Outcome:
        study = write_study(tmp_path / str(lead), arms, counts, margins={"lead": lead})
        return judged(study, LEAD)["rl-leads-at-1[T/late]"].outcome

    study = write_study(tmp_path / "it", arms, counts, margins={"lead": 0.02})
    (moved,) = judged(study, LEAD)["rl-leads-at-1[T/late]"].sensitivity
    assert (moved.half, moved.double) == (outcome(0.01), outcome(0.04))


def test_a_margin_of_zero_has_no_half(tmp_path: Path) -> None:
    """And double of one that is .5 or more is no margin."""
    assert judged(study_of(tmp_path / "zero"), LEAD).judged[0].sensitivity == ()
    (moved,) = judged(study_of(tmp_path / "large", lead=0.6), LEAD).judged[0].sensitivity
    assert moved.double is None
    assert moved.half is Outcome.REFUTED


def test_unfit_evidence_has_none(tmp_path: Path) -> None:
    """There is no outcome that a margin might change."""
    study = pair_study(tmp_path, (32, [1] * 9), (32, [1] * 8), margins={"lead": 0.1})
    (entry,) = judged(study, LEAD).judged
    assert (entry.outcome, entry.sensitivity) == (Outcome.INVALID, ())


def test_a_claim_that_fails_at_another_margin_keeps_its_verdict(tmp_path: Path) -> None:
    """It is told as INVALID there."""

    def test(pair: Case) -> Verdict:
        if pair.margins.lead > 0.15:
            raise ZeroDivisionError
        return greater(pair.difference(1), pair.margins.lead, "ahead")

    (entry,) = judged(study_of(tmp_path, lead=0.1), replace(LEAD, test=test)).judged
    assert entry.outcome is Outcome.SUPPORTED
    assert [(moved.half, moved.double) for moved in entry.sensitivity] == [
        (Outcome.SUPPORTED, Outcome.INVALID)
    ]


@pytest.mark.parametrize(("margins", "said"), [("lead", r"use a tuple, \('lead',\)"), (("laed",), "lead")])
def test_a_margin_that_does_not_exist_is_refused(margins: Any, said: str) -> None:
    """Where the claim is written."""
    with pytest.raises((TypeError, ValueError), match=said):
        claim("a-claim", finding="b", paper="c", hypothesis="d", over=pairs("rl"), margins=margins)(LEAD.test)


class Watched:
    """Margins that note what is read of them."""

    def __init__(self, margins: Margins, read: set[str]) -> None:
        self._margins, self._read = margins, read

    def __getattr__(self, name: str) -> Any:
        if name in Margins.model_fields:
            self._read.add(name)
        return getattr(self._margins, name)


@BY_CLAIM
def test_every_claim_names_the_margins_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """So that what hangs on a margin of ours is told of every verdict."""
    read: set[str] = set()
    known: Claim = all_claims()[name]
    study = made(tmp_path, name, TRUTHS[name].true)
    monkeypatch.setattr(JudgedCase, "margins", property(lambda case: Watched(case.study.margins, read)))
    assert judged(study, replace(known, margins=())).judged
    assert read == set(known.margins)
