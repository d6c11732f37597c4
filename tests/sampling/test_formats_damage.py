"""Files of other tools with any value in any place: read, or refused in one line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from formats_files import (
    EVALPLUS,
    HUMAN_EVAL,
    LIGHTEVAL,
    LIMIT_OF_RLVR,
    LIVECODEBENCH,
    LM_EVAL,
    NEMO_SKILLS,
    lines,
    rows_of,
)
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import InputError
from beyondbase.formats import read_samples

WHOLE = {"evalplus": (EVALPLUS[0], "plus"), "livecodebench": (LIVECODEBENCH[0], None)}
LINED = {
    "lm-eval": (LM_EVAL[0], "all"),
    "human-eval": (HUMAN_EVAL[0], None),
    "limit-of-rlvr": (LIMIT_OF_RLVR[0], None),
    "nemo-skills": (NEMO_SKILLS[0], "symbolic"),
}
ODD: list[Any] = [
    *(None, 5, -1.5, float("nan"), True, "", "x", "\0", "\ud800", 10**400),
    *([], {}, [[]], [None], [5], ["x"], [{}], {"a": 1}),
]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """List every place in a JSON value."""
    yield at
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*at, key))


def damaged(value: Any, at: tuple[Any, ...], odd: Any) -> Any:
    """Put another value into a place; deeper ones are left as they are."""
    if not at:
        return odd
    copy = value.copy()
    copy[at[0]] = damaged(value[at[0]], at[1:], odd)
    return copy


def read_or_refuse(tool: str, path: Path, pick: str | None) -> None:
    """Read all of a file; only an input error that names it may come."""
    message = ""
    try:
        rows = [*read_samples(tool, [path], pick=pick).rows()]
    except InputError as error:
        message = str(error)
    else:
        assert all(isinstance(row.text, str) for row in rows)
    assert not message or message.startswith(str(path))
    assert "\n" not in message


@pytest.mark.parametrize("tool", [*WHOLE, *LINED])
@given(data=st.data())
def test_any_value_in_any_place_is_read_or_refused(
    tool: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No traceback, whatever stands where another thing should."""
    path, pick = (WHOLE | LINED)[tool]
    content = json.loads(path.read_text()) if tool in WHOLE else rows_of(path)
    at = data.draw(st.sampled_from([*places(content)][1:]))
    content = damaged(content, at, data.draw(st.sampled_from(ODD)))
    copy = tmp_path_factory.mktemp("damaged") / path.name
    if tool in WHOLE:
        copy.write_text(json.dumps(content))
    else:
        lines(copy, content)
    read_or_refuse(tool, copy, pick)


@pytest.mark.parametrize("odd", ODD[:-8], ids=repr)
@pytest.mark.parametrize("column", ["doc", "model_response"])
def test_any_value_in_a_column_is_read_or_refused(column: str, odd: Any, tmp_path: Path) -> None:
    """The types of a parquet file are those of its writer."""
    table = pq.read_table(LIGHTEVAL[0])
    for key in [field.name for field in table.schema.field(column).type]:
        rows = [row | {column: row[column] | {key: odd}} for row in table.to_pylist()]
        try:
            made = pa.Table.from_pylist(rows)
        except (pa.ArrowException, OverflowError, UnicodeEncodeError):
            continue
        pq.write_table(made, tmp_path / "details.parquet")
        read_or_refuse("lighteval", tmp_path / "details.parquet", None)
