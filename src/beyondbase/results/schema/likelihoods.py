"""How likely and how varied responses are, in results.json, key by key."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from beyondbase.results.schema.pairs import Band, Count, Interval, Object, check_columns


class Distribution(Band):
    """Share of completions whose log-perplexity under the base is at most so many nats per token."""

    nats: Annotated[list[float], Field(min_length=1)]

    @model_validator(mode="after")
    def _even(self) -> Self:
        check_columns(self, self.nats, "nats")
        return self


class Likelihood(Object):
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
    entropy_ratio: Interval | None
    distribution: Distribution | None
