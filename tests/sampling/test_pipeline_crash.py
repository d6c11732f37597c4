"""Sampling that is killed, stopped, left by its server or the disk: nothing is lost, doubled or wrong."""

import errno
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pipeline import (
    PUPPETS,
    Drawn,
    Zygote,
    done,
    drawn,
    make_models,
    plain,
    played,
    questions,
    recipe,
    refused,
    spied,
    store_of,
    tables,
    warm,
    write_problems,
    write_tiny,
)
from tiny_server import MODEL, TinyServer, serve

from beyondbase.engines import Request, TransformersSettings, make_engine
from beyondbase.evidence.load import load_evidence
from beyondbase.sampling import start as starting
from beyondbase.store import durable, seed_of
from beyondbase.study import Study
from beyondbase.study.draw import Draw

KILLS = 20


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two tiny models."""
    return make_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """What starts runs of `python -m beyondbase` in no time."""
    with warm() as running:
        yield running


def write_long(folder: Path, models: Path, *, n: int) -> Study:
    """Write a study of one long set that is stored in small batches."""
    write_problems(folder / "sums.jsonl", questions(30))
    content = tables(models)
    return write_tiny(
        folder,
        models,
        sampling=recipe(n=n, max_tokens=3, batch=5),
        tasks={"sums": {}},
        problems={"sums": content["problems"]["sums"]},
        arms={"base": content["arms"]["base"]},
    )


def sampled(zygote: Zygote, study: Study, **limits: Any) -> int:
    """Start `beyondbase sample` on a study, in a process of its own."""
    return zygote.start(log_of(study), "sample", "--study", str(study.path), **limits)


def log_of(study: Study) -> Path:
    """What such processes print."""
    return study.path.parent / "log"


def wait_for(ready: Callable[[], bool]) -> None:
    """Wait until something has come about."""
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.005)


def count(study: Study) -> int:
    """Count the shards of a study, also of one that has no folder yet."""
    assert study.samples is not None
    return sum(1 for _ in study.samples.glob("*/*/completions/*.parquet"))


def whole(study: Study, *, problems: int, n: int) -> Drawn:
    """Read a set that must be complete, each completion with its own seed."""
    found = drawn(study)
    assert found.keys() == {(f"p{i}", j) for i in range(problems) for j in range(n)}
    mark = store_of(study).fingerprint
    assert all(item.seed == seed_of(mark, *key) for key, item in found.items())
    return found


def test_twenty_kills_change_nothing(tmp_path: Path, models: Path, zygote: Zygote) -> None:
    """Killed -9 at twenty moments and run again each time, a set ends as if it had never been killed."""
    moments = random.Random(11)  # noqa: S311 - moments, no secret
    killed = write_long(tmp_path / "killed", models, n=20)
    sizes = [0]
    for _ in range(KILLS):
        least = count(killed) + moments.randrange(1, 3)
        pid = sampled(zygote, killed)
        wait_for(lambda: count(killed) >= least)  # noqa: B023 - called here only
        time.sleep(moments.random() * 0.02)
        assert zygote.kill(pid) == -signal.SIGKILL
        sizes.append(len(drawn(killed)))
    assert sizes == sorted(set(sizes))
    assert sizes[-1] < 30 * 20
    assert zygote.wait(sampled(zygote, killed)) == 0
    found = whole(killed, problems=30, n=20)
    other = write_long(tmp_path / "whole", models, n=20)
    assert zygote.wait(sampled(zygote, other)) == 0
    wanted = whole(other, problems=30, n=20)
    assert plain(found) == plain(wanted)
    for key, item in found.items():
        assert item.logprob == pytest.approx(wanted[key].logprob, abs=1e-4)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_says_how_to_go_on(
    tmp_path: Path, models: Path, zygote: Zygote, number: signal.Signals
) -> None:
    """Ctrl-C, and SIGTERM as of batch systems, end with 130 and one line; the same command then goes on."""
    study = write_long(tmp_path, models, n=20)
    pid = sampled(zygote, study)
    wait_for(lambda: count(study) > 1)
    stored = len(drawn(study))
    assert zygote.kill(pid, number) == 130
    lines = log_of(study).read_text(encoding="utf-8").splitlines()
    said = "stopped; what is done is stored: run the same command again, it goes on from here"
    assert lines[-1] == said
    assert not any(line.startswith("Traceback") for line in lines)
    assert stored <= len(drawn(study)) < 30 * 20
    assert zygote.wait(sampled(zygote, study)) == 0
    whole(study, problems=30, n=20)


def interrupted(monkeypatch: pytest.MonkeyPatch, number: signal.Signals, *, after: int) -> None:
    """Have a signal come once so many completions were drawn, while the engine is at the next."""
    real = starting.make_engine

    def make(*arguments: Any, **options: Any) -> Any:
        engine = real(*arguments, **options)
        generate = engine.generate

        def stopped(requests: Iterator[Request], how: Draw) -> Iterator[Any]:
            for count, item in enumerate(generate(requests, how)):
                if count == after:
                    signal.raise_signal(number)
                yield item

        engine.generate = stopped
        return engine

    monkeypatch.setattr(starting, "make_engine", make)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_that_was_drawn_before_a_signal_is_stored(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """A batch that is not full yet is stored all the same, and the old handler of signals is back."""
    study = write_tiny(tmp_path, models)
    handler = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as context:
        interrupted(context, number, after=11)
        refused("sample", study, "--arm", "base", "--task", "sums", code=130)
    assert len(drawn(study)) == 11
    assert signal.getsignal(signal.SIGTERM) is handler
    engines = spied(monkeypatch)
    done("sample", study, "--arm", "base", "--task", "sums")
    assert [len(engine.asked) for engine in engines] == [20 - 11]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_batch_that_is_being_written_survives_a_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Stopped before or after a shard has its name, a run loses none of the shard and doubles nothing."""
    study = write_tiny(tmp_path, Path(), arms=PUPPETS)
    played(monkeypatch, lambda name, index: f"{name} {index}")
    real, calls = durable.write_durably, []

    def stopped(path: Path, data: bytes) -> None:
        calls.append(path)
        is_second = len([path for path in calls if path.suffix == ".parquet"]) == 2
        if is_second and moment == "after":
            real(path, data)
        if is_second:
            signal.raise_signal(signal.SIGINT)
        real(path, data)

    with monkeypatch.context() as context:
        context.setattr("beyondbase.store.shards.write_durably", stopped)
        refused("sample", study, "--arm", "base", "--task", "sums", code=130)
    assert len(drawn(study)) == 14
    done("sample", study, "--arm", "base", "--task", "sums")
    assert len(drawn(study)) == 20


