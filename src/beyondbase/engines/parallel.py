"""One model in several processes, each on GPUs of its own, that share the requests between them."""

import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from typing import Any, NoReturn

from beyondbase.completions import Completion
from beyondbase.engines.engine import Engine, EngineError, Request, Sampling
from beyondbase.engines.gpus import pinned, share_gpus, visible_gpus
from beyondbase.engines.settings import TransformersSettings, VllmSettings
from beyondbase.engines.single import start
from beyondbase.engines.tokens import load_tokenizer
from beyondbase.errors import InputError
from beyondbase.mistakes import quote
from beyondbase.tasks.prompts import Prompt

# Completions that travel together, and requests that a process is handed at a time.
_GROUP, _CHUNK = 32, 64
# Seconds that a process may take to end by itself, and as many when it is told to; vLLM takes 8 on a CPU.
_PATIENCE = 15.0
# Seconds between looks at whether a process that says nothing is still there.
_PULSE = 1.0
_GONE = "a process of the engine ended without a word, as for want of memory"
Settings = TransformersSettings | VllmSettings


class ParallelEngine:
    """An engine that is several: each completion hangs on its own seed, so that who draws it is no matter."""

    def __init__(
        self, model: str, settings: Settings, *, revision: str | None = None, adapter: str | None = None
    ) -> None:
        """Start the processes and wait until each has loaded the model.

        Args:
            model: As for a single engine.
            settings: With `processes`.
            revision: As for a single engine.
            adapter: As for a single engine.

        Raises:
            InputError: The model cannot be loaded, or there are too few GPUs.
            EngineError: A process ended.
        """
        shares = _shares(settings)
        if isinstance(settings, TransformersSettings) and settings.threads is None:
            # Otherwise every process would take all cores.
            threads = max((os.cpu_count() or 1) // settings.processes, 1)
            settings = settings.model_copy(update={"threads": threads})
        self._processes: dict[Connection, BaseProcess] = {}
        # Also for an engine that nobody closes: the interpreter waits for these processes before it exits.
        self._end = Finalize(self, _end, args=(self._processes,), exitpriority=10)
        try:
            for share in shares:
                with pinned(share):
                    self._start(model, settings, revision, adapter)
            found = [self._received(pipe)[1] for pipe in self._processes]
        except BaseException:
            self.close()
            raise
        self.name, self.version, self._identity = found[0]
        self.tokenizer: Any = load_tokenizer(model, revision)

    def identity(self) -> Mapping[str, Any]:
        """Name everything about model and engine on which completions hang: that of each process."""
        identity: Mapping[str, Any] = self._identity
        return identity

    def generate(self, requests: Iterable[Request], sampling: Sampling) -> Iterator[Completion]:
        """Complete prompts, each from its own seed, and hand completions over as they finish.

        Raises:
            InputError: A request cannot be met.
            EngineError: A process failed; all completions that came before are good.
        """
        waiting = iter(requests)
        for pipe in self._processes:
            _send(pipe, ("generate", sampling))
        busy = {*self._processes}
        try:
            while busy:
                for pipe in self._ready(busy):
                    kind, content = self._received(pipe)
                    if kind == "want":
                        # Only to who waits for it, so that no two ever write to each other at once.
                        _send(pipe, [*islice(waiting, _CHUNK)])
                    elif kind == "drawn":
                        yield from content
                    else:
                        busy.discard(pipe)
        except GeneratorExit:
            self._drain(busy)
            raise

    def score(
        self,
        prompts: Sequence[Prompt],
        continuations: Sequence[str | Sequence[int]],
        *,
        temperature: float = 1.0,
    ) -> list[tuple[float, ...]]:
        """Compute the log-probability of each token of continuations that are given.

        Args:
            prompts: What the model reads.
            continuations: What follows: tokens, or texts as the model reads them.
            temperature: At which the model is asked, above 0.

        Raises:
            InputError: A continuation does not fit into the model's context.
            EngineError: A process failed.
        """
        size = len(self._processes)
        for number, pipe in enumerate(self._processes):
            _send(pipe, ("score", (prompts[number::size], continuations[number::size], temperature)))
        parts = [self._received(pipe)[1] for pipe in self._processes]
        return [parts[number % size][number // size] for number in range(len(prompts))]

    def close(self) -> None:
        """End the processes, whatever they are at."""
        self._end()

    def _start(self, model: str, settings: Settings, revision: str | None, adapter: str | None) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, model, settings, revision, adapter)
        # No daemon, which may have no children: on GPUs vLLM starts processes of its own.
        process = context.Process(target=_serve, args=arguments, daemon=False)
        process.start()
        theirs.close()
        self._processes[ours] = process

    def _ready(self, busy: set[Connection]) -> list[Connection]:
        """Wait for processes that have something to say, or are gone."""
        while not (heard := wait([*busy], _PULSE)):
            if gone := [pipe for pipe in busy if not self._processes[pipe].is_alive()]:
                return gone
        return [pipe for pipe in self._processes if pipe in heard]

    def _received(self, pipe: Connection) -> tuple[str, Any]:
        try:
            # A process may be gone while one that it started keeps its end of the pipe open.
            while not pipe.poll(_PULSE):
                if not self._processes[pipe].is_alive() and not pipe.poll():
                    raise EngineError(_GONE)
            kind, content = pipe.recv()
        except (EOFError, OSError):
            raise EngineError(_GONE) from None
        if kind == "mistake":
            raise InputError(content)
        if kind == "failure":
            raise EngineError(content)
        return kind, content

    def _drain(self, busy: set[Connection]) -> None:
        """Let processes end what nobody reads, so that the next reader gets only its own."""
        for pipe in busy:
            while not pipe.closed:
                kind, _ = self._received(pipe)
                if kind == "done":
                    break
                if kind == "want":
                    _send(pipe, [])


def _send(pipe: Connection, content: Any) -> None:
    try:
        pipe.send(content)
    except OSError:
        raise EngineError(_GONE) from None


def _shares(settings: Settings) -> list[list[str]]:
    if isinstance(settings, VllmSettings):
        return share_gpus(visible_gpus(), processes=settings.processes, each=settings.tensor_parallel)
    if settings.device not in {"auto", "cuda", "cpu"}:
        found = f"found {quote(settings.device)} with processes = {settings.processes}"
        raise InputError(f'[engine] device: {found}; use "auto", for each of them takes a GPU of its own')
    gpus = [] if settings.device == "cpu" else visible_gpus()
    return share_gpus(gpus, processes=settings.processes, each=1)


def _end(processes: dict[Connection, BaseProcess]) -> None:
    """End processes: by the end of their pipes, then by a signal that they can act on, then by force."""
    for pipe in processes:
        pipe.close()
    try:
        _join(processes)
        for process in processes.values():
            process.terminate()
        _join(processes)
    finally:
        # Also where the user is out of patience first.
        for process in processes.values():
            process.kill()
            process.join()


def _join(processes: dict[Connection, BaseProcess]) -> None:
    end = time.monotonic() + _PATIENCE
    for process in processes.values():
        process.join(max(end - time.monotonic(), 0))


def _serve(
    pipe: Connection, model: str, settings: Settings, revision: str | None, adapter: str | None
) -> None:
    """What each process does, until its parent is gone."""
    # Ctrl-C reaches every process of a terminal; the parent, which gets it too, ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # So that the engine is closed, which may have processes of its own.
    signal.signal(signal.SIGTERM, _leave)
    with _telling(pipe):
        engine = start(settings, model, revision=revision, adapter=adapter)
        # Here too: what is wrong is said before the engine is closed.
        with closing(engine), _telling(pipe):
            _answer(pipe, engine)


def _leave(*_: object) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


@contextmanager
def _telling(pipe: Connection) -> Iterator[None]:
    """Tell the parent what went wrong, unless it is gone."""
    with suppress(EOFError, ConnectionError):
        try:
            yield
        except InputError as error:
            pipe.send(("mistake", str(error)))
        except EngineError as error:
            pipe.send(("failure", str(error)))
        except (EOFError, ConnectionError):
            # The parent is gone.
            return
        except Exception:  # noqa: BLE001 - the parent says it
            pipe.send(("failure", traceback.format_exc(limit=-3)))


def _answer(pipe: Connection, engine: Engine) -> None:
    pipe.send(("ready", (engine.name, engine.version, dict(engine.identity()))))
    while True:
        kind, content = pipe.recv()
        if kind == "score":
            prompts, continuations, temperature = content
            pipe.send(("scored", engine.score(prompts, continuations, temperature=temperature)))
        else:
            _generate(pipe, engine, content)


def _generate(pipe: Connection, engine: Engine, sampling: Sampling) -> None:
    def requests() -> Iterator[Request]:
        while True:
            pipe.send(("want", None))
            chunk = pipe.recv()
            if not chunk:
                return
            yield from chunk

    drawn = iter(engine.generate(requests(), sampling))
    while group := [*islice(drawn, _GROUP)]:
        pipe.send(("drawn", group))
    pipe.send(("done", None))
