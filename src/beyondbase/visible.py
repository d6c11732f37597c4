"""Texts from outside, made fit to be shown: what is invisible or turns its surroundings becomes visible."""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

PLAIN = (int, float, type(None))

_Value = TypeVar("_Value")

# Characters that a reader cannot see, that HTML forbids, or that turn the text around them. The joiners
# U+200C and U+200D stay: scripts and emoji need them.
HIDDEN = (
    *(0x00AD, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF, 0xE0001),
    *(*range(0x2028, 0x202F), *range(0x2060, 0x2070), *range(0xFFF9, 0xFFFC), *range(0xE0020, 0xE0080)),
)
UNSEEN: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    **dict.fromkeys((*range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"),
    **{code: f"[U+{code:04X}]" for code in HIDDEN},
}


def clean(value: _Value) -> _Value:
    """Make the invisible visible in every text, and turn what is not a finite number into None.

    Args:
        value: texts, numbers, and mappings, sequences, models and dataclasses of them.
    """
    shown: _Value = _clean(value)
    return shown


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return str(value).translate(UNSEEN)
    if isinstance(value, PLAIN):
        return value if not isinstance(value, float) or math.isfinite(value) else None
    if isinstance(value, BaseModel) or is_dataclass(value):
        shown = copy(value)
        vars(shown).update(_clean(vars(value)))
        return shown
    if isinstance(value, Mapping):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_clean(item) for item in value]
    return value


# What would break a line of the table, or turn the text beside it.
BREAKS = {
    ord("\t"): "\N{SYMBOL FOR HORIZONTAL TABULATION}",
    ord("\n"): "\N{SYMBOL FOR NEWLINE}",
}


def one_line(text: object) -> str:
    """A text from outside as part of one line: no control character of it reaches the terminal."""
    return str(clean(str(text))).translate(BREAKS)


def shown_path(path: Path) -> str:
    """A path as short as the working folder allows."""
    here = Path.cwd()
    return one_line(path.relative_to(here) if path.is_relative_to(here) else path)
