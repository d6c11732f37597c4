"""`beyondbase judge` and `beyondbase estimators`: pytest's work, from whatever folder."""

import os
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.core import TyperCommand

from beyondbase.cli.console import MISTAKE, mistakes_told
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.plugin.places import built_in
from beyondbase.plugin.recorder import JUDGE


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
        typer.Argument(metavar="STUDY", help="Study files or their folders (default: those of fixtures/)."),
    ] = None,
    *,
    study: Annotated[
        list[str] | None, typer.Option("--study", metavar="PATH", help="As STUDY.", show_default=False)
    ] = None,
    alpha: Annotated[
        str | None, typer.Option(help="One-sided level, instead of the study's.", show_default=False)
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(
            metavar="paper|study|none", help="Whose expectations decide what fails.", show_default=False
        ),
    ] = None,
    inconclusive: Annotated[
        str | None,
        typer.Option(metavar="skip|fail", help="What an INCONCLUSIVE verdict does.", show_default=False),
    ] = None,
    report_dir: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Where the report goes, if not beside the study.", show_default=False
        ),
    ] = None,
    processes: Annotated[
        str | None,
        typer.Option("-n", metavar="N", help="Processes that judge, or auto.", show_default=False),
    ] = None,
    selected: Annotated[
        str | None,
        typer.Option(
            "-k", metavar="EXPR", help="Show these claims only; no verdict changes.", show_default=False
        ),
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
        "--expect": expect,
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


def estimators(
    context: typer.Context,
    target: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODULE:FUNCTION",
            help="As package.module:function or file.py:function (default: our own).",
        ),
    ] = None,
    *,
    estimator: Annotated[
        str | None, typer.Option(metavar="MODULE:FUNCTION", help="The same.", show_default=False)
    ] = None,
    selected: Annotated[
        str | None, typer.Option("-k", metavar="EXPR", help="Check these only.", show_default=False)
    ] = None,
) -> None:
    """Check a pass@k of your own, a function of (n, c, k), by properties and against exact arithmetic.

    All other options are pytest's, written --option=value, or anyhow behind --.
    Ends with 0 where all holds, 1 where something does not, 2 where the function cannot be had or called.
    """
    named = [word for word in (*(target or ()), estimator) if word and not word.startswith("-")]
    further = [word for word in target or () if word.startswith("-")]
    with mistakes_told():
        if len(named) > 1:
            raise InputError(f"found {len(named)} functions, {', '.join(named)}; name one")
        require("hypothesis", "estimators")
    folder = files("beyondbase") / "estimator_suite"
    # Of the user's own settings of pytest none, nor of a conftest.py on the way to the library.
    apart = (
        "-c",
        os.devnull,
        f"--rootdir={folder}",
        f"--confcutdir={folder}",
        "-p",
        "no:cacheprovider",
        "-rN",
    )
    chosen = [f"--estimator={name}" for name in named] + (["-k", selected] if selected else [])
    with tempfile.TemporaryDirectory() as scratch:
        # Hypothesis keeps what it learnt in the folder that one stands in.
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", scratch)
        code = run_pytest([str(folder), *apart, *chosen, *further, *context.obj])
    raise typer.Exit(code)


def run_pytest(arguments: Sequence[str]) -> int:
    """Run pytest in this process.

    Args:
        arguments: those of its command line.

    Returns:
        Its exit code; that of a mistake is the one of all our commands.
    """
    code = pytest.main([*JUDGE, *arguments])
    return MISTAKE if code == pytest.ExitCode.USAGE_ERROR else int(code)


def _built_in() -> list[Path]:
    found = built_in(Path.cwd())
    if not found:
        raise InputError("name a study file or its folder: beyondbase judge STUDY; fixtures/ here holds none")
    return [path.relative_to(Path.cwd()) for path in found]


def _option(name: str, value: str) -> list[str]:
    return [f"{name}={value}"] if name.startswith("--") else [name, value]
