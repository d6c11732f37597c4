"""Counts from Python as a study: a table in memory and what its arms are, written down as a user would."""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from beyondbase.errors import InputError
from beyondbase.evidence.tally_files import REQUIRED
from beyondbase.messages import quote
from beyondbase.study import Study, load_study

COUNTS, STUDY = "counts.parquet", "study.toml"
Arms: TypeAlias = Mapping[str, str | Mapping[str, Any]]
DEFAULTS = {"id": "counts", "title": "Counts given from Python", "source": "given from Python"}
GIVE = "give a pandas or polars frame, an Arrow table, or a dict of columns: task, arm, problem_id, n, c"
_INDEX = re.compile(r"__index_level_\d+__")


def write_counts(folder: Path, table: object, arms: Arms | None, tables: Mapping[str, Any]) -> Study:
    """Write counts and their study into a folder, and read the study.

    Args:
        folder: an empty one.
        table: columns task, arm, problem_id, n and c; also cluster, level, and role in the place of `arms`.
        arms: the role of every arm, or its table as in a study file; its model is its name if not said.
        tables: further keys of the study file.

    Raises:
        InputError: the table is none, or the study holds mistakes.
    """
    columns = arrow_table(table)
    missing = [name for name in REQUIRED if name not in columns.column_names]
    if missing:
        found = ", ".join(columns.column_names)
        raise InputError(f"counts: missing the columns {', '.join(missing)}; found {found}; add them")
    if "evidence" in tables:
        raise InputError(f"evidence: found {quote(tables['evidence'])} beside counts; leave it out")
    content = (
        DEFAULTS
        | {"tasks": {task: {} for task in _names(columns, "task")}}
        | dict(tables)
        | {"evidence": {"tallies": COUNTS}, "arms": _arms(columns, arms)}
    )
    bare = columns.drop_columns(["role"]) if "role" in columns.column_names else columns
    pq.write_table(bare, folder / COUNTS)
    text = "".join(f"{key} = {_toml(key, value)}\n" for key, value in content.items())
    (folder / STUDY).write_text(text, encoding="utf-8")
    return load_study(folder)


def arrow_table(found: object) -> pa.Table:
    """Take a table of pandas, polars, Arrow or plain columns as one of Arrow.

    Raises:
        InputError: it is none.
    """
    try:
        table = found if isinstance(found, pa.Table) else pa.table(found)
    except (pa.ArrowException, TypeError, ValueError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise InputError(f"counts: found {type(found).__name__} ({reason}); {GIVE}") from None
    # A frame that was filtered has an index that nobody named.
    table = table.drop_columns([name for name in table.column_names if _INDEX.fullmatch(name)])
    views = [field.name for field in table.schema if field.type == pa.string_view()]
    for name in views:
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.string()))
    return table


def _names(table: pa.Table, column: str) -> list[str]:
    """The different values of a column; of cells without one, the reader of counts will tell."""
    return [str(name) for name in table[column].unique().to_pylist() if name is not None]


def _arms(table: pa.Table, arms: Arms | None) -> dict[str, Any]:
    names = _names(table, "arm")
    if "role" not in table.column_names:
        if arms is None:
            example = json.dumps(dict(zip(names, ("base", "rl"), strict=False)), ensure_ascii=False)
            raise InputError(
                f"arms: missing, and counts have no column role; say what each arm is ({', '.join(names)}),"
                f" such as arms={example}"
            )
        return {
            name: {"model": name} | ({"role": arm} if isinstance(arm, str) else dict(arm))
            for name, arm in arms.items()
        }
    if arms is not None:
        raise InputError("arms: found beside a column role of the counts; keep one of the two")
    roles: dict[str, Any] = {}
    for row in (
        table.select(["arm", "role"]).group_by(["arm", "role"], use_threads=False).aggregate([]).to_pylist()
    ):
        name, role = str(row["arm"]), row["role"]
        if roles.setdefault(name, role) != role:
            found = f"found {quote(roles[name])} and {quote(role)} of arm {quote(name)}"
            raise InputError(f"counts: role: {found}; give every arm one role")
    return {name: {"model": name, "role": role} for name, role in roles.items()}


def _toml(at: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inner = (f"{_toml(at, str(key))} = {_toml(f'{at}.{key}', item)}" for key, item in value.items())
        return f"{{ {', '.join(inner)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(at, item) for item in value)}]"
    if type(value) is date:
        return value.isoformat()
    if isinstance(value, str | bool | int | float):
        # The one character that JSON may hold bare and TOML may not.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    raise InputError(f"{at}: found {value!r}; use text, numbers, dates, lists and dicts, as in a study file")
