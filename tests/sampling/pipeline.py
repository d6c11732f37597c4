"""Studies that are sampled from tiny models, the commands on them, and runs of these that can be killed."""

import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Self

import pytest
from study_factory import write_tables
from tiny_model import make_tiny
from typer.testing import CliRunner, Result

from beyondbase.cli import app
from beyondbase.completions import Completion
from beyondbase.engines import Request
from beyondbase.evidence.sampled_arm import sampled_arms
from beyondbase.sampling import start as starting
from beyondbase.store import SampleSet, set_folder
from beyondbase.study import Study
from beyondbase.study.draw import Draw

Row = Mapping[str, Any]
Drawn = dict[tuple[str, int], Completion]
TESTS = Path(__file__).parents[1]
# Every third token ends a completion, so that tiny models give short answers, some of them twice.
ENDS = [*range(3, 400, 3)]


def make_models(folder: Path) -> Path:
    """Write two tiny models, named base and rl."""
    for seed, name in enumerate(("base", "rl")):
        make_tiny(folder / name, seed=seed, layers=1)
    return folder


def questions(count: int, *, word: str = "plus") -> list[Row]:
    """Some problems."""
    return [
        {"id": f"p{i}", "question": f"What is {i} {word} {i}?", "answer": str(2 * i)} for i in range(count)
    ]


def write_problems(path: Path, rows: Iterable[Row]) -> None:
    """Write the problems of a task."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def tables(models: Path) -> dict[str, Any]:
    """What a study of two arms on two tasks says."""
    table = {"id": "id", "answers": "text", "grading": {"extract": ["whole"]}}
    return {
        "id": "tiny",
        "title": "Two tiny models",
        "source": "made on the spot",
        "evidence": {"samples": "samples"},
        "sampling": {"n": 4, "max_tokens": 5, "batch": 7, "stop_token_ids": ENDS},
        "engine": {"engine": "transformers", "threads": 1, "batch_size": 8},
        "health": {"truncated": 1.0, "unparsed": 1.0, "empty": 1.0},
        "tasks": {"sums": {}, "more sums": {}},
        "problems": {"sums": {"file": "sums.jsonl"} | table, "more sums": {"file": "more.jsonl"} | table},
        "arms": {
            "base": {"role": "base", "model": str(models / "base")},
            "rl": {"role": "rl", "model": str(models / "rl")},
        },
    }


def write_tiny(folder: Path, models: Path, **changed: Any) -> Study:
    """Write a study of tiny models beside its problems, and load it; a table None is left out."""
    if not (folder / "sums.jsonl").exists():
        write_problems(folder / "sums.jsonl", questions(5))
        write_problems(folder / "more.jsonl", questions(3, word="and"))
    content = tables(models) | changed
    return write_tables(folder, {name: table for name, table in content.items() if table is not None})


def recipe(**changed: Any) -> dict[str, Any]:
    """The table [sampling] of a tiny study, with some keys changed."""
    return tables(Path())["sampling"] | changed


def command(name: str, study: Study, *options: str) -> Result:
    """Run a command of beyondbase in this process; what is no planned end is raised."""
    result = CliRunner().invoke(app, [name, "--study", str(study.path), *options])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def done(name: str, study: Study, *options: str) -> str:
    """Run a command that must succeed, and return what it printed."""
    result = command(name, study, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(name: str, study: Study, *options: str, code: int = 2) -> str:
    """Run a command that must fail in one line, and return this line."""
    result = command(name, study, *options)
    assert result.exit_code == code, result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith(("error: ", "stopped; "))]
    assert result.stderr.splitlines()[-1:] == lines
    return lines[0]


def store_of(study: Study, arm: str = "base", task: str = "sums") -> SampleSet:
    """Open a sample set of a study for reading."""
    assert study.samples is not None
    return SampleSet.read(set_folder(study.samples, task, arm))


def drawn(study: Study, arm: str = "base", task: str = "sums") -> Drawn:
    """Read a sample set of a study; no completion may be there twice."""
    found = [item for batch in store_of(study, arm, task).completions() for item in batch]
    by_key = {(item.problem_id, item.index): item for item in found}
    assert len(by_key) == len(found)
    return by_key


def all_drawn(study: Study) -> dict[tuple[str, str], Drawn]:
    """Read all sample sets of a study."""
    return {arm.key: drawn(study, arm.arm, arm.task) for arm in sampled_arms(study)}


def plain(found: Drawn) -> dict[tuple[str, int], tuple[Any, ...]]:
    """What of completions hangs on their seeds alone, without rounding."""
    return {key: (item.seed, item.text, item.tokens, item.finish) for key, item in found.items()}


def shards(study: Study) -> dict[Path, bytes]:
    """Read the bytes of all shards of completions of a study."""
    assert study.samples is not None
    return {path: path.read_bytes() for path in study.samples.glob("*/*/completions/*.parquet")}


class Spy:
    """An engine that notes what it is asked for.

    Attributes:
        asked: Problem and index of each request, and whether its tokens are kept, in their order.
        scored: How many continuations were scored.
        closed: Whether it was let go.
    """

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.name, self.version, self.tokenizer = engine.name, engine.version, engine.tokenizer
        self.asked: list[tuple[str, int, bool]] = []
        self.scored = 0
        self.closed = False

    def identity(self) -> Mapping[str, Any]:
        """As the engine."""
        found: Mapping[str, Any] = self.engine.identity()
        return found

    def generate(self, requests: Iterable[Request], how: Draw) -> Iterator[Completion]:
        """As the engine, with notes."""

        def noted() -> Iterator[Request]:
            for request in requests:
                self.asked.append((request.problem_id, request.index, how.keep_tokens))
                yield request

        yield from self.engine.generate(noted(), how)

    def score(
        self, prompts: Sequence[Any], continuations: Sequence[Any], *, temperature: float = 1.0
    ) -> list[tuple[float, ...]]:
        """As the engine, with notes."""
        self.scored += len(prompts)
        found: list[tuple[float, ...]] = self.engine.score(prompts, continuations, temperature=temperature)
        return found

    def close(self) -> None:
        """As the engine, with notes."""
        self.closed = True
        self.engine.close()


def spied(monkeypatch: pytest.MonkeyPatch) -> list[Spy]:
    """Note what all engines are asked for that are made from now on."""
    made: list[Spy] = []
    real = starting.make_engine

    def make(*arguments: Any, **options: Any) -> Spy:
        made.append(Spy(real(*arguments, **options)))
        return made[-1]

    monkeypatch.setattr(starting, "make_engine", make)
    return made


class Puppet:
    """An engine without a model, which says what a test wants.

    Args:
        say: Gives the text of a completion by problem and index.
    """

    name, version, tokenizer = "puppet", "1", None

    def __init__(self, say: Callable[[str, int], str]) -> None:
        self._say = say

    def identity(self) -> Mapping[str, Any]:
        """Nothing of interest."""
        return {"model": "puppet", "weights": None, "engine": self.name}

    def generate(self, requests: Iterable[Request], how: Draw) -> Iterator[Completion]:
        """Say what is wanted, one completion after the other."""
        for request in requests:
            yield Completion(
                problem_id=request.problem_id,
                index=request.index,
                seed=request.seed,
                text=self._say(request.problem_id, request.index),
                tokens=how.max_tokens,
                finish="stop",
                logprob=-1.0,
                token_ids=None,
                token_logprobs=None,
            )

    def score(
        self, prompts: Sequence[Any], continuations: Sequence[Any], *, temperature: float = 1.0
    ) -> list[tuple[float, ...]]:
        """Find everything equally likely, at any temperature."""
        del temperature
        return [(-1.0, -0.5) for _ in zip(prompts, continuations, strict=True)]

    def close(self) -> None:
        """Let go of nothing."""


def played(monkeypatch: pytest.MonkeyPatch, say: Callable[[str, int], str]) -> None:
    """Put a puppet in the place of all engines; every arm's model must be called puppet."""
    monkeypatch.setattr(starting, "make_engine", lambda *_, **__: Puppet(say))


