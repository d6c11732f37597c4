"""`beyondbase init` writes a study from files of samples or counts."""

import os
import shlex
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from beyondbase.cli.console import mistakes_told, say
from beyondbase.cli.options import (
    AcceptOption,
    COption,
    CorrectOption,
    ErrorOption,
    GroupOption,
    IdOption,
    NOption,
    SkipOption,
    ThresholdOption,
)
from beyondbase.cli.transfer import import_samples
from beyondbase.errors import InputError
from beyondbase.evidence.tallies import load_tallies, read_tallies
from beyondbase.files import write_whole
from beyondbase.formats.begin.draft import Draft, Wanted, draft_of
from beyondbase.formats.begin.sources import Source, sources_of
from beyondbase.formats.begin.writing import study_text, toml_text
from beyondbase.formats.counting import told
from beyondbase.formats.table_columns import TableOptions
from beyondbase.formats.tally_rows import counts_text
from beyondbase.study import Grid, Study, load_study
from beyondbase.visible import shown_path

STUDY_FILE, COUNTS_FILE, SAMPLES = "study.toml", "counts.csv", "samples"


def init(  # noqa: PLR0913 - what a user says of files
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Samples or counts: a file, or a folder of files, for each arm."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where study.toml goes.")] = Path(),
    arm: Annotated[
        list[str] | None,
        typer.Option(
            "--arm", metavar="NAME", help="Names of the arms, in the order of the files.", show_default=False
        ),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role", metavar="NAME=ROLE", help="The role of an arm; may be repeated.", show_default=False
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task", metavar="NAME", help="What the task is called, or which to take.", show_default=False
        ),
    ] = None,
    tool: Annotated[
        str | None,
        typer.Option(
            "--tool", metavar="TOOL", help="Who wrote the files, if not told by them.", show_default=False
        ),
    ] = None,
    pick: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which filter, scorer or suite, of several.", show_default=False),
    ] = None,
    id_: IdOption = None,
    group: GroupOption = None,
    correct: CorrectOption = None,
    n: NOption = None,
    c: COption = None,
    error: ErrorOption = None,
    threshold: ThresholdOption = None,
    skip_missing: SkipOption = False,
    accept: AcceptOption = False,
) -> None:
    """Write a commented study.toml from the files of two arms or more, and say the next command."""
    with mistakes_told():
        options = TableOptions(id_, group, correct, None, n, c, error, threshold, skip_missing)
        wanted = Wanted(task, tuple(role or ()), pick, options)
        _check_free(out / STUDY_FILE)
        sources = sources_of(files, names=arm or (), kind=tool)
        draft = draft_of(sources, wanted, say)
        _tell(draft)
        path = _write(draft, sources, out)
    if not draft.graded:
        _import(draft, path, pick, accept=accept)
    say(f"next: beyondbase judge {shlex.quote(str(shown_path(path)))}")


def _tell(draft: Draft) -> None:
    for arm in draft.arms:
        say(f"{arm.name}: role {arm.role} ({arm.why})")
        for task in draft.tasks:
            counts = draft.counts.get((task, arm.name))
            if counts is None:
                say(f"{arm.name}: has no task {task}, so that no claim judges it there")
            else:
                say(f"{arm.name} on {task}: {told(counts, graded=draft.graded)}")
    if draft.least < Grid().k_large_min:
        few = f"some problem has {draft.least} completions" if draft.least else "some problem has none"
        say(f"{few}: claims about large k are not judged below {Grid().k_large_min} of each problem")
    else:
        say(f"k: up to {draft.least}, the completions that every problem has")


def _write(draft: Draft, sources: list[Source], out: Path) -> Path:
    path, counts = out / STUDY_FILE, out / COUNTS_FILE
    direct = _tallies(draft, sources)
    if not draft.graded:
        text = study_text(draft, evidence=f'samples = "{SAMPLES}"    # the folder of completions')
    elif direct:
        names = ", ".join(toml_text(Path(os.path.relpath(file, out)).as_posix()) for file in direct)
        text = study_text(draft, evidence=f"tallies = [{names}]    # a row for each task, arm and problem")
    else:
        _check_free(counts)
        what = "a row for each task, arm and problem: of n completions c are correct"
        text = study_text(draft, evidence=f'tallies = "{COUNTS_FILE}"    # {what}')
    # Before anything is written: no study is left that could not be read.
    Study.model_validate(tomllib.loads(text), context={"path": path})
    written = []
    if draft.graded and not direct:
        written.append(_place(counts_text(draft.counts), counts))
    try:
        written.append(_place(text, path))
        study = load_study(path)
        if draft.graded:
            load_tallies(study)
    except BaseException:
        for made in written:
            made.unlink(missing_ok=True)
        raise
    for made in written:
        say(f"written: {shown_path(made)}")
    return path


def _tallies(draft: Draft, sources: list[Source]) -> list[Path]:
    """The files, where a study may be judged on them as they are."""
    files = [file for source in sources for file in source.files]
    try:
        return files if draft.counted and read_tallies(files).keys() == draft.counts.keys() else []
    except InputError:
        return []


def _check_free(path: Path) -> None:
    if path.exists():
        raise InputError(f"{path}: is there already, and is not overwritten; move it away, or choose --out")


def _place(text: str, path: Path) -> Path:
    _check_free(path)
    try:
        write_whole(text, path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); choose a folder with --out"
        ) from None
    return path


def _import(draft: Draft, path: Path, pick: str | None, *, accept: bool) -> None:
    """Grade anew what has no verdicts: the study is there by now, and can be mended where that fails."""
    for arm in draft.arms:
        files = [*arm.source.files]
        try:
            for task in draft.tasks:
                import_samples(
                    arm.source.kind, files, study=path, arm=arm.name, task=task, pick=pick, accept=accept
                )
        except typer.Exit:
            words = ("import", arm.source.kind, *map(str, files), "--study", str(path), "--arm", arm.name)
            again = f"beyondbase {shlex.join(words)}"
            typer.echo(
                f"{path} is written; mend what the error says in it, then, for each arm: {again}", err=True
            )
            raise
