"""`beyondbase sample`, `grade` and `score`: from a study to completions, grades and log-probabilities."""

from pathlib import Path
from typing import Annotated

import typer

from beyondbase import grading, sampling, scoring
from beyondbase.commands.options import ArmOption, StudyOption, TaskOption
from beyondbase.commands.saying import mistakes_told, progress_shown, say, stopped_by_schedulers
from beyondbase.sources import task_grader
from beyondbase.study import load_study


def sample(
    study: StudyOption,
    *,
    task: TaskOption = None,
    arm: ArmOption = None,
    graded: Annotated[bool, typer.Option("--grade/--no-grade", help="Whether to grade as well.")] = True,
) -> None:
    """Sample what a study lacks, and grade it; interrupted, the same command goes on."""
    with mistakes_told(), stopped_by_schedulers():
        found = load_study(study)
        keys = sampling.chosen(found, tasks=task or (), arms=arm or ())
        if graded:
            for name in dict.fromkeys(name for name, _ in keys):
                # What the grader lacks is better known before the models are paid for.
                task_grader(found, name).version  # noqa: B018
        with progress_shown() as tell:
            sampling.sample(found, keys, tell=tell)
            if graded:
                grading.grade(found, keys, tell=tell)
        say(f"sampled{' and graded' if graded else ''}; {_judge(study)}")


def grade(study: StudyOption, *, task: TaskOption = None, arm: ArmOption = None) -> None:
    """Grade completions that have no grade by the study's grader; nothing is sampled."""
    with mistakes_told(), stopped_by_schedulers():
        found = load_study(study)
        with progress_shown() as tell:
            grading.grade(found, sampling.chosen(found, tasks=task or (), arms=arm or ()), tell=tell)
        say(f"graded; {_judge(study)}")


def score(
    study: StudyOption,
    *,
    task: TaskOption = None,
    arm: ArmOption = None,
    completions: Annotated[
        int, typer.Option(metavar="K", min=1, help="Of each problem the first so many completions.")
    ] = 8,
) -> None:
    """Ask each base how likely the completions of the arms that start from it were; nothing is sampled."""
    with mistakes_told(), stopped_by_schedulers():
        found = load_study(study)
        keys = sampling.chosen(found, tasks=task or (), arms=arm or ())
        with progress_shown() as tell:
            scoring.score(found, keys, k=completions, tell=tell)
        say("scored")


def _judge(study: Path) -> str:
    return f"to judge: nox -s claims -- --study {study} (or pytest claims --study {study})"
