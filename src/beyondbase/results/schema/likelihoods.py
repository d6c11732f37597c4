"""How likely and how varied responses are, in results.json, key by key."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from beyondbase.results.schema.record import BandRecord, Count, Interval, Record, check_columns


class Distribution(Record):
    """Share of completions whose log-perplexity under the base is at most so many nats per token."""

    nats: Annotated[list[float], Field(min_length=1)]
    estimate: list[float]
    lower: list[float]
    upper: list[float]

    @model_validator(mode="after")
    def _even(self) -> Self:
        check_columns(self, self.nats, "nats")
        return self

    @property
    def band(self) -> BandRecord:
        """The shares."""
        return BandRecord.model_construct(estimate=self.estimate, lower=self.lower, upper=self.upper)


class Likelihood(Record):
    """How likely and how varied an arm's responses to a task are; null where that is not known.

    The ratio of entropies is to the base's, on a typical problem; of the base itself it is null.
    """

    task: str
    arm: str
    base: str
    completions: Count
    perplexity_under_base: Interval | None
    perplexity_under_itself: Interval | None
    entropy: Interval | None
    entropy_per_token: Interval | None
    distribution: Distribution | None
    entropy_ratio: Interval | None
