"""Verdicts of results.json, key by key: what each holds, and what must agree with what."""

from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from beyondbase.judging.verdict import Outcome
from beyondbase.messages import quote
from beyondbase.results.schema.record import Positive, Record, Share
from beyondbase.results.schema.tipping import TippingRecord
from beyondbase.study.kinds import ExpectedVerdict, Kind

DEEPEST = 100
# By its word, which JSON has instead of it.
ReadOutcome = Annotated[Outcome, Strict(strict=False)]


def day_of(text: str) -> str:
    """Insist that a text of the right form begins with a day that exists, such as no 31st of February."""
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"{text!r}, which is no day of the calendar") from None
    return text


Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$"), AfterValidator(day_of)]


class EffectRecord(Record):
    """A number with its interval.

    With the unit "k" it is a number of samples. One below 1 is less than one sample: no sample solves nothing
    (pass@0 = 0), and from there to pass@1 the line is straight. `most` is the greatest that was looked at:
    an estimate null lies beyond it, or nowhere. It is null where that is not known, and with other units.
    """

    name: str
    estimate: float | None
    lower: float | None
    upper: float | None
    level: float
    unit: str
    most: Positive | None

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        if self.most is None:
            return self
        if self.unit != "k":
            raise ValueError(f"most = {self.most} with the unit {quote(self.unit)}, which counts no samples")
        if max(self.estimate or 0, self.upper or 0) > self.most:
            raise ValueError(f"estimate {self.estimate} and upper {self.upper} beyond most = {self.most}")
        return self


class PartRecord(Record):
    """A statement that a verdict is made of."""

    statement: str
    outcome: ReadOutcome
    effect: EffectRecord | None
    p_support: float | None
    p_refute: float | None
    parts: list["PartRecord"]

    @property
    def depth(self) -> int:
        """How many statements stand one within another, this one included."""
        return 1 + max((part.depth for part in self.parts), default=0)


class ReferenceRecord(Record):
    """A number of the literature: of these very models, or of others as context."""

    text: str
    source: str
    context: bool


class WaiverRecord(Record):
    """Who lets a verdict pass that is not as expected, why, and until when."""

    reason: str
    owner: str
    until: Day


class VerdictRecord(Record):
    """A claim on a case, decided."""

    id: str
    claim: str
    case: str
    task: str
    label: str
    arms: list[str]
    statement: str
    finding: str
    paper: str
    hypothesis: str
    kind: Kind
    excludes: list[str]
    outcome: ReadOutcome
    expected: ExpectedVerdict
    expected_reason: str
    as_expected: bool
    waiver: WaiverRecord | None
    effect: EffectRecord | None
    p_support: Share
    p_refute: Share
    p_adjusted: Share
    parts: list[PartRecord]
    invalid: list[str]
    remedy: str | None
    tipping: TippingRecord | None
    details: list[EffectRecord]
    reported: list[ReferenceRecord]

    @model_validator(mode="after")
    def _shallow(self) -> Self:
        depth = max((part.depth for part in self.parts), default=0)
        if depth > DEEPEST:
            raise ValueError(f"{depth} parts one within another; the page shows up to {DEEPEST}")
        return self
