"""Shards: parquet files that are written once, with texts apart from what is counted."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from beyondbase.completions import Finish, Grade
from beyondbase.errors import InputError
from beyondbase.store.durable import write_durably

FINISHES: tuple[Finish, ...] = get_args(Finish)
OUTCOMES: tuple[Grade, ...] = get_args(Grade)

KEYS = ("problem_id", "index", "digest")

_MARK = "beyondbase.fingerprint"
_FORM: dict[str, Any] = {
    "store_schema": False,
    "write_page_checksum": True,
    "write_statistics": False,
}


def _schema(**types: Any) -> pa.Schema:
    return pa.schema([*types.items()])


@dataclass(frozen=True)
class Kind:
    """One of the kinds of shards.

    Attributes:
        rows: What its rows are called.
        verb: What is done to get one.
        schema: Its columns; what is counted comes first, so that one small read gets it all.
        former: How shards of earlier versions look: a column that they lack is read as "".
        empty: The columns that may hold no value.
        words: The columns of few distinct values (not the ids: a shard may hold each problem once), and
            these values.
        named: The columns of few distinct values that nobody lists.
        texts: The columns that counting does not read.
        loss: What becomes of the rows of a shard that is moved away.
    """

    rows: str
    verb: str
    schema: pa.Schema
    empty: frozenset[str]
    words: Mapping[str, Sequence[str]]
    texts: frozenset[str]
    loss: str
    named: frozenset[str] = frozenset()
    former: tuple[pa.Schema, ...] = ()

    @property
    def codecs(self) -> dict[str, str]:
        """How each column is packed: what is counted is short, and LZ4 starts much faster than zstd."""
        lists = [field.name for field in self.schema if pa.types.is_list(field.type)]
        paths = {name: f"{name}.list.element" if name in lists else name for name in self.schema.names}
        return {path: "zstd" if name in self.texts else "lz4" for name, path in paths.items()}


COMPLETIONS = Kind(
    rows="completions",
    verb="sample",
    schema=_schema(
        problem_id=pa.string(),
        index=pa.int32(),
        digest=pa.int64(),
        tokens=pa.int32(),
        finish=pa.string(),
        logprob=pa.float64(),
        seed=pa.int64(),
        text=pa.string(),
        token_ids=pa.list_(pa.int32()),
        token_logprobs=pa.list_(pa.float32()),
    ),
    empty=frozenset({"tokens", "logprob", "seed", "token_ids", "token_logprobs"}),
    words={"finish": FINISHES},
    texts=frozenset({"text", "token_ids", "token_logprobs"}),
    loss="the completions in it will be sampled again",
)
GRADES = Kind(
    rows="grades",
    verb="grade",
    schema=_schema(
        problem_id=pa.string(),
        index=pa.int32(),
        digest=pa.int64(),
        outcome=pa.string(),
        rule=pa.string(),
        answer=pa.string(),
    ),
    empty=frozenset({"answer"}),
    words={"outcome": OUTCOMES},
    texts=frozenset({"answer"}),
    loss="the completions in it will be graded again",
    named=frozenset({"rule"}),
    # As they were before rules were kept.
    former=(
        _schema(
            problem_id=pa.string(),
            index=pa.int32(),
            digest=pa.int64(),
            outcome=pa.string(),
            answer=pa.string(),
        ),
    ),
)
SCORES = Kind(
    rows="scores",
    verb="score",
    schema=_schema(
        problem_id=pa.string(),
        index=pa.int32(),
        digest=pa.int64(),
        logprob=pa.float64(),
        tokens=pa.int32(),
    ),
    empty=frozenset(),
    words={},
    texts=frozenset(),
    loss="the completions in it will be scored again",
)


def write_shard(path: Path, kind: Kind, columns: Sequence[Any], fingerprint: str) -> None:
    """Write rows as one shard, on the disk once this returns.

    Raises:
        OSError: It cannot be written; nothing of it is left.
    """
    table = pa.Table.from_arrays(columns, names=kind.schema.names)
    sink = pa.BufferOutputStream()
    form: dict[str, Any] = {"compression": kind.codecs, "use_dictionary": [*kind.words, *kind.named] or False}
    with pq.ParquetWriter(sink, table.schema, **form, **_FORM) as writer:
        writer.write_table(table, row_group_size=table.num_rows)
        writer.add_key_value_metadata({_MARK: fingerprint})
    write_durably(path, memoryview(sink.getvalue()))


def read_shard(path: Path, kind: Kind, columns: Sequence[str], fingerprint: str) -> pa.Table:
    """Read columns of one shard; the others are not touched.

    Raises:
        InputError: It is no whole shard of this kind and set.
    """
    try:
        with (
            pa.OSFile(str(path), "r") as source,
            pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True) as file,
        ):
            _check_form(path, kind, file, fingerprint)
            table = _read_columns(file, columns)
            _check_rows(path, kind, table, file.metadata.num_rows)
    except InputError:
        raise
    except OSError as error:
        if error.errno is None:
            raise _damaged(path, kind, error) from None
        reason = os.strerror(error.errno)
        raise InputError(f"{path}: cannot be read ({reason}); make it readable, or restore it") from None
    except (pa.ArrowException, ValueError, OverflowError, MemoryError) as error:
        raise _damaged(path, kind, error) from None
    return table


def _read_columns(file: pq.ParquetFile, columns: Sequence[str]) -> pa.Table:
    """Read columns in the order asked for; one that an earlier version did not write has no text in it."""
    there = [name for name in columns if name in file.schema_arrow.names]
    table = file.read(there, use_threads=False)
    for name in columns:
        if name not in there:
            table = table.append_column(name, pa.array([""] * file.metadata.num_rows, pa.string()))
    return table.select([*columns])


def _check_form(path: Path, kind: Kind, file: pq.ParquetFile, fingerprint: str) -> None:
    if not any(file.schema_arrow.equals(known) for known in (kind.schema, *kind.former)):
        found = ", ".join(file.schema_arrow.names)
        raise InputError(f"{path}: holds no {kind.rows} (its columns: {found}); move it out of this folder")
    mark = (file.metadata.metadata or {}).get(_MARK.encode(), b"")
    if mark != fingerprint.encode():
        raise InputError(
            f"{path}: belongs to a set of other settings (fingerprint {mark[:8].decode(errors='replace')}, "
            f"here {fingerprint[:8]}); move it out of this folder"
        )


def _check_rows(path: Path, kind: Kind, table: pa.Table, rows: int) -> None:
    table.validate(full=True)
    if table.num_rows != rows:
        raise _damaged(path, kind, f"{table.num_rows} rows instead of {rows}")
    for name in table.column_names:
        if name not in kind.empty and table.column(name).null_count:
            raise _damaged(path, kind, f"no value in the column {name}")


def _damaged(path: Path, kind: Kind, reason: object) -> InputError:
    line = (str(reason).splitlines() or [""])[0][:200]
    return InputError(f"{path}: is damaged ({line}); move it away: {kind.loss}")
