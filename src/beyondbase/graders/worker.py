"""A process that looks at untrusted text: one JSON job a line in, one JSON answer a line out.

Run by `beyondbase.graders.pool`. Its task's libraries are loaded first. Then it gives up what it does not
need: memory beyond a limit, files to write, processes and connections to start, Python's hooks for them.
The processor time of each job is limited by the kernel, which needs no help from Python: a computation
that never returns to the interpreter ends too. The user's terminal and environment are not within reach.
The process ends with its parent.
"""

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, Any

_FORBIDDEN = ("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile")
_FORBIDDEN_FAMILIES = (
    "subprocess.",
    "socket.",
    "shutil.",
    "ftplib.",
    "smtplib.",
    "urllib.",
    "ctypes.",
    "os.putenv",
)
_CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.kill")
_MIB = 1 << 20
_PR_SET_PDEATHSIG = 1
# Seconds between looks at whether the parent is there.
_PULSE = 0.5

Do = Callable[[Any], Any]


def main() -> None:
    """Do jobs until the input ends."""
    order = json.loads(sys.argv[1])
    # Before memory and processes are limited, of which a thread takes some.
    _end_with(int(sys.argv[2]), tied=bool(sys.argv[3]))
    answers = _private_output()
    do: Do = importlib.import_module(order["task"]).prepare(order["settings"])
    memory = order["memory_mib"] * _MIB
    spent = _Spent(memory)
    _lock(memory)
    _say(answers, {"ready": True})
    for line in sys.stdin.buffer:
        answer = _answer(do, json.loads(line), order["seconds"])
        if spent.grew():
            # Libraries swallow a MemoryError and go on to say "unequal": such a no is no verdict.
            answer = (answer if answer.get("result") is True else {"failed": "memory"}) | {"last": True}
        _say(answers, answer)


def _end_with(parent: int, *, tied: bool) -> None:
    """Have this process end with its parent, whatever job it is at."""
    if tied and sys.platform == "linux":
        # Only the kernel ends a computation that never returns to Python.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PULSE)
    os._exit(1)


def _answer(do: Do, job: object, seconds: float) -> dict[str, Any]:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return {"result": do(job)}
    except MemoryError:
        return {"failed": "memory"}
    except Exception:  # noqa: BLE001 - whatever a library raises on hostile text costs this answer alone
        return {"failed": "crash"}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


class _Spent:
    """Watches the peak of resident memory, where the system shows it."""

    def __init__(self, memory: int) -> None:
        self._most = _memory("VmHWM") + memory // 2

    def grew(self) -> bool:
        return _memory("VmHWM") > self._most


def _memory(key: str) -> int:
    """Bytes of memory by a key of Linux's /proc/self/status; 0 on other systems."""
    if sys.platform == "linux":
        with open("/proc/self/status", encoding="ascii") as stream:  # noqa: PTH123 - pathlib is not needed here
            for line in stream:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) * 1024
    return 0


def _private_output() -> IO[bytes]:
    """Keep the way to the parent for answers alone: what libraries print goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return answers


def _say(answers: IO[bytes], answer: object) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _lock(memory: int) -> None:
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    sys.dont_write_bytecode = True
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    if sys.platform == "linux":
        limits |= {resource.RLIMIT_AS: _memory("VmSize") + memory, resource.RLIMIT_NPROC: 0}
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        writes = (isinstance(mode, str) and set(mode) & set("wax+")) or flags & (os.O_WRONLY | os.O_RDWR)
        if not writes:
            return
    elif event not in _FORBIDDEN and event not in _CHANGES and not event.startswith(_FORBIDDEN_FAMILIES):
        return
    raise PermissionError(f"a grading process does not do this: {event}")


if __name__ == "__main__":
    main()
