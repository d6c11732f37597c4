"""Files of other tools for the tests of importers: the samples in data/formats, and files made in a test."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from beyondbase.errors import InputError
from beyondbase.formats import Imported, read_samples

DATA = Path(__file__).parent / "data" / "formats"
LM_EVAL = sorted((DATA / "lm-eval").glob("samples_*.jsonl"))
(GSM8K,) = (DATA / "lm-eval-gsm8k").glob("samples_*.jsonl")
EVALPLUS = [DATA / "evalplus" / "samples_eval_results.json"]
EVALPLUS_OLDER = [DATA / "evalplus-0.2" / "samples_eval_results.json"]
HUMAN_EVAL = [DATA / "human-eval" / "samples.jsonl_results.jsonl"]
LIGHTEVAL = sorted((DATA / "lighteval").rglob("*.parquet"))
LIVECODEBENCH = [DATA / "livecodebench" / "Scenario.codegeneration_3_0.6_eval_all.json"]
LIMIT_OF_RLVR = sorted((DATA / "limit-of-rlvr").glob("*.jsonl"))
NEMO_SKILLS = sorted((DATA / "nemo-skills").glob("*.jsonl"))
INSPECT = [DATA / "inspect" / "tiny_sums.eval"]


def outcomes(imported: Imported) -> dict[str, list[str | None]]:
    """Show what became of each completion, by problem, in their order."""
    found: dict[str, list[str | None]] = {problem.id: [] for problem in imported.problems}
    for row in imported.rows():
        found[row.problem_id].append(row.outcome)
    return found


def tally(imported: Imported) -> Counter[str | None]:
    """Count the outcomes."""
    return Counter(row.outcome for row in imported.rows())


def lines(path: Path, rows: Iterable[Any]) -> Path:
    """Write a file with a JSON value per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Read a file with a JSON value per line."""
    # Not splitlines: a text may hold U+2028, which ends a line for Python.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def paper_row(idx: int = 0, n: int = 2, **fields: Any) -> dict[str, Any]:
    """Make a row as the paper's own code writes it."""
    asked = {"idx": idx, "question": f"What is {idx} + 1?", "gt": str(idx + 1)}
    drawn = {"code": [f"text {i}" for i in range(n)], "finish_reason": ["stop"] * n}
    return asked | drawn | {"pred": ["1"] * n, "score": [True] * n} | fields


def refusal(tool: str, paths: list[Path], pick: str | None = None) -> str:
    """Read what must be refused, to the last row, and return the message."""
    with pytest.raises(InputError) as caught:
        list(read_samples(tool, paths, pick=pick).rows())
    return str(caught.value)
