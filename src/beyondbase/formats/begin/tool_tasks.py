"""Of which task and model the files of a tool are, where they say it."""

import re
from collections.abc import Sequence
from pathlib import Path

from beyondbase.formats.readers.imported import Imported

_SAMPLES = re.compile(r"samples_(.+)_\d{4}-\d\d-\d\dT[\d.-]+\.jsonl(\.gz)?")
_USUAL = {"human-eval": "HumanEval", "livecodebench": "LiveCodeBench"}


def task_of(imported: Imported, files: Sequence[Path]) -> str | None:
    """Name the task of a tool's files; None where they do not say it.

    Args:
        imported: What they hold.
    """
    said = imported.identity.get("task")
    named = _SAMPLES.fullmatch(files[0].name)
    if isinstance(said, str) and said:
        return said.partition("|")[0]
    if named:
        return named[1]
    # As evalplus has it: "HumanEval/0", "Mbpp/2".
    first = imported.problems[0].id.partition("/")
    return first[0] if imported.tool == "evalplus" and first[1] else _USUAL.get(imported.tool)


def model_of(imported: Imported) -> str:
    """Name the model of a tool's files; "" where they do not say it."""
    said = imported.identity.get("model")
    return said if isinstance(said, str) else ""
