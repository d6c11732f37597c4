"""vLLM in several processes: the same completions, wherever vLLM runs its own core."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from vllm_requests import SAMPLING, SETTINGS, question_of, requests

from beyondbase.completions import Completion
from beyondbase.engines import make_engine
from beyondbase.engines.parallel import ParallelEngine

TWO = SETTINGS.model_copy(update={"processes": 2})


@pytest.fixture(scope="module")
def wanted(folder: Path) -> list[Completion]:
    """What one process draws; its vLLM has ended before others begin."""
    with closing(make_engine(SETTINGS, str(folder))) as single:
        return [*single.generate(requests(30), SAMPLING)]


def drawn(completions: Any) -> dict[int | None, tuple[Any, ...]]:
    """What completions are, by their seed."""
    return {one.seed: (one.problem_id, one.index, one.token_ids, one.text) for one in completions}


def check(engine: Any, wanted: list[Completion], reference: Any) -> None:
    """Each request comes once, with the same tokens, and scores are those of transformers."""
    found = [*engine.generate(requests(30), SAMPLING)]
    assert len(found) == 30
    assert drawn(found) == drawn(wanted)
    prompts = [question_of(one.problem_id) for one in found[:3]]
    tokens = [one.token_ids or () for one in found[:3]]
    for ours, theirs in zip(engine.score(prompts, tokens), reference.score(prompts, tokens), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-3)


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine of one process sets this, and processes that are started later would have it."""
    monkeypatch.delenv("VLLM_ENABLE_V1_MULTIPROCESSING", raising=False)


def test_two_processes_draw_what_one_draws(folder: Path, wanted: list[Completion], reference: Any) -> None:
    """The work is shared, and nothing of it changes."""
    with closing(make_engine(TWO, str(folder))) as engine:
        assert isinstance(engine, ParallelEngine)
        check(engine, wanted, reference)


def test_a_process_may_run_vllms_core_in_another(
    folder: Path, wanted: list[Completion], reference: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As vLLM does on GPUs: each process of the engine starts processes of its own."""
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "1")
    # One is enough, and is there in half of the time.
    with closing(ParallelEngine(str(folder), SETTINGS)) as engine:
        check(engine, wanted, reference)
