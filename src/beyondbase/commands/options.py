"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

StudyOption = Annotated[
    Path, typer.Option("--study", metavar="PATH", help="The study file, or its folder.", show_default=False)
]
TaskOption = Annotated[
    list[str] | None,
    typer.Option("--task", metavar="NAME", help="This task only; may be repeated.", show_default=False),
]
ArmOption = Annotated[
    list[str] | None,
    typer.Option("--arm", metavar="NAME", help="This arm only; may be repeated.", show_default=False),
]
