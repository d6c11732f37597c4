"""Where the counts of a study come from, in results.json: sample sets, their health, their grader."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from beyondbase.results.schema.record import Count, Positive, Record, Sha256, Share


class HealthRecord(Record):
    """What became of the completions of a sample set, as shares; null where it is not known."""

    completions: Positive
    truncated: Share
    unparsed: Share
    undecided: Share
    errors: Share
    empty: Share
    cut_off: Share | None
    distinct: Share
    varied: Share | None
    copies: Share
    tokens: Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=3, max_length=3)] | None


class AcceptsRecord(Record):
    """How often the grader of a sample set accepted answers to other problems.

    alike: those of the accepted that are the other right answer to the letter.
    lower, upper: limits of the share accepted, at a confidence of 95 %.
    """

    compared: Positive
    accepted: Count
    alike: Count
    lower: Share
    upper: Share


class SampleSetRecord(Record):
    """Where the counts of an arm on a task come from."""

    task: str
    arm: str
    fingerprint: Sha256
    identity: dict[str, JsonValue]
    grader: Annotated[list[str], Field(min_length=2, max_length=2)]
    prompts: bool | None
    health: HealthRecord
    accepts: AcceptsRecord | None


class ExampleRecord(Record):
    """A completion to read."""

    task: str
    arm: str
    problem_id: str
    outcome: Literal["correct", "wrong", "undecided", "unparsed", "truncated", "error"]
    text: str