def test_a_limit_on_files_ends_in_one_line(tmp_path: Path, models: Path, zygote: Zygote) -> None:
    """Where the system cuts files short (ulimit -f) a run says so, and goes on once the limit is raised."""
    study = write_long(tmp_path, models, n=2)
    assert zygote.wait(sampled(zygote, study, largest=2_000)) == 2
    lines = log_of(study).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("error: ")] == lines[-1:]
    assert "cannot be written (File too large" in lines[-1]
    assert "raise the limit on the size of files (ulimit -f), then run the same command again" in lines[-1]
    assert zygote.wait(sampled(zygote, study)) == 0
    whole(study, problems=30, n=2)


@pytest.mark.parametrize("shard", [0, 2])
def test_a_full_disk_ends_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shard: int) -> None:
    """Full at the first batch or a later one, the disk is named, and the same command then goes on."""
    study = write_tiny(tmp_path, Path(), arms=PUPPETS)
    played(monkeypatch, lambda name, index: f"{name} {index}")
    real = durable.write_durably

    def refuse(path: Path, data: bytes) -> None:
        if path.suffix == ".parquet" and int(path.name.partition("-")[0]) >= shard:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, data)

    with monkeypatch.context() as context:
        context.setattr("beyondbase.store.shards.write_durably", refuse)
        said = refused("sample", study, "--arm", "base", "--task", "sums")
    assert said.startswith(f"error: {store_of(study).folder / 'completions'}: cannot be written (No space")
    assert "free some space on that disk, then run the same command again" in said
    assert len(drawn(study)) == 7 * shard
    done("sample", study, "--arm", "base", "--task", "sums")
    assert len(drawn(study)) == 20


