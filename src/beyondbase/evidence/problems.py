"""The problems and the grader of a task, from where the study says."""

import json
from collections.abc import Mapping
from typing import Any

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.evidence.graded_task import IMPORTED, read_task, task_path
from beyondbase.hub import check_name
from beyondbase.messages import place
from beyondbase.store.layout import quoted
from beyondbase.study import Study
from beyondbase.study.tables import SOURCES, Problems
from beyondbase.tasks import (
    Columns,
    Layout,
    load_benchmark,
    load_file,
    load_gym,
    load_hub,
)
from beyondbase.tasks.tables import NO_DATASET

# A letter that is not ASCII counts several times, because folders have it as %XX.
LONGEST_NAME = 240


def load_problems(study: Study, task: str) -> tuple[Problem, ...]:
    """Load the problems of a task.

    Raises:
        InputError: The study does not say where they are, an extra is missing, or they cannot be loaded.
    """
    table = task_table(study, task)
    home = study.path.parent
    if table.benchmark is not None:
        path = None if table.path is None else home / table.path
        return load_benchmark(table.benchmark, path=path, revision=table.revision)
    if table.hub is not None:
        if not table.hub.startswith("https://"):
            at = f"{study.path}: {place('problems', task, 'hub')}"
            check_name(table.hub, at, home=home, use=NO_DATASET)
        return load_hub(
            table.hub, config=table.config, split=table.split, revision=table.revision, layout=_layout(table)
        )
    if table.file is not None:
        return load_file(home / table.file, _layout(table))
    if table.gym is not None:
        return load_gym(table.gym, size=table.size, seed=table.seed, settings=table.settings)
    return _load_imported(study, task)


def task_table(study: Study, task: str, known: Mapping[str, Any] | None = None) -> Problems:
    """Give the table [problems.TASK], with what an import knows of the task where the study is silent.

    Args:
        known: What the import at hand knows; what the first one knew holds, if there was one.

    Raises:
        InputError: What lies beside the samples is damaged.
    """
    there = study.samples is not None and task_path(study.samples, task).exists()
    return study.problems.get(task, Problems()).completed(defaults_of(study, task) if there else known or {})


def defaults_of(study: Study, task: str) -> Mapping[str, Any]:
    """Read what the first import of a task knew of it; nothing where there was none.

    Raises:
        InputError: What lies beside the samples is damaged.
    """
    if study.samples is None or not (path := task_path(study.samples, task)).exists():
        return {}
    try:
        return read_task(study.samples, task).defaults
    except InputError:
        if path.with_name(IMPORTED).exists():
            raise
    # Of completions that were drawn here it holds nothing that grading does not know.
    return {}


def check_names(study: Study) -> None:
    """Refuse tasks and arms whose names are too long for the folders of their samples.

    Raises:
        InputError: Names the first of them.
    """
    names = [*(("tasks", name) for name in study.tasks), *(("arms", name) for name in study.arms)]
    for section, name in names:
        size = len(quoted(name))
        if size > LONGEST_NAME:
            found = f"makes a folder's name of {size} letters, where {LONGEST_NAME} are safe on every disk"
            raise InputError(f"{study.path}: {place(section, name)}: {found}; use a shorter name")


def _layout(table: Problems) -> Layout:
    return Layout(
        columns=Columns(table.question, table.answer, table.id, table.level, table.cluster),
        answer=table.answers,
        marker=table.marker,
        sets=table.sets,
    )


def _load_imported(study: Study, task: str) -> tuple[Problem, ...]:
    """Problems that an import left beside its samples."""
    path = None if study.samples is None else task_path(study.samples, task).with_name(IMPORTED)
    if path is None or not path.is_file():
        at = place("problems", task)
        raise InputError(
            f"{study.path}: {at}: found no source of problems; add a table with one of {', '.join(SOURCES)}"
        )
    try:
        with path.open(encoding="utf-8") as lines:
            named = json.loads(next(lines, "{}"))
        # A row that is no object is told by `load_file`.
        named = named if isinstance(named, dict) else {}
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        remedy = "delete it and import the samples again, which writes it"
        raise InputError(f"{path}:1: found what cannot be read as JSON ({reason}); {remedy}") from None
    level, cluster = (name if name in named else None for name in ("level", "cluster"))
    answers = task_table(study, task).answers
    return load_file(path, Layout(columns=Columns(id="id", level=level, cluster=cluster), answer=answers))
