"""Problems made of rows, with every mistake named by its place; and what names a set of them."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.messages import quote, suggest
from beyondbase.table.columns import Row
from beyondbase.tasks.benchmarks import Layout

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")


def make_problems(rows: Iterable[Row], layout: Layout, *, place: str) -> tuple[Problem, ...]:
    """Turn rows into problems.

    Args:
        rows: Each with where it stands.
        layout: Which column holds what.
        place: Where all the rows stand.

    Returns:
        The problems in the order of the rows. An answer of several parts is joined by ", "; `entry` holds
        "answer_type" and the columns of `layout.columns.entry` that are not null.

    Raises:
        InputError: A row lacks a column or a value, or its id stands twice.
    """
    seen: dict[str, str] = {}
    problems = []
    for number, (at, row) in enumerate(rows):
        problem = _problem(at, row, number, layout)
        if problem.id in seen:
            raise InputError(f"{at}: id {quote(problem.id)} stands also at {seen[problem.id]}; rename one")
        seen[problem.id] = at
        problems.append(problem)
    if not problems:
        raise InputError(f"{place}: found no problem; give at least one row")
    return tuple(problems)


def problems_digest(problems: Iterable[Problem]) -> str:
    """Compute the sha256 of problems with their right answers, in hexadecimal.

    It is that of lines of JSON, `[id, question, gold, level, cluster]`. Grades hang on it; completions
    hang on the prompts alone (`prompts_digest`), so that a corrected answer never costs new samples.
    """
    digest = hashlib.sha256()
    for problem in problems:
        cells = [problem.id, problem.question, problem.gold, problem.level, problem.cluster]
        digest.update(json.dumps(cells, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def _problem(at: str, row: Mapping[str, Any], number: int, layout: Layout) -> Problem:
    columns = layout.columns
    answer = _cell(at, row, "answer", columns.answer)
    entry = {name: row.get(column) for name, column in columns.entry.items()}
    is_set = layout.sets is not None and row.get(layout.sets) is True
    return Problem(
        id=str(number) if columns.id is None else _id(at, row, columns.id),
        question=_cell(at, row, "question", columns.question),
        gold=_gold(at, answer, layout),
        level=_optional(at, row, "level", columns.level),
        cluster=_optional(at, row, "cluster", columns.cluster),
        entry={
            "answer_type": "set" if is_set else layout.answer,
            **{name: value for name, value in entry.items() if value is not None},
        },
    )


def _id(at: str, row: Mapping[str, Any], column: str) -> str:
    name = _cell(at, row, "id", column)
    if name != name.strip() or not name.isprintable():
        raise InputError(
            f"{at}: {column}: found {quote(name)}; use an id without control characters or spaces at its ends"
        )
    return name


def _gold(at: str, answer: str, layout: Layout) -> str:
    if layout.marker is not None:
        _, found, answer = answer.rpartition(layout.marker)
        if not found:
            column = layout.columns.answer
            raise InputError(f"{at}: {column}: found no {quote(layout.marker)} before an answer; correct it")
    gold = answer.strip()
    if not gold:
        raise InputError(f"{at}: {layout.columns.answer}: found no answer; add it, or delete the row")
    grouped = layout.answer == "number" and _THOUSANDS.fullmatch(gold)
    return gold.replace(",", "") if grouped else gold


def _optional(at: str, row: Mapping[str, Any], role: str, column: str | None) -> str | None:
    return None if column is None else _cell(at, row, role, column)


def _cell(at: str, row: Mapping[str, Any], role: str, column: str) -> str:
    if column not in row:
        found = f"found {', '.join(map(str, row))}{suggest(column, map(str, row))}"
        raise InputError(
            f"{at}: missing the column {quote(column)} for the {role}; {found}; name it in columns"
        )
    text = _text(row[column])
    if text is None or _SURROGATE.search(text):
        raise InputError(f"{at}: {column}: found {quote(row[column])}; store text, or a number")
    if not text.strip():
        raise InputError(f"{at}: {column}: found nothing; add the {role}, or delete the row")
    return text


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:  # noqa: PLR0124 - NaN
        return str(value)
    if isinstance(value, list) and value:
        parts = [_text(part) for part in value]
        return None if any(part is None for part in parts) else ", ".join(str(part) for part in parts)
    return None
