"""Stop lines: whole lines only, found token by token and cut off as text."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.engines.stopping import LineWatch, as_substrings, cut_at_line
from beyondbase.errors import InputError
from beyondbase.study.draw import Draw


@pytest.mark.parametrize(
    ("text", "ended", "found"),
    [
        ("a\nQuestion:\nb", False, ("a", True)),
        ("a\nQuestion: x\nb", False, ("a\nQuestion: x\nb", False)),
        ("a\nmy Question:\nb", False, ("a\nmy Question:\nb", False)),
        ("Question:\nb", False, ("", True)),
        ("a\nQuestion:", True, ("a", True)),
        ("a\nQuestion:", False, ("a\nQuestion:", False)),
        ("a\n\nQuestion:\n", False, ("a\n", True)),
        ("a user\nassistant b", True, ("a user\nassistant b", False)),
        ("a\nassistant\nQuestion:\n", True, ("a", True)),
    ],
)
def test_text_is_cut_at_whole_lines_only(text: str, *, ended: bool, found: tuple[str, bool]) -> None:
    """A line that contains a stop line, or is not finished yet, goes on."""
    assert cut_at_line(text, ("Question:", "assistant"), ended=ended) == found


def test_servers_get_lines_between_breaks() -> None:
    """A bare substring would stop at "user" within a sentence."""
    assert as_substrings(("user",)) == ["\nuser\n"]


@given(
    parts=st.lists(
        st.sampled_from(["stop", "stop ", "a", "\n", "\nstop", "stop\n", "\n\n", "a\nstop\nb"]), max_size=9
    )
)
def test_watching_tokens_finds_what_cutting_text_finds(parts: Sequence[str]) -> None:
    """The watch stops at the first token that completes a stop line, however tokens split the text."""
    watch = LineWatch(lambda ids: "".join(parts[i] for i in ids), ("stop",))
    last = -1
    for number in range(len(parts)):
        stops = False
        if watch.has_break(number):
            stops, last = watch.stops(range(number + 1), last), number
        text = "".join(parts[: number + 1])
        assert stops == cut_at_line(text, ("stop",), ended=False)[1]
        if stops:
            break


def test_identity_of_sampling_leaves_out_what_is_merely_kept() -> None:
    """Keeping tokens or log-probabilities changes no completion, so it does not ask for new ones."""
    plain = Draw(temperature=0.6, top_p=0.95, max_tokens=9, stop_lines=("a",))
    kept = Draw(
        temperature=0.6, top_p=0.95, max_tokens=9, stop_lines=("a",), keep_tokens=True, logprobs=False
    )
    assert plain.identity() == kept.identity()
    assert plain.identity() == {
        "temperature": 0.6,
        "max_tokens": 9,
        "top_p": 0.95,
        "top_k": 0,
        "stop_token_ids": [],
        "stop_lines": ["a"],
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", float("nan")),
        ("top_p", 0.0),
        ("top_p", 1.1),
        ("top_k", -1),
        ("max_tokens", 0),
        ("stop_lines", ("",)),
        ("stop_lines", ("a\nb",)),
    ],
)
def test_settings_of_sampling_are_checked(name: str, value: object) -> None:
    """A setting out of range is the user's mistake, and named."""
    settings = {"temperature": 1.0, "max_tokens": 5} | {name: value}
    with pytest.raises(InputError, match=f"^{name}: found "):
        Draw(**settings)  # type: ignore[arg-type]
