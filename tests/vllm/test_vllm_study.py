"""The whole way on vLLM: a study, its samples, a kill in the middle, grades, verdicts."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from results_json import content_of
from study_factory import write_tables
from tiny_model import make_tiny
from vllm_requests import SETTINGS

from beyondbase.judging.claim import load_claims
from beyondbase.judging.family import gather, judge
from beyondbase.store import SampleSet, seed_of, set_folder

ROOT = Path(__file__).parents[2]
PROBLEMS, N, BATCH = 8, 32, 16


def write_study(folder: Path) -> Any:
    """Write a study of two tiny models on problems of a file."""
    rows = [{"id": str(i), "question": f"What is {i} plus 7?", "answer": str(i + 7)} for i in range(PROBLEMS)]
    (folder / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for seed, name in enumerate(("base", "rl")):
        make_tiny(folder / name, seed=seed)
    tables = {
        "id": "on-vllm",
        "title": "Two tiny models on vLLM",
        "source": "a test",
        "evidence": {"samples": "samples"},
        "sampling": {"n": N, "max_tokens": 24, "batch": BATCH, "keep_tokens": 2},
        "engine": SETTINGS.model_dump(exclude_defaults=True) | {"engine": "vllm"},
        "health": {"truncated": 1.0, "unparsed": 1.0},
        "tasks": {"T": {}},
        "problems": {"T": {"file": "problems.jsonl", "id": "id", "answers": "number"}},
        "arms": {
            "base": {"role": "base", "model": "base"},
            "rl": {"role": "rl", "model": "rl"},
        },
    }
    return write_tables(folder, tables)


def start(folder: Path, what: str = "sample") -> subprocess.Popen[str]:
    """Start a command of beyondbase as a user does, in a session of its own."""
    command = [sys.executable, "-m", "beyondbase", what, "--study", str(folder)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603


def test_a_study_goes_from_models_to_verdicts_past_a_kill(tmp_path: Path) -> None:
    """Killed after its first batch, the same command goes on: each completion once, scores, verdicts."""
    study = write_study(tmp_path)
    shards = set_folder(study.samples, "T", "base") / "completions"
    run = start(tmp_path)
    while run.poll() is None and not [*shards.glob("*.parquet")]:
        time.sleep(0.02)
    assert run.poll() is None, run.communicate()
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    again = start(tmp_path)
    _, said = again.communicate()
    assert again.returncode == 0, said
    for arm in ("base", "rl"):
        store = SampleSet.read(set_folder(study.samples, "T", arm))
        found = [one for batch in store.completions() for one in batch]
        assert {(one.problem_id, one.index) for one in found} == {
            (str(problem), index) for problem in range(PROBLEMS) for index in range(N)
        }
        assert len(found) == PROBLEMS * N
        assert all(one.seed == seed_of(store.fingerprint, one.problem_id, one.index) for one in found)
        assert {one.index for one in found if one.token_ids is not None} == {0, 1}
        assert store.identity["engine"] == "vllm"
    scoring = start(tmp_path, "score")
    _, said = scoring.communicate()
    assert scoring.returncode == 0, said
    (content,) = content_of(judge(gather(study, load_claims([ROOT / "claims"]))))["studies"]
    assert "INVALID" not in {verdict["outcome"] for verdict in content["verdicts"]}
    assert [pair["k_max"] for pair in content["pairs"]] == [N]
