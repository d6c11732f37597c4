"""`beyondbase report` shows results that were written before."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from beyondbase.cli.console import mistakes_told, say
from beyondbase.errors import InputError
from beyondbase.files import write_whole
from beyondbase.report import render_page
from beyondbase.report.markdown import changes, render_summary
from beyondbase.report.terminal import (
    COLOURS,
    asides,
    not_applicable_lines,
    reason_lines,
    table_lines,
    verdicts_of,
)
from beyondbase.report.wording import headline
from beyondbase.results.compare import compare
from beyondbase.results.schema import Run, read_results, read_run, results_file
from beyondbase.visible import one_line, shown_path


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
    with mistakes_told():
        content = read_results(results)
        comparison = compare(read_results(baseline), content) if baseline else None
        run = read_run(results)
        known = run.model_dump() if isinstance(run, Run) else None
        folder = results_file(results).parent if out is None else out
        # As on the page: without the day of the run no waiver can be called past.
        day = date.fromisoformat(known["date"][:10]) if known else date.min
        _print_results(content, comparison, day)
        if isinstance(run, str):
            say(f"when and by which command is not known: {one_line(run)}")
        for name, render in (("index.html", render_page), ("summary.md", render_summary)):
            _write(render(content, run=known, comparison=comparison), folder / name)


def _print_results(content: Mapping[str, Any], comparison: Mapping[str, Any] | None, day: date) -> None:
    for study in content["studies"]:
        say(one_line(study["title"]), "bold")
        for pair in study["pairs"]:
            say(one_line(f"{pair['task']}, {pair['other']}: {headline(pair)}."))
    verdicts = verdicts_of(content)
    for line, outcome in table_lines(verdicts, day=day):
        say(line, COLOURS.get(outcome, "bold"))
    apart = [f"{study['id']}: {line}" for study in content["studies"] for line in asides(study)]
    for line in (*reason_lines(content), *apart, *not_applicable_lines(content["studies"])):
        say(line)
    if comparison is None:
        return
    say("since the earlier run", "bold")
    for name, study in comparison["studies"].items():
        for change in changes(study):
            say(one_line(f"{name}: {change}"))


def _write(text: str, path: Path) -> None:
    try:
        write_whole(text, path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); choose a folder with --out"
        ) from None
    say(f"written: {shown_path(path)}")
