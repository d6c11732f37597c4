"""`beyondbase import`, `export`, `tables`, `push` and `pull`: samples and results for other places."""

from pathlib import Path
from typing import Annotated

import typer

from beyondbase.cli.console import mistakes_told, say
from beyondbase.cli.options import (
    AcceptOption,
    ArmOption,
    COption,
    CorrectOption,
    ErrorOption,
    GroupOption,
    IdOption,
    NOption,
    ResponseOption,
    SkipOption,
    StudyOption,
    TaskOption,
    ThresholdOption,
)
from beyondbase.errors import InputError
from beyondbase.evidence.graded_task import TASK_FILE, task_path
from beyondbase.evidence.problems import task_table
from beyondbase.evidence.sampled_arm import sampled_arms, samples_of
from beyondbase.formats import KINDS, TOOLS, Imported, export, store_import
from beyondbase.formats.checking import check_import
from beyondbase.formats.compact import write_light
from beyondbase.formats.golds import with_answers
from beyondbase.formats.placing import PROBLEMS_FILE
from beyondbase.formats.table_columns import TableOptions
from beyondbase.formats.table_rows import TABLES
from beyondbase.formats.taking import Taking, count, read
from beyondbase.graders import Grader
from beyondbase.messages import quote
from beyondbase.sampling.task_grader import task_grader
from beyondbase.store import pull, push
from beyondbase.store.layout import quoted
from beyondbase.store.remote import pull_beside, push_beside
from beyondbase.study import Study, load_study
from beyondbase.study.tables import Problems
from beyondbase.tasks import find_benchmark
from beyondbase.visible import shown_path

Url = Annotated[
    str,
    typer.Argument(metavar="URL", help="Such as hf://datasets/me/samples, or a folder.", show_default=False),
]

# What lies beside the sets of a task.
_BESIDE = (TASK_FILE, PROBLEMS_FILE)


def import_samples(  # noqa: PLR0913 - what a user says of an import
    tool: Annotated[str, typer.Argument(metavar="TOOL", help=f"One of {', '.join((*TOOLS, *TABLES))}.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Its files of one arm on one task.")],
    *,
    study: StudyOption,
    arm: Annotated[str, typer.Option("--arm", metavar="NAME", help="Whose samples they are.")],
    task: Annotated[
        str | None,
        typer.Option(
            "--task", metavar="NAME", help="Of which task; the study's if it has one.", show_default=False
        ),
    ] = None,
    pick: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which filter, scorer or suite, where the files hold several.",
            show_default=False,
        ),
    ] = None,
    id_: IdOption = None,
    group: GroupOption = None,
    correct: CorrectOption = None,
    response: ResponseOption = None,
    n: NOption = None,
    c: COption = None,
    error: ErrorOption = None,
    threshold: ThresholdOption = None,
    skip_missing: SkipOption = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Compare with our own grades, also where verdicts are kept.")
    ] = False,
    accept: AcceptOption = False,
) -> None:
    """Take over samples that another tool drew, with its verdicts or graded anew; or counts of them."""
    with mistakes_told():
        found = load_study(study)
        name = _task(found, task)
        options = TableOptions(id_, group, correct, response, n, c, error, threshold, skip_missing)
        taking = Taking(found, name, arm, tool, files, pick, options)
        if found.tally_paths:
            say(count(taking, say))
            return
        sampled_arms(found, tasks=(name,), arms=(arm,))
        imported = read(taking, say)
        table = task_table(found, name, imported.defaults)
        grader = None if imported.trusted and not compare else task_grader(found, name, imported.defaults)
        if imported.note:
            say(imported.note)
        if grader:
            _check(imported, grader, name, table, accept=accept)
        counts = store_import(
            imported,
            samples_of(found),
            name,
            arm,
            grader=grader,
            marker=_marker(table),
            answers=table.answers,
            source=found.problems.get(name, Problems()).model_dump(mode="json"),
        )
        each = str(counts.least) if counts.least == counts.most else f"{counts.least} to {counts.most}"
        whose = f"by the verdicts of {tool}" if counts.trusted else "graded anew"
        shown = f"{counts.completions:,} completions of {counts.problems:,} problems ({each} each)"
        say(f"{arm} on {name}: {shown}, {counts.correct:,} correct {whose}")


