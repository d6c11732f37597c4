"""`beyondbase judge` and `beyondbase estimators`: pytest's work, from whatever folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.core import TyperCommand

from beyondbase.commands.saying import MISTAKE, mistakes_told
from beyondbase.errors import InputError
from beyondbase.standing import built_in

# The package is imported already, as pytest's own command would not have done.
QUIET = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")


class PassingCommand(TyperCommand):
    """A command that hands on what stands behind `--`, and every option that it does not know."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep what stands behind `--` apart, for its options may have values of their own."""
        ctx.ignore_unknown_options = True
        end = args.index("--") if "--" in args else len(args)
        ctx.obj = args[end + 1 :]
        return super().parse_args(ctx, args[:end])


def judge(  # noqa: PLR0913 - the options of pytest that a judge needs most
    context: typer.Context,
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STUDY]...", help="Study files or their folders (default: those of fixtures/)."
        ),
    ] = None,
    *,
    study: Annotated[
        list[str] | None, typer.Option("--study", metavar="PATH", help="As STUDY.", show_default=False)
    ] = None,
    alpha: Annotated[
        str | None, typer.Option(help="One-sided level, instead of the study's.", show_default=False)
    ] = None,
    inconclusive: Annotated[
        str | None,
        typer.Option(metavar="skip|fail", help="What an INCONCLUSIVE verdict does.", show_default=False),
    ] = None,
    report_dir: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Where the report goes, if not beside the study.", show_default=False),
    ] = None,
    processes: Annotated[
        str | None,
        typer.Option("-n", metavar="N", help="Processes that judge, or auto.", show_default=False),
    ] = None,
    selected: Annotated[
        str | None,
        typer.Option("-k", metavar="EXPR", help="Show these claims only; no verdict changes.", show_default=False),
    ] = None,
    junitxml: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a JUnit file.", show_default=False)
    ] = None,
) -> None:
    """Judge studies by the suite's claims, and those of claims/ where you stand.

    All other options are pytest's, written --option=value, or anyhow behind --.
    Ends with 0 where all is as expected, 1 where it is not, 2 on a mistake, 5 where no claim was judged.
    """
    named = [word for word in studies or () if not word.startswith("-")]
    further = [word for word in studies or () if word.startswith("-")]
    known = {
        "--alpha": alpha,
        "--inconclusive": inconclusive,
        "--report-dir": report_dir,
        "-n": processes,
        "-k": selected,
        "--junitxml": junitxml,
    }
    with mistakes_told():
        # With "=" a study is no hint at pytest's root, and no word is taken for an option.
        arguments = [f"--study={path}" for path in (*named, *(study or ())) or _built_in()]
    arguments += [word for name, value in known.items() if value is not None for word in _option(name, value)]
    raise typer.Exit(run_pytest([*arguments, *further, *context.obj]))


def run_pytest(arguments: Sequence[str]) -> int:
    """Run pytest in this process.

    Args:
        arguments: those of its command line.

    Returns:
        Its exit code; that of a mistake is the one of all our commands.
    """
    code = pytest.main(["-p", "beyondbase.plugin", *QUIET, *arguments])
    return MISTAKE if code == pytest.ExitCode.USAGE_ERROR else int(code)


def _built_in() -> list[Path]:
    found = built_in(Path.cwd())
    if not found:
        raise InputError("name a study file or its folder: beyondbase judge STUDY; fixtures/ here holds none")
    return [path.relative_to(Path.cwd()) for path in found]


def _option(name: str, value: str) -> list[str]:
    return [f"{name}={value}"] if name.startswith("--") else [name, value]
