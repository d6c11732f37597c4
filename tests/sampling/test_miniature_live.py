"""The models of the miniature, sampled afresh, do what the counts that lie beside them say."""

from pathlib import Path

import pytest
from live_study import ALPHA, LIVE, MINIATURE, PROBLEMS, N, beside_stored, sampled_afresh, write_live
from problems import tokens_of
from transformers import AutoTokenizer

from beyondbase.engines.tokens import encode_prompt
from beyondbase.evidence.problems import load_problems
from beyondbase.evidence.sampled_arm import sampled_arm
from beyondbase.study import load_study


@pytest.mark.parametrize("folder", [LIVE, MINIATURE / "sampled"], ids=["live", "sampled"])
def test_models_are_asked_as_they_were_trained(folder: Path) -> None:
    """The prompt of every problem becomes the tokens of the recipe, target included, for every model."""
    study = load_study(folder)
    problems, arm = load_problems(study, "countdown"), sampled_arm(study, "countdown", "base")
    expected = tokens_of([problem.question for problem in problems]).tolist()
    models = sorted({str(folder / arm.model) for arm in study.arms.values() if arm.model})
    there = [model for model in models if Path(model).is_dir()]
    assert there
    for model in there:
        tokenizer = AutoTokenizer.from_pretrained(model)
        prompts = arm.prompts(problems, tokenizer).values()
        assert [list(encode_prompt(tokenizer, prompt)) for prompt in prompts] == expected


def test_fresh_completions_agree_with_the_stored_counts(tmp_path: Path) -> None:
    """Base and GRPO on transformers solve each problem as often as stored; each is told from the other."""
    engine = {"engine": "transformers", "threads": 1, "batch_size": 1024}
    fresh = sampled_afresh(write_live(tmp_path, ["base", "grpo"], engine))
    found = beside_stored(fresh)
    assert found.keys() == {"base", "grpo"}
    for one in found.values():
        assert one.agrees(ALPHA), (one.p_adjusted, one.least)
        assert len(one.problems) == PROBLEMS
        assert {test.fresh[1] for test in one.problems} == {N}
    base, grpo = (fresh["countdown", arm] for arm in ("base", "grpo"))
    exchanged = beside_stored({("countdown", "base"): grpo, ("countdown", "grpo"): base})
    assert not any(one.agrees(ALPHA) for one in exchanged.values())
