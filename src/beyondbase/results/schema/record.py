"""What every object of results.json is made of: fixed keys, numbers within bounds, columns of one length."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sized
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidatorFunctionWrapHandler, WrapValidator

from beyondbase.messages import quote


def _as_written(value: float, check: ValidatorFunctionWrapHandler) -> float:
    check(value)
    return value


Share = Annotated[float, Field(ge=0, le=1)]
# Beyond 32 bits no count of samples is meant, and arithmetic with it would fail.
Count = Annotated[int, Field(ge=0, lt=2**31)]
# A count, which stays a whole number, or an expected one.
Amount = Annotated[float, Field(ge=0, lt=2**31), WrapValidator(_as_written)]
Positive = Annotated[int, Field(ge=1, lt=2**31)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Record(BaseModel):
    """An object of results.json: its keys, in the order of the file, must all be there, and no others.

    What is read is checked; what this package works out itself is put together with `model_construct`, which
    checks nothing when it runs. A record of something that has a class of its own elsewhere has that
    class's name and "Record" behind it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Interval(Record):
    """One estimate with its limits; null where the data set none."""

    estimate: float | None
    lower: float | None
    upper: float | None

    @property
    def turned(self) -> "Interval":
        """The same seen from the other side: with the other sign."""
        estimate, lower, upper = (
            None if value is None else -value for value in (self.estimate, self.upper, self.lower)
        )
        return Interval.model_construct(estimate=estimate, lower=lower, upper=upper)


class BandRecord(Record):
    """A column of estimates with its limits."""

    estimate: list[float]
    lower: list[float]
    upper: list[float]

    def at(self, index: int) -> Interval:
        """One row of it."""
        return Interval.model_construct(
            estimate=self.estimate[index], lower=self.lower[index], upper=self.upper[index]
        )


def check_columns(table: Record, axis: Sized, name: str) -> None:
    """Insist that every column of a table is as long as its axis."""
    odd = [f"{length} in {column}" for column, length in _lengths(table) if length != len(axis)]
    if odd:
        raise ValueError(f"columns of unequal length: {len(axis)} in {name}, but {', '.join(odd)}")


def _lengths(table: Record, prefix: str = "") -> Iterator[tuple[str, int]]:
    for name, column in table:
        if isinstance(column, Record):
            yield from _lengths(column, f"{prefix}{name}.")
        elif isinstance(column, list):
            yield f"{prefix}{name}", len(column)


def check_once(what: str, names: Iterable[str]) -> None:
    """Insist that no name stands twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"the {what} {quote(twice[0])} more than once")
