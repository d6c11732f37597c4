"""`beyondbase report` shows results that were written before."""

from datetime import date
from pathlib import Path
from typing import Annotated

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
from beyondbase.results.changes import Comparison
from beyondbase.results.compare import compare
from beyondbase.results.schema import Run, day_of_run, read_results, read_run, results_file
from beyondbase.results.schema.studies import Results
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
        known = run if isinstance(run, Run) else None
        folder = results_file(results).parent if out is None else out
        _print_results(content, comparison, day_of_run(known))
        if isinstance(run, str):
            say(f"when and by which command is not known: {one_line(run)}")
        for name, render in (("index.html", render_page), ("summary.md", render_summary)):
            _write(render(content, run=known, comparison=comparison), folder / name)


def _print_results(content: Results, comparison: Comparison | None, day: date) -> None:
    for study in content.studies:
        say(one_line(study.title), "bold")
        for pair in study.pairs:
            say(one_line(f"{pair.task}, {pair.other}: {headline(pair)}."))
    for line, outcome in table_lines(verdicts_of(content.studies), day=day):
        say(line, COLOURS.get(outcome, "bold"))
    apart = [f"{study.id}: {line}" for study in content.studies for line in asides(study)]
    idle_claims = not_applicable_lines({study.id: study.not_applicable for study in content.studies})
    for line in (*reason_lines(content.studies), *apart, *idle_claims):
        say(line)
    if comparison is None:
        return
    say("since the earlier run", "bold")
    for name, compared in comparison.studies.items():
        for change in changes(compared):
            say(one_line(f"{name}: {change}"))


def _write(text: str, path: Path) -> None:
    try:
        write_whole(text, path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); choose a folder with --out"
        ) from None
    say(f"written: {shown_path(path)}")
