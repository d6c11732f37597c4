"""What a sample set is: its settings, their fingerprint, and the seeds that follow from it."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from beyondbase.errors import InputError
from beyondbase.messages import quote

_ABSENT = object()


def canonical(identity: Mapping[str, Any]) -> str:
    """Write settings as JSON in one way only: sorted keys, no spaces, 1.0 as 1, ASCII.

    Raises:
        InputError: A value is no JSON, or not a finite number.
    """
    plain = _plain(identity, "identity")
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint_of(identity: Mapping[str, Any]) -> str:
    """Compute the sha256 of settings in canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(identity).encode()).hexdigest()


def seed_of(fingerprint: str, problem_id: str, index: int) -> int:
    """Derive the seed of one completion, below 2**63; it hangs on nothing else, so that n can grow."""
    return seeds_of(fingerprint, [(problem_id, index)])[0]


def seeds_of(fingerprint: str, keys: Iterable[tuple[str, int]]) -> list[int]:
    """Derive the seeds of completions, named by problem and index, as `seed_of` does."""
    sha256, number = hashlib.sha256, int.from_bytes
    # The id stands last, because it alone may hold any character.
    texts = [f"{fingerprint}:{index}:{problem_id}".encode() for problem_id, index in keys]
    return [number(sha256(text).digest()[:8]) >> 1 for text in texts]


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Say each setting in which a run differs from the set that it would write to."""
    one, other = dict(_leaves(ours)), dict(_leaves(theirs))
    keys = [*one, *(key for key in other if key not in one)]
    values = ((key, one.get(key, _ABSENT), other.get(key, _ABSENT)) for key in keys)
    return [
        f"{_dotted(key)}: this run has {_shown(mine)}, the set has {_shown(stored)}"
        for key, mine, stored in values
        if _whole(mine) != _whole(stored)
    ]


def _plain(value: Any, at: str) -> Any:
    if isinstance(value, Mapping):
        return {_key(key, at): _plain(item, f"{at}.{key}") for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return [_plain(item, f"{at}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, float) and math.isfinite(value):
        # A study may say 1 where a library says 1.0: no other sampling.
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if value is None or isinstance(value, str | bool | int):
        return value
    raise InputError(f"{at}: found {quote(value)}; use text, finite numbers, lists and tables only")


def _key(key: object, at: str) -> str:
    if not isinstance(key, str):
        raise InputError(f"{at}: found the key {quote(key)}; use text for keys")
    return key


def _leaves(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping) and (value or not at):
        for key, item in value.items():
            yield from _leaves(item, (*at, key))
    else:
        yield at, value


def _dotted(key: tuple[str, ...]) -> str:
    return ".".join(part if part.replace("-", "_").isidentifier() else quote(part) for part in key)


def _whole(value: object) -> str:
    return "nothing" if value is _ABSENT else json.dumps(_plain(value, ""), sort_keys=True)


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "nothing"
    # A lone surrogate cannot be printed.
    text = quote(value).encode("utf-8", "backslashreplace").decode()
    # Two long texts may differ only where they are cut.
    mark = hashlib.sha256(_whole(value).encode()).hexdigest()[:8]
    return text if len(text) < 80 else f"{text} (sha256 {mark})"
