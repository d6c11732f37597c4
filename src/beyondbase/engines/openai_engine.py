"""The engine on any OpenAI-compatible server: `vllm serve`, SGLang, or a provider."""

import os
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any
from weakref import WeakSet

from beyondbase.completions import Completion
from beyondbase.engines.answers import GarbledError, Oddities
from beyondbase.engines.engine import Engine, EngineError, Request, refuse_temperature
from beyondbase.engines.server import Call, Server, in_loop
from beyondbase.engines.tokens import encode_continuation, encode_prompt, load_tokenizer
from beyondbase.engines.wire import body, first_choice, read_completion, read_echo, route
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.messages import quote
from beyondbase.study.draw import Draw
from beyondbase.study.engine_settings import OpenaiSettings
from beyondbase.tasks.prompts import Chat, Prompt

_EXTRA = "openai"


@dataclass(frozen=True)
class _Failure:
    error: Exception


@dataclass
class _Run:
    """Requests, and whether the server has refused one: no more are sent then, and none again."""

    waiting: Iterator[Request]
    sampling: Draw
    refused: bool = False


class OpenaiEngine(Engine):
    """A model behind a server; many requests at once, each tried again when the server fails."""

    name = "openai"

    def __init__(self, model: str, settings: OpenaiSettings) -> None:
        """Find the server and the model on it.

        Raises:
            InputError: The server has no such model, or refuses the key.
            EngineError: No server answers.
        """
        self._concurrency = settings.concurrency
        self._server = Server(settings, key=os.environ.get(settings.api_key_env))
        self._extra = {"model": model, **settings.extra_body}
        self._model, self._card = model, self._server.find_model(model)
        owner = self._card.get("owned_by")
        self._family = owner if isinstance(owner, str) else ""
        self._odd = Oddities(self._server.url)
        self._runs: WeakSet[Generator[Completion | _Failure]] = WeakSet()
        self.version = self._server.version()
        self.tokenizer: Any = None
        self._tokenizer_names = _tokenizer_names(settings)
        if settings.tokenizer is not None:
            self.tokenizer = load_tokenizer(settings.tokenizer, settings.tokenizer_revision)

    def identity(self) -> Mapping[str, Any]:
        """Name model and engine, as every engine does."""
        extra = {name: value for name, value in self._extra.items() if name != "model"}
        return {
            "model": self._model,
            "root": _name_of(self._card.get("root")),
            "engine": self.name,
            "server": self._family,
            "engine_version": self.version,
            "dtype": None,
            **self._tokenizer_names,
            "extra_body": extra,
        }

    def generate(self, requests: Iterable[Request], sampling: Draw) -> Iterator[Completion]:
        """Draw as every engine does.

        Raises:
            InputError: The server refuses a request; the message has its words.
            EngineError: Requests failed after all attempts; all others came before.
        """
        failed = in_a_row = done = 0
        last: Exception | None = None
        refusal: InputError | None = None
        with closing(self._outcomes(requests, sampling)) as outcomes:
            self._runs.add(outcomes)
            for outcome in outcomes:
                if isinstance(outcome, Completion):
                    done, in_a_row = done + 1, 0
                    yield outcome
                    continue
                if isinstance(outcome.error, InputError):
                    # Those under way are paid for: they come before it.
                    refusal = refusal or outcome.error
                    continue
                failed, in_a_row, last = failed + 1, in_a_row + 1, outcome.error
                # A server that is gone would be asked for every request in turn, for hours.
                if in_a_row >= max(self._concurrency, 8):
                    break
        if refusal is not None:
            raise refusal
        if last is not None:
            found = f"{failed} of {failed + done} requests failed after {self._server.attempts} attempts each"
            remedy = "see to the server and run again to resume"
            raise EngineError(f"{self._server.url}: {found} (the last: {_said(last)}); {remedy}")

    def _outcomes(self, requests: Iterable[Request], sampling: Draw) -> Generator[Completion | _Failure]:
        require("httpx", _EXTRA)
        anyio = require("anyio", _EXTRA)
        threads = require("anyio.from_thread", _EXTRA)
        with threads.start_blocking_portal() as portal, ExitStack() as stack:
            stream = portal.wrap_async_context_manager(self._stream(requests, sampling))
            outcomes = stream.__enter__()
            # However the reader ends, its exception is none of the stream's, which would wrap it in a group.
            stack.callback(stream.__exit__, None, None, None)
            while True:
                try:
                    outcome: Completion | _Failure = portal.call(outcomes.receive)
                except anyio.EndOfStream:
                    return
                yield outcome

    @asynccontextmanager
    async def _stream(self, requests: Iterable[Request], sampling: Draw) -> AsyncIterator[Any]:
        anyio = require("anyio", _EXTRA)
        # Without room: what has come waits with who got it, and so nothing more is asked for.
        send, receive = anyio.create_memory_object_stream(0)
        run = _Run(iter(requests), sampling)
        async with (
            receive,
            self._server.client(self._concurrency) as client,
            anyio.create_task_group() as group,
        ):
            async with send:
                for _ in range(self._concurrency):
                    group.start_soon(self._work, client, run, send.clone())
            yield receive
            group.cancel_scope.cancel()

    async def _work(self, client: Any, run: "_Run", send: Any) -> None:
        async with send:
            for request in run.waiting:
                try:
                    outcome: Completion | _Failure = await self._complete(client, request, run)
                except Exception as error:  # noqa: BLE001 - the consumer raises it, or counts it
                    outcome = _Failure(error)
                    run.refused = run.refused or isinstance(error, InputError)
                await send.send(outcome)
                if run.refused:
                    return

    async def _complete(self, client: Any, request: Request, run: "_Run") -> Completion:
        if self.tokenizer is not None and not isinstance(request.prompt, Chat):
            request = replace(request, prompt=encode_prompt(self.tokenizer, request.prompt))
        sampling = run.sampling
        sent = body(request, sampling, family=self._family) | self._extra
        at = f"problem {quote(request.problem_id)}"
        return await self._server.post(
            client,
            Call(route(request), sent, at, sampling.max_tokens),
            read=lambda reply: read_completion(reply, request, sampling, self._odd),
            stopping=lambda: run.refused,
        )

    def score(
        self,
        prompts: Sequence[Prompt],
        continuations: Sequence[str | Sequence[int]],
        *,
        temperature: float = 1.0,
    ) -> list[tuple[float, ...]]:
        """Score as every engine does.

        Raises:
            InputError: There is no tokenizer to tell prompt from continuation, the temperature is not 1,
                or the server refuses.
            EngineError: A request failed after all attempts.
        """
        refuse_temperature("a server", temperature)
        if self.tokenizer is None:
            raise InputError("score: found no tokenizer; name the model's tokenizer in the engine's settings")
        pairs = [
            (encode_prompt(self.tokenizer, prompt), encode_continuation(self.tokenizer, continuation))
            for prompt, continuation in zip(prompts, continuations, strict=True)
        ]
        return in_loop(self._score, pairs)

    async def _score(
        self, pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]
    ) -> list[tuple[float, ...]]:
        anyio = require("anyio", _EXTRA)
        scores: list[tuple[float, ...]] = [()] * len(pairs)
        waiting = iter(range(len(pairs)))

        async def work(client: Any) -> None:
            for number in waiting:
                scores[number] = await self._score_one(client, *pairs[number])

        async with self._server.client(self._concurrency) as client:
            try:
                async with anyio.create_task_group() as group:
                    for _ in range(min(self._concurrency, len(pairs))):
                        group.start_soon(work, client)
            except ExceptionGroup as errors:
                first = errors.exceptions[0]
                if isinstance(first, InputError):
                    raise first from None
                raise EngineError(
                    f"{self._server.url}: scoring failed ({_said(first)}); run again to resume"
                ) from None
        return scores

    async def _score_one(
        self, client: Any, prompt: tuple[int, ...], continuation: tuple[int, ...]
    ) -> tuple[float, ...]:
        ids = [*prompt, *continuation]
        sent = {"prompt": ids, "max_tokens": 0, "echo": True, "logprobs": 0, "temperature": 1.0}

        def read(reply: Any) -> tuple[float, ...]:
            logprobs = read_echo(first_choice(reply, self._odd))
            if len(logprobs) < len(ids):
                raise GarbledError(f"found {len(logprobs)} log-probabilities of {len(ids)} tokens")
            return logprobs[len(prompt) : len(ids)]

        return await self._server.post(
            client, Call("completions", sent | self._extra, "score", len(ids)), read=read
        )

    def close(self) -> None:
        """End the runs that their readers have left; Python waits for their threads before it exits."""
        for run in [*self._runs]:
            run.close()


def _name_of(root: object) -> str | None:
    # Where a server keeps a model in a folder, the folder's place is nothing that completions hang on.
    if not isinstance(root, str):
        return None
    return PurePath(root).name if PurePath(root).is_absolute() else root


def _tokenizer_names(settings: OpenaiSettings) -> dict[str, str | None]:
    # With a tokenizer prompts go as its ids, without one as text that the server splits.
    name = settings.tokenizer
    if name is not None and Path(name).is_dir():
        name = Path(name).resolve().name
    return {"tokenizer": name, "tokenizer_revision": settings.tokenizer_revision}


def _said(error: Exception) -> str:
    # The timeouts of httpx have no words.
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
