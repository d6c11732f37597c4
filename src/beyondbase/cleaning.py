"""Texts from outside, made fit to be shown: what is invisible or turns its surroundings becomes visible."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

# Characters that a reader cannot see, that HTML forbids, or that turn the text around them.
DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
UNSEEN: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    **dict.fromkeys((*range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"),
    **{code: f"[U+{code:04X}]" for code in DIRECTIONS},
}


def clean(value: Any) -> Any:
    """Make the invisible visible in every text, and turn what is not a finite number into None.

    Args:
        value: texts, numbers, and mappings and sequences of them.
    """
    if isinstance(value, str):
        return str(value).translate(UNSEEN)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [clean(item) for item in value]
    return value
