"""Cells of tables that no tool is known to have written: verdicts, ids, counts and texts."""

import hashlib
import json
import math
import re
from decimal import Decimal
from typing import Any

from beyondbase.errors import InputError
from beyondbase.evidence.count_cells import count_remedy
from beyondbase.messages import quote

_WORDS = {
    **dict.fromkeys(("true", "yes", "correct", "right", "pass", "passed"), True),
    **dict.fromkeys(("false", "no", "incorrect", "wrong", "fail", "failed"), False),
}
_NOTHING = {"", "nan", "null", "none", "na", "n/a"}
_FITS = 'should be true or false, 1 or 0, "correct" or "incorrect", "pass" or "fail"'


def is_missing(value: Any) -> bool:
    """Whether a cell holds nothing: null, NaN, or text that says so."""
    if isinstance(value, str):
        return value.strip().lower() in _NOTHING
    return value is None or (isinstance(value, float) and math.isnan(value))


def verdict_in(at: str, column: str, value: Any, *, threshold: float | None) -> bool:
    """Read whether a completion is correct.

    Args:
        at: Where the row stands.
        value: The cell, which is not missing.
        threshold: From which score on it is correct; without one a score is 0 or 1.

    Raises:
        InputError: The cell is no verdict, or a score without a threshold.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    score = _number(value)
    if score is None:
        raise InputError(f"{at}: {column}: found {quote(value)}; {_FITS}")
    if threshold is not None:
        return score >= threshold
    if score not in (0, 1):
        use = "say with --threshold from which score on a completion is correct"
        raise InputError(f"{at}: {column}: found {quote(value)}, a score that is neither 0 nor 1; {use}")
    return score == 1


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, int | float | Decimal):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def id_in(at: str, column: str, value: Any) -> str:
    """Read the id of a problem: text, or a whole number.

    Raises:
        InputError: It is missing or something else.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{at}: {column}: found {quote(value)}; should be the id of a problem")
    if value != value.strip() or re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", value):
        use = "an id has no spaces at its ends and no line breaks; --group makes ids of whole texts"
        raise InputError(f"{at}: {column}: found {quote(value)}; {use}")
    return value


def digest_in(at: str, column: str, value: Any) -> str:
    """Make an id of a prompt, text or messages: its sha256, in hexadecimal.

    Raises:
        InputError: There is none.
    """
    if is_missing(value) or not isinstance(value, str | list | dict):
        raise InputError(f"{at}: {column}: found {quote(value)}; should be what the model was asked")
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def count_in(at: str, column: str, value: Any, *, name: str) -> int:
    """Read a count.

    Args:
        at: Where the row stands.
        value: The cell.
        name: What it counts, "n" or "c".

    Raises:
        InputError: It is none.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value)
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", text):
        raise InputError(f"{at}: {column}: found {quote(value)}; {count_remedy(name, text)}")
    return int(text)


def response_in(at: str, column: str, value: Any) -> str:
    """Read a response: text, or the messages of a chat.

    Raises:
        InputError: It is something else.
    """
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else [value]
    texts = [part.get("content") for part in parts if isinstance(part, dict) and part.get("role") != "user"]
    if texts and len(texts) == len(parts) and all(isinstance(text, str) for text in texts):
        return "\n\n".join(map(str, texts))
    raise InputError(f"{at}: {column}: found {quote(value)}; should be the text of one completion")
