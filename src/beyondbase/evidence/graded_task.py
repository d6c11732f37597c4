"""task.json beside the sample sets of a task: who graded them, and the level and cluster of each problem.

With it claims need neither the problems nor the grader's libraries.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.evidence.accepts import Accepts
from beyondbase.files import write_whole
from beyondbase.messages import explain_keys, read_text
from beyondbase.store.layout import quoted
from beyondbase.study.tables import Problems

TASK_FILE = "task.json"
# Beside it, where the problems came with an import.
IMPORTED = "problems.jsonl"


@dataclass(frozen=True)
class GradedTask:
    """What claims need to know of a task.

    Attributes:
        grader: The name and version whose verdicts count.
        problems: The id, level and cluster of each problem.
        source: The table [problems.TASK] that was graded by; None where another tool graded.
        sha256: That of the problems and their right answers, where they are known.
        defaults: What an import knew of the task, for all that `source` leaves open.
        accepts: By arm, how often the grader accepted answers to other problems; empty where nobody looked.
    """

    grader: tuple[str, str]
    problems: tuple[tuple[str, str | None, str | None], ...]
    source: Mapping[str, Any] | None
    sha256: str | None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    accepts: Mapping[str, Accepts] = field(default_factory=dict)


class _Accepts(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    compared: int = Field(ge=1)
    accepted: int = Field(ge=0)
    alike: int = Field(ge=0)
    lower: float = Field(ge=0, le=1)
    upper: float = Field(ge=0, le=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    grader: list[str]
    problems: list[list[str | None]]
    source: dict[str, Any] | None
    sha256: str | None
    defaults: Problems = Problems()
    accepts: dict[str, _Accepts] = {}


def task_path(samples: Path, task: str) -> Path:
    """Name the file of a task among the samples of a study."""
    return samples / quoted(task) / TASK_FILE


def told_apart(problems: Iterable[Problem]) -> tuple[tuple[str, str | None, str | None], ...]:
    """Keep of problems what claims need."""
    return tuple((problem.id, problem.level, problem.cluster) for problem in problems)


def write_task(samples: Path, task: str, content: GradedTask) -> None:
    """Write the file of a task, whole or not at all.

    Raises:
        InputError: The disk refuses.
    """
    path = task_path(samples, task)
    table = {
        "grader": [*content.grader],
        "sha256": content.sha256,
        "source": content.source,
        "problems": [[*row] for row in content.problems],
        **({"defaults": content.defaults} if content.defaults else {}),
        **(
            {"accepts": {arm: vars(found) for arm, found in content.accepts.items()}}
            if content.accepts
            else {}
        ),
    }
    try:
        write_whole(json.dumps(table, ensure_ascii=False) + "\n", path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); make room, and run it again"
        ) from None


def read_task(samples: Path, task: str) -> GradedTask:
    """Read the file of a task.

    Raises:
        InputError: There is none, or it is damaged.
    """
    path = task_path(samples, task)
    text = read_text(path, remedy="grade the samples: beyondbase grade --study ... (or import them)")
    again = "import the samples again" if path.with_name(IMPORTED).exists() else "grade again"
    remedy = f"delete it and {again}"
    try:
        table = _File.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"{path}: {explain_keys(error)[0]}; {remedy}") from None
    rows = [(row[0], row[1], row[2]) for row in table.problems if len(row) == 3 and row[0]]
    if len(rows) != len(table.problems) or len(table.grader) != 2:
        raise InputError(f"{path}: found a problem without id, level and cluster, or no grader; {remedy}")
    name, version = table.grader
    problems = tuple((str(row[0]), row[1], row[2]) for row in rows)
    defaults = table.defaults.model_dump(mode="json", exclude_unset=True)
    accepts = {arm: Accepts(**found.model_dump()) for arm, found in table.accepts.items()}
    return GradedTask((name, version), problems, table.source, table.sha256, defaults, accepts)
