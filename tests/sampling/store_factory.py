"""Sample sets for tests: completions that know their own seed, and writers in processes of their own."""

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from beyondbase.completions import Completion, Grade, Graded
from beyondbase.errors import InputError
from beyondbase.store import SampleSet, seed_of

IDENTITY: dict[str, Any] = {
    "model": {"id": "Qwen/Qwen2.5-7B", "revision": "abc"},
    "sampling": {"temperature": 0.6, "top_p": 0.95, "max_tokens": 512, "stop": ["\n"]},
}
GRADER = ("exact", "1.0")
PROBLEMS, N, BATCH = 40, 1_000, 13

Key = tuple[str, int]


def made(store: SampleSet, name: str, index: int, **fields: Any) -> Completion:
    """Make a completion that a set takes."""
    seed = seed_of(store.fingerprint, name, index)
    usual = {"text": f"{name} {index}", "tokens": 3, "finish": "stop", "logprob": -1.5}
    whole = usual | {"seed": seed, "token_ids": None, "token_logprobs": None} | fields
    return Completion(problem_id=name, index=index, **whole)


def filled(folder: Path, *batches: Iterable[Key]) -> SampleSet:
    """Write batches of completions, a shard each, and return the set for reading."""
    with SampleSet.open(folder, IDENTITY) as store:
        for batch in batches:
            store.append([made(store, *key) for key in batch])
    return SampleSet.read(folder)


def graded(folder: Path, *batches: Iterable[Key], outcome: Grade = "correct") -> SampleSet:
    """Write batches of completions that all have one outcome."""
    filled(folder, *batches)
    with SampleSet.read(folder) as store:
        for batch in batches:
            store.append_grades(*GRADER, [Graded(*key, outcome, "42") for key in batch])
    return store


def stored(store: SampleSet) -> list[Completion]:
    """Read all completions, by problem and index."""
    found = (item for batch in store.completions() for item in batch)
    return sorted(found, key=lambda item: (item.problem_id, item.index))


def keys(store: SampleSet) -> list[Key]:
    """Read which completions there are."""
    return [(item.problem_id, item.index) for item in stored(store)]


def shards(folder: Path) -> list[Path]:
    """List the shards of completions."""
    return sorted((folder / "completions").glob("*.parquet"))


def start(
    target: Callable[..., None], *arguments: object, **options: object
) -> tuple[ForkServerProcess, Connection]:
    """Run a function of this module in a process of its own; returns it and the end of a pipe to it."""
    # A server that has the libraries already, because they take seconds to import.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["beyondbase.store"])
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments), kwargs=options)
    process.start()
    theirs.close()
    return process, ours


def write_on(pipe: Connection, folder: Path) -> None:
    """Sample until the end or until killed, and tell of every batch that was stored."""
    with SampleSet.open(folder, IDENTITY) as store:
        pipe.send("open")
        batch = []
        for key in store.wanted([str(i) for i in range(PROBLEMS)], N):
            batch.append(made(store, *key, text="x" * 200))
            if len(batch) == BATCH:
                store.append(batch)
                pipe.send(BATCH)
                batch = []


def hold(pipe: Connection, folder: Path, wait: float) -> None:
    """Hold a set until told otherwise."""
    with SampleSet.open(folder, IDENTITY, wait=wait):
        pipe.send("open")
        pipe.recv()


def hold_with_child(pipe: Connection, folder: Path) -> None:
    """Hold a set, and fork a child that outlives this process."""
    with SampleSet.open(folder, IDENTITY):
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
        pipe.send(child)
        pipe.recv()


def die_within(_: Connection, folder: Path, name: str, call: int, *, before: bool) -> None:
    """Store a batch, but be killed around some call of a function of os."""
    store = SampleSet.open(folder, IDENTITY)
    real, calls = getattr(os, name), []

    def deadly(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        last = len(calls) == call
        if last and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(os, name, deadly)
    store.append([made(store, "b", index) for index in range(5)])


def write_limited(pipe: Connection, folder: Path) -> None:
    """Store a batch that is larger than a file may be, then one that is not."""
    with SampleSet.open(folder, IDENTITY) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, resource.RLIM_INFINITY))
        try:
            store.append([made(store, "b", index, text=os.urandom(9_000).hex()) for index in range(3)])
        except InputError as error:
            pipe.send(str(error))
        store.append([made(store, "c", 0)])
