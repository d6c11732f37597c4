"""The engine on vLLM with a LoRA adapter: the model that the two make together."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from vllm_requests import SAMPLING, SETTINGS, question_of, requests

from beyondbase.engines import TransformersSettings, make_engine
from beyondbase.errors import InputError

Factors = dict[str, tuple[Any, Any]]
RANK, SCALE = 4, 2.0
NAMES = ("self_attn.q_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.down_proj")


@pytest.fixture(scope="module")
def factors(folder: Path) -> Factors:
    """The two factors of an adapter for some matrices of each layer, by the names of the matrices."""
    weights = AutoModelForCausalLM.from_pretrained(folder).state_dict()
    names = [name for name in weights if name.removesuffix(".weight").endswith(NAMES)]
    drawn = torch.Generator().manual_seed(5)
    return {
        name: (
            torch.randn(RANK, weights[name].shape[1], generator=drawn) * 0.1,
            torch.randn(weights[name].shape[0], RANK, generator=drawn) * 0.1,
        )
        for name in names
    }


@pytest.fixture(scope="module")
def adapter(factors: Factors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The adapter on the disk, as PEFT writes it."""
    place = tmp_path_factory.mktemp("adapter")
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": RANK,
        "lora_alpha": SCALE * RANK,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": [name.rpartition(".")[2] for name in NAMES],
    }
    (place / "adapter_config.json").write_text(json.dumps(config))
    tensors = {}
    for name, (down, up) in factors.items():
        stem = "base_model.model." + name.removesuffix(".weight")
        tensors |= {f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up}
    save_file(tensors, place / "adapter_model.safetensors")
    return place


@pytest.fixture(scope="module")
def merged(folder: Path, factors: Factors, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The model with the adapter in its weights, on transformers."""
    model = AutoModelForCausalLM.from_pretrained(folder)
    weights = model.state_dict()
    for name, (down, up) in factors.items():
        weights[name] += SCALE * up @ down
    place = tmp_path_factory.mktemp("merged")
    model.save_pretrained(place)
    AutoTokenizer.from_pretrained(folder).save_pretrained(place)
    return make_engine(TransformersSettings(threads=1), str(place))


@pytest.fixture(scope="module")
def adapted(folder: Path, adapter: Path) -> Iterator[Any]:
    """The model with the adapter on vLLM."""
    started = make_engine(SETTINGS, str(folder), adapter=str(adapter))
    yield started
    started.close()


def test_an_adapter_completes_as_the_merged_model(adapted: Any, merged: Any, reference: Any) -> None:
    """The log-probabilities of what it draws are those of the merged model, and not those of the bare one."""
    made = list(adapted.generate(requests(12), SAMPLING))
    prompts, tokens = [question_of(one.problem_id) for one in made], [one.token_ids for one in made]
    scores = zip(made, merged.score(prompts, tokens), reference.score(prompts, tokens), strict=True)
    for one, ours, bare in scores:
        assert one.token_logprobs == pytest.approx(ours, abs=1e-3)
        assert one.token_logprobs != pytest.approx(bare, abs=1e-1)


def test_an_adapter_is_part_of_the_identity(adapted: Any, reference: Any) -> None:
    """The weights are named as those of the bare model, the adapter beside them."""
    found = adapted.identity()
    assert found["weights"] == reference.identity()["weights"]
    assert found["adapter"]["weights"] not in (None, found["weights"])


def test_an_adapter_cannot_score_on_a_cpu(adapted: Any) -> None:
    """The CPU build would end the process; it is refused, with what to do instead."""
    with pytest.raises(InputError, match="vLLM on a CPU cannot score with an adapter; merge it"):
        adapted.score(["Hi"], ["ho"])
