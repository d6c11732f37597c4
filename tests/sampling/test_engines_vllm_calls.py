"""What vLLM is called with, and how what it returns is read; vLLM itself need not be installed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from beyondbase.engines import Request, VllmSettings
from beyondbase.engines.adapters import adapter_rank, fetch_adapter
from beyondbase.engines.vllm_calls import llm_options, read_output, sampling_options, set_environment
from beyondbase.errors import InputError
from beyondbase.study.draw import Draw

REQUEST = Request("p", 2, 7, (1, 2))


@dataclass
class Logprob:
    """A log-probability as vLLM keeps it."""

    logprob: float


@dataclass
class Output:
    """A finished completion as vLLM hands it over."""

    token_ids: list[int]
    finish_reason: str | None
    stop_reason: int | str | None
    logprobs: list[dict[int, Logprob]]


def output(ids: list[int], finish: str | None, reason: int | str | None = None) -> Output:
    """A completion of some tokens; beside the drawn token stands a likelier one, as in vLLM."""
    return Output(ids, finish, reason, [{token: Logprob(-1.5), 999: Logprob(-0.1)} for token in ids])


def spelled(ids: Any) -> str:
    """Tokens as letters; 10 is a line break."""
    return "".join("\n" if token == 10 else chr(token) for token in ids)


def test_a_request_is_one_completion_with_its_seed() -> None:
    """Not n at once: each has its own seed."""
    sampling = Draw(temperature=0.6, top_p=0.95, top_k=20, max_tokens=9, stop_token_ids=(3,))
    assert sampling_options(sampling, 7) == {
        "n": 1,
        "seed": 7,
        "temperature": 0.6,
        "top_p": 0.95,
        "top_k": 20,
        "max_tokens": 9,
        "stop": None,
        "stop_token_ids": [3],
        "logprobs": 0,
        "detokenize": False,
    }


def test_stop_lines_are_looked_for_between_breaks() -> None:
    """Then, and only then, does vLLM need the text."""
    options = sampling_options(Draw(temperature=1, max_tokens=9, stop_lines=("user",)), 7)
    assert (options["stop"], options["detokenize"]) == (["\nuser\n"], True)


def test_the_cpu_build_gets_what_it_needs() -> None:
    """Float32, no compiler, and no prompts in pieces, which crash with seeds."""
    options = llm_options("m", VllmSettings(), revision="r", cpu=True)
    assert options["dtype"] == "float32"
    assert options["enforce_eager"] is True
    assert options["enable_chunked_prefill"] is False
    assert "gpu_memory_utilization" not in options
    assert options["revision"] == options["tokenizer_revision"] == "r"


def test_gpus_get_their_settings() -> None:
    """Prefix caching always; tensor parallel, memory, length and further options as the user writes them."""
    settings = VllmSettings(
        tensor_parallel=4, gpu_memory=0.8, max_model_len=4096, options={"quantization": "fp8"}
    )
    assert llm_options("m", settings, revision=None, cpu=False) == {
        "model": "m",
        "revision": None,
        "tokenizer_revision": None,
        "dtype": "auto",
        "tensor_parallel_size": 4,
        "enable_prefix_caching": True,
        "trust_remote_code": False,
        "logprobs_mode": "raw_logprobs",
        "max_model_len": 4096,
        "gpu_memory_utilization": 0.8,
        "quantization": "fp8",
    }


@pytest.mark.parametrize(("rank", "room"), [(1, 8), (8, 8), (9, 16), (300, 320)])
def test_an_adapter_gets_the_smallest_room_it_fits_in(rank: int, room: int) -> None:
    """Only some ranks are to be had."""
    options = llm_options("m", VllmSettings(), revision=None, cpu=False, rank=rank)
    assert (options["enable_lora"], options["max_lora_rank"]) == (True, room)


def test_the_rank_of_an_adapter_is_read(tmp_path: Path) -> None:
    """From its own settings; a folder without, or with one that does not fit, is refused by name."""
    file = tmp_path / "adapter_config.json"
    with pytest.raises(InputError, match=r"adapter_config\.json: holds no rank"):
        adapter_rank(fetch_adapter(str(tmp_path)))
    for text, message in (
        ('{"r": 1024}', "found the rank 1024"),
        ("[]", "holds no rank"),
        ("{", "holds no rank"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=message):
            adapter_rank(tmp_path)
    file.write_text('{"r": 16}')
    assert adapter_rank(tmp_path) == 16


def test_the_environment_yields_to_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user has set stays; the rest is set before vLLM is imported."""
    names = ("VLLM_CPU_KVCACHE_SPACE", "TORCH_COMPILE_DISABLE", "VLLM_NO_USAGE_STATS")
    names += ("VLLM_CPU_OMP_THREADS_BIND", "VLLM_ENABLE_V1_MULTIPROCESSING")
    environment = {"VLLM_CPU_KVCACHE_SPACE": "9"}
    monkeypatch.setattr("os.environ", environment)
    set_environment(VllmSettings(cpu_memory=2), cpu=True)
    assert environment == {
        "VLLM_CPU_KVCACHE_SPACE": "9",
        "TORCH_COMPILE_DISABLE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    }
    assert set(environment) == set(names)


def test_an_end_is_counted_but_not_shown() -> None:
    """The last token of a stopped completion is what stopped it."""
    sampling = Draw(temperature=1, max_tokens=9, keep_tokens=True)
    one = read_output(output([97, 98, 2], "stop"), REQUEST, sampling, spelled)
    assert (one.text, one.tokens, one.finish, one.logprob) == ("ab", 3, "stop", -4.5)
    assert (one.token_ids, one.token_logprobs) == ((97, 98, 2), (-1.5, -1.5, -1.5))
    assert (one.problem_id, one.index, one.seed) == ("p", 2, 7)


def test_a_length_shows_every_token() -> None:
    """And nothing is kept that was not asked for."""
    one = read_output(output([97, 98], "length"), REQUEST, Draw(temperature=1, max_tokens=2), spelled)
    assert (one.text, one.finish, one.token_ids, one.token_logprobs) == ("ab", "length", None, None)


def test_a_stop_line_is_cut_as_text() -> None:
    """Its tokens are no end of sequence, so none is dropped before the cut."""
    sampling = Draw(temperature=1, max_tokens=9, stop_lines=("b",))
    one = read_output(output([97, 10, 98, 10], "stop", "\nb\n"), REQUEST, sampling, spelled)
    assert (one.text, one.tokens, one.finish) == ("a", 4, "stop")
    one = read_output(output([98, 10, 97], "length"), REQUEST, sampling, spelled)
    assert (one.text, one.finish) == ("", "stop")


def test_what_vllm_broke_off_is_an_error() -> None:
    """An aborted request is no wrong answer."""
    sampling = Draw(temperature=1, max_tokens=9, logprobs=False)
    assert read_output(output([97], "abort"), REQUEST, sampling, spelled).finish == "error"
