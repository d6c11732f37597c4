"""evalplus: `..._eval_results.json`, checked with evalplus 0.3.1 and with the source of 0.1.5 to 0.2.0.

A completion is right in the suite "base" where it passes the original tests, in "plus" where it passes
these and the added ones. The file is one JSON value and is read as a whole.

Up to evalplus 0.2 it holds, per problem, lists of a status and its details, and no text. The texts are those
of the samples beside it (`samples.jsonl` of `samples_eval_results.json`), in whose order they were judged.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.formats.readers.cells import json_rows, json_whole, mapping, name_in, text_in
from beyondbase.formats.readers.choosing import chosen
from beyondbase.formats.readers.gathering import Gathering, problem_of
from beyondbase.formats.readers.imported import Imported, Row, agreed, identity_of, ordered
from beyondbase.messages import quote

TOOL = "evalplus"
_STATUSES = ("pass", "fail", "timeout")
# As they were called up to evalplus 0.2.
_OLDER = {"success": "pass", "failed": "fail", "timed out": "timeout"}
_RESULTS = "_eval_results.json"


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
    older: list[Path] = []
    for path in files:
        table = _table(path)
        older += [path] if any(isinstance(found, dict) for found in table["eval"].values()) else []
        hashes[path] = {"dataset": table.get("hash")}
        for name, at, row in _cells(path, table):
            gathering.add(path, at, problem_of(name))
            suites |= {"base"} if row.get("plus_status") is None else {"base", "plus"}
    picked = chosen("suite", pick, sorted(suites), files)
    version = str(agreed(hashes)["dataset"] or "unknown")
    texts = {path: _samples(path) for path in older}
    textless = [path for path, found in texts.items() if found is None]
    return Imported(
        tool=TOOL,
        trusted=True,
        grader=(f"evalplus-{picked}", version),
        identity=identity_of(TOOL, [*files, *filter(None, texts.values())], dataset=version),
        problems=gathering.problems(files),
        rows=lambda: _rows(files, picked),
        note=_bare(textless[0]) if textless else "",
    )


def _rows(files: Sequence[Path], picked: str) -> Iterator[Row]:
    for path in files:
        for name, at, row in _cells(path, _table(path)):
            suites = ("base", "plus") if picked == "plus" else ("base",)
            right = [_status(at, row, f"{suite}_status") == "pass" for suite in suites]
            text = text_in(at, row, "solution")
            yield Row(name, text, "unknown", None, None, "correct" if all(right) else "wrong", None)


def _bare(path: Path) -> str:
    beside = path.name.removesuffix(".gz").replace(_RESULTS, ".jsonl")
    remedy = (
        f"put {beside}, which evalplus judged, beside it, or set empty = 1.0 and varied = 0.0 in [health]"
    )
    return f"{path}: holds verdicts without texts; {remedy}"


def _table(path: Path) -> dict[str, Any]:
    at = str(path)
    if path.name.removesuffix(".gz").endswith(".jsonl"):
        remedy = "give the file ..._eval_results.json that evalplus.evaluate wrote beside it"
        raise InputError(f"{at}: found samples without verdicts; {remedy}")
    table = mapping(at, json_whole(path))
    if not isinstance(table.get("eval"), dict):
        found = quote(", ".join(table))
        raise InputError(f"{at}: found no eval, but {found}; give the file ..._eval_results.json")
    return table


def _cells(path: Path, table: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    older = any(isinstance(found, dict) for found in table["eval"].values())
    texts = _texts(path) if older else None
    for name, found in table["eval"].items():
        at = f"{path}: eval[{quote(name)}]"
        rows: Any = _older(at, name, found, texts) if isinstance(found, dict) else found
        if not isinstance(rows, list) or not rows:
            raise InputError(f"{at}: found {quote(rows)}, not its completions; evaluate it again")
        for number, row in enumerate(rows):
            yield name, f"{at}[{number}]", mapping(f"{at}[{number}]", row)


def _older(
    at: str, name: str, table: Mapping[str, Any], texts: Mapping[str, list[str]] | None
) -> list[dict[str, str | None]]:
    """Turn lists of [status, details] into rows as they are written now."""
    base = _older_statuses(at, table, "base")
    plus = _older_statuses(at, table, "plus") if table.get("plus") else [None] * len(base)
    solutions = [""] * len(base) if texts is None else texts.get(name, [])
    for what, values in (("plus", plus), ("samples beside it", solutions)):
        if len(values) != len(base):
            found = f"found {len(values)} completions in {what}, {len(base)} in base"
            raise InputError(f"{at}: {found}; give the files of one run, or evaluate it again")
    keys = ("base_status", "plus_status", "solution")
    return [dict(zip(keys, row, strict=True)) for row in zip(base, plus, solutions, strict=True)]


def _older_statuses(at: str, table: Mapping[str, Any], key: str) -> list[str | None]:
    found = table.get(key)
    if not isinstance(found, list):
        raise InputError(f"{at}: {key}: found {quote(found)}, not its completions; evaluate it again")
    said = [pair[0] if isinstance(pair, list) and pair else pair for pair in found]
    odd = next((word for word in said if not isinstance(word, str) or word not in _OLDER), None)
    if odd is not None or None in said:
        raise InputError(f"{at}: {key}: found {quote(odd)}, know {', '.join(_OLDER)}; evaluate it again")
    return [_OLDER[word] for word in said]


def _samples(path: Path) -> Path | None:
    """The samples beside a file of results."""
    name = path.name.removesuffix(".gz")
    if not name.endswith(_RESULTS):
        return None
    beside = [path.with_name(name.removesuffix(_RESULTS) + suffix) for suffix in (".jsonl", ".jsonl.gz")]
    return next((file for file in beside if file.is_file()), None)


def _texts(path: Path) -> dict[str, list[str]] | None:
    file, texts = _samples(path), dict[str, list[str]]()
    if file is None:
        return None
    for at, row in json_rows(file):
        key = "solution" if "solution" in row else "completion"
        texts.setdefault(name_in(at, row, "task_id"), []).append(text_in(at, row, key))
    return texts


def _status(at: str, row: Mapping[str, Any], key: str) -> str:
    found = row.get(key)
    if found not in _STATUSES:
        raise InputError(
            f"{at}: {key}: found {quote(found)}, know {', '.join(_STATUSES)}; evaluate it again, or pick base"
        )
    return str(found)
