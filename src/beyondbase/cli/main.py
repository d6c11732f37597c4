"""The command line, put together from the commands."""

import io
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from beyondbase.cli.agree import agree
from beyondbase.cli.init import init
from beyondbase.cli.judge import PassingCommand, estimators, judge
from beyondbase.cli.plan import plan, status
from beyondbase.cli.regrade import regrade
from beyondbase.cli.report import report
from beyondbase.cli.review import review
from beyondbase.cli.sample import grade, sample, score
from beyondbase.cli.transfer import export_results, import_samples, pull_samples, push_samples, tables

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


for command in (init, plan, sample, grade, score, status, agree, review, regrade, report):
    app.command()(command)
for passing in (judge, estimators):
    app.command(cls=PassingCommand)(passing)
for name, transfer in (
    ("import", import_samples),
    ("export", export_results),
    ("tables", tables),
    ("push", push_samples),
    ("pull", pull_samples),
):
    app.command(name)(transfer)
