"""`beyondbase sample`, `grade` and `score`: from a study to completions, grades and log-probabilities."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from beyondbase.cli.console import columns, mistakes_told, progress_shown, say, stopped_by_schedulers
from beyondbase.cli.options import ArmOption, StudyOption, TaskOption
from beyondbase.evidence.accepts import Accepts
from beyondbase.evidence.sampled_arm import sampled_arms
from beyondbase.sampling import draw as sampling
from beyondbase.sampling import grade as grading
from beyondbase.sampling import score as scoring
from beyondbase.sampling.task_grader import task_grader
from beyondbase.study import load_study
from beyondbase.study.arms import Key


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
        arms = sampled_arms(found, tasks=task or (), arms=arm or ())
        if graded:
            for name in dict.fromkeys(one.task for one in arms):
                # What the grader lacks is better known before the models are paid for.
                task_grader(found, name).version  # noqa: B018
        with progress_shown() as tell:
            sampling.sample(arms, tell=tell)
            accepts = grading.grade(arms, tell=tell) if graded else {}
        _say_accepts(accepts)
        say(f"sampled{' and graded' if graded else ''}; {_judge(study)}")


def grade(study: StudyOption, *, task: TaskOption = None, arm: ArmOption = None) -> None:
    """Grade completions that have no grade by the study's grader; nothing is sampled."""
    with mistakes_told(), stopped_by_schedulers():
        found = load_study(study)
        with progress_shown() as tell:
            arms = sampled_arms(found, tasks=task or (), arms=arm or ())
            accepts = grading.grade(arms, tell=tell)
        _say_accepts(accepts)
        say(f"graded; {_judge(study)}")


def score(
    study: StudyOption,
    *,
    task: TaskOption = None,
    arm: ArmOption = None,
    completions: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            min=1,
            help=f"Of each problem the first so many; keep_tokens, or {scoring.FIRST}, if absent.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Ask each base how likely the completions of the arms that start from it were; nothing is sampled.

    Arms drawn at another temperature than 1 are also asked how likely their own completions were at it.
    """
    with mistakes_told(), stopped_by_schedulers():
        found = load_study(study)
        arms = sampled_arms(found, tasks=task or (), arms=arm or ())
        kept = found.sampling.keep_tokens if found.sampling else 0
        with progress_shown() as tell:
            left_out = scoring.score(arms, k=completions or kept or scoring.FIRST, tell=tell)
        if left_out:
            use = f'"{found.engine.engine}" scores at temperature 1 only; their entropy is not known'
            say(f"not scored at their own temperature: {', '.join(left_out)} ({use})")
        say("scored")


def _say_accepts(accepts: Mapping[Key, Accepts]) -> None:
    """Say how often the grader accepted answers to other problems."""
    if not accepts:
        return
    header = (
        "arm",
        "task",
        "graded for another problem",
        "accepted",
        "to the letter",
        "share",
        "95 % interval",
    )
    rows = [
        (
            arm,
            task,
            f"{found.compared:,}",
            f"{found.accepted:,}",
            f"{found.alike:,}",
            f"{found.accepted / found.compared:.2%}",
            f"{found.lower:.2%} to {found.upper:.2%}",
        )
        for (task, arm), found in accepts.items()
    ]
    for line in columns([header, *rows]):
        say(line)


def _judge(study: Path) -> str:
    return f"to judge: beyondbase judge {study}"
