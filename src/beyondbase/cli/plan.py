"""`beyondbase plan` and `status`: what sampling will take, and what there is."""

from collections.abc import Sequence
from typing import Annotated

import typer

from beyondbase.cli.console import columns, mistakes_told, say
from beyondbase.cli.options import ArmOption, StudyOption, TaskOption
from beyondbase.evidence.sampled_arm import sampled_arms
from beyondbase.sampling.plan import Need, SetStatus, gpus, needs, statuses
from beyondbase.study import Study, load_study
from beyondbase.visible import one_line

HOUR = 3600


def plan(
    study: StudyOption,
    *,
    task: TaskOption = None,
    arm: ArmOption = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--tokens-per-second",
            metavar="RATE",
            min=1e-9,
            help="Of the engine; as measured in earlier runs of the study if absent.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say what sampling will take: completions, tokens, hours and disk. Nothing is started."""
    with mistakes_told():
        found = load_study(study)
        wanted = needs(sampled_arms(found, tasks=task or (), arms=arm or ()), rate=rate)
        for line in columns([_NEED_HEADER, *map(_need_row, wanted), _need_row(_total(wanted))]):
            say(line)
        for line in _plan_notes(found, wanted, rate=rate):
            say(line)


def status(study: StudyOption, *, task: TaskOption = None, arm: ArmOption = None) -> None:
    """Say what there is: completions, grades, and what is wrong with them."""
    with mistakes_told():
        found = load_study(study)
        arms = sampled_arms(found, tasks=task or (), arms=arm or ())
        there, wanted = statuses(arms), {one.key: one.n for one in arms}
        rows = [_status_row(item, wanted[item.task, item.arm]) for item in there]
        for line in columns([_STATUS_HEADER, *rows]) if rows else ():
            say(line)
        known = {(item.task, item.arm) for item in there}
        for one in arms:
            if one.key not in known:
                say(f"nothing yet: {one.arm} on {one.task}")
        for item in there:
            for fault in item.faults:
                say(one_line(f"unfit: {fault}"), "yellow")


_NEED_HEADER = ("arm", "task", "problems", "to sample", "tokens", "time", "disk")
_STATUS_HEADER = (
    "arm",
    "task",
    "problems",
    "completions",
    "per problem",
    "ungraded",
    "truncated",
    "unparsed",
    "undecided",
    "errors",
    "distinct",
    "tokens each",
    "disk",
)


def _need_row(need: Need) -> tuple[str, ...]:
    bound = "" if need.measured or not need.completions else "<= "
    time = "?" if need.seconds is None else f"{bound}{_duration(need.seconds)}"
    counts = (f"{need.problems:,}", f"{need.completions:,}", f"{bound}{need.tokens:,.0f}")
    return (need.arm, need.task, *counts, time, f"{bound}{_bytes(need.size)}")


def _total(found: Sequence[Need]) -> Need:
    seconds = [need.seconds for need in found]
    known = [value for value in seconds if value is not None]
    return Need(
        task="",
        arm="all",
        problems=sum(need.problems for need in found),
        completions=sum(need.completions for need in found),
        tokens=sum(need.tokens for need in found),
        measured=all(need.measured for need in found),
        seconds=sum(known) if len(known) == len(seconds) else None,
        size=sum(need.size for need in found),
    )


def _plan_notes(study: Study, found: Sequence[Need], *, rate: float | None) -> list[str]:
    whole, lines = _total(found), []
    if whole.completions and not whole.measured:
        lines.append("<=: nothing is measured yet, so every completion counts with all of its max_tokens")
    if not whole.completions:
        lines.append("nothing to sample: every set is complete")
    elif whole.seconds is None:
        lines.append("?: state a rate with --tokens-per-second, or sample a little with a smaller n first")
    else:
        each = gpus(study)
        source = "the rate stated" if rate else "the rate measured in earlier runs"
        shown = f"{_duration(whole.seconds)} at {source}"
        if each:
            shown += f", on {each} GPU{'s' if each > 1 else ''}: {whole.seconds * each / HOUR:,.2f} GPU-hours"
        lines.append(shown)
    return lines


def _status_row(item: SetStatus, n: int | None) -> tuple[str, ...]:
    health = item.health
    shares = (health.truncated, health.unparsed, health.undecided, health.errors)
    return (
        item.arm,
        item.task,
        f"{item.problems:,}",
        f"{item.completions:,}",
        f"{item.least} of {n}" if n else str(item.least),
        f"{item.ungraded:,}",
        *(f"{share:.1%}" for share in shares),
        f"{health.distinct:.1%}",
        "?" if health.tokens is None else f"{health.tokens[0]:,.0f}",
        _bytes(item.size),
    )


def _bytes(size: float) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.0f} kB"


def _duration(seconds: float) -> str:
    if seconds >= HOUR:
        return f"{seconds / HOUR:,.1f} h"
    return f"{seconds / 60:,.1f} min" if seconds >= 100 else f"{seconds:,.0f} s"
