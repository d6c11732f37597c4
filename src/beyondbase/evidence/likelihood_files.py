"""Files of log-probabilities, a row for each completion, beside the files of counts."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.evidence.likelihoods import ROUNDING, Likelihoods
from beyondbase.evidence.tallies import Tally
from beyondbase.files import AnyPath
from beyondbase.messages import quote
from beyondbase.study import Study
from beyondbase.table.columns import arrow_errors, csv_table, locate, parquet_table
from beyondbase.table.decoding import file_bytes, suffix_among
from beyondbase.table.header import Header

Key = tuple[str, str]
_Columns = Mapping[str, NDArray[Any]]
LOGPROBS = ("logprob", "base_logprob", "own_logprob")
SCHEMA = pa.schema(
    [pa.field(name, pa.string()) for name in ("task", "arm", "problem_id")]
    + [pa.field(name, pa.int64()) for name in ("index", "tokens")]
    + [pa.field(name, pa.float64()) for name in LOGPROBS]
)
_TYPES = {field.name: field.type for field in SCHEMA}
_HEADER = Header(tuple(SCHEMA.names))
# Two sums of the same log-probabilities differ by no more than this part of themselves, or nats.
_SAME = 1e-6


def add_scores(study: Study, tallies: Mapping[Key, Tally]) -> dict[Key, Tally]:
    """Put the log-probabilities of a study's files beside its counts.

    Args:
        study: With [evidence] scores.
        tallies: Its counts by (task, arm).

    Raises:
        InputError: A file cannot be read, or holds what the counts do not know.
    """
    found = dict(tallies)
    for path in study.score_paths:
        columns = _checked(path, _read(path))
        for key, rows in _groups(columns).items():
            if key not in tallies:
                at = locate(path, int(rows[0]))
                names = f"arm {quote(key[1])} on task {quote(key[0])}"
                raise InputError(f"{at}: found {names}, of which there are no counts; delete its rows")
            if found[key].likelihoods is not None:
                names = f"arm {quote(key[1])} on task {quote(key[0])}"
                raise InputError(f"{path}: found {names} in an earlier file too; keep one of the two")
            own = {"own_base": study.base_of(key[1]) == key[1]}
            found[key] = replace(
                found[key], likelihoods=_likelihoods(path, columns, rows, tallies[key], **own)
            )
    return found


def write_scores(path: AnyPath, tallies: Mapping[Key, Tally]) -> int:
    """Write the log-probabilities beside counts as one file, and return the number of its rows.

    Raises:
        OSError: It cannot be written.
    """
    rows = score_rows(tallies)
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    arrays = [
        pa.array(column, field.type, from_pandas=True) for column, field in zip(columns, SCHEMA, strict=True)
    ]
    pq.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), Path(path), compression="zstd")
    return len(rows)


def score_rows(tallies: Mapping[Key, Tally]) -> list[tuple[Any, ...]]:
    """All log-probabilities beside counts: task, arm, and what `Likelihoods.rows` gives."""
    return [
        (*key, *row)
        for key, tally in tallies.items()
        if tally.likelihoods is not None
        for row in tally.likelihoods.rows(tally.problem_ids)
    ]


def _read(path: Path) -> pa.Table:
    data = file_bytes(path)
    kind = suffix_among(path, (".parquet", ".csv"))[1:]
    # The reason may show whole rows.
    found = f"is no {kind} file of log-probabilities"
    with arrow_errors(path, found, "write it again", most=200):
        table = parquet_table(data) if kind == "parquet" else csv_table(data, _TYPES)
        _HEADER.check(str(path), table.column_names)
        return table.select(SCHEMA.names).cast(SCHEMA)


def _checked(path: Path, table: pa.Table) -> _Columns:
    if not table.num_rows:
        raise InputError(f"{path}: found no rows; add a row for each completion that was scored")
    for name in ("task", "arm", "problem_id", "index", "tokens"):
        _refuse(path, table, name, table[name].is_null().to_numpy(), "fill the cell")
    columns = {name: np.asarray(table[name].to_numpy()) for name in SCHEMA.names}
    _refuse(path, table, "index", columns["index"] < 0, "number completions from 0")
    _refuse(path, table, "tokens", columns["tokens"] < 1, "every completion has one at least")
    for name in LOGPROBS:
        wrong = columns[name] > ROUNDING * columns["tokens"]
        wrong |= np.isneginf(columns[name])
        _refuse(path, table, name, wrong, "give the sum of logarithms of probabilities, or nothing")
    return columns


def _refuse(path: Path, table: pa.Table, name: str, wrong: NDArray[np.bool_], remedy: str) -> None:
    for row in np.flatnonzero(wrong)[:1].tolist():
        found = table[name][row].as_py()
        shown = "nothing" if found is None else found
        raise InputError(f"{locate(path, row)}: {name}: found {shown}; {remedy}")


def _groups(columns: _Columns) -> dict[Key, NDArray[np.int64]]:
    """The rows of each arm on each task."""
    found: dict[Key, list[int]] = {}
    for row, key in enumerate(zip(columns["task"], columns["arm"], strict=True)):
        found.setdefault(key, []).append(row)
    return {key: np.array(rows) for key, rows in found.items()}


def _likelihoods(
    path: Path, columns: _Columns, rows: NDArray[np.int64], tally: Tally, *, own_base: bool
) -> Likelihoods:
    known = {name: row for row, name in enumerate(tally.problem_ids)}
    names = columns["problem_id"][rows]
    problem = np.array([known.get(name, -1) for name in names])
    for at in np.flatnonzero(problem < 0)[:1]:
        found = f"found {quote(names[at])}, of which there are no counts"
        raise InputError(f"{locate(path, int(rows[at]))}: problem_id: {found}; delete its rows")
    numbers: Any = {name: columns[name][rows] for name in ("index", "tokens", *LOGPROBS)}
    _check_counted(path, numbers["index"], rows, tally)
    if own_base:
        numbers["base_logprob"] = _under_itself(path, numbers, rows)
    likelihoods = Likelihoods(problem, **numbers).sorted()
    same = (np.diff(likelihoods.problem) == 0) & (np.diff(likelihoods.index) == 0)
    for at in np.flatnonzero(same)[:1]:
        first, index = quote(tally.problem_ids[likelihoods.problem[at]]), likelihoods.index[at]
        name = f"problem {first}, completion {index}"
        raise InputError(f"{path}: {name}, stands there twice; delete one of its rows")
    return likelihoods


def _check_counted(path: Path, index: NDArray[np.int64], rows: NDArray[np.int64], tally: Tally) -> None:
    # Not each problem's own n: a completion that was lost has a number, and is in no count.
    most = int(tally.n.max())
    for at in np.flatnonzero(index >= most)[:1]:
        found = f"found {index[at]}, where the counts are of {most} completions of a problem at most"
        raise InputError(f"{locate(path, int(rows[at]))}: index: {found}; number completions from 0")


def _under_itself(path: Path, numbers: Mapping[str, Any], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The log-probabilities under its base of an arm that is its own base."""
    own, base = numbers["logprob"], numbers["base_logprob"]
    differs = ~np.isclose(base, own, rtol=_SAME, atol=_SAME) & ~np.isnan(base) & ~np.isnan(own)
    for at in np.flatnonzero(differs)[:1]:
        found = f"found {base[at]} of an arm that is its own base, and the logprob {own[at]}"
        use = "give the same number, or leave base_logprob empty"
        raise InputError(f"{locate(path, int(rows[at]))}: base_logprob: {found}; {use}")
    filled: NDArray[np.float64] = np.where(np.isnan(base), own, base)
    return filled
