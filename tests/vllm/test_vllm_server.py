"""The engine on a real server of vLLM: what it gives is what vLLM gives in this process."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

import pytest
from vllm_requests import SAMPLING, question_of, requests
from vllm_server import MODEL, VllmServer

from beyondbase.completions import Completion
from beyondbase.engines import EngineError, OpenaiSettings, Request, make_engine
from beyondbase.errors import InputError
from beyondbase.study.draw import Draw
from beyondbase.tasks import Chat

LONG = Draw(temperature=1.2, max_tokens=120, keep_tokens=True)


def client(server: VllmServer, **settings: Any) -> Any:
    """An engine on the server."""
    return make_engine(OpenaiSettings(url=server.url, **({"concurrency": 8} | settings)), MODEL)


def by_seed(completions: Iterable[Completion]) -> dict[int, Completion]:
    """Completions by their seed; none may come twice."""
    found: dict[int, Completion] = {}
    for one in completions:
        assert one.seed is not None
        assert one.seed not in found
        found[one.seed] = one
    return found


def drawn(one: Completion) -> tuple[Any, ...]:
    """What a completion is, but for its log-probabilities, which the company of other requests rounds."""
    # The server leaves out the beginning of a character that does not end, decoders show it as U+FFFD.
    return one.problem_id, one.index, one.text.rstrip("\ufffd"), one.tokens, one.finish, one.token_ids


def same(ours: dict[int, Completion], theirs: dict[int, Completion]) -> bool:
    """Whether the same was drawn with the same seeds; what differs is said."""
    assert ours.keys() == theirs.keys()
    for seed, one in ours.items():
        assert drawn(one) == drawn(theirs[seed])
        assert one.logprob == pytest.approx(theirs[seed].logprob, abs=1e-2)
        assert one.token_logprobs == pytest.approx(theirs[seed].token_logprobs, abs=1e-3)
    return True


def test_the_server_gives_the_completions_of_the_engine(engine: Any, server: VllmServer) -> None:
    """Text, count of tokens, finish and log-probabilities, of those that stop and those that are cut off."""
    found = by_seed(client(server).generate(requests(16), LONG))
    assert same(found, by_seed(engine.generate(requests(16), LONG)))
    assert Counter(one.finish for one in found.values()).keys() == {"stop", "length"}
    for one in found.values():
        assert one.tokens == len(one.token_ids or ())
        assert one.finish == "stop" or one.tokens == LONG.max_tokens


def test_the_same_request_gives_the_same_text_twice(server: VllmServer) -> None:
    """In another order and in other company too."""
    first = by_seed(client(server).generate(requests(20), SAMPLING))
    shuffled = requests(20)
    Random(1).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    assert same(by_seed(client(server, concurrency=3).generate(shuffled, SAMPLING)), first)
    assert len({one.text for one in first.values()}) == 20


def test_prompts_are_the_same_as_text_and_as_tokens(folder: Any, server: VllmServer) -> None:
    """With a tokenizer of ours or the server's, the model reads the same."""
    exact, plain = client(server, tokenizer=str(folder)), client(server)
    found = by_seed(exact.generate(requests(6), SAMPLING))
    assert same(found, by_seed(plain.generate(requests(6), SAMPLING)))


def test_the_servers_template_goes_around_a_chat(engine: Any, server: VllmServer) -> None:
    """The same completion as of the chat that is rendered here."""
    chats = [Chat((("system", "Be brief."), ("user", f"What is {i}?"))) for i in range(4)]
    asked = [Request("chat", i, i, chat) for i, chat in enumerate(chats)]
    assert same(by_seed(client(server).generate(asked, SAMPLING)), by_seed(engine.generate(asked, SAMPLING)))


def test_stop_rules_reach_the_server(engine: Any, server: VllmServer) -> None:
    """A token or a whole line ends a completion where it ends in this process, and is no part of the text."""
    free = by_seed(engine.generate(requests(30), LONG))
    token = Counter(token for one in free.values() for token in one.token_ids or ()).most_common(1)[0][0]
    lines = [line for one in free.values() for line in one.text.split("\n")[1:-1] if line.strip()]
    for rule in ({"stop_token_ids": (token,)}, {"stop_lines": (lines[0],)}):
        stopping = Draw(temperature=1.2, max_tokens=120, keep_tokens=True, **rule)
        found = by_seed(client(server).generate(requests(30), stopping))
        assert same(found, by_seed(engine.generate(requests(30), stopping)))
        cut = [seed for seed, one in found.items() if (one.tokens or 0) < (free[seed].tokens or 0)]
        assert cut
        assert all(found[seed].finish == "stop" for seed in cut)


def test_scores_are_those_of_the_engine(engine: Any, reference: Any, folder: Any, server: VllmServer) -> None:
    """Given tokens get the same log-probabilities from the server, vLLM in this process and transformers."""
    made = list(engine.generate(requests(6), SAMPLING))
    prompts, tokens = [question_of(one.problem_id) for one in made], [one.token_ids for one in made]
    found = client(server, tokenizer=str(folder)).score(prompts, tokens)
    scores = zip(tokens, found, engine.score(prompts, tokens), reference.score(prompts, tokens), strict=True)
    for ids, ours, theirs, others in scores:
        assert len(ours) == len(ids)
        assert ours == pytest.approx(theirs, abs=1e-3)
        assert ours == pytest.approx(others, abs=1e-3)


def test_the_servers_refusal_is_passed_on(server: VllmServer) -> None:
    """A prompt that is too long is named, with the server's own words."""
    with pytest.raises(InputError, match=r'problem "p": the server refuses \(400: .* 256 tokens'):
        list(client(server).generate([Request("p", 0, 0, tuple([50] * 300))], SAMPLING))


def test_a_server_that_is_killed_ends_the_run(engine: Any, server: VllmServer) -> None:
    """What came before is whole and good, nothing comes twice, and the run can be resumed."""
    asked = requests(300)
    run = client(server, concurrency=4, attempts=2, wait=0.01).generate(asked, LONG)
    found, error = drained_while_killed(run, server)
    assert re.search(r"requests failed after 2 attempts each .* run again to resume", error)
    good = by_seed(found)
    assert 10 <= len(good) < 300
    assert same(good, by_seed(engine.generate([ask for ask in asked if ask.seed in good], LONG)))


def drained_while_killed(run: Iterator[Completion], server: VllmServer) -> tuple[list[Completion], str]:
    """What a run hands over if the server is killed after ten completions, and what it then fails with."""
    found: list[Completion] = []
    try:
        for one in run:
            found.append(one)
            if len(found) == 10:
                server.kill()
    except EngineError as error:
        return found, str(error)
    return found, ""
