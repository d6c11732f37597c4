"""Batches of completions, grades and scores as columns, refused where a row cannot be what it says."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import pyarrow as pa

from beyondbase.completions import Completion, Graded
from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.store.identity import seeds_of
from beyondbase.store.places import INDEX_LIMIT, named
from beyondbase.store.scoring import Scored
from beyondbase.store.shards import COMPLETIONS, GRADES, SCORES, Kind

_ROUNDING = 1e-4
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def completion_columns(
    batch: Sequence[Completion], keys: Sequence[tuple[str, int]], fingerprint: str
) -> tuple[list[Any], list[int]]:
    """Turn completions into the columns of a shard.

    Args:
        batch: The completions.
        keys: Their `keys_of`.
        fingerprint: That of the set.

    Returns:
        The columns, and the digest of each text.

    Raises:
        InputError: A seed is not its completion's own, or a reason to finish is unknown.
    """
    # By columns, here and below: calls for every row would take longer than the disk.
    seeds = seeds_of(fingerprint, keys)
    for item, seed in zip(batch, seeds, strict=True):
        if item.seed is not None and item.seed != seed:
            found = f"seed: found {item.seed}, but its own, by seed_of, is {seed}"
            raise InputError(f"{named(item.problem_id, item.index)}: {found}")
    texts = [utf8(item.text) for item in batch]
    digests = digests_of(texts)
    return _columns(COMPLETIONS, batch, digest=digests, text=texts), digests


def keys_of(batch: Sequence[Completion] | Sequence[Graded] | Sequence[Scored]) -> list[tuple[str, int]]:
    """Name the completions of a batch by problem and index.

    Raises:
        InputError: Such a name is not possible, or stands there twice.
    """
    keys = [(item.problem_id, item.index) for item in batch]
    for name in {name for name, _ in keys}:
        if not name or _LONE_SURROGATE.search(name):
            raise InputError(f"problem_id: found {name!a}; give every problem an id that UTF-8 can hold")
    for name, index in keys:
        if not 0 <= index < INDEX_LIMIT:
            raise InputError(f"{named(name, index)}: number completions 0 .. {INDEX_LIMIT - 1}")
    if len(set(keys)) < len(keys):
        twin = next(key for key, times in Counter(keys).items() if times > 1)
        raise InputError(f"{named(*twin)}: stands twice in one batch; give it once")
    return keys


def grade_columns(batch: Sequence[Graded], digests: Sequence[int]) -> list[Any]:
    """Turn grades into the columns of a shard.

    Args:
        batch: The grades.
        digests: Of the texts that were graded.

    Raises:
        InputError: An outcome is unknown.
    """
    answers = [None if item.answer is None else utf8(item.answer) for item in batch]
    return _columns(GRADES, batch, digest=digests, answer=answers)


def score_columns(batch: Sequence[Scored], digests: Sequence[int]) -> list[Any]:
    """Turn scores into the columns of a shard.

    Args:
        batch: The scores.
        digests: Of the texts that were scored.

    Raises:
        InputError: A score is no log-probability.
    """
    for item in batch:
        # Not just above 0: a sum over many tokens that were nearly certain is rounded.
        if not item.logprob <= _ROUNDING * item.tokens:
            found = (
                f"logprob: found {item.logprob} for {item.tokens} tokens; give the sum of their logarithms"
            )
            raise InputError(f"{named(item.problem_id, item.index)}: {found}")
    return _columns(SCORES, batch, digest=digests)


def utf8(text: str) -> bytes:
    """Encode a text; a lone surrogate, which no file in UTF-8 can hold, is U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text).encode()


def digests_of(texts: Sequence[bytes]) -> list[int]:
    """Tell texts apart by 64 bits of their sha256, never 0."""
    sha256, number = hashlib.sha256, int.from_bytes
    return [number(sha256(text).digest()[:8], signed=True) or 1 for text in texts]


EMPTY_DIGEST = digests_of([b""])[0]


def _columns(kind: Kind, batch: Sequence[Any], **made: Sequence[Any]) -> list[Any]:
    for name, known in kind.words.items():
        _check_words(batch, name, known)
    columns = []
    for field in kind.schema:
        cells = made.get(field.name)
        values = [*map(attrgetter(field.name), batch)] if cells is None else cells
        columns.append(_array(field, values, batch))
    return columns


def _array(field: "pa.Field[Any]", values: Sequence[Any], batch: Sequence[Any]) -> Any:
    try:
        return pa.array(values, field.type)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        place = next((number for number, value in enumerate(values) if not _fits(value, field.type)), 0)
    at = f"{named(batch[place].problem_id, batch[place].index)}: {field.name}"
    raise InputError(f"{at}: found {quote(values[place])}; give what a column of {field.type} can hold")


def _fits(value: Any, kind: pa.DataType) -> bool:
    try:
        pa.array([value], kind)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return False
    return True


def _check_words(batch: Sequence[Any], name: str, known: Sequence[str]) -> None:
    words = [*map(attrgetter(name), batch)]
    for word in {*words}.difference(known):
        item = batch[words.index(word)]
        at = f"{named(item.problem_id, item.index)}: {name}"
        raise InputError(f"{at}: found {quote(word)}; use one of {', '.join(known)}")
