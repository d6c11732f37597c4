"""A server that answers anything: no field is trusted, nothing that was paid for is lost, nothing hangs."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_server import MODEL, HostileServer, Pieces, completion, hostile, http, reply
from pipeline import drawn, played, recipe, refused, store_of, tables, write_tiny
from typer.testing import CliRunner

from beyondbase.cli import app
from beyondbase.completions import Completion
from beyondbase.engines import EngineError, OpenaiSettings, Request, make_engine
from beyondbase.engines.answers import room_for, unpack
from beyondbase.engines.server import _retry_after
from beyondbase.errors import InputError
from beyondbase.store import SampleSet
from beyondbase.study import Study
from beyondbase.study.draw import Draw

HOW = Draw(temperature=1, max_tokens=8, keep_tokens=True)
DEEP = b"[" * 200_000 + b"]" * 200_000
NAN, INFINITY = float("nan"), float("inf")


@pytest.fixture
def server() -> Iterator[HostileServer]:
    """A server of its own for each test."""
    with hostile() as running:
        yield running


def engine(server: HostileServer, **settings: Any) -> Any:
    """An engine on the server that does not wait long."""
    quick = {"concurrency": 4, "wait": 0.01, "timeout": 20.0, "attempts": 2}
    return make_engine(OpenaiSettings(url=server.url, **(quick | settings)), MODEL)


def asked(count: int) -> list[Request]:
    """Some requests."""
    return [Request("p", number, 100 + number, "Hi") for number in range(count)]


def told(log: pytest.LogCaptureFixture) -> list[str]:
    """What the engine warned of."""
    return [record.getMessage() for record in log.records if record.name == "beyondbase.engines"]


def counted(value: Any) -> dict[str, Any]:
    """An answer whose number of tokens is this."""
    return completion(usage={"completion_tokens": value}, logprobs=None)


def weighed(*values: Any) -> dict[str, Any]:
    """An answer whose log-probabilities are these."""
    return completion(logprobs={"token_logprobs": [*values]})


COUNTS = [10**12, 2**70, True, 1.5, "7", [7], {}, -1, NAN, INFINITY, None]
IDS: list[Any] = [[2**40], [-1], [1.5], [True], ["a"], [None], [[1]], "abc", 7, {}]
LOGPROBS = [["x"], [0.7], [NAN], [-INFINITY], [None], [True], [[-1]], [-1e300], [-(10**400)]]
ODD: dict[str, tuple[dict[str, Any], str, str]] = {
    **{f"count {value}": (counted(value), "tokens", "usage.completion_tokens") for value in COUNTS},
    **{
        f"usage {value}": (completion(usage=value, logprobs=None), "tokens", "usage")
        for value in (3, "x", [])
    },
    **{f"ids {value}": (completion(token_ids=value), "token_ids", "token_ids") for value in IDS},
    **{f"logprobs {str(value)[:20]}": (weighed(*value), "logprob", "logprobs") for value in LOGPROBS},
    "logprobs of no kind": (completion(logprobs=[-1, -2]), "logprob", "logprobs"),
    "logprobs without any": (completion(logprobs={}), "logprob", "logprobs"),
}


@pytest.mark.parametrize(("content", "field", "name"), ODD.values(), ids=ODD)
def test_an_odd_field_is_a_missing_value(
    server: HostileServer,
    caplog: pytest.LogCaptureFixture,
    content: dict[str, Any],
    field: str,
    name: str,
) -> None:
    """Every completion comes, without that field, and one line says what was found."""
    server.answer = lambda _number, _body: reply(content)
    found = [*engine(server).generate(asked(9), HOW)]
    assert sorted(item.index for item in found) == [*range(9)]
    assert {(item.text, item.finish, getattr(item, field)) for item in found} == {("42", "stop", None)}
    (line,) = told(caplog)
    assert line.startswith(f"{server.url}: found ")
    assert f" for {name}" in line
    assert len(line) < 400


def test_a_number_of_thousands_of_digits_costs_its_field_alone(server: HostileServer) -> None:
    """Python reads no such number, but all the rest of the answer."""
    text = json.dumps(counted("HERE")).replace('"HERE"', "9" * 10_000).encode()
    server.answer = lambda _number, _body: http(text)
    (one,) = engine(server).generate(asked(1), HOW)
    assert (one.text, one.tokens) == ("42", None)


def test_each_kind_of_oddity_is_told_once(server: HostileServer, caplog: pytest.LogCaptureFixture) -> None:
    """However many answers have it, in however many runs of the engine."""
    odd = [counted(2**70), counted("2"), weighed(3), completion(token_ids=["x"])]
    server.answer = lambda number, _body: reply(odd[number % 4])
    running = engine(server)
    assert [len([*running.generate(asked(12), HOW)]) for _ in range(2)] == [12, 12]
    assert len(told(caplog)) == 3


def test_sound_answers_are_told_of_nothing(server: HostileServer, caplog: pytest.LogCaptureFixture) -> None:
    """Numbers that are whole, zero, or rounded a little beyond zero are no oddities."""
    server.answer = lambda _number, _body: reply(
        weighed(-1, 0, 1e-9, -9999.0) | {"usage": {"completion_tokens": 4}}
    )
    (one,) = engine(server).generate(asked(1), HOW)
    assert (one.tokens, one.token_logprobs) == (4, (-1.0, 0.0, 1e-9, -9999.0))
    assert not told(caplog)


def test_more_choices_than_asked_for_are_told(
    server: HostileServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The first is taken; it is the one that belongs to the seed."""
    first, second = completion("one"), completion("two")
    first["choices"] += second["choices"]
    server.answer = lambda _number, _body: reply(first)
    assert {item.text for item in engine(server).generate(asked(5), HOW)} == {"one"}
    assert len(told(caplog)) == 1


