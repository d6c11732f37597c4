"""Waivers: dated exceptions of a study. They excuse tests; verdicts and results stay what they are."""

from datetime import UTC, date, datetime

from beyondbase.judging.family import Judged, Judgement


class WaiverWarning(UserWarning):
    """A waiver that has run out, or that no verdict needs."""


def today() -> date:
    """The day that waivers are held against, the same all over the world."""
    return datetime.now(UTC).date()


def excuse(judged: Judged, day: date) -> str | None:
    """Why a verdict that is not as expected does not fail its test; None if it does."""
    waiver = judged.waiver
    if waiver is None or day > waiver.until:
        return None
    return f"waived until {waiver.until} by {waiver.owner}: {waiver.reason}"


def complaint(judged: Judged, judgement: Judgement, day: date) -> str | None:
    """What is wrong with the waiver of a verdict; None if there is none, or nothing wrong with it."""
    waiver = judged.waiver
    if waiver is None:
        return None
    name = f"{judgement.study.path}: waiver of {_key(judged)!r}"
    if day > waiver.until:
        was = f"by {waiver.owner}: {waiver.reason}"
        return f"{name} expired on {waiver.until} ({was}); delete it, or give it a later date"
    if all(entry.as_expected for entry in judgement.judged if _key(entry) == _key(judged)):
        return f"{name} is not needed: what it covers is as expected; delete it"
    return None


def _key(judged: Judged) -> str:
    """What a waiver of the verdict stands under in the study: the verdict's id before its claim's."""
    return judged.id if judged.id in judged.case.study.waive else judged.claim.id
