"""What a server answers, distrusted: its size, its packing, its JSON, and every field by itself."""

import json
import logging
import reprlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from beyondbase.visible import clean

_LOG = logging.getLogger("beyondbase.engines")
# Bytes of an answer beside its tokens, and of each: its text, number, log-probability, and JSON around them.
_FRAME, _TOKEN = 1 << 20, 1 << 10
# More tokens than any model writes, of a server that takes max_tokens under another name.
_MOST_TOKENS = 1 << 20
_LAST_ID = 2**31 - 1
# A log-probability may be rounded beyond 0, and is far from the end of 32 bits.
_LEAST, _GREATEST = -1e6, 1e-3
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 120


class GarbledError(ValueError):
    """A reply that is none: too large, not JSON, or without what a completion has."""


@dataclass(frozen=True)
class Answer:
    """An answer over HTTP.

    Attributes:
        status: Its status.
        headers: Its headers, by names in small letters.
        body: Its bytes, unpacked.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """How it begins, as text."""
        return self.body[:4000].decode(errors="replace")

    def json(self) -> Any:
        """What it holds; None where that is not JSON."""
        try:
            return json.loads(self.body)
        except RecursionError:
            return None
        except ValueError:
            return self._json_of_long_numbers()

    def _json_of_long_numbers(self) -> Any:
        # Python reads no whole number of more than 4,300 digits; only its field is to suffer.
        try:
            return json.loads(self.body, parse_int=lambda digits: int(digits) if len(digits) < 40 else digits)
        except (ValueError, RecursionError):
            return None


def room_for(tokens: int) -> int:
    """Say how many bytes an answer of so many tokens may have."""
    return _FRAME + tokens * _TOKEN


def unpack(body: bytes, packing: str, *, most: int) -> bytes:
    """Undo what a header Content-Encoding names.

    Args:
        body: What came.
        packing: The header.
        most: How many bytes it may unpack to.

    Raises:
        GarbledError: It is more, is not packed like that, or in a way that nobody asked for.
    """
    if packing.strip().lower() in {"", "identity"}:
        return body
    if packing.strip().lower() not in {"gzip", "deflate"}:
        raise GarbledError(f"found the packing {shown(packing)}")
    # 32 finds out by itself which of the two it is.
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        found = inflater.decompress(body, most)
    except zlib.error as error:
        raise GarbledError(f"found what is not packed as it says ({error})") from None
    if not inflater.eof:
        raise GarbledError(f"found packed bytes that are cut off, or more than {most / 1e6:.1f} MB")
    return found


def shown(value: object) -> str:
    """Show some of a value, however large or deep it is."""
    text: str = clean(_SHORT.repr(value))
    return text[:160]


class Oddities:
    """Fields that are no such thing: each counts as missing, and each kind is told once."""

    def __init__(self, url: str) -> None:
        self._url, self._told = url, set[str]()

    def count(self, usage: Any, *, most: int) -> int | None:
        """Read how many tokens a completion has.

        Args:
            usage: What the server says of the request.
            most: How many were allowed.
        """
        value = usage.get("completion_tokens") if isinstance(usage, dict) else None
        if type(value) is int and 0 <= value <= max(most, _MOST_TOKENS):
            return value
        self._tell("usage.completion_tokens", value)
        return None

    def ids(self, value: Any) -> tuple[int, ...] | None:
        """Read token ids, where there are any."""
        if value is None:
            return None
        if isinstance(value, list) and all(type(one) is int and 0 <= one <= _LAST_ID for one in value):
            return tuple(value)
        self._tell("token_ids", value)
        return None

    def logprobs(self, values: Sequence[Any] | None) -> tuple[float, ...] | None:
        """Check log-probabilities, where there are any."""
        if values is None or all(map(is_logprob, values)):
            return None if values is None else tuple(map(float, values))
        self._tell("logprobs", next(value for value in values if not is_logprob(value)))
        return None

    def choices(self, count: int) -> None:
        """Take note of more completions than were asked for."""
        if count > 1:
            self._tell("choices", count, "the first is taken")

    def _tell(self, field: str, value: object, what: str = "it counts as missing") -> None:
        if field not in self._told:
            self._told.add(field)
            said = "%s: found %s for %s in an answer; %s, here and in other answers"
            _LOG.warning(said, self._url, shown(value), field, what)


def is_logprob(value: object) -> bool:
    """Whether a value can be the logarithm of a probability."""
    return type(value) in {int, float} and _LEAST <= value <= _GREATEST  # type: ignore[operator]
