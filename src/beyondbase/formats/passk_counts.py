"""Counts for passk-inference 0.3: STUDY/TASK/ARM.jsonl, one {"id", "c", "n"} per line."""

import json
from collections.abc import Iterator
from pathlib import Path

from beyondbase.formats.curves import ArmCurve
from beyondbase.formats.drafts import Draft
from beyondbase.results.schema import Run
from beyondbase.store.layout import quoted


def files_of(curve: ArmCurve, run: Run | None) -> Iterator[Draft]:
    """Give the file of an arm on a task.

    Args:
        curve: The arm on the task.
        run: When the results were made; not needed here.
    """
    del run
    study, task, arm = (quoted(item.id) for item in (curve.study, curve.task, curve.arm))
    # In ASCII: its reader takes U+2028 and its like for the end of a line.
    lines = (json.dumps({"id": name, "c": c, "n": n}) for name, (c, n) in curve.counts.items())
    yield Draft(Path(study, task, f"{arm}.jsonl"), lines)
