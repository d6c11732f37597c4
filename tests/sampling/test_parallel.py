"""Several processes that share one model's work: the same completions, and none outlives its use."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pipeline import done, drawn, make_models, plain, recipe, tables, write_tiny

from beyondbase.engines import EngineError, Request, TransformersSettings, VllmSettings, make_engine
from beyondbase.engines.gpus import VISIBLE, pin_xdist_worker, pinned, share_gpus, visible_gpus
from beyondbase.engines.parallel import ParallelEngine
from beyondbase.errors import InputError
from beyondbase.evidence.sampled_arm import sampled_arm
from beyondbase.sampling import draw as sampling
from beyondbase.study import Study
from beyondbase.study.draw import Draw

HOW = Draw(temperature=0.9, top_p=0.95, max_tokens=6)
TWO = {"engine": "transformers", "threads": 1, "batch_size": 8, "processes": 2}
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

    def lend(self) -> Any:
        """Give the engine, or a new one where its processes were ended."""
        if self._engine is None:
            before = children(os.getpid())
            self._engine = make_engine(TransformersSettings(**TWO), self._model)
            self.pids = children(os.getpid()) - before
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
            sampling.sample([sampled_arm(study, "sums", "base")], tell=kill_one)
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


@contextmanager
def running(study: Study) -> Iterator[subprocess.Popen[bytes]]:
    """Sample a study in a process that leads a group, as one of a terminal does; its log lies beside it."""
    arguments = [sys.executable, "-m", "beyondbase", "sample", "--study", str(study.path)]
    # Without GPUs, which would take torch seconds to look for.
    environment = {**os.environ, VISIBLE: ""}
    with (study.path.parent / "log").open("a") as log:
        run = subprocess.Popen(arguments, stderr=log, env=environment, start_new_session=True)  # noqa: S603 - ours
    with run:
        try:
            yield run
        finally:
            run.kill()


def said(study: Study) -> list[str]:
    """The lines in the log of such processes."""
    return (study.path.parent / "log").read_text(encoding="utf-8").splitlines()


def draws(study: Study) -> bool:
    """Whether a run has begun to store."""
    assert study.samples is not None
    return any(study.samples.glob("*/*/completions/*.parquet"))


@needs_proc
def test_no_process_outlives_a_killed_parent(tmp_path: Path, models: Path) -> None:
    """When the run is killed -9 in the middle of drawing, its processes end by themselves, and quietly."""
    study = write_study(tmp_path, models, n=5_000)
    with running(study) as run:
        wait_for(lambda: draws(study))
        started = children(run.pid)
    assert len(started) == 2
    wait_for(lambda: not any(map(is_alive, started)))
    assert not any("Traceback" in line for line in said(study))
    assert 10 <= len(drawn(study)) < 7 * 5_000


STOPPED = "stopped; what is done is stored: run the same command again, it goes on from here"


@needs_proc
@pytest.mark.parametrize("moment", ["start", "draw"])
def test_ctrl_c_is_answered_by_one_line(tmp_path: Path, models: Path, moment: str) -> None:
    """The processes of the engine say nothing to a ctrl-C, which reaches the whole group, and all end."""
    study = write_study(tmp_path, models, n=5_000)
    with running(study) as run:
        wait_for(lambda: len(children(run.pid)) == 2)
        started = children(run.pid)
        if moment == "draw":
            wait_for(lambda: draws(study))
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait(100) == 130
    assert not any(map(is_alive, started))
    assert said(study)[-1] == STOPPED
    assert all(line.startswith(("load base", "sample base on sums: 0 of")) for line in said(study)[:-1])


# A program whose engine has processes of its own, as vLLM has on GPUs, and takes no time to start.
PROGRAM = """
import os, signal, subprocess, sys, time
from pathlib import Path

from beyondbase.completions import Completion
from beyondbase.engines import EngineError, Request, TransformersSettings, parallel, worker
from beyondbase.study.draw import Draw

NOTES = Path(sys.argv[2])