def test_a_disk_that_is_full_of_grades_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal while grades or task.json are written is one line too, and grading goes on."""
    study = write_tiny(tmp_path, Path(), arms=PUPPETS)
    played(monkeypatch, lambda name, index: f"{name} {index}")
    done("sample", study, "--no-grade")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for name in ("beyondbase.store.shards.write_durably", "beyondbase.evidence.graded_task.write_whole"):
        with monkeypatch.context() as context:
            context.setattr(name, refuse)
            assert "cannot be written (No space left on device" in refused("grade", study)
    done("grade", study)
    assert load_evidence(study).tallies["sums", "base"].n.tolist() == [4] * 5


# What follows runs on servers.


@pytest.fixture(scope="module")
def tiny(models: Path) -> Any:
    """The engine that servers are made of."""
    return make_engine(TransformersSettings(threads=1), str(models / "base"))


@pytest.fixture
def server(tiny: Any) -> Iterator[TinyServer]:
    """A server of its own for each test."""
    with serve(tiny) as running:
        yield running


def write_served(folder: Path, *urls: str, **engine: Any) -> Study:
    """Write a study of arms that have servers of their own."""
    quick = {"concurrency": 3, "wait": 0.01, "attempts": 2, "timeout": 20.0, "served_as": MODEL}
    arms = [{"role": "base", "model": "made/base", "url": urls[0]}]
    arms += [{"role": "rl", "model": "made/rl", "url": url} for url in urls[1:]]
    return write_tiny(
        folder,
        Path(),
        engine={"engine": "openai", "url": "http://127.0.0.1:9/v1"} | quick | engine,
        # A server has stop tokens of its own.
        sampling=recipe(stop_token_ids=[]),
        arms=dict(zip(("base", "rl"), arms, strict=False)),
        tasks={"sums": {}},
        problems={"sums": tables(Path())["problems"]["sums"]},
    )


def test_arms_are_sampled_from_their_own_servers(
    tmp_path: Path, tiny: Any, server: TinyServer, models: Path
) -> None:
    """Each arm asks the server that it names, and stores what the model behind it says to its own seeds."""
    with serve(make_engine(TransformersSettings(threads=1), str(models / "rl"))) as other:
        study = write_served(tmp_path, server.url, other.url)
        done("sample", study)
        assert (len(server.bodies), len(other.bodies)) == (20, 20)
        for arm, engine in (("base", tiny), ("rl", other.engine)):
            found = drawn(study, arm)
            asked = {row["id"]: row["question"] for row in questions(5)}
            requests = [Request(*key, item.seed or 0, asked[key[0]]) for key, item in found.items()]
            how = Draw(temperature=1.0, max_tokens=5)
            wanted = {(item.problem_id, item.index): item for item in engine.generate(requests, how)}
            assert plain(found) == plain(wanted)
    assert drawn(study, "base") != drawn(study, "rl")
    assert load_evidence(study).tallies["sums", "rl"].n.tolist() == [4] * 5


@pytest.mark.parametrize("fault", [(500, {}, b"out of memory"), (0, {}, b""), (200, {}, b'{"choices": []}')])
def test_a_server_that_dies_makes_nothing_wrong(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    server: TinyServer,
    fault: tuple[int, dict[str, str], bytes],
) -> None:
    """What was drawn before is stored, nothing else is, and the next run goes on."""
    study = write_served(tmp_path, server.url)
    server.fault = lambda number, _body: fault if number >= 9 else None
    said = refused("sample", study, code=1)
    assert said.startswith(f"error: {server.url}: ")
    assert said.endswith("what was drawn before is stored: run the same command again")
    found = drawn(study)
    assert len(found) == 9
    assert {item.finish for item in found.values()} <= {"stop", "length"}
    server.fault = lambda _number, _body: None
    engines = spied(monkeypatch)
    done("sample", study)
    assert [len(engine.asked) for engine in engines] == [11]
    assert plain(drawn(study)).items() >= plain(found).items()
    tally = load_evidence(study).tallies["sums", "base"]
    assert tally.n.tolist() == [4] * 5
    assert tally.unfit == ()


def test_a_request_that_always_fails_is_no_wrong_answer(tmp_path: Path, server: TinyServer) -> None:
    """All other completions are stored; the one that failed stays missing, and makes its set unfit."""
    study = write_served(tmp_path, server.url, concurrency=1)
    asked = questions(5)[3]["question"]
    server.fault = lambda _number, body: (502, {}, b"bad") if body["prompt"] == asked else None
    said = refused("sample", study, code=1)
    assert "4 of 20 requests failed after 2 attempts each" in said
    assert {name for name, _ in drawn(study)} == {"p0", "p1", "p2", "p4"}
    done("grade", study)
    tally = load_evidence(study).tallies["sums", "base"]
    assert tally.problem_ids == ("p0", "p1", "p2", "p4")
    assert tally.n.tolist() == [4] * 4
    assert "has 16 of 20 completions" in tally.unfit[0]


def test_a_server_that_is_stopped_in_the_middle(tmp_path: Path, tiny: Any) -> None:
    """With its connections broken a run ends soon, with 1 and what to do; so does one without a server."""
    with serve(tiny) as server:
        study = write_served(tmp_path, server.url)
        stop = threading.Event()

        def fault(number: int, _body: object) -> Any:
            if number >= 5:
                stop.set()
            return (0, {}, b"") if stop.is_set() else None

        server.fault = fault
        assert "see to the server" in refused("sample", study, code=1)
        found = drawn(study)
        assert len(found) == 5
    said = refused("sample", study, code=1)
    assert f"{server.url}: no server answers" in said
    assert drawn(study) == found


def test_a_stopped_run_on_a_server_keeps_what_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: TinyServer
) -> None:
    """Ctrl-C while requests are under way ends the run, without a traceback and without a hang."""
    study = write_served(tmp_path, server.url)
    with monkeypatch.context() as context:
        interrupted(context, signal.SIGINT, after=6)
        refused("sample", study, code=130)
    assert len(drawn(study)) == 6
    done("sample", study)
    assert len(drawn(study)) == 20
