"""A pair of results.json, key by key: what each holds, which may be null, which columns are even."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from beyondbase.messages import quote

Share = Annotated[float, Field(ge=0, le=1)]
# Beyond 32 bits no count of samples is meant, and arithmetic with it would fail.
Count = Annotated[int, Field(ge=0, lt=2**31)]
# A count, or an expected one.
Amount = Annotated[float, Field(ge=0, lt=2**31)]
Positive = Annotated[int, Field(ge=1, lt=2**31)]
HEAD = (
    *("id", "task", "base", "other", "role", "problems"),
    *("n_min", "n_max", "clusters", "largest_cluster", "k_max", "invalid"),
)


class Object(BaseModel):
    """Keys that must all be there, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Band(Object):
    """A column of estimates with its limits."""

    estimate: list[float]
    lower: list[float]
    upper: list[float]


class Interval(Object):
    """One estimate with its limits; null where the data set none."""

    estimate: float | None
    lower: float | None
    upper: float | None


class _Curves(Object):
    base: Band
    other: Band
    difference: Band


class Curve(_Curves):
    """pass@k of both arms and their difference."""

    k: Annotated[list[Positive], Field(min_length=1)]

    @model_validator(mode="after")
    def _even(self) -> Self:
        check_columns(self, self.k, "k")
        return self


class Floor(Band):
    """pass@k of an arm that guesses with exact chances, at the k of the pair's curve."""

    arm: str


class Cover(_Curves):
    """Cover@tau of both arms and their difference."""

    tau: list[Share]

    @model_validator(mode="after")
    def _even(self) -> Self:
        check_columns(self, self.tau, "tau")
        return self


class Crossover(Object):
    """Where the base overtakes for good."""

    k: Positive | None
    lower: Positive
    upper: Positive | None


class Evidence(Object):
    """A problem that one arm alone solves."""

    id: str
    base_n: Positive
    base_c: Count
    other_n: Positive
    other_c: Count
    fisher_p: Share


class Solved(Object):
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
    base_only_problems: list[Evidence]
    other_only_problems: list[Evidence]
    neither_problems: list[str]


class Support(Object):
    """Metrics of support kept, found and lost; limits of the first three are null where `mcnemar_p` is."""

    srr: Interval
    ndr: Interval
    sds: Interval
    nscr: Interval


class DetectionLimit(Object):
    """What no success still allows."""

    base: Share
    other: Share
    confidence: Share


class Histogram(Object):
    """Problems by accuracy."""

    bins: list[str]
    base: list[Count]
    other: list[Count]

    @model_validator(mode="after")
    def _even(self) -> Self:
        check_columns(self, self.bins, "bins")
        return self


class Variance(Object):
    """The variance of a difference, split."""

    k: Positive
    total: float | None
    between: float | None
    within: float | None


class ByProblem(Object):
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


class Pair(Object):
    """An arm beside its base on one task; every section is null where the pair is invalid."""

    id: str
    task: str
    base: str
    other: str
    role: Literal["base", "rl", "distilled", "instruct", "teacher", "guess"]
    problems: Count
    n_min: Positive
    n_max: Positive
    clusters: Positive | None
    largest_cluster: Positive | None
    k_max: Positive
    invalid: list[str]
    curve: Curve | None
    floors: list[Floor] | None
    table_k: Annotated[list[Positive], Field(min_length=1)] | None
    crossover: Crossover | None
    solved: Solved | None
    support: Support | None
    detection_limit: DetectionLimit | None
    histogram: Histogram | None
    cover: Cover | None
    variance: list[Variance] | None
    by_problem: ByProblem | None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        sections = {name: value for name, value in self if name not in HEAD}
        empty = [name for name, value in sections.items() if value is None]
        if empty != (list(sections) if self.invalid else []):
            found = f"null in {', '.join(empty)}" if empty else "no section null"
            raise ValueError(f"{found}, but {len(self.invalid)} reasons in invalid")
        for floor in self.floors or ():
            check_columns(floor, self.curve.k if self.curve else (), "k")
        return self


def check_columns(table: Object, axis: Sized, name: str) -> None:
    """Insist that every column of a table is as long as its axis."""
    lengths = dict(_lengths(table.model_dump(exclude={"arm"})))
    odd = [f"{length} in {column}" for column, length in lengths.items() if length != len(axis)]
    if odd:
        raise ValueError(f"columns of unequal length: {len(axis)} in {name}, but {', '.join(odd)}")


def _lengths(columns: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, int]]:
    for name, column in columns.items():
        if isinstance(column, dict):
            yield from _lengths(column, f"{prefix}{name}.")
        elif column is not None:
            yield f"{prefix}{name}", len(column)


def check_once(what: str, names: Iterable[str]) -> None:
    """Insist that no name stands twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"the {what} {quote(twice[0])} more than once")
