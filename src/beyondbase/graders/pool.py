"""Jobs on untrusted text, done in processes of their own that are stopped at a limit.

Each process reads one job at a time and answers it; see `beyondbase.graders.worker` for what it may do.
One that hangs, dies or runs out of memory costs its job and is replaced, never the run. They are plain
child processes rather than those of multiprocessing, which would run the user's script a second time.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Annotated, Any, Literal, Self

from beyondbase.errors import InputError
from beyondbase.graders.options import Option, check_options, expect

Reason = Literal["time", "memory", "crash"]
_START_S = 180.0
# No more than Python needs to run: no tokens, no proxies, none of what else a shell holds.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Limits:
    """What one answer may cost: options of all graders that compare in processes."""

    seconds: Annotated[
        float,
        Option(
            "seconds of the processor for one answer, 0.1 or more",
            key="limit_s",
            check=expect(lambda seconds: seconds >= 0.1, "use 0.1 or more"),
        ),
    ] = 10.0
    memory_mib: Annotated[
        int,
        Option("memory for one answer, 64 or more", check=expect(lambda size: size >= 64, "use 64 or more")),
    ] = 1024
    workers: Annotated[
        int | None,
        Option(
            "processes; changes no verdict",
            counts=False,
            check=expect(lambda count: count is None or count >= 1, "use 1 or more"),
        ),
    ] = None

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def processes(self) -> int:
        """How many processes to use at most."""
        return self.workers or _processors()


@dataclass(frozen=True)
class Failure:
    """A job that was not done: its time was up, its memory was, or the process or the task's code died."""

    reason: Reason


class Pool:
    """Processes that do one kind of job; a context that ends them.

    Args:
        task: The module whose `prepare`, called with the settings in each process, gives what does a job.
        settings: What can be written as JSON.
        limits: What a job may cost.

    Attributes:
        failures: How many jobs were not done, by reason.
    """

    def __init__(self, task: str, settings: object, limits: Limits) -> None:
        self.failures: Counter[Reason] = Counter()
        self._order = json.dumps(
            {"task": task, "settings": settings, "seconds": limits.seconds, "memory_mib": limits.memory_mib}
        )
        self._limits = limits
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    def run(self, jobs: Sequence[Any]) -> list[Any]:
        """Do jobs; each gives what the task says of it, or a Failure, in the order of the jobs.

        Raises:
            InputError: The processes do not start under the limits.
        """
        results: list[Any] = [None] * len(jobs)
        waiting = deque((number, 1) for number in range(len(jobs)))
        left = len(jobs)
        while left:
            self._hand_out(jobs, waiting, left)
            for worker in self._answered():
                number, attempt = worker.task
                result = worker.collect()
                if isinstance(result, Failure) and self._spoilt(worker, result, attempt):
                    waiting.appendleft((number, attempt + 1))
                elif number >= 0:
                    results[number] = result
                    self.failures.update([result.reason] if isinstance(result, Failure) else [])
                    left -= 1
                if worker.ended:
                    self._workers.remove(worker)
        return results

    def _hand_out(self, jobs: Sequence[Any], waiting: deque[tuple[int, int]], left: int) -> None:
        while len(self._workers) < min(self._limits.processes, left):
            self._workers.append(_Worker(self._order))
        for worker in self._workers:
            if waiting and worker.idle:
                number, attempt = waiting.popleft()
                worker.send(jobs[number], (number, attempt), 10 * self._limits.seconds + 30)

    @staticmethod
    def _spoilt(worker: "_Worker", failure: Failure, attempt: int) -> bool:
        """Whether earlier jobs of the process may be to blame, so that a fresh one must try again."""
        return failure.reason != "time" and worker.ended and attempt == 1 and worker.served > 1

    def _answered(self) -> list["_Worker"]:
        busy = [worker for worker in self._workers if not worker.idle]
        with selectors.DefaultSelector() as selector:
            for worker in busy:
                selector.register(worker.stream, selectors.EVENT_READ, worker)
            wait = max(0.0, min(worker.deadline for worker in busy) - time.monotonic())
            ready = {id(key.data) for key, _ in selector.select(wait)}
        return [worker for worker in busy if (id(worker) in ready and worker.read()) or worker.overdue()]


class _Worker:
    """One process, seen from outside: starting, idle, busy with a job, or ended."""

    def __init__(self, order: str) -> None:
        # To the kernel the parent of a process is the thread that started it, which may end early.
        tied = "tied" if threading.current_thread() is threading.main_thread() else ""
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        self._process = subprocess.Popen(  # noqa: S603 - our own module under our own interpreter
            [sys.executable, "-P", "-m", "beyondbase.graders.worker", order, str(os.getpid()), tied],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(),
            # Ctrl-C is ours to handle: it must not print a traceback per process.
            start_new_session=True,
        )
        self._buffer = b""
        self.task = (-1, 1)
        self.served = 0
        self.idle = self.ended = False
        self.deadline = time.monotonic() + _START_S

    @property
    def stream(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        return self._process.stdout

    def send(self, job: object, task: tuple[int, int], patience: float) -> None:
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
        self.task, self.idle, self.deadline = task, False, time.monotonic() + patience
        self.served += 1
        # A process that has died says so by the end of its output.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(job, default=str).encode() + b"\n")
            self._process.stdin.flush()

    def read(self) -> bool:
        """Take in what has come, and say whether that is an answer, or the end."""
        piece = os.read(self.stream.fileno(), 65_536)
        self._buffer += piece
        self.ended = not piece
        return self.ended or self._buffer.endswith(b"\n")

    def overdue(self) -> bool:
        return time.monotonic() >= self.deadline

    def collect(self) -> Any:
        """The answer, or why there is none; the process is then idle or ended."""
        line, self._buffer = self._buffer, b""
        late = not self.ended and not line.endswith(b"\n")
        if self.ended or late:
            code = self.stop()
            if self.task[0] < 0:
                raise InputError(f"graders: their processes do not start: {self._said}")
            return Failure("time" if late or code == -signal.SIGPROF else "crash")
        self.idle = True
        reply = json.loads(line)
        if reply.get("last"):
            self.stop()
        return Failure(reply["failed"]) if "failed" in reply else reply.get("result")

    def stop(self) -> int:
        """End the process, and return its exit code."""
        if self._process.poll() is None and not self.ended:
            self._process.kill()
        code = self._process.wait()
        self.ended, self.idle = True, False
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        if not self._errors.closed:
            self._errors.seek(0)
            lines = self._errors.read()[-4000:].decode(errors="replace").strip().splitlines()
            self._said = lines[-1] if lines else f"exit code {code}"
            self._errors.close()
        return code


def _processors() -> int:
    # A container may own fewer than the machine has, which only Linux tells.
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _environment() -> dict[str, str]:
    kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
    root = str(Path(__file__).parents[2])
    # Sets and dicts of text are walked in the same order in every process: a verdict is the same in each.
    fixed = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": root}
    return kept | fixed
