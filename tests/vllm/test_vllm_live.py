"""The base of the miniature on vLLM does what the counts say that transformers made of it."""

from pathlib import Path

from live_study import ALPHA, PROBLEMS, N, beside_stored, sampled_afresh, write_live


def test_vllm_agrees_with_the_stored_counts(tmp_path: Path) -> None:
    """The shipped base loads from half precision, and solves each problem as often as stored, not as GRPO."""
    engine = {"engine": "vllm", "cpu_memory": 1, "gpu_memory": 0.3, "max_model_len": 64, "in_flight": 256}
    (tally,) = sampled_afresh(write_live(tmp_path, ["base"], engine)).values()
    found = beside_stored({("countdown", arm): tally for arm in ("base", "grpo")})
    assert found["base"].agrees(ALPHA), (found["base"].p_adjusted, found["base"].least)
    assert sum(test.fresh[1] for test in found["base"].problems) == PROBLEMS * N
    assert not found["grpo"].agrees(ALPHA)
