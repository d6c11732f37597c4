"""The engine on transformers: small models on a CPU, or any model on one GPU."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from beyondbase.completions import Completion
from beyondbase.engines.batches import Row, run_batch
from beyondbase.engines.engine import Engine, Request
from beyondbase.engines.stopping import LineWatch, cut_at_line
from beyondbase.engines.token_scores import score_tokens
from beyondbase.engines.tokens import decode, encode_continuation, encode_prompt
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.hub import hub_or_cache, not_loaded
from beyondbase.messages import quote
from beyondbase.study.draw import Draw
from beyondbase.study.engine_settings import TransformersSettings
from beyondbase.tasks.prompts import Prompt
from beyondbase.weights import weights_identity

_EXTRA = "transformers"


class TransformersEngine(Engine):
    """A model of transformers with a sampling loop of our own, in which each completion has its own seed."""

    name = "transformers"

    def __init__(self, model: str, settings: TransformersSettings, *, revision: str | None = None) -> None:
        """Load a model.

        Raises:
            InputError: transformers is not installed, or the model or the device is not there.
        """
        torch, transformers = require("torch", _EXTRA), require("transformers", _EXTRA)
        if settings.threads is not None:
            torch.set_num_threads(settings.threads)
        # A bar for weights, which load in seconds, would tear those of the run.
        transformers.utils.logging.disable_progress_bar()
        self.version = str(transformers.__version__)
        self._batch_size = settings.batch_size
        self._device = _device(torch, settings.device)
        dtype = _dtype(torch, settings.dtype, self._device)
        options = {"revision": revision, "trust_remote_code": settings.trust_remote_code}
        with hub_or_cache(model) as silence:
            try:
                self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(model, **options)
                loaded = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=dtype, **options)
            except (OSError, ValueError, KeyError) as error:
                use = "correct the name or revision, or give a folder that holds the model"
                raise not_loaded(f"model: {quote(model)}", error, silence, use=use) from None
        self._model = loaded.eval().to(self._device)
        commit = getattr(loaded.config, "_commit_hash", None)
        self._weights = weights_identity(model, revision, commit)
        self._context = getattr(loaded.config, "max_position_embeddings", None) or 1 << 30

    def identity(self) -> Mapping[str, Any]:
        """Name model and engine, as every engine does."""
        torch = require("torch", _EXTRA)
        return {
            **self._weights,
            "engine": self.name,
            "engine_version": self.version,
            "torch": str(torch.__version__),
            "device": self._device.type,
            "dtype": str(self._model.dtype).removeprefix("torch."),
        }

    def generate(self, requests: Iterable[Request], sampling: Draw) -> Iterator[Completion]:
        """Draw as every engine does.

        Raises:
            InputError: A prompt fills the model's context.
        """
        waiting = iter(requests)
        stops = self._stop_ids(sampling)
        watch = None
        if sampling.stop_lines:
            watch = LineWatch(lambda ids: decode(self.tokenizer, ids), sampling.stop_lines)
        while batch := list(itertools.islice(waiting, self._batch_size)):
            rows = [self._row(request, sampling) for request in batch]
            for number in run_batch(self._model, rows, sampling, stops=stops, watch=watch):
                yield self._completion(batch[number], rows[number], sampling, stops)

    def score(
        self,
        prompts: Sequence[Prompt],
        continuations: Sequence[str | Sequence[int]],
        *,
        temperature: float = 1.0,
    ) -> list[tuple[float, ...]]:
        """Score as every engine does.

        Raises:
            InputError: A prompt and its continuation do not fit into the model's context.
        """
        pairs = [
            (encode_prompt(self.tokenizer, prompt), encode_continuation(self.tokenizer, continuation))
            for prompt, continuation in zip(prompts, continuations, strict=True)
        ]
        for number, (prompt, continuation) in enumerate(pairs):
            length = len(prompt) + len(continuation)
            if length > self._context:
                found = f"found {length} tokens at position {number}, where the model takes {self._context}"
                raise InputError(f"score: {found}; leave it out")
        return score_tokens(self._model, pairs, temperature=temperature)

    def close(self) -> None:
        """Let go of the model."""
        del self._model
        torch = require("torch", _EXTRA)
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _row(self, request: Request, sampling: Draw) -> Row:
        ids = encode_prompt(self.tokenizer, request.prompt)
        room = self._context - len(ids)
        if room < 1:
            found = f"found a prompt of {len(ids)} tokens, where the model takes {self._context}"
            raise InputError(f"problem {quote(request.problem_id)}: {found}; use a shorter prompt")
        return Row(prompt=ids, seed=request.seed, limit=min(sampling.max_tokens, room))

    def _completion(self, request: Request, row: Row, sampling: Draw, stops: frozenset[int]) -> Completion:
        ended = row.tokens[-1] in stops
        text = decode(self.tokenizer, row.tokens[:-1] if ended else row.tokens)
        text, at_line = cut_at_line(text, sampling.stop_lines, ended=ended)
        kept = sampling.keep_tokens
        return Completion(
            problem_id=request.problem_id,
            index=request.index,
            seed=request.seed,
            text=text,
            tokens=len(row.tokens),
            finish="stop" if ended or at_line else "length",
            logprob=sum(row.logprobs) if sampling.logprobs else None,
            token_ids=tuple(row.tokens) if kept else None,
            token_logprobs=tuple(row.logprobs) if kept and sampling.logprobs else None,
        )

    def _stop_ids(self, sampling: Draw) -> frozenset[int]:
        settings = getattr(self._model, "generation_config", None)
        named = getattr(settings, "eos_token_id", None)
        ends = named if isinstance(named, list) else [named]
        known = {*ends, self.tokenizer.eos_token_id, *sampling.stop_token_ids}
        return frozenset(token for token in known if token is not None)


def _device(torch: Any, name: str) -> Any:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.device(name)
    except RuntimeError:
        raise InputError(f'device: found {quote(name)}; use "auto", "cpu" or "cuda"') from None


def _dtype(torch: Any, name: str, device: Any) -> Any:
    if name == "auto":
        return torch.float32 if device.type == "cpu" else "auto"
    return getattr(torch, name)
