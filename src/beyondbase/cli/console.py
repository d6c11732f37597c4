"""How commands speak: plain lines, mistakes in one line, progress on a terminal and in a log."""

import gc
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from beyondbase.engines.engine import EngineError
from beyondbase.errors import InputError
from beyondbase.sampling import draw as sampling
from beyondbase.visible import clean

MISTAKE, FAILED, STOPPED = 2, 1, 130
# Seconds between two lines of a log.
_PAUSE = 10.0


def say(line: str, style: str = "") -> None:
    """Print a line as it is: no markup of rich, no wrapping, and colours on a terminal only."""
    Console(highlight=False).print(Text(line, style), soft_wrap=True)


@contextmanager
def mistakes_told() -> Iterator[None]:
    """End a command with one line where the user's input is wrong, an engine fails, or the user stops it.

    Raises:
        typer.Exit: with 2, 1 or 130.
    """
    try:
        yield
    except InputError as error:
        _end(f"error: {error}", MISTAKE)
    except EngineError as error:
        _end(f"error: {error}; what was drawn before is stored: run the same command again", FAILED)
    except KeyboardInterrupt:
        # A search for cycles among all that torch has loaded would hold up the end by a second or two.
        gc.freeze()
        _end("stopped; what is done is stored: run the same command again, it goes on from here", STOPPED)


def _end(line: str, code: int) -> None:
    Console(stderr=True).print(Text(clean(line), "red"), soft_wrap=True)
    raise typer.Exit(code) from None


# Whether the user or a scheduler has asked this command to stop.
_stop_asked = threading.Event()


@contextmanager
def stopped_by_schedulers() -> Iterator[None]:
    """Take SIGTERM, with which batch systems end a job, for the user's ctrl-C, and lose neither.

    Python drops an exception that a signal raises while an object is being destroyed, as happens between
    two batches: then the next progress raises it again.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        _stop_asked.set()
        raise KeyboardInterrupt

    _stop_asked.clear()
    heard = [n for n in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        _stop_asked.clear()
        for number, handler in before.items():
            signal.signal(number, handler)


def _heed_stop() -> None:
    if _stop_asked.is_set():
        raise KeyboardInterrupt


@contextmanager
def progress_shown() -> Iterator[sampling.Tell]:
    """Show how far the work has come: bars on a terminal, a line now and then elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        yield _Bars(bars)


class _Clock:
    """Times the work on each sample set from its first progress on."""

    def __init__(self) -> None:
        self._starts: dict[tuple[str, str, str], tuple[float, int, int]] = {}

    def rate(self, at: sampling.Progress) -> str:
        """Completions and tokens per second since the first that was told."""
        key = (at.doing, at.task, at.arm)
        now = time.monotonic()
        start, done, tokens = self._starts.setdefault(key, (now, at.done, at.tokens))
        seconds = now - start
        if seconds <= 0:
            return ""
        shown = f"{(at.done - done) / seconds:,.0f}/s"
        return f"{shown} {(at.tokens - tokens) / seconds:,.0f} tokens/s" if at.tokens else shown


class _Bars:
    """A bar for each sample set."""

    def __init__(self, bars: Progress) -> None:
        self._bars, self._clock = bars, _Clock()
        self._known: dict[tuple[str, str, str], TaskID] = {}

    def __call__(self, at: sampling.Progress) -> None:
        _heed_stop()
        key = (at.doing, at.task, at.arm)
        if key not in self._known:
            total = at.wanted or None
            self._known[key] = self._bars.add_task(clean(_words(at)), total=total, rate="")
        self._bars.update(self._known[key], completed=at.done, rate=self._clock.rate(at))


class _Lines:
    """A line for each sample set as it begins and ends, and every ten seconds between."""

    def __init__(self, console: Console) -> None:
        self._console, self._clock = console, _Clock()
        self._last = -_PAUSE

    def __call__(self, at: sampling.Progress) -> None:
        _heed_stop()
        rate, now = self._clock.rate(at), time.monotonic()
        begun_or_ended = at.done in {0, at.wanted}
        if not begun_or_ended and now - self._last < _PAUSE:
            return
        self._last = now
        count = f": {at.done:,} of {at.wanted:,}" if at.wanted else ""
        line = f"{_words(at)}{count}{f' ({rate})' if rate else ''}"
        self._console.print(Text(clean(line)), soft_wrap=True)


def _words(at: sampling.Progress) -> str:
    return f"load {at.arm}" if at.doing == "load" else f"{at.doing} {at.arm} on {at.task}"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay out rows under each other: names to the left, figures (from the third column on) to the right."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(
            clean(cell).ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
