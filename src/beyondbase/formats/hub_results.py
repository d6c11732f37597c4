"""pass@k for a model's page on the Hub: STUDY/ARM/.eval_results/TASK.yaml, values in percent.

Copy the folder .eval_results into the model's repository. The Hub shows what belongs to a registered
benchmark; `task_id` is the benchmark's name in the study, and must be what the benchmark calls its task.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.formats.curves import ArmCurve, Point
from beyondbase.formats.drafts import Draft
from beyondbase.messages import quote
from beyondbase.results.schema import Run
from beyondbase.store.layout import quoted


def files_of(curve: ArmCurve, run: Run | None) -> Iterator[Draft]:
    """Give the file of an arm on a task.

    Args:
        curve: The arm on the task.
        run: When the results were made, where that is known.

    Raises:
        InputError: The study names no dataset for the task.
    """
    if not curve.task.dataset:
        study, task = quote(curve.study.id), quote(curve.task.id)
        remedy = f'add dataset = "org/name" to [tasks.{curve.task.id}] of the study, and judge it anew'
        raise InputError(f"study {study}: task {task}: names no dataset of the Hub; {remedy}")
    study, task, arm = (quoted(item.id) for item in (curve.study, curve.task, curve.arm))
    lines = [line for point in curve.points for line in _entry(curve, point, run)]
    yield Draft(Path(study, arm, ".eval_results", f"{task}.yaml"), lines)


def _entry(curve: ArmCurve, point: Point, run: Run | None) -> Iterator[str]:
    task, temperature = curve.task, curve.arm.temperature
    heat = "" if temperature is None else f", T={temperature:g}"
    yield "- dataset:"
    yield f"    id: {_scalar(task.dataset)}"
    yield f"    task_id: {_scalar(task.benchmark)}"
    if task.revision:
        yield f"    revision: {_scalar(task.revision)}"
    yield f"  value: {float(f'{100 * point.estimate:.10g}')}"
    if run:
        yield f"  date: {_scalar(run.date[:10])}"
    yield f"  notes: {_scalar(f'pass@{point.k}, n={curve.sizes}{heat}')}"


def _scalar(text: str) -> str:
    # A JSON string is one of YAML, but for escapes of surrogates and for characters that YAML forbids.
    return json.dumps("".join(part if part.isprintable() else " " for part in text), ensure_ascii=False)
