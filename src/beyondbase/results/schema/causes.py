"""Causes of unfit evidence in results.json, each once, in agreement with what they concern."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from beyondbase.messages import quote
from beyondbase.results.schema.pairs import Object


class Unfit(Object):
    """A cause of unfit evidence, with the ids of what it concerns."""

    reason: str
    verdicts: list[str]
    pairs: list[str]


class Told(Protocol):
    """A verdict or a pair, which says itself why its evidence is unfit."""

    @property
    def id(self) -> str:
        """Its name within the study."""

    @property
    def invalid(self) -> list[str]:
        """The causes."""


def check_causes(what: str, items: Iterable[Told], told: Mapping[str, list[str]]) -> None:
    """Insist that what is said of each cause is what its verdicts and pairs say."""
    found: dict[str, list[str]] = {reason: [] for reason in told}
    for item in items:
        for reason in dict.fromkeys(item.invalid):
            found.setdefault(reason, []).append(item.id)
    for reason, ids in found.items():
        if ids != told.get(reason):
            raise ValueError(f"the cause {quote(reason)}, which in unfit has other {what}s than say so")
