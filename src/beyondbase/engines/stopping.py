"""Whole lines that end a completion: found while tokens come, cut off when they have come."""

from collections.abc import Callable, Sequence


def cut_at_line(text: str, stop_lines: Sequence[str], *, ended: bool) -> tuple[str, bool]:
    """Cut text before the first line that equals a stop line.

    Args:
        text: A completion.
        stop_lines: What ends it.
        ended: Whether its last line is whole, because the model ended it.

    Returns:
        The text before that line, without the line break between them, and whether there was one.
    """
    if not stop_lines:
        return text, False
    lines = text.split("\n")
    whole = lines if ended else lines[:-1]
    for number, line in enumerate(whole):
        if line in stop_lines:
            return "\n".join(lines[:number]), True
    return text, False


def as_substrings(stop_lines: Sequence[str]) -> list[str]:
    """Write stop lines for engines that stop at substrings: a line between two line breaks.

    A stop line at the very start, or at the end without a line break, is left to `cut_at_line`.
    """
    return [f"\n{line}\n" for line in stop_lines]


class LineWatch:
    """Says of each new token whether it completes a stop line; decodes one line at a time, not the text."""

    def __init__(self, decode: Callable[[Sequence[int]], str], stop_lines: Sequence[str]) -> None:
        self._decode = decode
        self._stop_lines = frozenset(stop_lines)
        self._breaks: dict[int, bool] = {}

    def has_break(self, token: int) -> bool:
        """Say whether a token holds a line break."""
        if token not in self._breaks:
            self._breaks[token] = "\n" in self._decode([token])
        return self._breaks[token]

    def stops(self, tokens: Sequence[int], start: int) -> bool:
        """Say whether tokens, whose last holds a line break, complete a stop line.

        Args:
            tokens: All tokens of the completion so far.
            start: Where the previous token with a line break stands; -1 if there was none.
        """
        lines = self._decode(tokens[max(start, 0) :]).split("\n")
        # What stands before the first break of a later part is the end of a line that was looked at.
        whole = lines[:-1] if start < 0 else lines[1:-1]
        return not self._stop_lines.isdisjoint(whole)