PUPPETS = {"base": {"role": "base", "model": "puppet"}, "rl": {"role": "rl", "model": "puppet"}}


class Zygote:
    """A process that has imported all libraries, and forks off runs of `python -m beyondbase`."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        self._process = subprocess.Popen(  # noqa: S603 - this very file
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._running: set[int] = set()

    def start(self, log: Path, *arguments: str, largest: int | None = None) -> int:
        """Start a run, and return its process id.

        Args:
            log: Takes what it prints.
            arguments: Those of beyondbase.
            largest: So many bytes may a file have.
        """
        pid = self._ask({"run": arguments, "log": str(log), "largest": largest})
        self._running.add(pid)
        return pid

    def wait(self, pid: int) -> int:
        """Wait for a run to end; returns its exit code, or the negative number of what killed it."""
        self._running.discard(pid)
        return self._ask({"wait": pid})

    def kill(self, pid: int, number: int = signal.SIGKILL) -> int:
        """Send a signal to a run, and wait for its end."""
        os.kill(pid, number)
        return self.wait(pid)

    def _ask(self, order: Mapping[str, Any]) -> int:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        return int(stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in [*self._running]:
            self.kill(pid)
        self._process.communicate()


@contextmanager
def warm() -> Iterator[Zygote]:
    """Have such a process."""
    with Zygote() as zygote:
        yield zygote


def _serve_forks() -> None:
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        # What a first run imports takes longer than all that a test does.
        done("sample", write_tiny(Path(folder), make_models(Path(folder) / "models")))
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        else:
            answer = os.fork()
            if not answer:
                _be_beyondbase(order)
        print(answer, flush=True)  # noqa: T201 - the answer


def _be_beyondbase(order: Mapping[str, Any]) -> None:
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream, handle in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
        os.dup2(handle, stream)
    # Whoever started the tests may have had it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if order["largest"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest"], resource.RLIM_INFINITY))
    sys.argv = ["beyondbase", *order["run"]]
    code: Any = 0
    try:
        runpy.run_module("beyondbase", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:  # noqa: BLE001 - a test looks at the log
        traceback.print_exc()
        code = 99
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve_forks()
