"""`beyondbase agree`: whether two studies may have drawn from the same arms."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from beyondbase.cli.console import columns, mistakes_told, say
from beyondbase.cli.options import ArmOption, StudyOption, TaskOption
from beyondbase.errors import InputError
from beyondbase.evidence.agreement import Agreement, compare_tallies, same_counts
from beyondbase.evidence.load import Evidence, load_evidence
from beyondbase.evidence.tallies import Tally
from beyondbase.messages import quote, suggest
from beyondbase.report.terminal import p_text
from beyondbase.study import load_study
from beyondbase.study.arms import Key
from beyondbase.visible import one_line

DIFFER = 1
_HEADER = ("arm", "task", "problems", "pass@1", "stored", "adj. p", "least adj. p", "problem")
# So many problems are named of an arm that differs.
_NAMED = 5


def agree(
    study: StudyOption,
    *,
    stored: Annotated[
        Path, typer.Option("--with", metavar="PATH", help="The study to compare with.", show_default=False)
    ],
    task: TaskOption = None,
    arm: ArmOption = None,
    alpha: Annotated[
        float, typer.Option(min=1e-9, max=0.5, help="The chance of an alarm where nothing differs.")
    ] = 0.05,
) -> None:
    """Test whether two studies drew from the same arms, problem by problem and on all problems together.

    Ends with 0 where no difference is shown, and with 1 where one is.
    """
    with mistakes_told():
        fresh, other = (load_evidence(load_study(path)) for path in (study, stored))
        keys = _chosen([key for key in fresh.tallies if key in other.tallies], task or (), arm or ())
        if not keys:
            use = "give two studies that name some arms and tasks alike"
            raise InputError(f"{study}: has no arm on a task that {stored} has as well; {use}")
        _check_fit(study, keys, fresh)
        _check_fit(stored, keys, other)
        _check_other_draws(keys, fresh, other)
        found = compare_tallies({key: fresh.tallies[key] for key in keys}, other.tallies)
        _check_problems(keys, found, fresh.tallies, other.tallies)
        for line in columns([_HEADER, *map(_row, found)]):
            say(line)
        for line, style in _remarks(found, alpha):
            say(one_line(line), style)
        if not all(one.agrees(alpha) for one in found):
            raise typer.Exit(DIFFER)


def _check_fit(path: Path, keys: Sequence[Key], evidence: Evidence) -> None:
    for key in keys:
        for reason in evidence.tallies[key].unfit:
            raise InputError(f"{path}: {reason}; only samples that can be judged on are compared")


def _chosen(common: Sequence[Key], tasks: Sequence[str], arms: Sequence[str]) -> list[Key]:
    for place, (option, names) in enumerate((("--task", tasks), ("--arm", arms))):
        known = list(dict.fromkeys(key[place] for key in common))
        for name in names:
            if name not in known:
                use = f"use one of {', '.join(known)}{suggest(name, known)}"
                raise InputError(f"{option}: found {quote(name)}, which the two studies do not share; {use}")
    return [key for key in common if key[0] in (tasks or key) and key[1] in (arms or key)]


def _check_other_draws(keys: Sequence[Key], fresh: Evidence, other: Evidence) -> None:
    """Refuse to compare completions with themselves: they agree whatever the models do."""
    prints = [{(one.task, one.arm): one.fingerprint for one in side.sets} for side in (fresh, other)]
    for key in keys:
        if key in prints[0] and prints[0][key] == prints[1].get(key):
            use = "give one of the two studies another [sampling] seed, and sample it afresh"
            raise InputError(f"arm {key[1]!r} on {key[0]!r}: both studies have the same completions; {use}")
        if same_counts(fresh.tallies[key], other.tallies[key]):
            found = (
                "both studies have the same counts on every problem, so these seem to be the same completions"
            )
            use = "compare with completions that were drawn anew, with another [sampling] seed"
            raise InputError(f"arm {key[1]!r} on {key[0]!r}: {found}; {use}")


def _check_problems(
    keys: Sequence[Key], found: Sequence[Agreement], fresh: Mapping[Key, Tally], other: Mapping[Key, Tally]
) -> None:
    compared = {(one.task, one.arm) for one in found}
    for key in keys:
        if key not in compared:
            first, second = (quote(side[key].problem_ids[0]) for side in (fresh, other))
            raise InputError(
                f"arm {key[1]!r} on {key[0]!r}: no problem is in both studies (the first are {first} and"
                f" {second}); use problems of the same ids"
            )


def _row(one: Agreement) -> tuple[str, ...]:
    shares = (f"{share:.1%}" for share in (one.fresh, one.stored))
    least = one.least
    cells = (one.arm, one.task, f"{len(one.problems):,}", *shares, p_text(one.p_adjusted))
    return tuple(map(one_line, (*cells, p_text(least.p_adjusted), least.problem_id)))


def _remarks(found: Sequence[Agreement], alpha: float) -> Iterator[tuple[str, str]]:
    for one in found:
        if one.left_out:
            both = f"{one.arm} on {one.task}: {len(one.problems):,} problems are compared"
            yield f"{both}; {one.left_out:,} are in one of the two studies only", "yellow"
    apart = [one for one in found if not one.agrees(alpha)]
    for one in apart:
        yield f"differs: {one.arm} on {one.task}: {'; '.join(_reasons(one, alpha))}", "red"
    if not apart:
        yield "agree", "green"


def _reasons(one: Agreement, alpha: float) -> Iterator[str]:
    if one.p_adjusted <= alpha:
        yield f"pass@1 {one.fresh:.1%}, stored {one.stored:.1%} (adj. p {p_text(one.p_adjusted)})"
    problems = one.differing(alpha)
    for test in problems[:_NAMED]:
        (c, n), (other_c, other_n) = test.fresh, test.stored
        counts = f"{c:,} of {n:,} right, stored {other_c:,} of {other_n:,}"
        yield f"{test.problem_id}: {counts} (adj. p {p_text(test.p_adjusted)})"
    if len(problems) > _NAMED:
        yield f"and {len(problems) - _NAMED:,} more"
