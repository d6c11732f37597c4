"""Completions of a sample set as the rows of Every Eval Ever, each with its verdict."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beyondbase.completions import Completion, Graded
from beyondbase.errors import InputError
from beyondbase.evidence.graded_task import read_task
from beyondbase.formats.curves import ArmCurve
from beyondbase.formats.placing import problems_path
from beyondbase.formats.readers.cells import json_rows
from beyondbase.messages import quote
from beyondbase.store import SampleSet, set_folder

VERSION = "0.3.0"


@dataclass(frozen=True)
class StoredSet:
    """The samples of an arm on a task.

    Attributes:
        store: The set.
        grader: The name and version of the verdicts.
        problems: Question and right answer by problem, where they lie beside the samples.
        limit: How many completions of each problem the results were made from; None for all.
    """

    store: SampleSet
    grader: tuple[str, str]
    problems: Mapping[str, tuple[str, str]]
    limit: int | None


def stored_set(curve: ArmCurve, samples: Path) -> StoredSet | None:
    """Find the samples of an arm on a task; None where there are none.

    Raises:
        InputError: They are not those that the results were made from.
    """
    task = curve.task.id
    folder = set_folder(samples, task, curve.arm.id)
    if not folder.is_dir():
        return None
    store, grader = SampleSet.read(folder), read_task(samples, task).grader
    limit = _limit(curve, store, grader)
    path = problems_path(samples, task)
    rows = json_rows(path) if path.exists() else ()
    problems = {str(row.get("id")): (str(row.get("question")), str(row.get("answer"))) for _, row in rows}
    return StoredSet(store, grader, problems, limit)


def _limit(curve: ArmCurve, store: SampleSet, grader: tuple[str, str]) -> int | None:
    # A study may ask for fewer completions than are stored: it is judged by the first of them.
    most = max(n for _, n in curve.counts.values())
    stored = _counts(store, grader, None)
    if stored == curve.counts:
        return None
    if _counts(store, grader, most) == curve.counts:
        return most
    odd = min(name for name, _ in stored.items() ^ curve.counts.items())
    here, there = _told(stored.get(odd)), _told(curve.counts.get(odd))
    found = f"problem {quote(odd)}: found {here}, where the results have {there}"
    raise InputError(f"{store.folder}: {found}; give the samples that the results were made from")


def _counts(store: SampleSet, grader: tuple[str, str], n: int | None) -> dict[str, tuple[int, int]]:
    counts = store.tally(*grader, n=n)
    cells = zip(counts.problem_ids, counts.c.tolist(), counts.n.tolist(), strict=True)
    return {name: (c, n) for name, c, n in cells if n}


def sample_lines(curve: ArmCurve, found: StoredSet, evaluation: str) -> Iterator[str]:
    """Give a line for each completion but those that failed, which say nothing of the model.

    Args:
        curve: The arm on the task.
        found: Its samples.
        evaluation: The id of its record.
    """
    verdicts = {
        (item.problem_id, item.index): item for batch in found.store.grades(*found.grader) for item in batch
    }
    for batch in found.store.completions():
        for completion in batch:
            graded = verdicts.get((completion.problem_id, completion.index))
            within = found.limit is None or completion.index < found.limit
            if within and graded and graded.outcome != "error":
                row = _row(curve, found, completion, graded)
                yield json.dumps({"schema_version": VERSION, "evaluation_id": evaluation} | row)


def _row(curve: ArmCurve, found: StoredSet, completion: Completion, graded: Graded) -> dict[str, Any]:
    question, gold = found.problems.get(completion.problem_id, ("", ""))
    references = [gold] if gold else []
    right = graded.outcome == "correct"
    told = {"outcome": graded.outcome, "finish": completion.finish}
    first = {"evaluation_result_id": "pass@1"} if any(point.k == 1 for point in curve.points) else {}
    return {
        "model_id": curve.model,
        "evaluation_name": curve.task.benchmark,
        **first,
        "sample_id": completion.problem_id,
        "sample_hash": hashlib.sha256((question + gold).encode()).hexdigest() if question else None,
        "interaction_type": "single_turn",
        "input": {"raw": question, "reference": references},
        "output": {"raw": [completion.text]},
        "answer_attribution": _attribution(graded, found.grader[0]),
        "evaluation": {"score": float(right), "is_correct": right},
        "metadata": {"epoch": str(completion.index + 1), **told},
    }


def _attribution(graded: Graded, grader: str) -> list[dict[str, Any]]:
    if graded.answer is None:
        return []
    known = {"extracted_value": graded.answer, "extraction_method": grader}
    return [{"turn_idx": 0, "source": "output.raw", **known, "is_terminal": True}]


def _told(count: tuple[int, int] | None) -> str:
    return f"{count[0]} right of {count[1]}" if count else "no completion"
