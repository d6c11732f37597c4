"""The grader of a task, and the name that its verdicts go by."""

from collections.abc import Iterable, Mapping
from typing import Any

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.evidence.problems import task_table
from beyondbase.graders import Grader, make_grader
from beyondbase.messages import place
from beyondbase.study import Study
from beyondbase.tasks import problems_digest


def task_grader(study: Study, task: str, known: Mapping[str, Any] | None = None) -> Grader:
    """Make the grader of a task.

    Args:
        known: As for `task_table`.

    Raises:
        InputError: An extra is missing, or it has no such options.
    """
    table = task_table(study, task, known)
    try:
        return make_grader(table.graded_by, table.grading)
    except InputError as error:
        raise InputError(f"{study.path}: {place('problems', task, 'grading')}: {error}") from None


def named(grader: Grader, problems: Iterable[Problem]) -> tuple[str, str]:
    """Name the verdicts of a grader on problems: its name, and its version with their digest.

    Verdicts hang on the right answers too: a corrected one must not be judged by old grades.
    """
    return grader.name, f"{grader.version}-{problems_digest(problems)[:8]}"
