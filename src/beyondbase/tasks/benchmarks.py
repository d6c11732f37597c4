"""Public benchmarks, declared as data: where they lie, which columns they have, how answers compare."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from beyondbase.errors import InputError
from beyondbase.messages import quote, suggest

AnswerType = Literal["number", "expression", "set", "choice", "text"]


@dataclass(frozen=True)
class Columns:
    """Which column of a table holds what.

    Attributes:
        question: What the prompt asks.
        answer: The right answer.
        id: The problem's name; the number of the row, from 0, if None.
        level: Its difficulty.
        cluster: What it is resampled with.
        entry: Further columns that a scorer needs, by the name it knows them by.
    """

    question: str = "question"
    answer: str = "answer"
    id: str | None = None
    level: str | None = None
    cluster: str | None = None
    entry: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """How the rows of a table become problems.

    Attributes:
        columns: Which column holds what.
        answer: How answers compare.
        marker: What stands before the right answer, where the column holds a solution as well.
        sets: The column that says of a row that its answer is a set.
    """

    columns: Columns = field(default_factory=Columns)
    answer: AnswerType = "expression"
    marker: str | None = None
    sets: str | None = None


@dataclass(frozen=True)
class Benchmark:
    """A named public task.

    Attributes:
        name: What the literature calls it.
        dataset: Its id on the Hub, or the address of its file.
        config: The part of the dataset, where it has several.
        split: The split that is the benchmark.
        revision: The commit, where one is known to load.
        rows: How many problems it has.
        layout: How its rows become problems.
    """

    name: str
    dataset: str
    config: str | None
    split: str
    revision: str | None
    rows: int
    layout: Layout


def find_benchmark(name: str) -> Benchmark:
    """Look up a benchmark by its name.

    Raises:
        InputError: None has this name.
    """
    known = all_benchmarks()
    if name not in known:
        remedy = f"use one of {', '.join(known)}{suggest(name, known)}, or name a dataset or a path"
        raise InputError(f"benchmark: found {quote(name)}; {remedy}")
    return known[name]


@cache
def all_benchmarks() -> Mapping[str, Benchmark]:
    """Read the benchmarks that come with the package, by name."""
    text = files("beyondbase.tasks").joinpath("benchmarks.toml").read_text(encoding="utf-8")
    return {name: _benchmark(name, table) for name, table in tomllib.loads(text).items()}


def _benchmark(name: str, table: Mapping[str, Any]) -> Benchmark:
    layout = Layout(
        columns=Columns(**table["columns"]),
        answer=table["answer"],
        marker=table.get("marker"),
        sets=table.get("sets"),
    )
    return Benchmark(
        name=name,
        dataset=table["dataset"],
        config=table.get("config"),
        split=table["split"],
        revision=table.get("revision"),
        rows=table["rows"],
        layout=layout,
    )
