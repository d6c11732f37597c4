"""One model in several processes, each on GPUs of its own, that share the requests between them."""

import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any

from beyondbase.completions import Completion
from beyondbase.engines.engine import Engine, EngineError, Request
from beyondbase.engines.gpus import pinned, share_gpus, visible_gpus
from beyondbase.engines.tokens import load_tokenizer
from beyondbase.errors import InputError
from beyondbase.study.draw import Draw
from beyondbase.study.engine_settings import EngineSettings
from beyondbase.tasks.prompts import Prompt

# Requests that a process is handed at a time.
_CHUNK = 64
# Seconds that processes may take to end by themselves; vLLM takes 8 on a CPU.
_PATIENCE = 15.0
# Seconds that they have once they are told to end, and are then ended by force.
_GRACE = 3.0
# Seconds between looks at whether a process that says nothing is still there.
_PULSE = 1.0
_GONE = "a process of the engine ended without a word, as for want of memory"
_COMMAND = (sys.executable, "-P", "-m", "beyondbase.engines.worker")
_Processes = dict[Connection, "subprocess.Popen[bytes]"]


class ParallelEngine(Engine):
    """An engine that is several: each completion hangs on its own seed, so that who draws it is no matter."""

    def __init__(
        self, model: str, settings: EngineSettings, *, revision: str | None = None, adapter: str | None = None
    ) -> None:
        """Start the processes and wait until each has loaded the model.

        Raises:
            InputError: The model cannot be loaded, or there are too few GPUs.
            EngineError: A process ended.
        """
        processes, each, settings = settings.split(os.cpu_count() or 1)
        shares = share_gpus(visible_gpus() if each else [], processes=processes, each=max(each, 1))
        self._processes: _Processes = {}
        # Those that are at something: loading the model, or work that a reader may have left.
        self._busy: set[Connection] = set()
        # Also for an engine that nobody closes.
        self._end = weakref.finalize(self, _end, self._processes, self._busy)
        try:
            for share in shares:
                with pinned(share):
                    self._start((model, settings, revision, adapter))
            found = [self._received(pipe)[1] for pipe in self._processes]
            self._busy.clear()
        except BaseException:
            self.close()
            raise
        self.name, self.version, self._identity = found[0]
        self.tokenizer: Any = load_tokenizer(model, revision)

    def identity(self) -> Mapping[str, Any]:
        """Name everything about model and engine on which completions hang: that of each process."""
        identity: Mapping[str, Any] = self._identity
        return identity

    def generate(self, requests: Iterable[Request], sampling: Draw) -> Iterator[Completion]:
        """Draw as every engine does.

        Raises:
            InputError: A request cannot be met.
            EngineError: A process failed; all completions that came before are good.
        """
        waiting = iter(requests)
        self._drain()
        for pipe in self._processes:
            self._ask(pipe, ("generate", sampling))
        while self._busy:
            for pipe in self._ready():
                kind, content = self._received(pipe)
                if kind == "want":
                    # Only to who waits for it, so that no two ever write to each other at once.
                    _send(pipe, [*islice(waiting, _CHUNK)])
                elif kind == "drawn":
                    yield from content
                else:
                    self._busy.discard(pipe)

    def score(
        self,
        prompts: Sequence[Prompt],
        continuations: Sequence[str | Sequence[int]],
        *,
        temperature: float = 1.0,
    ) -> list[tuple[float, ...]]:
        """Score as every engine does.

        Raises:
            InputError: A continuation does not fit into the model's context.
            EngineError: A process failed.
        """
        size = len(self._processes)
        self._drain()
        for number, pipe in enumerate(self._processes):
            part = (prompts[number::size], continuations[number::size], temperature)
            self._ask(pipe, ("score", part))
        parts = [self._received(pipe)[1] for pipe in self._processes]
        self._busy.clear()
        return [parts[number % size][number // size] for number in range(len(prompts))]

    def close(self) -> None:
        """End the processes, whatever they are at."""
        self._end()

    def _start(self, order: tuple[Any, ...]) -> None:
        ours, theirs = Pipe()
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - our own module under our own interpreter
                [*_COMMAND, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
                # Ctrl-C is ours to handle, and what a process leaves behind can be ended with it.
                start_new_session=True,
            )
        self._processes[ours] = process
        self._ask(ours, order)

    def _ask(self, pipe: Connection, content: Any) -> None:
        self._busy.add(pipe)
        _send(pipe, content)

    def _ready(self) -> list[Connection]:
        """Wait for processes that have something to say, or are gone."""
        while not (heard := wait([*self._busy], _PULSE)):
            if gone := [pipe for pipe in self._busy if self._processes[pipe].poll() is not None]:
                return gone
        return [pipe for pipe in self._processes if pipe in heard]

    def _received(self, pipe: Connection) -> tuple[str, Any]:
        try:
            # A process may be gone while one that it started keeps its end of the pipe open.
            while not pipe.poll(_PULSE):
                if self._processes[pipe].poll() is not None and not pipe.poll():
                    raise EngineError(_GONE)
            kind, content = pipe.recv()
        except (EOFError, OSError):
            raise EngineError(_GONE) from None
        if kind == "mistake":
            raise InputError(content)
        if kind == "failure":
            raise EngineError(content)
        return kind, content

    def _drain(self) -> None:
        """Let processes end what nobody reads any more, so that the next reader gets only its own."""
        for pipe in [*self._busy]:
            while (kind := self._received(pipe)[0]) not in {"done", "scored"}:
                if kind == "want":
                    _send(pipe, [])
            self._busy.discard(pipe)


def _send(pipe: Connection, content: Any) -> None:
    try:
        pipe.send(content)
    except OSError:
        raise EngineError(_GONE) from None


def _end(processes: _Processes, busy: set[Connection]) -> None:
    """End processes: by the end of their pipes, those at work by a signal that they act on, then by force."""
    for pipe in processes:
        pipe.close()
    try:
        for pipe in busy:
            processes[pipe].terminate()
        _join(processes, _GRACE if busy else _PATIENCE)
    finally:
        # Also where the user is out of patience first.
        for process in processes.values():
            _kill(process)
    processes.clear()
    busy.clear()


def _join(processes: _Processes, seconds: float) -> None:
    end = time.monotonic() + seconds
    for process in processes.values():
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(end - time.monotonic(), 0))


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process, and those that it started, as vLLM's on GPUs; one that ended well has ended its own."""
    if process.poll() != 0:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
