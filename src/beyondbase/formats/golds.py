"""Right answers of files whose completions are graded here: cut out of worked solutions, or refused."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.formats.readers.imported import Imported
from beyondbase.messages import quote
from beyondbase.tasks import Columns, Layout
from beyondbase.tasks.benchmarks import AnswerType
from beyondbase.tasks.problems import make_problems

_USUAL = "####"


def with_answers(imported: Imported, task: str, *, marker: str | None, answers: AnswerType) -> Imported:
    """Make of the files' problems what `grade` will load of them: the answers alone, with their kind.

    Args:
        imported: What the files hold; each problem has a gold answer, or nothing is changed.
        marker: What stands before the answer in a worked solution; where no gold has it they are answers.
        answers: How answers compare.

    Raises:
        InputError: A gold lacks the marker that others have, or is a worked solution still.
    """
    if not all(problem.gold for problem in imported.problems):
        return imported
    level, cluster = (
        name if all(getattr(item, name) is not None for item in imported.problems) else None
        for name in ("level", "cluster")
    )
    worked = marker is not None and any(marker in problem.gold for problem in imported.problems)
    layout = Layout(
        columns=Columns(id="id", level=level, cluster=cluster),
        answer=answers,
        marker=marker if worked else None,
    )
    found = make_problems(_rows(imported), layout, place=imported.tool)
    for problem in found:
        _check_answer(imported, task, problem)
    asked = zip(found, imported.problems, strict=True)
    return replace(imported, problems=tuple(replace(new, question=old.question) for new, old in asked))


def _rows(imported: Imported) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for item in imported.problems:
        # A question that the files lack is no reason not to grade.
        row = {
            "id": item.id,
            "question": item.question if item.question.strip() else "-",
            "answer": item.gold,
        }
        yield (
            f"{imported.tool}: problem {quote(item.id)}",
            row | {"level": item.level, "cluster": item.cluster},
        )


def _check_answer(imported: Imported, task: str, problem: Problem) -> None:
    if "\n" in problem.gold or "\r" in problem.gold or _USUAL in problem.gold:
        name = (
            task if task.replace("-", "").replace("_", "").isalnum() and task.isascii() else json.dumps(task)
        )
        found = f"found the right answer {quote(problem.gold)}, which is a worked solution"
        remedy = f'name what stands before the answer in it, such as [problems.{name}] marker = "#### "'
        raise InputError(f"{imported.tool}: problem {quote(problem.id)}: {found}; {remedy}")
