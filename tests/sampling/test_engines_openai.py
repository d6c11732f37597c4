"""The engine on an OpenAI-compatible server: the same completions, no failure that passes for an answer."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_model import make_tiny
from tiny_server import MODEL, Fault, TinyServer, serve

from beyondbase.engines import (
    EngineError,
    OpenaiSettings,
    Request,
    TransformersSettings,
    make_engine,
    openai_engine,
)
from beyondbase.errors import InputError
from beyondbase.study.draw import Draw
from beyondbase.tasks import Chat

SAMPLING = Draw(temperature=0.8, top_p=0.95, max_tokens=6, keep_tokens=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model."""
    return make_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Any:
    """The engine that the server is made of."""
    return make_engine(TransformersSettings(threads=1), str(folder))


@pytest.fixture
def server(tiny: Any) -> Iterator[TinyServer]:
    """A server of its own for each test."""
    with serve(tiny) as running:
        yield running


def client(server: TinyServer, **settings: Any) -> Any:
    """An engine on the server that does not wait long."""
    quick = {"concurrency": 4, "wait": 0.01, "timeout": 20.0}
    return make_engine(OpenaiSettings(url=server.url, **(quick | settings)), MODEL)


def requests(count: int) -> list[Request]:
    """Some requests of different problems and seeds."""
    return [Request(f"p{i % 3}", i // 3, 100 + i, f"What is {i % 3} plus 1?") for i in range(count)]


def by_key(completions: Any) -> dict[tuple[str, int], Any]:
    """Completions by problem and number; none may come twice."""
    found: dict[tuple[str, int], Any] = {}
    for one in completions:
        assert (one.problem_id, one.index) not in found
        found[one.problem_id, one.index] = one
    return found


def test_completions_are_those_of_the_engine_behind_the_server(tiny: Any, server: TinyServer) -> None:
    """Text, tokens, log-probabilities and finish come through unchanged, whatever order they arrive in."""
    wanted = by_key(tiny.generate(requests(12), SAMPLING))
    found = by_key(client(server).generate(requests(12), SAMPLING))
    assert {key: _plain(one) for key, one in found.items()} == {
        key: _plain(one) for key, one in wanted.items()
    }
    for key, one in found.items():
        assert one.logprob == pytest.approx(wanted[key].logprob, abs=1e-4)


def _plain(one: Any) -> tuple[Any, ...]:
    return one.seed, one.text, one.tokens, one.finish, one.token_ids


def test_chats_go_as_messages(tiny: Any, server: TinyServer) -> None:
    """Messages reach the chat route, where the server's own template goes around them."""
    prompt = Chat((("system", "Be brief."), ("user", "Hello")))
    asked = [Request("p", 0, 5, prompt)]
    (found,) = client(server).generate(asked, SAMPLING)
    (wanted,) = tiny.generate(asked, SAMPLING)
    assert (found.text, found.tokens, found.finish) == (wanted.text, wanted.tokens, wanted.finish)
    assert found.logprob == pytest.approx(wanted.logprob, abs=1e-4)
    assert server.bodies[0]["messages"][1] == {"role": "user", "content": "Hello"}


def test_prompts_go_as_token_ids_with_a_tokenizer(folder: Path, server: TinyServer) -> None:
    """With a tokenizer the prompt is exact: one token of the beginning, whatever the server would add."""
    list(client(server, tokenizer=str(folder)).generate(requests(1), SAMPLING))
    assert server.bodies[0]["prompt"].count(0) == 1


def test_scores_are_those_of_the_engine_behind_the_server(
    tiny: Any, folder: Path, server: TinyServer
) -> None:
    """Given tokens get the same log-probabilities, and text is split as the tokenizer splits it."""
    prompts, continuations = ["What is 1?", "And 2?"], ["It is 1.", (40, 41, 42)]
    found = client(server, tokenizer=str(folder)).score(prompts, continuations)
    wanted = tiny.score(prompts, continuations)
    assert [len(one) for one in found] == [len(one) for one in wanted]
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)
    with pytest.raises(InputError, match="found no tokenizer"):
        client(server).score(prompts, continuations)
    with pytest.raises(InputError, match=r"found the temperature 0\.6, but a server gives log-prob"):
        client(server, tokenizer=str(folder)).score(prompts, continuations, temperature=0.6)


FAULTS: dict[str, Fault] = {
    "500": (500, {}, b"oops"),
    "503": (503, {}, b'{"error": {"message": "loading"}}'),
    "429": (429, {"Retry-After": "0"}, b"slow down"),
    "no JSON": (200, {}, b"<html>not JSON</html>"),
    "no choice": (200, {}, b'{"choices": []}'),
    "no text": (200, {}, b'{"choices": [{"text": 3, "finish_reason": "stop"}]}'),
    "aborted": (200, {}, b'{"choices": [{"text": "half", "finish_reason": "abort"}]}'),
    "unfinished": (200, {}, b'{"choices": [{"text": "half", "finish_reason": null}]}'),
    "broken connection": (0, {}, b""),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_failures_are_tried_again(tiny: Any, server: TinyServer, fault: Fault) -> None:
    """A server that fails every second time still gives every completion once, with its own text."""
    server.fault = lambda number, _body: fault if number % 2 == 0 else None
    found = by_key(client(server, attempts=20).generate(requests(6), SAMPLING))
    wanted = by_key(tiny.generate(requests(6), SAMPLING))
    assert {key: one.text for key, one in found.items()} == {key: one.text for key, one in wanted.items()}


def test_timeouts_are_tried_again(server: TinyServer) -> None:
    """A request that hangs is given up and sent anew."""
    server.fault = lambda number, _body: 600.0 if number == 0 else None
    found = by_key(client(server, timeout=5.0).generate(requests(2), SAMPLING))
    assert len(found) == 2


def drained(run: Iterator[Any]) -> tuple[list[int], str]:
    """The seeds of what a run hands over, and what it then fails with."""
    seeds = []
    try:
        for one in run:
            seeds.append(one.seed)  # noqa: PERF401 - what came before the failure counts
    except EngineError as error:
        return sorted(seeds), str(error)
    return sorted(seeds), ""


def test_requests_that_never_work_are_counted(server: TinyServer) -> None:
    """All others are handed over first; the failed ones are counted, and are nobody's wrong answers."""
    server.fault = lambda _number, body: (502, {}, b"bad gateway") if body["seed"] == 101 else None
    seeds, error = drained(client(server, attempts=3).generate(requests(9), SAMPLING))
    assert seeds == [100, *range(102, 109)]
    assert "1 of 9 requests failed after 3 attempts each" in error
    assert "502: bad gateway" in error
    assert len(server.bodies) == 8 + 3


def test_a_server_that_is_gone_ends_the_run_soon(server: TinyServer) -> None:
    """Of a million requests only a few are tried on a server that fails always."""
    server.fault = lambda _number, _body: (500, {}, b"dead")
    asked = (Request("p", i, i, "Hi") for i in range(1_000_000))
    with pytest.raises(EngineError, match="run again to resume"):
        list(client(server, attempts=2).generate(asked, SAMPLING))
    assert len(server.bodies) < 100


def test_a_refusal_is_the_users_mistake(server: TinyServer) -> None:
    """A status of 400 is not tried again; the message has the problem and the server's words."""
    words = b'{"error": {"message": "max_tokens is too large"}}'
    server.fault = lambda _number, _body: (400, {}, words)
    with pytest.raises(InputError, match=r'problem "p\d".*400: max_tokens is too large'):
        list(client(server).generate(requests(50), SAMPLING))
    assert len(server.bodies) <= 12


def test_at_most_so_many_requests_are_under_way(server: TinyServer) -> None:
    """The bound on concurrency holds, and is used."""
    server.fault = lambda _number, _body: 0.05
    assert len(list(client(server, concurrency=3).generate(requests(12), SAMPLING))) == 12
    assert server.most == 3


def test_requests_are_taken_as_they_are_needed(server: TinyServer) -> None:
    """An endless run holds a few requests in memory, and ends when its reader does."""
    taken = itertools.count()
    asked = (Request("p", i, next(taken), "Hi") for i in itertools.count())
    run = client(server, concurrency=2).generate(asked, SAMPLING)
    next(run)
    run.close()
    assert next(taken) < 20


def test_identity_names_the_server(server: TinyServer) -> None:
    """What completions hang on is the server's kind, version and model, not its address."""
    engine = client(server, extra_body={"min_p": 0.1})
    assert engine.identity() == {
        "model": MODEL,
        "root": "made/tiny",
        "engine": "openai",
        "server": "vllm",
        "engine_version": "1.2.3",
        "dtype": None,
        "tokenizer": None,
        "tokenizer_revision": None,
        "extra_body": {"min_p": 0.1},
    }


def test_identity_names_the_tokenizer(server: TinyServer, folder: Path, tmp_path: Path) -> None:
    """It decides what the model reads: by its name on the Hub and its revision, or by its folder's name."""
    moved = tmp_path / "elsewhere" / folder.name
    shutil.copytree(folder, moved)
    plain = client(server).identity()
    for place in (str(folder), str(moved), f"{folder}/"):
        named = {"tokenizer": folder.name, "tokenizer_revision": "v2"}
        found = client(server, tokenizer=place, tokenizer_revision="v2").identity()
        assert found == plain | named


def test_identity_keeps_the_whole_name_of_a_tokenizer_on_the_hub(
    server: TinyServer, tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokenizers of the same name by different owners are different."""
    monkeypatch.setattr(openai_engine, "load_tokenizer", lambda *_: tiny.tokenizer)
    assert client(server, tokenizer="made/tiny").identity()["tokenizer"] == "made/tiny"


def test_a_model_that_is_not_served_is_refused(server: TinyServer) -> None:
    """The message lists what the server has."""
    settings = OpenaiSettings(url=server.url)
    with pytest.raises(
        InputError, match=r'found "tinny", which .* does not serve; use one of tiny \(did you'
    ):
        make_engine(settings, "tinny")


def test_no_server_is_no_users_mistake() -> None:
    """An address where nothing answers is an engine's failure, and says what to do."""
    with pytest.raises(EngineError, match=r"no server answers .*; start it and run again"):
        make_engine(OpenaiSettings(url="http://127.0.0.1:9/v1"), MODEL)


def test_a_tokenizer_that_is_not_there_is_refused(server: TinyServer, tmp_path: Path) -> None:
    """The message names it, not the library's traceback."""
    with pytest.raises(InputError, match=r'tokenizer: found ".*nowhere", but there is no such folder; corr'):
        client(server, tokenizer=str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r'tokenizer: ".*" cannot be loaded \('):
        client(server, tokenizer=str(tmp_path))


def test_an_address_that_is_none_is_refused() -> None:
    """A url without its scheme is a mistake in the study file."""
    with pytest.raises(InputError, match='url: found "localhost"'):
        make_engine(OpenaiSettings(url="localhost"), MODEL)
