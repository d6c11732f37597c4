"""The paper's own evaluation code: `test_..._seed0_t0.6_s0_e-1.jsonl`, by its source of 2025.

A row is a problem with n completions; the runs of several seeds are joined by `idx`. The paper's rule
takes the last number of a text for the answer where none is stated, so that few of them are unparsed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from beyondbase.completions import Finish, Problem
from beyondbase.formats.readers.cells import flags_in, json_rows, name_in, paired, text_in, texts_in
from beyondbase.formats.readers.choosing import without_choice
from beyondbase.formats.readers.gathering import Gathering, problem_of
from beyondbase.formats.readers.imported import Imported, Row, agreed, identity_of, ordered, verdict

TOOL = "limit-of-rlvr"
_NAME = re.compile(
    r"test_(?P<template>.+)_-?\d+_seed\d+_t(?P<temperature>[\d.]+)_s\d+_e-?\d+\.jsonl(?:\.gz)?"
)
_FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length", "abort": "error", "error": "error"}


def read(paths: Sequence[Path], pick: str | None) -> Imported:
    """Read the files of an arm.

    Args:
        paths: `test_*.jsonl`, one per seed.
        pick: Nothing; there is one verdict.

    Raises:
        InputError: A problem stands twice in a file, or the files are not of one arm.
    """
    without_choice(TOOL, pick)
    files, gathering = ordered(paths), Gathering(once=True)
    for path in files:
        for at, row in json_rows(path):
            gathering.add(path, at, _problem(at, row), n=len(texts_in(at, row, "code")))
    return Imported(
        tool=TOOL,
        trusted=True,
        grader=(TOOL, "unknown"),
        identity=identity_of(TOOL, files, **agreed({path: _settings(path) for path in files})),
        problems=gathering.problems(files),
        rows=lambda: _rows(files),
    )


def _rows(files: Sequence[Path]) -> Iterator[Row]:
    for path in files:
        for at, row in json_rows(path):
            name, texts = name_in(at, row, "idx"), texts_in(at, row, "code")
            flags = flags_in(at, row, "score", n=len(texts))
            answers = paired(at, "pred", texts_in(at, row, "pred"), n=len(texts))
            for text, right, answer, finish in zip(
                texts, flags, answers, _finishes(at, row, n=len(texts)), strict=True
            ):
                said = verdict(right=right, answer=answer, finish=finish)
                yield Row(name, text, finish, None, None, "error" if finish == "error" else said, answer)


def _finishes(at: str, row: Mapping[str, Any], *, n: int) -> list[Finish]:
    found = row.get("finish_reason")
    reasons = paired(at, "finish_reason", found, n=n) if isinstance(found, list) else [None] * n
    return [_FINISHES.get(str(reason), "unknown") for reason in reasons]


def _problem(at: str, row: Mapping[str, Any]) -> Problem:
    return problem_of(
        name_in(at, row, "idx"),
        question=text_in(at, row, "question"),
        gold=text_in(at, row, "gt"),
        level=row.get("level"),
    )


def _settings(path: Path) -> dict[str, Any]:
    found = _NAME.fullmatch(path.name)
    return found.groupdict() if found else {}
