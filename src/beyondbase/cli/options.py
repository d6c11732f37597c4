"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from beyondbase.formats.table_rows import TABLES

StudyOption = Annotated[
    Path, typer.Option("--study", metavar="PATH", help="The study file, or its folder.", show_default=False)
]
StudyArgument = Annotated[
    Path, typer.Argument(metavar="STUDY", help="The study file, or its folder.", show_default=False)
]
ClaimsOption = Annotated[
    list[Path] | None,
    typer.Option("--claims", metavar="DIR", help="A folder of claims of your own, too.", show_default=False),
]
TaskOption = Annotated[
    list[str] | None,
    typer.Option("--task", metavar="NAME", help="This task only; may be repeated.", show_default=False),
]
ArmOption = Annotated[
    list[str] | None,
    typer.Option("--arm", metavar="NAME", help="This arm only; may be repeated.", show_default=False),
]

# Of tables that no tool is known to have written.
_TABLES = f"Of {', '.join(TABLES)}"


def _column(option: str, what: str) -> typer.models.OptionInfo:
    shown = typer.Option(
        option, metavar="COLUMN", help=f"{_TABLES}: the column of {what}.", show_default=False
    )
    assert isinstance(shown, typer.models.OptionInfo)  # noqa: S101 - typer declares Any
    return shown


IdOption = Annotated[str | None, _column("--id", "problem ids")]
GroupOption = Annotated[
    str | None, _column("--group", "prompts, whose sha256 becomes the id where there is none")
]
CorrectOption = Annotated[str | None, _column("--correct", "verdicts or scores")]
ResponseOption = Annotated[str | None, _column("--response", "completions")]
NOption = Annotated[str | None, _column("--n", "counts of completions, where a row is a problem")]
COption = Annotated[str | None, _column("--c", "counts of correct ones, where a row is a problem")]
ErrorOption = Annotated[
    str | None, _column("--error", "errors: where it is filled, machinery lost the completion")
]
ThresholdOption = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        metavar="SCORE",
        help=f"{_TABLES}: from which score on a completion is correct.",
        show_default=False,
    ),
]
SkipOption = Annotated[
    bool,
    typer.Option(
        "--skip-missing",
        help=f"{_TABLES}: completions without a verdict count as not drawn.",
        show_default=False,
    ),
]
AcceptOption = Annotated[
    bool, typer.Option("--accept-difference", help="Go on where our grades differ from the files'.")
]
