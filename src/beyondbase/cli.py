"""The command line: `beyondbase report` shows results that were written before."""

import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from beyondbase.cleaning import clean
from beyondbase.comparison import compare
from beyondbase.errors import InputError
from beyondbase.files import write_whole
from beyondbase.report import render_page
from beyondbase.report.markdown import changes, render_summary
from beyondbase.report.wording import headline
from beyondbase.schema import Run, read_results, read_run, results_file
from beyondbase.terminal import (
    COLOURS,
    not_applicable_lines,
    one_line,
    reason_lines,
    shown_path,
    table_lines,
    verdicts_of,
)

# A traceback with colours and boxes helps no one who reports a fault.
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer hands the flag over like this
    if wanted:
        typer.echo(f"beyondbase {version('beyondbase')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Claims about what reinforcement learning adds to a base language model, tested on samples."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a letter shows its code, instead of ending the command.
            stream.reconfigure(errors="backslashreplace")


@app.command()
def report(
    results: Annotated[
        Path,
        typer.Argument(
            metavar="RESULTS", help="results.json, or the folder that holds it.", show_default=False
        ),
    ],
    *,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="OLD", help="results.json of an earlier run to compare with.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where the files go (default: the folder of RESULTS).", show_default=False
        ),
    ] = None,
) -> None:
    """Write index.html and summary.md from results.json, and print its verdicts."""
    with _mistakes_told():
        content = read_results(results)
        comparison = compare(read_results(baseline), content) if baseline else None
        run = read_run(results)
        known = run.model_dump() if isinstance(run, Run) else None
        folder = results_file(results).parent if out is None else out
        # As on the page: without the day of the run no waiver can be called past.
        day = date.fromisoformat(known["date"][:10]) if known else date.min
        _print_results(content, comparison, day)
        if isinstance(run, str):
            _say(f"when and by which command is not known: {one_line(run)}")
        for name, render in (("index.html", render_page), ("summary.md", render_summary)):
            _write(render(content, run=known, comparison=comparison), folder / name)


@contextmanager
def _mistakes_told() -> Iterator[None]:
    try:
        yield
    except InputError as error:
        Console(stderr=True).print(Text(f"error: {clean(str(error))}", "red"), soft_wrap=True)
        raise typer.Exit(2) from None


def _print_results(content: Mapping[str, Any], comparison: Mapping[str, Any] | None, day: date) -> None:
    for study in content["studies"]:
        _say(one_line(study["title"]), "bold")
        for pair in study["pairs"]:
            _say(one_line(f"{pair['task']}, {pair['other']}: {headline(pair)}."))
    verdicts = verdicts_of(content)
    for line, outcome in table_lines(verdicts, day=day):
        _say(line, COLOURS.get(outcome, "bold"))
    for line in (*reason_lines(verdicts), *not_applicable_lines(content["studies"])):
        _say(line)
    if comparison is None:
        return
    _say("since the earlier run", "bold")
    for name, study in comparison["studies"].items():
        for change in changes(study):
            _say(one_line(f"{name}: {change}"))


def _write(text: str, path: Path) -> None:
    try:
        write_whole(text, path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); choose a folder with --out"
        ) from None
    _say(f"written: {shown_path(path)}")


def _say(line: str, style: str = "") -> None:
    """Print a line as it is: no markup of rich, no wrapping, and colours on a terminal only."""
    Console(highlight=False).print(Text(line, style), soft_wrap=True)
