"""What lies beside the sample sets of a task after an import: task.json and problems.jsonl."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.evidence.graded_task import GradedTask, read_task, task_path, told_apart, write_task
from beyondbase.files import write_whole
from beyondbase.formats.readers.cells import json_rows
from beyondbase.formats.readers.imported import Imported
from beyondbase.messages import quote
from beyondbase.store.identity import differences, fingerprint_of
from beyondbase.store.layout import SET_FILE, quoted
from beyondbase.store.manifest import read_manifest
from beyondbase.tasks import problems_digest

PROBLEMS_FILE = "problems.jsonl"
_OTHER = "import it as another task, or move the folder of this task away"


def problems_path(samples: Path, task: str) -> Path:
    """Name the file of a task's problems among the samples of a study."""
    return samples / quoted(task) / PROBLEMS_FILE


def in_order(imported: Imported, samples: Path, task: str) -> Imported:
    """Bring problems to the order that another arm's import left them in, if they are the same ones.

    Grades are named by the digest of the problems, which hangs on their order.

    Args:
        imported: What the files hold.
        samples: The folder of samples of a study.

    Raises:
        InputError: What lies beside the samples is damaged.
    """
    by_id = {problem.id: problem for problem in imported.problems}
    file, names = problems_path(samples, task), [*by_id]
    if file.exists():
        names = [str(row.get("id")) for _, row in json_rows(file)]
    elif task_path(samples, task).exists():
        names = [name for name, _, _ in read_task(samples, task).problems]
    # Other problems are refused later, with what they differ in.
    if sorted(names) != sorted(by_id):
        return imported
    return replace(imported, problems=tuple(by_id[name] for name in names))


def check_place(
    imported: Imported,
    samples: Path,
    task: str,
    grader: tuple[str, str] | None,
    source: Mapping[str, Any] | None,
) -> None:
    """Refuse to add an arm to a task of other problems or other verdicts.

    Args:
        imported: What the files hold.
        samples: The folder of samples of a study.
        grader: Whose verdicts the arm will have; None where it has none yet.
        source: The table [problems.TASK] where our grader gives them.

    Raises:
        InputError: Says in what they differ.
    """
    path = task_path(samples, task)
    if path.exists():
        known = read_task(samples, task)
        _check_source(path, known.source, source)
        if grader and known.grader != grader:
            here, there = " ".join(grader), " ".join(known.grader)
            remedy = "give all arms of a task one grader: import it as another task, or grade all arms anew"
            raise InputError(f"{path}: was graded by {there}, but these files by {here}; {remedy}")
        _check_same(path, {name for name, _, _ in known.problems}, {item.id for item in imported.problems})
    file = problems_path(samples, task)
    if file.exists():
        _check_rows(file, _rows(imported.problems))


def check_set(folder: Path, identity: Mapping[str, Any]) -> None:
    """Refuse to add other files to the completions of an arm.

    Raises:
        InputError: Lists every setting in which they differ.
    """
    if not (folder / SET_FILE).exists():
        return
    manifest = read_manifest(folder)
    if manifest.fingerprint != fingerprint_of(identity):
        lines = differences(identity, manifest.identity)
        found = f"{folder}: holds completions of other files or settings, which must not be mixed"
        remedy = "give all files of an arm at once, into an arm of another name, or move this folder away"
        raise InputError("\n  ".join([f"{found}; {remedy}:", *lines]))


def place_task(
    imported: Imported,
    samples: Path,
    task: str,
    grader: tuple[str, str],
    source: Mapping[str, Any] | None,
) -> None:
    """Write task.json, where the task has none.

    Args:
        imported: What the files hold.
        samples: The folder of samples of a study.
        grader: Whose verdicts count.
        source: The table [problems.TASK] where our grader gave them.

    Raises:
        InputError: The disk refuses.
    """
    if task_path(samples, task).exists():
        return
    known = all(problem.gold for problem in imported.problems)
    digest = problems_digest(imported.problems) if known else None
    defaults = {} if source is None else imported.defaults
    write_task(samples, task, GradedTask(grader, told_apart(imported.problems), source, digest, defaults))


def place_problems(imported: Imported, samples: Path, task: str) -> None:
    """Write problems.jsonl, where the task has none and all questions and right answers are known.

    Raises:
        InputError: The disk refuses.
    """
    path = problems_path(samples, task)
    whole = all(problem.gold and problem.question.strip() for problem in imported.problems)
    if path.exists() or not whole:
        return
    lines = [json.dumps(row, ensure_ascii=False) for row in _rows(imported.problems)]
    try:
        write_whole("\n".join([*lines, ""]), path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); make room, and run it again"
        ) from None


def _rows(problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    rows = [{"id": problem.id, "question": problem.question, "answer": problem.gold} for problem in problems]
    for name in ("level", "cluster"):
        cells = [getattr(problem, name) for problem in problems]
        # A column that some problems lack could not be read back.
        if None not in cells:
            for row, cell in zip(rows, cells, strict=True):
                row[name] = cell
    return rows


def _check_rows(path: Path, ours: list[dict[str, str]]) -> None:
    theirs = {str(row.get("id")): row for _, row in json_rows(path)}
    _check_same(path, theirs.keys(), {row["id"] for row in ours})
    for row in ours:
        there = theirs[row["id"]]
        odd = next((key for key in {**there, **row} if there.get(key) != row.get(key)), None)
        if odd:
            found = f"has the {odd} {quote(there.get(odd))}, but these files {quote(row.get(odd))}"
            raise InputError(f"{path}: problem {quote(row['id'])}: {found}; {_OTHER}")


def _check_source(path: Path, theirs: Mapping[str, Any] | None, ours: Mapping[str, Any] | None) -> None:
    if theirs is None or ours is None or theirs == ours:
        return
    odd = ", ".join(key for key in {**theirs, **ours} if theirs.get(key) != ours.get(key))
    remedy = "run beyondbase grade, then import; or restore the table"
    raise InputError(f"{path}: [problems] of this task was changed since it was graded ({odd}); {remedy}")


def _check_same(path: Path, theirs: Any, ours: set[str]) -> None:
    if theirs != ours:
        odd = min(theirs ^ ours)
        where = "is not in these files" if odd in theirs else "is in these files only"
        count = f"holds {len(theirs)} problems, these files {len(ours)}"
        raise InputError(f"{path}: {count}: {quote(odd)} {where}; {_OTHER}")