def chunks(piece: bytes, *, pause: float = 0, seconds: float = 60) -> Iterator[bytes]:
    """An answer in chunks that goes on as long as anybody listens, for a minute at most."""
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(pause)
        yield b"%x\r\n%s\r\n" % (len(piece), piece)


def packed(body: bytes, encoding: str = "gzip") -> Pieces:
    """An answer that says how it is packed."""
    return http(body, headers={"Content-Encoding": encoding})


SOUND = json.dumps(completion()).encode()
BOMB = gzip.compress(bytes(50_000_000))
BROKEN: dict[str, tuple[Callable[[], Pieces], str]] = {
    "deep JSON": (lambda: http(DEEP), "found no JSON"),
    "deep value": (lambda: reply(completion(text=json.loads("[" * 500 + "]" * 500))), "found the text"),
    "page": (
        lambda: http(b"<html>Bad gateway</html>", headers={"Content-Type": "text/html"}),
        "found no JSON",
    ),
    "charset": (lambda: http('{"text": "é"}'.encode("latin-1")), "found no JSON"),
    "empty": (lambda: http(b""), "found no JSON"),
    "error": (lambda: reply({"error": {"message": "out of memory"}}), "out of memory"),
    "no choice": (lambda: reply({"choices": []}), "found no 0"),
    "list": (lambda: reply({"choices": [[]]}), "for 0"),
    "text null": (lambda: reply(completion(text=None)), "found the text None"),
    "text list": (lambda: reply(completion(text=["x" * 500_000])), "found the text"),
    "finish list": (lambda: reply(completion(finish_reason=["stop"])), "finish_reason"),
    "finish new": (lambda: reply(completion(finish_reason="x" * 500_000)), "found the finish reason"),
    "too large": (lambda: reply(completion(text="x" * 3_000_000)), "found more than 1.1 MB in one answer"),
    "no end": (lambda: chunks(b"x" * 65_536), "found more than 1.1 MB in one answer"),
    "trickle": (lambda: chunks(b" ", pause=0.1), "TimeoutError"),
    "silence": (lambda: chunks(b" ", pause=30), "Timeout"),
    "bomb": (lambda: packed(BOMB), "more than 1.1 MB"),
    "half gzip": (lambda: packed(gzip.compress(SOUND)[:-9]), "cut off"),
    "no gzip": (lambda: packed(SOUND), "not packed as it says"),
    "unasked": (lambda: packed(SOUND, "br"), "found the packing"),
    "short": (lambda: http(SOUND, headers={"Content-Length": "9999"}), "RemoteProtocolError"),
    "no HTTP": (lambda: [b"\x00\xff" * 100], "RemoteProtocolError"),
    "endless header": (
        lambda: [b"HTTP/1.1 200 OK\r\nX: ", b"x" * 300_000, b"\r\n\r\n"],
        "RemoteProtocolError",
    ),
}


@pytest.mark.parametrize(("broken", "words"), BROKEN.values(), ids=BROKEN)
def test_an_answer_that_is_none_is_asked_for_again(
    server: HostileServer, broken: Callable[[], Pieces], words: str
) -> None:
    """Where the next attempt succeeds all is well; where none does, a short line says what came."""
    server.answer = lambda number, _body: broken() if number == 0 else http(SOUND)
    assert len([*engine(server, timeout=2.0).generate(asked(3), HOW)]) == 3
    server.answer = lambda _number, _body: broken()
    with pytest.raises(EngineError, match="1 of 1 requests failed after 2 attempts each") as caught:
        [*engine(server, timeout=2.0).generate(asked(1), HOW)]
    assert words in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "identity"])