class Made:
    name, version, tokenizer = "made", "1", None

    def __init__(self):
        # It keeps the pipe open, as a process does that is forked.
        self.child = subprocess.Popen(["sleep", "300"], pass_fds=[int(sys.argv[1])])
        (NOTES / f"{os.getpid()}.started").write_text(f"{os.getpid()} {self.child.pid}")

    def identity(self):
        return {}

    def generate(self, requests, sampling):
        for request in requests:
            if request.problem_id == "endless":
                if sys.argv[-1] == "deaf":
                    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
                (NOTES / "hangs").write_text(str(os.getpid()))
                time.sleep(300)
            yield Completion(
                problem_id=request.problem_id, index=request.index, seed=request.seed, text="", tokens=1,
                finish="stop", logprob=None, token_ids=None, token_logprobs=None,
            )

    def close(self):
        self.child.kill()
        self.child.wait()
        (NOTES / f"{os.getpid()}.closed").touch()


parallel._COMMAND = (sys.executable, __file__, "serve", str(NOTES), sys.argv[1])
parallel.load_tokenizer = lambda *_: None


def begin(engine):
    asked = [Request("p", i, i, "Hi") for i in range(32)] + [Request("endless", 0, 0, "Hi")]
    run = engine.generate(asked, Draw(temperature=1, max_tokens=1))
    next(run)
    while not (NOTES / "hangs").exists() or not (NOTES / "hangs").read_text():
        time.sleep(0.01)
    return run


if sys.argv[1] == "serve":
    sys.argv = [sys.argv[0], *sys.argv[4:], sys.argv[3]]
    worker.start = lambda *_, **__: Made()
    worker.main(sys.argv[1:3])
else:
    parallel._PATIENCE = float(sys.argv[3])
    engine = parallel.ParallelEngine("made", TransformersSettings(device="cpu", processes=2))
    if sys.argv[1] == "close":
        engine.close()
        engine.close()
    elif sys.argv[1] == "drop":
        del engine
        while len([*NOTES.glob("*.closed")]) < 2:
            time.sleep(0.01)
    elif sys.argv[1] in {"busy", "deaf"}:
        run = begin(engine)
    elif sys.argv[1] == "hold":
        run = begin(engine)
        time.sleep(300)
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


def run_program(folder: Path, ending: str) -> tuple[str, list[int], set[int]]:
    """Run the program; give what it says, the processes of its engine, and those that closed their part."""
    program = folder / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    # More patience with work that ends by itself than the test has.
    arguments = [sys.executable, str(program), ending, str(folder), "1000"]
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
def test_a_process_at_work_is_told_to_end(tmp_path: Path) -> None:
    """Nobody wants what it is at: it gets a signal at once, and still closes its part."""
    said, started, closed = run_program(tmp_path, "busy")
    assert said == "end\n"
    assert closed == {*started[::2]}
    wait_for(lambda: not any(map(is_alive, started)), seconds=10)


@needs_proc
def test_a_process_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    """So are the processes that it started, which it cannot close any more."""
    said, started, closed = run_program(tmp_path, "deaf")
    assert said == "end\n"
    assert len(closed) == 1
    wait_for(lambda: not any(map(is_alive, started)), seconds=10)


@needs_proc
def test_a_killed_process_is_missed_whatever_it_leaves_behind(tmp_path: Path) -> None:
    """A process that it started, which holds its end of the pipe, does not hold up the run, and ends too."""
    said, started, closed = run_program(tmp_path, "killed")
    assert said == "a process of the engine ended without a word, as for want of memory\nend\n"
    assert len(closed) == 1
    wait_for(lambda: not any(map(is_alive, started)), seconds=10)


@needs_proc
def test_kills_leave_nothing(tmp_path: Path) -> None:
    """Killed -9 at six moments, of start, rest or work, a program leaves no process of its engine behind."""
    program, moments = tmp_path / "program.py", random.Random(5)  # noqa: S311 - moments, no secret
    program.write_text(PROGRAM, encoding="utf-8")
    mark = f"{os.getpid()}:{tmp_path}"
    environment = {**os.environ, "BEYONDBASE_TEST_MARK": mark}
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        arguments = [sys.executable, str(program), "hold", str(folder), "1000"]
        with (
            (tmp_path / "err").open("a") as err,
            subprocess.Popen(arguments, stderr=err, env=environment) as run,  # noqa: S603 - ours
        ):
            wait_for(lambda: len(children(run.pid)) >= number % 3 * 2)  # noqa: B023 - called here only
            time.sleep(moments.random() * 0.3)
            run.kill()
    wait_for(lambda: not marked(mark))
    assert not (tmp_path / "err").read_text(encoding="utf-8")


def marked(mark: str) -> list[int]:
    """The processes that have a mark in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


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
