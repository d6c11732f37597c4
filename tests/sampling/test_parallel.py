"""Several processes that share one model's work: the same completions, and none outlives its use."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pipeline import done, drawn, make_models, plain, recipe, tables, write_tiny

from beyondbase import sampling
from beyondbase.engines import EngineError, Request, TransformersSettings, VllmSettings, make_engine
from beyondbase.engines import Sampling as Drawing
from beyondbase.engines.gpus import VISIBLE, pin_xdist_worker, pinned, share_gpus, visible_gpus
from beyondbase.engines.parallel import ParallelEngine
from beyondbase.errors import InputError
from beyondbase.study import Study

HOW = Drawing(temperature=0.9, top_p=0.95, max_tokens=6)
TWO = {"engine": "transformers", "threads": 1, "batch_size": 8, "processes": 2}
PRELOADED = ["beyondbase.engines.parallel", "beyondbase.engines.transformers_engine"]
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two tiny models."""
    return make_models(tmp_path_factory.mktemp("models"))


class Lent:
    """A parallel engine that tests share, because its processes take seconds to start.

    Attributes:
        pids: The processes of the engine that was lent last.
    """

    def __init__(self, models: Path) -> None:
        self._model, self._engine = str(models / "base"), None
        self.pids: set[int] = set()
        # Processes that have the libraries already; those of a user are spawned.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["transformers.models.llama.modeling_llama", *PRELOADED])

    def lend(self) -> Any:
        """Give the engine, or a new one where its processes were ended."""
        if self._engine is None:
            before = {child.pid for child in multiprocessing.active_children()}
            with pytest.MonkeyPatch.context() as context:
                warm_starts = SimpleNamespace(get_context=lambda _: self._context)
                context.setattr("beyondbase.engines.parallel.multiprocessing", warm_starts)
                self._engine = make_engine(TransformersSettings(**TWO), self._model)
            started = {child.pid for child in multiprocessing.active_children()} - before
            self.pids = {pid for pid in started if pid is not None}
        return self._engine

    def end(self) -> None:
        """Let go of it, after which none of its processes is left."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        assert not any(map(is_alive, self.pids))


@pytest.fixture(scope="module")
def lent(models: Path) -> Iterator[Lent]:
    """The engine of two processes."""
    owner = Lent(models)
    yield owner
    owner.end()


@pytest.fixture(scope="module")
def single(models: Path) -> Any:
    """The engine of one process."""
    return make_engine(TransformersSettings(threads=1, batch_size=8), str(models / "base"))


def parents() -> dict[int, int]:
    """The parent of every process that is no zombie."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            found[int(path.parent.name)] = int(parent)
    return found


def children(pid: int) -> set[int]:
    """The processes that a process has started, and those that these have."""
    known, found = parents(), {pid}
    while more := {child for child, parent in known.items() if parent in found} - found:
        found |= more
    return found - {pid}


def is_alive(pid: int) -> bool:
    """Whether a process runs."""
    return pid in parents()


