"""What vLLM is called with, and how what it returns is read; needs no vLLM itself."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from beyondbase.completions import Completion, Finish
from beyondbase.engines.adapters import RANKS
from beyondbase.engines.engine import Request, total
from beyondbase.engines.stopping import as_substrings, cut_at_line
from beyondbase.study.draw import Draw
from beyondbase.study.engine_settings import VllmSettings


def set_environment(settings: VllmSettings, *, cpu: bool) -> None:
    """Set what vLLM reads from the environment when it is imported, where the user has not."""
    wanted = {"VLLM_NO_USAGE_STATS": "1"}
    if cpu:
        wanted |= {
            "VLLM_CPU_KVCACHE_SPACE": str(settings.cpu_memory),
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            # Else its sampler is compiled, which takes a C++ compiler.
            "TORCH_COMPILE_DISABLE": "1",
        }
    for name, value in wanted.items():
        os.environ.setdefault(name, value)


def llm_options(
    model: str, settings: VllmSettings, *, revision: str | None, cpu: bool, rank: int | None = None
) -> dict[str, Any]:
    """Write the arguments of `vllm.LLM`.

    Args:
        model: An id of the Hub, or a local folder.
        settings: As in the study file.
        revision: A commit or branch of the Hub.
        cpu: Whether this is vLLM's CPU build.
        rank: The rank of the LoRA adapter, if there is one.
    """
    options: dict[str, Any] = {
        "model": model,
        "revision": revision,
        "tokenizer_revision": revision,
        "dtype": "float32" if cpu and settings.dtype == "auto" else settings.dtype,
        "tensor_parallel_size": settings.tensor_parallel,
        "enable_prefix_caching": True,
        "trust_remote_code": settings.trust_remote_code,
        # Before temperature and top-p: those of the model itself.
        "logprobs_mode": "raw_logprobs",
    }
    if settings.max_model_len is not None:
        options["max_model_len"] = settings.max_model_len
    if cpu:
        # A seed per request and prompts read in pieces do not go together on a CPU.
        options |= {"enforce_eager": True, "enable_chunked_prefill": False}
    else:
        options["gpu_memory_utilization"] = settings.gpu_memory
    if rank is not None:
        options |= {"enable_lora": True, "max_lora_rank": min(fit for fit in RANKS if fit >= rank)}
    return options | settings.options


def sampling_options(sampling: Draw, seed: int) -> dict[str, Any]:
    """Write the arguments of `vllm.SamplingParams` for one completion."""
    return {
        "n": 1,
        "seed": seed,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "max_tokens": sampling.max_tokens,
        "stop": as_substrings(sampling.stop_lines) or None,
        "stop_token_ids": list(sampling.stop_token_ids) or None,
        "logprobs": 0 if sampling.logprobs else None,
        # vLLM needs the text only to look for stop lines in it.
        "detokenize": bool(sampling.stop_lines),
    }


def read_output(
    output: Any, request: Request, sampling: Draw, decode_ids: Callable[[Sequence[int]], str]
) -> Completion:
    """Read one finished completion of vLLM.

    Args:
        output: What vLLM generated.
        request: What was wanted.
        sampling: How it was drawn.
        decode_ids: Turns token ids into text; the same for all engines, so that the same tokens are the
            same text.
    """
    finish: Finish = output.finish_reason if output.finish_reason in ("stop", "length") else "error"
    ids = tuple(output.token_ids)
    # A text as reason is a stop line, whose tokens are cut as text; else the last token is what stopped it.
    by_token = finish == "stop" and not isinstance(output.stop_reason, str)
    text = decode_ids(ids[:-1] if by_token else ids)
    text, at_line = cut_at_line(text, sampling.stop_lines, ended=finish == "stop")
    logprobs = chosen_logprobs(ids, output.logprobs) if sampling.logprobs else None
    return Completion(
        problem_id=request.problem_id,
        index=request.index,
        seed=request.seed,
        text=text,
        tokens=len(ids),
        finish="stop" if at_line else finish,
        logprob=total(logprobs),
        token_ids=ids if sampling.keep_tokens else None,
        token_logprobs=logprobs if sampling.keep_tokens else None,
    )


def chosen_logprobs(ids: Sequence[int], logprobs: Sequence[Mapping[int, Any]]) -> tuple[float, ...]:
    """Look up the log-probability of each token in vLLM's tables of a few tokens each."""
    return tuple(float(table[token].logprob) for token, table in zip(ids, logprobs, strict=True))
