"""Completions of another tool's files in a sample set, with the tool's verdicts or with our own."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beyondbase.completions import Completion, Graded
from beyondbase.errors import InputError
from beyondbase.files import AnyPath
from beyondbase.formats.golds import with_answers
from beyondbase.formats.placing import check_place, check_set, in_order, place_problems, place_task
from beyondbase.formats.readers.imported import Imported, Row
from beyondbase.graders import Grader, grade_batches
from beyondbase.messages import quote
from beyondbase.sampling.task_grader import named
from beyondbase.store import SampleSet, set_folder
from beyondbase.store.sidecars import expect_rows
from beyondbase.tasks import AnswerType

# As many as a shard holds, unless their texts are long.
_ROWS, _CHARACTERS = 4096, 2**25


@dataclass(frozen=True)
class ImportedCounts:
    """What a sample set holds after an import.

    Attributes:
        problems: Its problems.
        completions: Its completions.
        least: Those of the problem with the fewest.
        most: Those of the problem with the most.
        correct: The correct ones; None where they are yet to be graded.
        trusted: Whether the verdicts are the tool's own.
    """

    problems: int
    completions: int
    least: int
    most: int
    correct: int | None
    trusted: bool


def store_import(  # noqa: PLR0913 - what is imported, where to, and how it is graded
    imported: Imported,
    samples: AnyPath,
    task: str,
    arm: str,
    *,
    grader: Grader | None,
    marker: str | None = None,
    answers: AnswerType = "expression",
    source: Mapping[str, Any] | None = None,
) -> ImportedCounts:
    """Store the completions of an arm on a task, and their grades; what is there already is passed over.

    The verdicts of a tool that stores one per completion are kept as they are; other completions are graded
    by `grader`, or stored without grades where it is None, for `beyondbase grade`. Beside the set come
    task.json, once there are grades, and problems.jsonl, where question and answer of each are known.

    Args:
        imported: What the files hold.
        samples: The folder of samples of a study.
        grader: Who grades where the tool has no verdicts.
        marker: What stands before the right answer where the files have a worked solution; no matter where
            the tool has verdicts.
        answers: How answers compare; no matter where the tool has verdicts.
        source: The table [problems.TASK] by which `grader` grades; task.json keeps it.

    Raises:
        InputError: The set, task.json or problems.jsonl are of other files, problems or verdicts, a right
            answer that the grader needs is not in the files or is a worked solution, several completions
            of a problem come from greedy decoding, or the disk refuses.
    """
    samples = Path(samples)
    if not imported.trusted:
        if grader:
            _check_golds(imported)
        imported = with_answers(imported, task, marker=marker, answers=answers)
    imported = in_order(imported, samples, task)
    names, table = _names(imported, grader), None if imported.trusted or not grader else source
    check_place(imported, samples, task, names, table)
    # A pass of its own: how many there are must be known before the first is stored.
    count = Counter(row.problem_id for row, _ in _numbered(imported))
    _check_drawn(imported, count)
    folder, identity = set_folder(samples, task, arm), {"imported": imported.identity}
    check_set(folder, identity)
    with SampleSet.open(folder, identity) as store:
        expect_rows(folder, count.total())
        _store(store, imported)
        if grader and names and not imported.trusted:
            _grade(store, imported, grader, names)
        place_problems(imported, samples, task)
        if names:
            place_task(imported, samples, task, names, table)
        return _counts(store, names, trusted=imported.trusted)


def _names(imported: Imported, grader: Grader | None) -> tuple[str, str] | None:
    if imported.trusted:
        return imported.grader
    return named(grader, imported.problems) if grader else None


def _store(store: SampleSet, imported: Imported) -> None:
    stored = _stored(store)
    verdicts = imported.grader if imported.trusted else None
    graded = {(item.problem_id, item.index) for batch in _grades(store, verdicts) for item in batch}
    for batch in _batches(_numbered(imported)):
        store.append(
            [_completion(row, index) for row, index in batch if (row.problem_id, index) not in stored]
        )
        if verdicts:
            fresh = [_graded(row, index) for row, index in batch if (row.problem_id, index) not in graded]
            store.append_grades(*verdicts, fresh)


def _stored(store: SampleSet) -> set[tuple[str, int]]:
    rows = store.table("problem_id", "index").to_pylist()
    return {(row["problem_id"], row["index"]) for row in rows}


def _grades(store: SampleSet, verdicts: tuple[str, str] | None) -> Iterator[list[Graded]]:
    return store.grades(*verdicts) if verdicts else iter(())


def _numbered(imported: Imported) -> Iterator[tuple[Row, int]]:
    known = {problem.id for problem in imported.problems}
    count: Counter[str] = Counter()
    for row in imported.rows():
        if row.problem_id not in known:
            raise InputError(
                f"problem {quote(row.problem_id)}: was not in the files when they were first read; "
                "import them once the tool has ended"
            )
        yield row, count[row.problem_id]
        count[row.problem_id] += 1


def _batches(rows: Iterator[tuple[Row, int]]) -> Iterator[list[tuple[Row, int]]]:
    batch: list[tuple[Row, int]] = []
    size = 0
    for row, index in rows:
        batch.append((row, index))
        size += len(row.text)
        if len(batch) == _ROWS or size >= _CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _completion(row: Row, index: int) -> Completion:
    return Completion(row.problem_id, index, None, row.text, row.tokens, row.finish, row.logprob, None, None)


def _graded(row: Row, index: int) -> Graded:
    if row.outcome is None:
        raise InputError(
            f"problem {quote(row.problem_id)}: has no verdict; score it with the tool, then import"
        )
    return Graded(row.problem_id, index, row.outcome, row.answer)


def _grade(store: SampleSet, imported: Imported, grader: Grader, names: tuple[str, str]) -> None:
    problems = {problem.id: problem for problem in imported.problems}
    for graded in grade_batches(grader, problems, store.ungraded(*names)):
        store.append_grades(*names, graded)


def _check_golds(imported: Imported) -> None:
    bare = [problem.id for problem in imported.problems if not problem.gold]
    if bare:
        found = f"the files give no single right answer to {len(bare)} of {len(imported.problems)} problems"
        remedy = "import without a grader, and grade with problems of your own: beyondbase grade"
        raise InputError(f"{imported.tool}: {found} (first: {quote(bare[0])}); {remedy}")


def _counts(store: SampleSet, names: tuple[str, str] | None, *, trusted: bool) -> ImportedCounts:
    status = store.status()
    correct = int(store.tally(*names).c.sum()) if names else None
    return ImportedCounts(status.problems, status.completions, status.least, status.most, correct, trusted)


def _check_drawn(imported: Imported, count: Mapping[str, int]) -> None:
    """Refuse several completions of a problem where the files say that they were decoded greedily."""
    # Some tools say their settings in a table of their own.
    sampling = imported.identity.get("sampling")
    known = {**imported.identity, **(sampling if isinstance(sampling, Mapping) else {})}
    said = "do_sample" if known.get("do_sample") is False else "temperature"
    most = max(count, key=lambda name: count[name], default="")
    if (said == "temperature" and not _is_zero(known.get(said))) or count.get(most, 0) < 2:
        return
    found = f"found {said} {quote(known[said])} with {count[most]} completions of problem {quote(most)}"
    remedy = "n completions of a greedy decoding are one: draw them at a temperature above 0, or give one"
    raise InputError(f"{imported.tool}: {', '.join(imported.identity['files'])}: {found}; {remedy}")


def _is_zero(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        return float(value) == 0
    except ValueError:
        return False
