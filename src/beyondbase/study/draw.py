"""How completions are drawn: what a study asks of any engine."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from beyondbase.errors import InputError
from beyondbase.messages import quote


@dataclass(frozen=True, kw_only=True)
class Draw:
    """How completions are drawn; top_k is applied before top_p, both after the temperature.

    Attributes:
        temperature: 0 takes the likeliest token always.
        max_tokens: At most so many tokens, the one that ends the completion included.
        top_p: Only the likeliest tokens that together reach this.
        top_k: Only this many of the likeliest tokens; all if 0.
        stop_token_ids: Tokens that end a completion, beside those that the model's own settings name.
        stop_lines: Whole lines that end a completion; text that merely contains one does not.
        logprobs: Whether to compute the log-probability of what was drawn, at temperature 1.
        keep_tokens: Whether a completion carries its token ids, and the log-probability of each.
    """

    temperature: float
    max_tokens: int
    top_p: float = 1.0
    top_k: int = 0
    stop_token_ids: tuple[int, ...] = ()
    stop_lines: tuple[str, ...] = ()
    logprobs: bool = True
    keep_tokens: bool = False

    def __post_init__(self) -> None:
        wrong = (
            ("temperature", self.temperature >= 0, "0 or more"),
            ("top_p", 0 < self.top_p <= 1, "more than 0, at most 1"),
            ("top_k", self.top_k >= 0, "0 (all) or more"),
            ("max_tokens", self.max_tokens >= 1, "1 or more"),
            ("stop_lines", all(_is_line(line) for line in self.stop_lines), "lines that are not empty"),
        )
        for name, holds, remedy in wrong:
            if not holds:
                raise InputError(f"{name}: found {quote(getattr(self, name))}; use {remedy}")

    def identity(self) -> Mapping[str, Any]:
        """Name everything about the draw on which completions hang, as JSON."""
        kept = {
            field: value for field, value in asdict(self).items() if field not in ("logprobs", "keep_tokens")
        }
        lists = ("stop_token_ids", "stop_lines")
        return kept | {name: list(kept[name]) for name in lists}


def _is_line(line: str) -> bool:
    return bool(line.strip()) and "\n" not in line
