"""`beyondbase review`: problems that few samples solve, for a person to look at, and verdicts with marks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from beyondbase.cli.console import columns, mistakes_told, say
from beyondbase.cli.options import ClaimsOption, StudyArgument
from beyondbase.cli.verdicts import say_changes
from beyondbase.evidence.sampled import load_sampled_evidence
from beyondbase.report.terminal import counted
from beyondbase.sampling.review import Sample, marks_of, solved_by_few, take_marks
from beyondbase.sampling.review_files import read_words, write_list
from beyondbase.study import Study, load_study
from beyondbase.visible import one_line, shown_path

LIST_FILE = "review.csv"


def review(
    study: StudyArgument,
    *,
    marks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The list with its column mark filled: right or wrong.", show_default=False
        ),
    ] = None,
    most: Annotated[
        int, typer.Option(min=1, help="List problems that so many samples of an arm solve, or fewer.")
    ] = 2,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=f"Where the list goes ({LIST_FILE} beside the study if absent).",
            show_default=False,
        ),
    ] = None,
    claims: ClaimsOption = None,
) -> None:
    """Write a list of problems that one or two samples solve, or take it back with a person's marks.

    With marks, given now or before, say which verdicts change if these samples count as the person says.
    """
    with mistakes_told():
        found = load_study(study)
        listed = solved_by_few(found, most=most)
        if marks is not None:
            words = read_words(marks, listed)
            take_marks(found, listed, words)
            say(one_line(f"stored: {_said([word for word in words.values() if word])}"))
        elif listed:
            path = out or found.path.parent / LIST_FILE
            write_list(listed, path)
            _say_list(listed)
            say(f"written: {shown_path(path)}")
            say("write right or wrong in its column mark, look at few or all, then run:")
            say(f"  beyondbase review {study} --marks {shown_path(path)}")
        else:
            say(f"no problem counts as solved through {counted(most, 'sample')} or fewer")
        _say_verdicts(found, claims or ())


def _said(words: Sequence[str]) -> str:
    right = sum(word == "right" for word in words)
    return f"{counted(len(words), 'mark')}, {right:,} right and {len(words) - right:,} wrong"


def _say_list(listed: Sequence[Sample]) -> None:
    rows = []
    for task, arm in dict.fromkeys((one.task, one.arm) for one in listed):
        some = [one for one in listed if (one.task, one.arm) == (task, arm)]
        problems = {one.problem.id for one in some}
        alone = {one.problem.id for one in some if one.alone}
        marked = sum(one.mark is not None for one in some)
        rows.append((arm, task, *(f"{count:,}" for count in (len(problems), len(alone), len(some), marked))))
    for line in columns([("arm", "task", "problems", "alone", "samples", "marked"), *rows]):
        say(line)


def _say_verdicts(study: Study, folders: Sequence[Path]) -> None:
    """Say the verdicts without the marks and with them, if there are any."""
    marks = marks_of(study)
    if not marks:
        return
    words = [mark.word for some in marks.values() for mark in some]
    # As the grader says, which no mark changes, and as the person does.
    evidence = load_sampled_evidence(study), load_sampled_evidence(study, marks=marks)
    sides = "before: without the marks, now: with them"
    say_changes(study, evidence, folders, what=f"with {_said(words)}", sides=sides)
