"""evalplus: `..._eval_results.json`, checked with evalplus 0.3.1.

A completion is right in the suite "base" where it passes the original tests, in "plus" where it passes
these and the added ones. The file is one JSON value and is read as a whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.formats.cells import json_whole, mapping, text_in
from beyondbase.formats.choosing import chosen
from beyondbase.formats.gathering import Gathering, problem_of
from beyondbase.formats.imported import Imported, Row, agreed, identity_of, ordered
from beyondbase.mistakes import quote

TOOL = "evalplus"
_STATUSES = ("pass", "fail", "timeout")


def read(paths: Sequence[Path], pick: str | None) -> Imported:
    """Read the files of an arm.

    Args:
        paths: `..._eval_results.json`.
        pick: The suite, "base" or "plus".

    Raises:
        InputError: Both suites were run and none is picked, or the files are not of one arm.
    """
    files = ordered(paths)
    gathering, suites, hashes = Gathering(once=False), set[str](), {}
    for path in files:
        table = _table(path)
        hashes[path] = {"dataset": table.get("hash")}
        for name, at, row in _cells(path, table):
            gathering.add(path, at, problem_of(name))
            suites |= {"base"} if row.get("plus_status") is None else {"base", "plus"}
    picked = chosen("suite", pick, sorted(suites), files)
    version = str(agreed(hashes)["dataset"] or "unknown")
    return Imported(
        tool=TOOL,
        trusted=True,
        grader=(f"evalplus-{picked}", version),
        identity=identity_of(TOOL, files, dataset=version),
        problems=gathering.problems(files),
        rows=lambda: _rows(files, picked),
    )


def _rows(files: Sequence[Path], picked: str) -> Iterator[Row]:
    for path in files:
        for name, at, row in _cells(path, _table(path)):
            suites = ("base", "plus") if picked == "plus" else ("base",)
            right = [_status(at, row, f"{suite}_status") == "pass" for suite in suites]
            text = text_in(at, row, "solution")
            yield Row(name, text, "unknown", None, None, "correct" if all(right) else "wrong", None)


def _table(path: Path) -> dict[str, Any]:
    at = str(path)
    if path.suffix == ".jsonl":
        remedy = "give the file ..._eval_results.json that evalplus.evaluate wrote beside it"
        raise InputError(f"{at}: found samples without verdicts; {remedy}")
    table = mapping(at, json_whole(path))
    if not isinstance(table.get("eval"), dict):
        found = quote(", ".join(table))
        raise InputError(f"{at}: found no eval, but {found}; give the file ..._eval_results.json")
    return table


def _cells(path: Path, table: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, rows in table["eval"].items():
        at = f"{path}: eval[{quote(name)}]"
        if not isinstance(rows, list) or not rows:
            raise InputError(f"{at}: found {quote(rows)}, not its completions; evaluate it again")
        for number, row in enumerate(rows):
            yield name, f"{at}[{number}]", mapping(f"{at}[{number}]", row)


def _status(at: str, row: Mapping[str, Any], key: str) -> str:
    found = row.get(key)
    if found not in _STATUSES:
        raise InputError(
            f"{at}: {key}: found {quote(found)}, know {', '.join(_STATUSES)}; evaluate it again, or pick base"
        )
    return str(found)