def wait_for(ready: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until something has come about."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.02)


def requests(count: int) -> list[Request]:
    """Some requests of different problems and seeds."""
    return [Request(f"p{i % 7}", i // 7, 1000 + i, f"What is {i % 7} plus {i % 3}?") for i in range(count)]


def by_key(completions: Any) -> dict[tuple[str, int], Any]:
    """Completions by problem and number; none may come twice."""
    found: dict[tuple[str, int], Any] = {}
    for one in completions:
        assert (one.problem_id, one.index) not in found
        found[one.problem_id, one.index] = one
    return found


@needs_proc
def test_two_processes_draw_what_one_draws(lent: Lent, single: Any) -> None:
    """Texts are the same, log-probabilities up to rounding, and so is the identity of the set."""
    engine = lent.lend()
    assert isinstance(engine, ParallelEngine)
    assert len(lent.pids) == 2
    assert engine.identity() == single.identity()
    assert (engine.name, engine.version) == (single.name, single.version)
    for count in (0, 1, 150):
        found = by_key(engine.generate(requests(count), HOW))
        wanted = by_key(single.generate(requests(count), HOW))
        assert plain(found) == plain(wanted)
        assert all(found[key].logprob == pytest.approx(one.logprob, abs=1e-4) for key, one in wanted.items())


@needs_proc
def test_two_processes_score_what_one_scores(lent: Lent, single: Any) -> None:
    """Scores come back in the order of the prompts, whoever computed them."""
    prompts = [f"What is {i}?" for i in range(5)]
    texts: list[Any] = ["It is 1.", (40, 41, 42), " 7", "The sum of 12", (5,)]
    for size in (0, 1, 5):
        found = lent.lend().score(prompts[:size], texts[:size], temperature=0.7)
        wanted = single.score(prompts[:size], texts[:size], temperature=0.7)
        assert [len(one) for one in found] == [len(one) for one in wanted]
        for ours, theirs in zip(found, wanted, strict=True):
            assert ours == pytest.approx(theirs, abs=1e-4)


@needs_proc
def test_a_reader_that_leaves_early_spoils_nothing(lent: Lent, single: Any) -> None:
    """What was drawn for a reader that left is not handed to the next one."""
    engine = lent.lend()
    run = engine.generate(requests(150), HOW)
    next(run)
    run.close()
    others = [Request("other", i, i, "And 2?") for i in range(20)]
    assert plain(by_key(engine.generate(others, HOW))) == plain(by_key(single.generate(others, HOW)))


@needs_proc
def test_a_mistake_in_a_request_is_the_users(lent: Lent) -> None:
    """A prompt that is too long is refused by its problem's name, as by one process."""
    engine = lent.lend()
    with pytest.raises(InputError, match=r'problem "long": found a prompt of \d+ tokens'):
        list(engine.generate([Request("long", 0, 1, "x y " * 600)], HOW))
    lent.end()


@needs_proc
def test_a_killed_process_ends_the_run(
    tmp_path: Path, models: Path, lent: Lent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill -9 in the middle is the engine's failure; what came before is stored, and a next run goes on."""
    engine, alive = lent.lend(), [*lent.pids]
    study = write_study(tmp_path, models, n=40)

    def kill_one(at: sampling.Progress) -> None:
        if at.done >= 20 and len(alive) == 2:
            os.kill(alive.pop(), signal.SIGKILL)

    with monkeypatch.context() as context:
        context.setattr(sampling, "start_engine", lambda *_: engine)
        with pytest.raises(EngineError, match="ended without a word, as for want of memory"):
            sampling.sample(study, [("sums", "base")], tell=kill_one)
    found = drawn(study)
    assert 20 <= len(found) < 7 * 40
    # The run let go of the engine.
    lent.end()
    one = write_study(tmp_path, models, n=40, processes=1)
    done("sample", one)
    assert plain(drawn(one)).items() >= plain(found).items()
    assert len(drawn(one)) == 7 * 40


@needs_proc
@pytest.mark.parametrize("doing", ["generate", "score"])
def test_a_process_that_died_at_rest_is_an_engines_failure(lent: Lent, doing: str) -> None:
    """Between two tasks, too, a process that is gone ends the run without a traceback."""
    engine = lent.lend()
    os.kill(max(lent.pids), signal.SIGKILL)
    wait_for(lambda: not is_alive(max(lent.pids)))
    tasks: dict[str, Callable[[], object]] = {
        "generate": lambda: list(engine.generate(requests(30), HOW)),
        "score": lambda: engine.score(["a", "b"], ["c", "d"]),
    }
    with pytest.raises(EngineError, match="ended without a word"):
        tasks[doing]()
    lent.end()


def write_study(folder: Path, models: Path, *, n: int, processes: int = 2) -> Study:
    """Write a study of one set that is drawn by several processes."""
    content = tables(models)
    study = {"tasks": {"sums": {}}, "problems": {"sums": content["problems"]["sums"]}}
    rows = [f'{{"id": "p{i}", "question": "What is {i}?", "answer": "{i}"}}\n' for i in range(7)]
    (folder / "sums.jsonl").write_text("".join(rows), encoding="utf-8")
    return write_tiny(
        folder,
        models,
        engine=TWO | {"processes": processes},
        sampling=recipe(n=n, batch=10),
        arms={"base": content["arms"]["base"]},
        **study,
    )


@needs_proc
def test_no_process_outlives_a_killed_parent(tmp_path: Path, models: Path) -> None:
    """When the run is killed -9 in the middle of drawing, its processes end by themselves, and quietly."""
    study, log = write_study(tmp_path, models, n=5_000), tmp_path / "log"
    assert study.samples is not None
    folder = study.samples
    arguments = [sys.executable, "-m", "beyondbase", "sample", "--study", str(study.path)]
    # Without GPUs, which would take torch seconds to look for.
    environment = {**os.environ, VISIBLE: ""}
    with log.open("w") as stream, subprocess.Popen(arguments, stderr=stream, env=environment) as run:  # noqa: S603 - our own module
        try:
            wait_for(lambda: any(folder.glob("*/*/completions/*.parquet")))
            started = children(run.pid)
        finally:
            run.kill()
    assert len(started) >= 2
    wait_for(lambda: not any(map(is_alive, started)))
    assert "Traceback" not in log.read_text(encoding="utf-8")
    assert 10 <= len(drawn(study)) < 7 * 5_000


# A program whose engine has processes of its own, as vLLM has on GPUs, and takes no time to start.
PROGRAM = """
import multiprocessing, os, signal, sys, time
from pathlib import Path

from beyondbase.completions import Completion
from beyondbase.engines import EngineError, Request, Sampling, TransformersSettings, parallel

NOTES = Path(sys.argv[2])


class Made:
    name, version, tokenizer = "made", "1", None

    def __init__(self):
        self.child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(300,), daemon=True)
        self.child.start()
        (NOTES / f"{os.getpid()}.started").write_text(f"{os.getpid()} {self.child.pid}")

    def identity(self):
        return {}

    def generate(self, requests, sampling):
        for request in requests:
            if request.problem_id == "endless":
                (NOTES / "hangs").write_text(str(os.getpid()))
                time.sleep(300)
            yield Completion(
                problem_id=request.problem_id, index=request.index, seed=request.seed, text="", tokens=1,
                finish="stop", logprob=None, token_ids=None, token_logprobs=None,
            )

    def close(self):
        self.child.kill()
        self.child.join()
        (NOTES / f"{os.getpid()}.closed").touch()


parallel.start = lambda *_, **__: Made()
parallel.load_tokenizer = lambda *_: None


def begin(engine):
    asked = [Request("p", i, i, "Hi") for i in range(32)] + [Request("endless", 0, 0, "Hi")]
    run = engine.generate(asked, Sampling(temperature=1, max_tokens=1))
    next(run)
    while not (NOTES / "hangs").exists() or not (NOTES / "hangs").read_text():
        time.sleep(0.01)
    return run


if __name__ == "__main__":
    parallel._PATIENCE = float(sys.argv[3])
    engine = parallel.ParallelEngine("made", TransformersSettings(device="cpu", processes=2))
    if sys.argv[1] == "close":
        engine.close()
        engine.close()
    elif sys.argv[1] == "drop":
        del engine
        while len([*NOTES.glob("*.closed")]) < 2:
            time.sleep(0.01)
    elif sys.argv[1] == "busy":
        run = begin(engine)
    elif sys.argv[1] == "killed":
        run = begin(engine)
        os.kill(int((NOTES / "hangs").read_text()), signal.SIGKILL)
        try:
            print(len([*run]))
        except EngineError as error:
            print(error)
        engine.close()
    print("end")
"""


def run_program(folder: Path, ending: str, *, patience: float = 60) -> tuple[str, list[int], set[int]]:
    """Run the program; give what it says, the processes of its engine, and those that closed their part."""
    program = folder / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    arguments = [sys.executable, str(program), ending, str(folder), str(patience)]
    # Of a process that is left behind, the end of the output would be waited for in vain.
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        done = subprocess.run(arguments, stdout=out, stderr=err, timeout=100, check=False)  # noqa: S603 - ours
    errors = (folder / "err").read_text(encoding="utf-8")
    assert (done.returncode, errors) == (0, "")
    started = [int(pid) for path in folder.glob("*.started") for pid in path.read_text().split()]
    assert len(started) == 4
    closed = {int(path.stem) for path in folder.glob("*.closed")}
    return (folder / "out").read_text(encoding="utf-8"), started, closed


@needs_proc
@pytest.mark.parametrize("ending", ["close", "forget", "drop"])
def test_engines_with_processes_of_their_own_are_closed(tmp_path: Path, ending: str) -> None:
    """Closed, forgotten until the program ends, or let go of: each part is closed, and nothing is left."""
    said, started, closed = run_program(tmp_path, ending)
    assert said == "end\n"
    assert closed == {*started[::2]}
    wait_for(lambda: not any(map(is_alive, started)), seconds=10)


@needs_proc
def test_a_process_that_hangs_is_told_to_end(tmp_path: Path) -> None:
    """Beyond the patience for the end of its work it gets a signal, and still closes its part."""
    said, started, closed = run_program(tmp_path, "busy", patience=1)
    assert said == "end\n"
    assert closed == {*started[::2]}
    wait_for(lambda: not any(map(is_alive, started)), seconds=10)


@needs_proc
def test_a_killed_process_is_missed_whatever_it_leaves_behind(tmp_path: Path) -> None:
    """A process that it started may keep its end of the pipe open; the run ends all the same."""
    said, started, closed = run_program(tmp_path, "killed")
    orphans = [pid for pid in started if is_alive(pid)]
    for pid in orphans:
        os.kill(pid, signal.SIGKILL)
    assert said == "a process of the engine ended without a word, as for want of memory\nend\n"
    assert (len(orphans), len(closed)) == (1, 1)


# What follows needs no process.


@pytest.mark.parametrize(
    ("named", "gpus"),
    [
        ("0,1,3", ["0", "1", "3"]),
        (" 2 , GPU-abc ", ["2", "GPU-abc"]),
        ("", []),
        ("-1", []),
        ("0,-1,1", ["0"]),
    ],
)
def test_gpus_are_those_that_the_variable_names(
    monkeypatch: pytest.MonkeyPatch, named: str, gpus: list[str]
) -> None:
    """CUDA_VISIBLE_DEVICES counts, by number or name, up to the first that is none, as for CUDA itself."""
    monkeypatch.setenv(VISIBLE, named)
    assert visible_gpus() == gpus


def test_without_the_variable_all_gpus_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then torch is asked how many there are."""
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    assert visible_gpus() == ["0", "1", "2"]


def test_gpus_are_dealt_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No two processes get the same GPU; without any, each process gets none."""
    assert share_gpus(["a", "b", "c", "d", "e"], processes=2, each=2) == [["a", "b"], ["c", "d"]]
    assert share_gpus(["a", "b"], processes=2, each=1) == [["a"], ["b"]]
    assert share_gpus([], processes=3, each=2) == [[], [], []]
    monkeypatch.setenv(VISIBLE, "0,1,2")
    with pytest.raises(InputError) as caught:
        make_engine(VllmSettings(processes=2, tensor_parallel=2), "made/model")
    assert str(caught.value) == "[engine] processes: found 2 with 2 GPUs each, but 3 to use; use at most 1"
    with pytest.raises(InputError, match="found 4 with 1 GPU each, but 3 to use; use at most 3"):
        make_engine(TransformersSettings(processes=4), "made/model")


def test_pins_end_with_their_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within, a process sees its GPUs only; afterwards the variable is what it was, or not there."""
    monkeypatch.setenv(VISIBLE, "0,1")
    with pinned(["1"]):
        assert os.environ[VISIBLE] == "1"
        with pinned([]):
            assert os.environ[VISIBLE] == "1"
    assert os.environ[VISIBLE] == "0,1"
    monkeypatch.delenv(VISIBLE)
    with pinned(["0", "1"]):
        assert os.environ[VISIBLE] == "0,1"
    assert VISIBLE not in os.environ


@pytest.mark.parametrize(
    ("worker", "before", "after"),
    [("gw0", "4,5", "4"), ("gw3", "4,5", "5"), ("gw1", "7", "7"), ("gw1", "", ""), ("", "4,5", "4,5")],
)
def test_each_worker_of_xdist_has_its_gpu(
    monkeypatch: pytest.MonkeyPatch, worker: str, before: str, after: str
) -> None:
    """Workers take GPUs in turn, and keep theirs when asked again; a run without workers keeps all."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
    monkeypatch.setenv(VISIBLE, before)
    for _ in range(2):
        pin_xdist_worker()
        assert os.environ[VISIBLE] == after


def test_a_single_gpu_cannot_be_named_for_several_processes(models: Path) -> None:
    """One GPU by name and several processes contradict each other; the message says what to write."""
    settings = TransformersSettings(device="cuda:1", processes=2)
    with pytest.raises(InputError, match=r'\[engine\] device: found "cuda:1" with processes = 2; use "auto"'):
        make_engine(settings, str(models / "base"))


def test_processes_on_a_cpu_take_no_gpu(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    """With device = "cpu" it does not matter how many GPUs there are."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with closing(
        make_engine(TransformersSettings(device="cpu", processes=2), str(models / "base"))
    ) as engine:
        assert engine.identity()["device"] == "cpu"