def export_results(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")],
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="results.json, or its folder.")],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")],
    samples: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Samples of the study, to write every completion too.", show_default=False
        ),
    ] = None,
) -> None:
    """Write pass@k and counts for other tools; nothing that is there is overwritten."""
    with mistakes_told():
        for path in export(kind, results, out, samples=samples):
            say(f"written: {shown_path(path)}")


def tables(
    *,
    study: StudyOption,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.", show_default=False)],
) -> None:
    """Write counts and log-probabilities of a study's samples as two small files, to be judged on instead."""
    with mistakes_told():
        for path in write_light(load_study(study), out):
            say(f"written: {shown_path(path)}")


def push_samples(url: Url, *, study: StudyOption, task: TaskOption = None, arm: ArmOption = None) -> None:
    """Copy sample sets to the Hub (as a private dataset) or elsewhere; only what is not there yet."""
    with mistakes_told():
        found = load_study(study)
        samples = samples_of(found)
        arms = sampled_arms(found, tasks=task or (), arms=arm or ())
        for one in arms:
            if not one.there:
                raise InputError(
                    f"found no samples of arm {quote(one.arm)} on {quote(one.task)}; sample first"
                )
            copied = push(one.folder, _place(url, one.key))
            say(f"{one.arm} on {one.task}: {copied} new shards at {_place(url, one.key)}")
        for name in dict.fromkeys(one.task for one in arms):
            files = push_beside(samples / quoted(name), _place(url, (name,)), _BESIDE)
            if files:
                say(f"{name}: {' and '.join(files)} at {_place(url, (name,))}")


def pull_samples(url: Url, *, study: StudyOption, task: TaskOption = None, arm: ArmOption = None) -> None:
    """Copy sample sets from the Hub or elsewhere; only what is not here yet."""
    with mistakes_told():
        found = load_study(study)
        samples = samples_of(found)
        arms = sampled_arms(found, tasks=task or (), arms=arm or ())
        for one in arms:
            copied = pull(_place(url, one.key), one.folder)
            say(f"{one.arm} on {one.task}: {copied} new shards from {_place(url, one.key)}")
        tasks = [*dict.fromkeys(one.task for one in arms)]
        for name in tasks:
            files = pull_beside(_place(url, (name,)), samples / quoted(name), _BESIDE)
            if files:
                say(f"{name}: {' and '.join(files)} from {_place(url, (name,))}")
        if not all(task_path(samples, name).exists() for name in tasks):
            say(f"then: beyondbase grade --study {study} (grades that came along are kept)")


def _check(imported: Imported, grader: Grader, task: str, table: Problems, *, accept: bool) -> None:
    plain = with_answers(imported, task, marker=_marker(table), answers=table.answers)
    check = check_import(plain, grader, task=task, table=table, helped=not accept)
    for line in check.lines:
        say(line)
    if check.fault and not accept:
        go_on = "--accept-difference stores it all the same"
        raise InputError(f"{check.fault}; nothing was stored: {check.remedy}; {go_on}")
    if check.fault:
        say(f"accepted: {check.fault}")


def _place(url: str, parts: tuple[str, ...]) -> str:
    return "/".join([url.rstrip("/"), *map(quoted, parts)])


def _marker(table: Problems) -> str | None:
    """What stands before the right answers of a task, also of a benchmark that is declared here."""
    if table.marker is None and table.benchmark is not None:
        return find_benchmark(table.benchmark).layout.marker
    return table.marker


def _task(study: Study, task: str | None) -> str:
    if task is None and len(study.tasks) > 1:
        raise InputError(f"--task: missing; {study.path} has several: {', '.join(study.tasks)}")
    return task or next(iter(study.tasks))