def test_packed_answers_are_read(server: HostileServer, encoding: str) -> None:
    """Packing that was asked for is undone, by whatever letters it is named."""
    body = SOUND if encoding == "identity" else gzip.compress(SOUND)
    server.answer = lambda _number, _body: packed(body, encoding)
    (one,) = engine(server).generate(asked(1), HOW)
    assert one.text == "42"


def test_unpacking_makes_no_more_than_is_allowed() -> None:
    """Of ten million letters in ten thousand bytes, none more is made."""
    body = gzip.compress(bytes(10_000_000))
    assert len(unpack(body, "gzip", most=10_000_000)) == 10_000_000
    with pytest.raises(ValueError, match="more than"):
        unpack(body, "gzip", most=9_999_999)


def test_long_answers_of_many_tokens_are_no_mistake(server: HostileServer) -> None:
    """What a completion of so many tokens can take is read."""
    text = "x" * (room_for(2000) - 1000)
    server.answer = lambda _number, _body: reply(completion(text=text))
    how = Draw(temperature=1, max_tokens=2000)
    (one,) = engine(server).generate(asked(1), how)
    assert one.text == text


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_server_that_sends_elsewhere_is_not_followed(server: HostileServer, status: int) -> None:
    """Neither prompts nor the key go where nobody said that they should."""
    with hostile() as other:
        there = f"{other.url}/completions"
        server.answer = lambda _number, _body: http(b"", status, {"Location": there})
        with pytest.raises(InputError, match=rf"refuses \({status}: it wants to be asked at '{other.url}"):
            [*engine(server).generate(asked(1), HOW)]
        assert other.asked == 0


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("2", 2.0),
        ("0", None),
        ("", None),
        ("0" * 5000, None),
        ("0" * 5000 + "3", 3.0),
        ("9" * 5000, 300.0),
        ("-1", None),
        ("1.5", None),
        ("\u0663", None),
        ("\u00b2", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_pauses_that_a_server_asks_for_are_bounded(said: str, seconds: float | None) -> None:
    """Whole seconds count, up to five minutes; all else is left to our own pauses."""
    assert _retry_after(said) == seconds


def test_a_pause_of_thousands_of_digits_is_no_error(server: HostileServer) -> None:
    """The request is sent again like any that was told to come back."""
    busy = http(b"busy", 429, {"Retry-After": "0" * 5000})
    server.answer = lambda number, _body: busy if number == 0 else http(SOUND)
    assert len([*engine(server).generate(asked(3), HOW)]) == 3


@pytest.mark.parametrize(
    "listed",
    [
        DEEP,
        b'{"data": ' + DEEP[1:-1] + b"}",
        b'{"data": [{"id": ' + b"9" * 5000 + b"}]}",
        b'{"data": [{"id": []}, {"id": null}, 3]}',
        b'{"data": [{"id": "tiny", "owned_by": [[1]], "root": {"a": 1}}]}',
        b"\xff\xfe",
        b"null",
    ],
)
def test_a_list_of_models_that_is_none_is_no_error(server: HostileServer, listed: bytes) -> None:
    """Such a server is taken for one that keeps no list, or tells nothing of the model."""
    server.others = {"/v1/models": lambda: http(listed), "/version": lambda: http(listed)}
    identity = engine(server).identity()
    assert (identity["server"], identity["root"], identity["engine_version"]) == ("", None, "unknown")


@pytest.mark.parametrize(
    "pieces", [lambda: chunks(b"x" * 65_536), lambda: packed(b"no")], ids=["no end", "not packed"]
)
def test_a_list_of_models_without_end_is_an_engines_failure(
    server: HostileServer, pieces: Callable[[], Pieces]
) -> None:
    """One line says that it cannot be read."""
    server.others["/v1/models"] = pieces
    with pytest.raises(EngineError, match="/models: answers what cannot be read"):
        engine(server)


def test_scores_are_never_made_up(server: HostileServer, tmp_path: Path) -> None:
    """A log-probability that is none fails the scoring, in one line."""
    from tiny_model import make_tiny  # noqa: PLC0415 - torch takes a second

    server.answer = lambda _number, body: reply(weighed(*["x"] * len(body["prompt"])))
    with pytest.raises(EngineError, match=r"scoring failed .*log-probability that is none"):
        engine(server, tokenizer=str(make_tiny(tmp_path / "tiny"))).score(["a"], ["b"])


# What follows is on whole runs: what was paid for is stored.


def write_served(folder: Path, server: HostileServer, **sampling: Any) -> Study:
    """Write a study of one arm on the server."""
    quick = {"concurrency": 4, "wait": 0.01, "attempts": 2, "timeout": 20.0, "served_as": MODEL}
    return write_tiny(
        folder,
        Path(),
        engine={"engine": "openai", "url": server.url} | quick,
        sampling=recipe(stop_token_ids=[], **sampling),
        arms={"base": {"role": "base", "model": "made/base"}},
        tasks={"sums": {}},
        problems={"sums": tables(Path())["problems"]["sums"]},
    )


def run(study: Study) -> tuple[int, str]:
    """Sample; gives the exit code and what was said."""
    result = CliRunner().invoke(app, ["sample", "--study", str(study.path), "--no-grade"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stderr


@pytest.mark.parametrize("value", COUNTS)
def test_odd_counts_are_stored_as_missing(tmp_path: Path, server: HostileServer, value: Any) -> None:
    """A set is whole, though some of its completions have no count."""
    server.answer = lambda number, _body: reply(counted(value if number == 13 else 2))
    study = write_served(tmp_path, server, n=5, batch=7)
    assert run(study)[0] == 0
    counts = sorted(item.tokens or -1 for item in drawn(study).values())
    assert counts == [-1, *[2] * 24]


def test_lone_surrogates_and_all_else_that_json_can_say_are_stored(
    tmp_path: Path, server: HostileServer
) -> None:
    """A text is what the server said, but for what no file can hold."""
    server.answer = lambda _number, _body: http(
        SOUND.replace(b'"42"', rb'"\ud800 \u0000 \u2028 \ud83d\ude00"')
    )
    study = write_served(tmp_path, server)
    assert run(study)[0] == 0
    assert {item.text for item in drawn(study).values()} == {"\ufffd \0 \u2028 \U0001f600"}


def test_a_refusal_waits_for_what_is_under_way(tmp_path: Path, server: HostileServer) -> None:
    """Completions that were asked for before a refusal came are stored before it is told."""
    refusing = threading.Event()

    def answer(number: int, _body: dict[str, Any]) -> Pieces:
        if number == 5:
            refusing.set()
            yield from http(b"no such thing", 400)
        else:
            # Those that are under way beside it answer after the refusal.
            if number > 1:
                refusing.wait(60)
                time.sleep(0.3)
            yield from http(SOUND)

    server.answer = answer
    study = write_served(tmp_path, server, n=40)
    said = refused("sample", study)
    assert "the server refuses (400: no such thing)" in said
    # All that were asked for but the one.
    assert len(drawn(study)) == server.asked - 1 < 20


def threads() -> set[threading.Thread]:
    """The threads that hold up the end of Python."""
    return {thread for thread in threading.enumerate() if not thread.daemon}


def test_a_store_that_fails_does_not_hang_the_run(
    tmp_path: Path, server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The requests that are under way end with it, and no thread of theirs is left."""
    before = threads()

    def fail(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(SampleSet, "append", fail)
    study = write_served(tmp_path, server, n=200)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        run(study)
    assert threads() <= before
    assert server.asked < 100


def test_a_run_that_is_left_ends_with_its_engine(server: HostileServer) -> None:
    """A reader that forgets a run leaves no thread behind once the engine is closed."""
    before = threads()
    running = engine(server)
    left = running.generate(asked(100), HOW)
    next(left)
    running.close()
    assert threads() <= before
    assert not [*left]


def test_large_texts_are_stored_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch ends early where it is large, so that memory is bounded by bytes and not by completions."""
    study = write_tiny(
        tmp_path,
        Path(),
        sampling=recipe(n=4, batch=512),
        arms={"base": {"role": "base", "model": "puppet"}},
    )
    played(monkeypatch, lambda name, index: f"{name} {index} " + "x" * 3_000_000)
    assert run(study)[0] == 0
    sizes = [len(batch) for batch in store_of(study).completions()]
    assert sizes == [3] * 6 + [2]


def made(*items: dict[str, Any]) -> list[Completion]:
    """Completions of somebody else's, with some fields changed."""
    plain = {"seed": None, "text": "x", "tokens": 1, "finish": "stop", "logprob": -1.0}
    plain |= {"token_ids": None, "token_logprobs": None}
    return [Completion(**({"problem_id": "p", "index": i} | plain | item)) for i, item in enumerate(items)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tokens": 10**12},
        {"tokens": True},
        {"token_ids": (2**40,)},
        {"logprob": "x"},
        {"token_logprobs": (None, [])},
    ],
)
def test_the_store_names_the_completion_that_it_cannot_hold(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """Whoever made it, a value that fits no column is refused in one line and with its place."""
    (name,) = wrong
    with (
        SampleSet.open(tmp_path / "set", {"model": "m"}) as store,
        pytest.raises(InputError, match=rf'problem "p".*1.*: {name}: found .*; give what a column of '),
    ):
        store.append(made({}, wrong))
