"""What changed from one run to another, as `compare` tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from beyondbase.judging.verdict import Outcome
from beyondbase.results.schema.pairs import Curve
from beyondbase.results.schema.verdicts import EffectRecord

Status: TypeAlias = Literal["both", "added", "removed"]
ArmSide: TypeAlias = Literal["base", "other"]
Side: TypeAlias = ArmSide | Literal["difference"]


@dataclass(frozen=True)
class PairChange:
    """A pair in both runs, or why the two cannot be compared.

    Attributes:
        status: in which runs it is.
        level: of the bands.
        reason: why there is no comparison; None where there is one.
        curve: new minus old pass@k of both arms and of their difference, with simultaneous bands.
        beyond_noise: of which of the three some k is shown to have changed.
        same_samples: of which arm all counts are as they were.
        sentence: all of it in words.
    """

    status: Status
    level: float
    reason: str | None
    curve: Curve | None
    beyond_noise: Mapping[Side, bool]
    same_samples: Mapping[ArmSide, bool]
    sentence: str


@dataclass(frozen=True)
class VerdictChange:
    """A verdict in both runs.

    Attributes:
        status: whether its outcome changed, or in which run alone it is.
        outcome: of the old run.
        effect: of the old run.
        beyond_noise: whether the effect changed by more than noise; None where that cannot be said.
        why: both outcomes and effects in words.
    """

    status: Literal["changed", "same", "added", "removed"]
    outcome: Outcome | None
    effect: EffectRecord | None
    beyond_noise: bool | None
    why: str


@dataclass(frozen=True)
class StudyChange:
    """A study in both runs; verdicts and pairs by their ids, notes on settings and versions that differ."""

    status: Status
    notes: list[str]
    verdicts: Mapping[str, VerdictChange]
    pairs: Mapping[str, PairChange]


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side, by the ids of their studies."""

    studies: Mapping[str, StudyChange]


def status_of(old: object, new: object) -> Status:
    """In which runs something is, of which each run has it or None."""
    return "both" if old and new else "added" if new else "removed"
