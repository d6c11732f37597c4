"""`beyondbase regrade`: what another grader would say of the same samples, and of the verdicts."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from beyondbase.cli.console import columns, mistakes_told, progress_shown, say, stopped_by_schedulers
from beyondbase.cli.options import ClaimsOption, StudyArgument
from beyondbase.cli.verdicts import say_changes
from beyondbase.errors import InputError
from beyondbase.evidence.sampled import load_sampled_evidence
from beyondbase.messages import quote
from beyondbase.sampling.regrade import Disagreement, grade_by
from beyondbase.study import load_study
from beyondbase.study.arms import Key


def regrade(
    study: StudyArgument,
    *,
    by: Annotated[str, typer.Option("--with", metavar="GRADER", help="The second grader.")] = "math-verify",
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="An option of it, as in a study file; may be repeated.",
            show_default=False,
        ),
    ] = None,
    claims: ClaimsOption = None,
) -> None:
    """Grade by a second grader as well, and say which problems and verdicts hang on the choice.

    The study's own grades stay those that count.
    """
    with mistakes_told(), stopped_by_schedulers():
        found, chosen = load_study(study), _options(options or ())
        own = load_sampled_evidence(found)
        with progress_shown() as tell:
            graders, differences = grade_by(found, by, chosen, tell=tell)
        _say_table(differences)
        other = load_sampled_evidence(found, graders=graders)
        sides = "before: by the study's own grader, now: by the second"
        say_changes(found, (own, other), claims or (), what=f"graded by {quote(by)}", sides=sides)


def _options(words: Sequence[str]) -> Mapping[str, Any]:
    options: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key.strip():
            raise InputError(f"--set: found {quote(word)}; use KEY=VALUE, such as places=6")
        options[key.strip()] = _value(text.strip())
    return options


def _value(text: str) -> Any:
    """A value as TOML has it; what is none is a word, which a shell has taken the quotes from."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _say_table(found: Mapping[Key, Disagreement]) -> None:
    head = (
        "arm",
        "task",
        "completions",
        "right by the first alone",
        "by the second alone",
        "solved by the first alone",
        "by the second alone",
    )
    rows = [
        (arm, task, *(f"{count:,}" for count in (one.completions, *one.right_alone, *one.solved_alone)))
        for (task, arm), one in found.items()
    ]
    for line in columns([head, *rows]):
        say(line)
