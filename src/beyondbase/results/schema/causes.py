"""Causes of unfit evidence in results.json, each once, in agreement with what they concern."""

from collections.abc import Iterable, Mapping

from beyondbase.messages import quote
from beyondbase.results.schema.pairs import PairRecord
from beyondbase.results.schema.record import Record
from beyondbase.results.schema.verdicts import VerdictRecord


class Unfit(Record):
    """A cause of unfit evidence, with the ids of what it concerns."""

    reason: str
    verdicts: list[str]
    pairs: list[str]


def causes_of(items: Iterable[VerdictRecord | PairRecord]) -> dict[str, list[str]]:
    """What verdicts or pairs say themselves: the ids of those that each cause concerns."""
    found: dict[str, list[str]] = {}
    for item in items:
        for reason in dict.fromkeys(item.invalid):
            found.setdefault(reason, []).append(item.id)
    return found


def check_causes(
    what: str, items: Iterable[VerdictRecord | PairRecord], told: Mapping[str, list[str]]
) -> None:
    """Insist that what is said of each cause is what its verdicts and pairs say."""
    found: dict[str, list[str]] = {reason: [] for reason in told} | causes_of(items)
    for reason, ids in found.items():
        if ids != told.get(reason):
            raise ValueError(f"the cause {quote(reason)}, which in unfit has other {what}s than say so")
