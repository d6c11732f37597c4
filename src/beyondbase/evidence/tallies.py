"""Tallies on disk: for each task, arm and problem, n completions of which c were correct."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.evidence.count_cells import count_remedy
from beyondbase.evidence.doubt import Doubt
from beyondbase.evidence.likelihoods import Likelihoods
from beyondbase.evidence.order import natural_rank
from beyondbase.evidence.tally_files import COLUMNS, OPTIONAL, REQUIRED, read_file
from beyondbase.files import AnyPath, as_paths
from beyondbase.messages import place, quote, suggest
from beyondbase.study import Study
from beyondbase.table.columns import locate

_COUNT = r"^(0|-?[1-9][0-9]{0,8})$"


@dataclass(frozen=True, eq=False)
class Tally:
    """The counts of one arm on one task, in the natural order of the problem ids.

    Attributes:
        problem_ids: The problems, as text.
        n: Completions per problem.
        c: Correct completions per problem.
        clusters: What each problem is resampled with, where the file says so.
        levels: The difficulty of each problem, where the file says so.
        unfit: Why they are no evidence, as where too many completions were cut off; empty if they are.
        likelihoods: How likely some of the completions were, where the study has that.
        doubt: Where so many answers are undecided that a verdict may hang on them.
    """

    problem_ids: tuple[str, ...]
    n: NDArray[np.int64]
    c: NDArray[np.int64]
    clusters: tuple[str, ...] | None
    levels: tuple[str, ...] | None
    unfit: tuple[str, ...] = ()
    likelihoods: Likelihoods | None = None
    doubt: Doubt | None = None


def read_tallies(paths: AnyPath | Sequence[AnyPath]) -> dict[tuple[str, str], Tally]:
    """Read counts from .csv, .tsv and .parquet files.

    Returns:
        The tallies by (task, arm), in the order of these names.

    Raises:
        InputError: A file cannot be read, or a cell is not what its column holds.
    """
    return _group(_read(as_paths(paths)))


def load_tallies(study: Study) -> dict[tuple[str, str], Tally]:
    """Read the counts of a study, and check that its names and those of the files agree.

    Returns:
        The tallies by (task, arm), in the order of the study.

    Raises:
        InputError: As `read_tallies`, or the names of the study and of the files differ.
    """
    rows = _read(study.tally_paths)
    counted = [name for name, arm in study.arms.items() if arm.chance is None]
    for name in study.chance_paths:
        _check_uncounted(rows, name)
    _check_names(rows, "task", list(study.tasks), study.path)
    _check_names(
        rows, "arm", counted, study.path, guesses={n for n in counted if study.arms[n].role == "guess"}
    )
    tallies = _group(rows)
    keys = ((task, arm) for task in study.tasks for arm in study.arms)
    return {key: tallies[key] for key in keys if key in tallies}


def file_digest(path: AnyPath) -> str:
    """Compute the sha256 of a file, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def rows_digest(tallies: Mapping[tuple[str, str], Tally]) -> str:
    """Compute the sha256 of all rows in any order and format of their files, in hexadecimal.

    It is that of the lines ``task,arm,problem_id,n,c`` (and cluster, level where there are any), sorted
    by their bytes: for a plain CSV of these columns,
    ``tail -n +2 counts.csv | LC_ALL=C sort | sha256sum``.
    """
    lines = []
    for (task, arm), tally in tallies.items():
        more = [column for column in (tally.clusters, tally.levels) if column is not None]
        rows = zip(tally.problem_ids, tally.n.tolist(), tally.c.tolist(), *more, strict=True)
        lines += [",".join((task, arm, *map(str, row))).encode() + b"\n" for row in rows]
    return hashlib.sha256(b"".join(sorted(lines))).hexdigest()


