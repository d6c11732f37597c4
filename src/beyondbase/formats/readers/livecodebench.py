"""LiveCodeBench: `..._eval_all.json`, by its source of April 2025; one JSON value, read as a whole.

A completion that its test runner could not judge (error_code -5) is an error; a time-out of all tests,
which the runner stores under the same code as an IndexError of its own, is the verdict "wrong".
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from beyondbase.completions import Grade
from beyondbase.errors import InputError
from beyondbase.formats.readers.cells import flags_in, json_whole, mapping, name_in, paired, texts_in
from beyondbase.formats.readers.choosing import without_choice
from beyondbase.formats.readers.gathering import Gathering, problem_of
from beyondbase.formats.readers.imported import Imported, Row, identity_of, ordered
from beyondbase.messages import quote

TOOL = "livecodebench"
_RUNNER_FAILED = -5


def read(paths: Sequence[Path], pick: str | None) -> Imported:
    """Read the files of an arm.

    Args:
        paths: `..._eval_all.json`.
        pick: Nothing; there is one verdict.

    Raises:
        InputError: A file knows problems by their position alone, or the files are not of one arm.
    """
    without_choice(TOOL, pick)
    files, gathering = ordered(paths), Gathering(once=True)
    for path in files:
        for at, row in _problems(path):
            problem = problem_of(
                name_in(at, row, "question_id"),
                question=str(row.get("question_content") or ""),
                level=row.get("difficulty"),
                cluster=str(row["contest_id"]) if row.get("contest_id") else None,
            )
            gathering.add(path, at, problem, n=len(texts_in(at, row, "output_list")))
    return Imported(
        tool=TOOL,
        trusted=True,
        grader=(TOOL, "unknown"),
        identity=identity_of(TOOL, files),
        problems=gathering.problems(files),
        rows=lambda: _rows(files),
    )


def _rows(files: Sequence[Path]) -> Iterator[Row]:
    for path in files:
        for at, row in _problems(path):
            name, texts = name_in(at, row, "question_id"), texts_in(at, row, "output_list")
            flags = flags_in(at, row, "graded_list", n=len(texts))
            codes = paired(at, "code_list", texts_in(at, row, "code_list"), n=len(texts))
            notes = row.get("metadata")
            told = notes if isinstance(notes, list) and len(notes) == len(texts) else [None] * len(texts)
            for text, right, code, note in zip(texts, flags, codes, told, strict=True):
                yield Row(name, text, "unknown", None, None, _outcome(note, right=right), code)


def _outcome(note: object, *, right: bool) -> Grade:
    if right:
        return "correct"
    try:
        found = json.loads(note) if isinstance(note, str) else note
    except (ValueError, RecursionError):
        found = None
    about = found if isinstance(found, Mapping) else {}
    failed = about.get("error_code") == _RUNNER_FAILED
    return "error" if failed and not str(about.get("error")).startswith("IndexError") else "wrong"


def _problems(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    table = json_whole(path)
    if not isinstance(table, list) or not table:
        raise InputError(f"{path}: found {quote(table)}; give the file ..._eval_all.json")
    if isinstance(table[0], dict) and "detail" in table[0]:
        found = "found problems that are known by their position alone"
        raise InputError(f"{path}: {found}; give the file ..._eval_all.json beside it")
    if isinstance(table[0], list):
        mapping(str(path), table)
    for number, row in enumerate(table):
        at = f"{path}: [{number}]"
        yield at, mapping(at, row)
