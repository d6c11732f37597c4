"""Tipping points in results.json: how wrong the grader may be before a verdict falls."""

from typing import Self

from pydantic import model_validator

from beyondbase.results.schema.record import Positive, Record, Share


class FallRecord(Record):
    """Accepted answers that would let a verdict fall if they were wrong; fewer might."""

    answers: Positive
    problems: Positive
    arms: list[str]
    share: Share

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.answers < self.problems:
            raise ValueError(f"{self.answers} answers on {self.problems} problems, fewer than one on each")
        return self


class SoleRecord(Record):
    """The problem that an arm most surely solves where the base has no accepted answer."""

    arm: str
    problem_id: str
    n: Positive
    c: Positive
    share: Share


class TippingRecord(Record):
    """How wrong the grader may be before a verdict falls: the share of wrong answers that it accepts.

    `anywhere` is the greatest share, on any problem of any arm, up to which the verdict holds, however they
    are spread; `alike` the same where on each problem all arms fare alike. Zero is less than one in ten
    million.
    """

    clause: str
    anywhere: Share
    alike: Share
    fall: FallRecord | None
    sole: SoleRecord | None