@dataclass(frozen=True, eq=False)
class _Column:
    """Cells as codes into their distinct values: checks look at each distinct value only once."""

    codes: NDArray[np.int64]
    values: pa.StringArray

    @property
    def texts(self) -> NDArray[np.object_]:
        return np.asarray(self.values.to_numpy(zero_copy_only=False), dtype=object)

    def where(self, bad: object) -> NDArray[np.bool_]:
        return np.asarray(bad, dtype=bool)[self.codes]


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of all files, in the order of the files."""

    paths: tuple[Path, ...]
    source: NDArray[np.int64]
    number: NDArray[np.int64]
    columns: dict[str, _Column]

    def place(self, row: int) -> str:
        return locate(self.paths[self.source[row]], int(self.number[row]))

    def text(self, column: str, row: int) -> str:
        cells = self.columns[column]
        return str(cells.values[int(cells.codes[row])])

    def refuse(self, bad: NDArray[np.bool_], column: str, remedy: str | Callable[[str], str]) -> None:
        """Raise over the first of the bad rows, if there is one."""
        found = np.flatnonzero(bad)
        if found.size:
            more = f" (and {found.size - 1} more like it)" if found.size > 1 else ""
            text = self.text(column, int(found[0]))
            use = remedy if isinstance(remedy, str) else remedy(text)
            raise InputError(f"{self.place(int(found[0]))}: {column}: found {quote(text)}; {use}{more}")


def _read(paths: Sequence[Path]) -> _Rows:
    if not paths:
        raise InputError("tallies: found no file; name at least one .csv, .tsv or .parquet file")
    tables = [read_file(path) for path in paths]
    whole = pa.concat_tables(tables)
    rows = _Rows(
        paths=tuple(paths),
        source=np.repeat(np.arange(len(tables)), [table.num_rows for table in tables]),
        number=np.concatenate([np.arange(table.num_rows) for table in tables]),
        columns={name: _encode(whole.column(name)) for name in COLUMNS},
    )
    _check_cells(rows)
    return rows


def _encode(cells: Any) -> _Column:
    encoded: Any = pc.dictionary_encode(cells).combine_chunks()
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    return _Column(codes, encoded.dictionary)


def _check_cells(rows: _Rows) -> None:
    for name, column in rows.columns.items():
        broken = pc.match_substring_regex(column.values, r"[\x00-\x1f\x7f]")
        # First of all, because a line break in a cell shifts the line numbers of all later rows.
        rows.refuse(
            column.where(broken), name, "remove the line break or control character (or close the quote)"
        )
    for name in REQUIRED:
        column = rows.columns[name]
        rows.refuse(
            column.where(pc.equal(column.values, pa.scalar(""))), name, "fill the cell, or delete the row"
        )
    for name, column in rows.columns.items():
        padded = pc.not_equal(column.values, pc.utf8_trim_whitespace(column.values))
        rows.refuse(column.where(padded), name, "remove the spaces at its ends")
    _check_counts(rows)


def _check_counts(rows: _Rows) -> None:
    for name in ("n", "c"):
        column = rows.columns[name]
        odd = pc.invert(pc.match_substring_regex(column.values, _COUNT))
        rows.refuse(column.where(odd), name, partial(count_remedy, name))
    n, c = _integers(rows.columns["n"]), _integers(rows.columns["c"])
    rows.refuse(n < 1, "n", "every problem needs at least 1 completion")
    rows.refuse(c < 0, "c", "a count of correct completions is 0 or more")
    for row in np.flatnonzero(c > n)[:1]:
        found = f"found {c[row]}, which is more than n = {n[row]}"
        use = (
            "exchange the names n and c in the header, or correct them"
            if (c >= n).all()
            else "correct one of the two"
        )
        raise InputError(f"{rows.place(row)}: c: {found}; {use}")


def _integers(column: _Column) -> NDArray[np.int64]:
    values = pc.cast(column.values, pa.int64()).to_numpy()
    return np.asarray(values, dtype=np.int64)[column.codes]


def _check_uncounted(rows: _Rows, arm: str) -> None:
    """Refuse counts of an arm whose exact chances the study has."""
    column = rows.columns["arm"]
    same = np.array([str(name) == arm for name in column.texts], dtype=bool)
    rows.refuse(
        column.where(same), "arm", "the study has its exact chances; delete the row, or the key chance"
    )


def _check_names(
    rows: _Rows, kind: str, known: list[str], study: Path, *, guesses: Collection[str] = ()
) -> None:
    column = rows.columns[kind]
    found = [str(name) for name in column.texts]
    for code, name in enumerate(found):
        if name not in known:
            remedy = f"{study} names {', '.join(known)}{suggest(name, known)}"
            rows.refuse(column.codes == code, kind, remedy)
    for name in known:
        if name not in found:
            files = ", ".join(str(path) for path in rows.paths)
            at = place(f"{kind}s", name)
            add = (
                "add its rows, or chance, a file of its exact chances,"
                if name in guesses
                else "add its rows,"
            )
            raise InputError(f"{study}: {at}: found no row of it in {files}; {add} or delete the {kind}")


def _group(rows: _Rows) -> dict[tuple[str, str], Tally]:
    task, arm, problem = (rows.columns[name] for name in ("task", "arm", "problem_id"))
    _check_all_or_none(rows)
    group = task.codes * len(arm.values) + arm.codes
    order = np.lexsort((natural_rank(problem.values)[problem.codes], group))
    _check_duplicates(rows, order)
    parts = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    texts = {name: rows.columns[name].texts for name in ("problem_id", *OPTIONAL)}
    counts = {name: _integers(rows.columns[name]) for name in ("n", "c")}
    tallies = {}
    for part in parts:
        cells = {name: tuple(text[rows.columns[name].codes[part]]) for name, text in texts.items()}
        tallies[rows.text("task", part[0]), rows.text("arm", part[0])] = Tally(
            problem_ids=cells["problem_id"],
            n=_frozen(counts["n"][part]),
            c=_frozen(counts["c"][part]),
            clusters=cells["cluster"] if cells["cluster"][0] else None,
            levels=cells["level"] if cells["level"][0] else None,
        )
    return dict(sorted(tallies.items()))


def _frozen(values: NDArray[np.int64]) -> NDArray[np.int64]:
    values.setflags(write=False)
    return values


def _check_duplicates(rows: _Rows, order: NDArray[np.int64]) -> None:
    keys = [rows.columns[name].codes[order] for name in ("task", "arm", "problem_id")]
    same = np.logical_and.reduce([key[1:] == key[:-1] for key in keys])
    for at in np.flatnonzero(same)[:1]:
        first, second = int(order[at]), int(order[at + 1])
        name = ", ".join(f"{key} {quote(rows.text(key, second))}" for key in ("task", "arm", "problem_id"))
        raise InputError(
            f"{rows.place(second)}: {name} stands also at {rows.place(first)}; keep one of the two"
        )


def _check_all_or_none(rows: _Rows) -> None:
    task = rows.columns["task"]
    for name in OPTIONAL:
        column = rows.columns[name]
        given = ~column.where(pc.equal(column.values, pa.scalar("")))
        some = np.bincount(task.codes, given)[task.codes] > 0
        for row in np.flatnonzero(some & ~given)[:1]:
            other = int(np.flatnonzero(given & (task.codes == task.codes[row]))[0])
            remedy = f"fill it for every row of task {quote(rows.text('task', row))}, or for none"
            raise InputError(
                f"{rows.place(row)}: {name}: found no value, but one at {rows.place(other)}; {remedy}"
            )
