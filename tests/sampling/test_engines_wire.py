"""What servers are sent, and how what they answer is read."""

from typing import Any

import pytest

from beyondbase.completions import Completion
from beyondbase.engines import Request
from beyondbase.engines.answers import GarbledError, Oddities
from beyondbase.engines.wire import body, read_completion, read_echo, words
from beyondbase.study.draw import Draw
from beyondbase.tasks import Chat

REQUEST = Request("p", 0, 7, "Hi")
SAMPLING = Draw(temperature=0.6, top_p=0.95, max_tokens=9)


def reply(**changes: Any) -> dict[str, Any]:
    """A sound reply, changed."""
    choice = {"text": "a\nstop\nb", "finish_reason": "length", "logprobs": {"token_logprobs": [-1.0, -2]}}
    return {"choices": [choice | changes], "usage": {"completion_tokens": 5}}


def read(found: Any, sampling: Draw = SAMPLING) -> Completion:
    """Read a reply to the request."""
    return read_completion(found, REQUEST, sampling, Oddities("http://server"))


def test_servers_that_fill_in_settings_are_told_all_of_them() -> None:
    """Both vLLM and SGLang take what is left out from the model's own settings; so nothing is left out."""
    for family in ("vllm", "sglang"):
        sent = body(REQUEST, SAMPLING, family=family)
        assert (sent["top_k"], sent["min_p"], sent["repetition_penalty"]) == (-1, 0.0, 1.0)
    assert not {"top_k", "min_p", "repetition_penalty"} & set(body(REQUEST, SAMPLING, family="openai"))


def test_a_request_has_its_seed_and_one_completion() -> None:
    """Every completion is a request of its own."""
    sent = body(REQUEST, SAMPLING, family="openai")
    assert sent == {
        "prompt": "Hi",
        "seed": 7,
        "n": 1,
        "temperature": 0.6,
        "top_p": 0.95,
        "max_tokens": 9,
        "logprobs": 0,
    }


def test_settings_that_only_some_servers_know_are_sent_when_they_are_set() -> None:
    """Stop lines go as substrings between line breaks, never bare; token ids and top-k as they are."""
    sampling = Draw(temperature=1, max_tokens=9, top_k=5, stop_lines=("stop",), stop_token_ids=(3,))
    sent = body(REQUEST, sampling, family="openai")
    assert (sent["stop"], sent["stop_token_ids"], sent["top_k"]) == (["\nstop\n"], [3], 5)


def test_chats_ask_for_logprobs_in_their_own_way() -> None:
    """The chat route takes true where the other takes a number."""
    sent = body(Request("p", 0, 7, Chat((("user", "Hi"),))), SAMPLING, family="openai")
    assert sent["logprobs"] is True
    assert sent["messages"] == [{"role": "user", "content": "Hi"}]
    quiet = Draw(temperature=1, max_tokens=9, logprobs=False)
    assert "logprobs" not in body(REQUEST, quiet, family="openai")


def test_a_reply_is_read() -> None:
    """Text, tokens, finish and the sum of log-probabilities."""
    one = read(reply())
    assert (one.text, one.tokens, one.finish, one.logprob) == ("a\nstop\nb", 5, "length", -3.0)
    assert (one.token_ids, one.token_logprobs) == (None, None)


def test_a_stop_line_ends_a_text_that_ran_on() -> None:
    """A line that the server could not stop at is cut off, and the finish says so."""
    sampling = Draw(temperature=1, max_tokens=9, stop_lines=("stop",))
    one = read(reply(), sampling)
    assert (one.text, one.finish) == ("a", "stop")


def test_a_server_without_logprobs_is_no_failure() -> None:
    """Where a server offers none, there are none."""
    one = read(reply(logprobs=None))
    assert one.logprob is None


def test_a_filtered_completion_is_an_error_not_an_answer() -> None:
    """What a provider held back is not wrong."""
    assert read(reply(finish_reason="content_filter")).finish == "error"


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {"choices": {}},
        {"choices": [3]},
        reply(text=None),
        reply(finish_reason="tool_calls"),
        reply(finish_reason=None),
    ],
)
def test_a_reply_that_is_none_is_told_apart(broken: Any) -> None:
    """Nothing that lacks a text or a finish passes for a completion."""
    with pytest.raises(GarbledError):
        read(broken)


def test_the_first_token_of_an_echo_has_no_logprob() -> None:
    """Nothing comes before it, so it counts nothing."""
    assert read_echo({"logprobs": {"token_logprobs": [None, -1.5]}}) == (0.0, -1.5)


@pytest.mark.parametrize("values", [["x"], [-1, None], [0.5], [float("nan")], [True]])
def test_scores_are_not_made_up(values: Any) -> None:
    """Where a completion does without a log-probability, a score cannot."""
    with pytest.raises(GarbledError, match="found a log-probability that is none"):
        read_echo({"logprobs": {"token_logprobs": values}})


@pytest.mark.parametrize(
    ("text", "found", "said"),
    [
        ("x", {"error": {"message": "too\nlong"}}, "400: too long"),
        ("x", {"message": "no"}, "400: no"),
        ("x", {"error": "no"}, "400: no"),
        ("<p>no</p>", None, "400: <p>no</p>"),
        ("[1]", [1], "400: [1]"),
    ],
)
def test_the_servers_words_are_found(text: str, found: Any, said: str) -> None:
    """Servers wrap their words in different ways."""
    assert words(400, text, found) == said
