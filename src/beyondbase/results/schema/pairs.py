"""A pair of results.json, key by key: what each holds, which may be null, which columns are even."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from beyondbase.results.schema.record import (
    Amount,
    BandRecord,
    Count,
    Interval,
    Positive,
    Record,
    Share,
    check_columns,
    check_once,
)
from beyondbase.study.arms import Role


class Curve(Record):
    """pass@k of both arms and their difference."""

    k: Annotated[list[Positive], Field(min_length=1)]
    base: BandRecord
    other: BandRecord
    difference: BandRecord

    @model_validator(mode="after")
    def _even(self) -> Self:
        check_columns(self, self.k, "k")
        return self


class Floor(Record):
    """pass@k of an arm that guesses with exact chances, at the k of the pair's curve."""

    arm: str
    estimate: list[float]
    lower: list[float]
    upper: list[float]

    @property
    def band(self) -> BandRecord:
        """Its pass@k."""
        return BandRecord.model_construct(estimate=self.estimate, lower=self.lower, upper=self.upper)


class Cover(Record):
    """Cover@tau of both arms and their difference."""

    tau: list[Share]
    base: BandRecord
    other: BandRecord
    difference: BandRecord

    @model_validator(mode="after")
    def _even(self) -> Self:
        check_columns(self, self.tau, "tau")
        return self


class CrossoverRecord(Record):
    """Where the base overtakes for good."""

    k: Positive | None
    lower: Positive
    upper: Positive | None


class SolvedAlone(Record):
    """A problem that one arm alone solves."""

    id: str
    base_n: Positive
    base_c: Count
    other_n: Positive
    other_c: Count
    fisher_p: Share


class Solved(Record):
    """The fourfold table of problems solved in k samples drawn, and which they are by all their samples.

    The four numbers are whole where every n is k, else expected. The p-value is null where they are not
    whole, and where problems share clusters.
    """

    k: Positive
    both: Amount
    base_only: Amount
    other_only: Amount
    neither: Amount
    mcnemar_p: Share | None
    base_only_problems: list[SolvedAlone]
    other_only_problems: list[SolvedAlone]
    neither_problems: list[str]


class Support(Record):
    """Metrics of support kept, found and lost; limits of the first three are null where `mcnemar_p` is."""

    srr: Interval
    ndr: Interval
    sds: Interval
    nscr: Interval


class DetectionLimit(Record):
    """What no success still allows."""

    base: Share
    other: Share
    confidence: Share


class Histogram(Record):
    """Problems by accuracy."""

    bins: list[str]
    base: list[Count]
    other: list[Count]

    @model_validator(mode="after")
    def _even(self) -> Self:
        check_columns(self, self.bins, "bins")
        return self


class Variance(Record):
    """The variance of a difference, split."""

    k: Positive
    total: float | None
    between: float | None
    within: float | None


class ByProblem(Record):
    """Counts of every problem, in columns."""

    id: list[str]
    level: list[str] | None
    cluster: list[str] | None
    base_n: list[Positive]
    base_c: list[Count]
    other_n: list[Positive]
    other_c: list[Count]
    fisher_p: list[Share]

    @model_validator(mode="after")
    def _even(self) -> Self:
        check_columns(self, self.id, "id")
        check_once("problem id", self.id)
        for arm, n, c in (("base", self.base_n, self.base_c), ("other", self.other_n, self.other_c)):
            over = [index for index, (most, right) in enumerate(zip(n, c, strict=True)) if right > most]
            if over:
                raise ValueError(f"{arm}_c[{over[0]}] = {c[over[0]]} of {arm}_n = {n[over[0]]} samples")
        return self


class PairHead(Record):
    """An arm beside its base on one task."""

    id: str
    task: str
    base: str
    other: str
    role: Role
    problems: Count
    n_min: Positive
    n_max: Positive
    clusters: Positive | None
    largest_cluster: Positive | None
    k_max: Positive
    invalid: list[str]


class PairRecord(PairHead):
    """A pair with what was worked out of it; every section is null where the pair is invalid."""

    curve: Curve | None
    floors: list[Floor] | None
    table_k: Annotated[list[Positive], Field(min_length=1)] | None
    crossover: CrossoverRecord | None
    solved: Solved | None
    support: Support | None
    detection_limit: DetectionLimit | None
    histogram: Histogram | None
    cover: Cover | None
    variance: list[Variance] | None
    by_problem: ByProblem | None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        sections = {name: getattr(self, name) for name in SECTIONS}
        empty = [name for name, value in sections.items() if value is None]
        if empty != (list(sections) if self.invalid else []):
            found = f"null in {', '.join(empty)}" if empty else "no section null"
            raise ValueError(f"{found}, but {len(self.invalid)} reasons in invalid")
        for floor in self.floors or ():
            check_columns(floor, self.curve.k if self.curve else (), "k")
        return self


class ValidPair(PairRecord):
    """A pair that is judged: no section is null."""

    curve: Curve
    floors: list[Floor]
    table_k: list[Positive]
    crossover: CrossoverRecord
    solved: Solved
    support: Support
    detection_limit: DetectionLimit
    histogram: Histogram
    cover: Cover
    variance: list[Variance]
    by_problem: ByProblem


SECTIONS = tuple(ValidPair.__annotations__)


def _told_apart(pair: PairRecord) -> PairRecord:
    return pair if pair.invalid else ValidPair.model_construct(**vars(pair))


# As they are read: those that are judged are told from the others by their class.
ReadPair = Annotated[PairRecord, AfterValidator(_told_apart)]
