"""What a comparison says, and by which rule."""

from dataclasses import dataclass
from typing import Literal

# Longer answers are no answers; they are compared as text and kept in part.
LONGEST = 4096

Verdict = Literal["same", "different", "undecided"]


@dataclass(frozen=True)
class Decision:
    """A verdict on an answer, and the rule that gave it.

    Attributes:
        verdict: "same" and "different" are proved, or documented choices; "undecided" is neither.
        rule: The layer that decided: "text", "number", "unit", "set", "list", "tuple", "interval", "matrix",
            "equation", "inequality", "ratio", "chain", "symbol", "word" or "too long".
    """

    verdict: Verdict
    rule: str
