"""One of the processes of a parallel engine: it loads the model, and completes what it is handed.

Run by `beyondbase.engines.parallel` as a plain child process rather than by multiprocessing, which would run
the user's script a second time, and leave a process of its own behind. Ctrl-C does not reach it, because it
has a session of its own; it ends when it is told to, or when its parent is gone, whatever it is at.
"""

import gc
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from multiprocessing.connection import Connection
from typing import NoReturn

from beyondbase.engines.engine import Engine, EngineError, Request
from beyondbase.engines.single import start
from beyondbase.errors import InputError
from beyondbase.study.draw import Draw

# Completions that travel together.
_GROUP = 32
# Seconds between looks at whether the parent is there, and those to close the engine once it is not.
_PULSE, _PATIENCE = 0.5, 3.0


def main(arguments: Sequence[str]) -> None:
    """Serve a parent.

    Args:
        arguments: The handle of the pipe to it, and its process id.
    """
    handle, parent = map(int, arguments)
    # So that the engine is closed, which may have processes of its own.
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    try:
        serve(Connection(handle))
    finally:
        # A search for cycles among all that torch has loaded would hold up the end by a second.
        gc.freeze()


def serve(pipe: Connection) -> None:
    """Answer until the pipe ends."""
    with _telling(pipe):
        model, settings, revision, adapter = pipe.recv()
        engine = start(settings, model, revision=revision, adapter=adapter)
        # Here too: what is wrong is said before the engine is closed.
        with closing(engine), _undisturbed(), _telling(pipe):
            _answer(pipe, engine)


def _leave(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + signal.SIGTERM)


def _watch(parent: int) -> None:
    """End this process, and those that it started, soon after its parent."""
    while os.getppid() == parent:
        time.sleep(_PULSE)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE)
    # The processes of its own session, and nobody else's.
    os.killpg(os.getpid(), signal.SIGKILL)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let nothing but force stop what follows, because an engine half closed leaves processes behind."""
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


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


def _generate(pipe: Connection, engine: Engine, sampling: Draw) -> None:
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


if __name__ == "__main__":
    main(sys.argv[1:])
