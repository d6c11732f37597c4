"""The evidence of a study: counts from files, or from the completions that were sampled and graded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from beyondbase.evidence.chances import Chances, load_chances
from beyondbase.evidence.examples import Example, load_examples
from beyondbase.evidence.likelihood_files import add_scores
from beyondbase.evidence.tallies import Tally, load_tallies
from beyondbase.study import Study
from beyondbase.study.arms import Key

if TYPE_CHECKING:
    from beyondbase.evidence.accepts import Accepts
    from beyondbase.evidence.health import Health


@dataclass(frozen=True, eq=False)
class SampledSet:
    """What is known of the completions behind one tally.

    Attributes:
        fingerprint: That of the settings they were sampled with.
        identity: These settings.
        grader: The name and version of who graded them.
        prompts: Whether the base was asked in the very same words; None where that is not known.
        health: What became of them.
        accepts: How often the grader accepted answers to other problems; None where nobody looked.
    """

    task: str
    arm: str
    fingerprint: str
    identity: Mapping[str, Any]
    grader: tuple[str, str]
    prompts: bool | None
    health: "Health"
    accepts: "Accepts | None" = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a study is judged on.

    Attributes:
        tallies: The counts by (task, arm), in the order of the study.
        examples: Completions to read beside them; no claim sees them.
        sets: Where the counts come from, if they were sampled or imported here.
        chances: The exact chances by (task, arm) of the arms that guess.
    """

    tallies: Mapping[Key, Tally]
    examples: tuple[Example, ...]
    sets: tuple[SampledSet, ...] = ()
    chances: Mapping[Key, Chances] = field(default_factory=dict)


def load_evidence(study: Study) -> Evidence:
    """Read what a study is judged on.

    Raises:
        InputError: It cannot be read, is not there yet, or was made with other settings.
    """
    if study.samples is not None:
        # Of engines, graders and the store, what is judged on counts needs nothing.
        from beyondbase.evidence.sampled import load_sampled_evidence  # noqa: PLC0415

        return load_sampled_evidence(study)
    tallies = add_scores(study, load_tallies(study))
    return Evidence(
        tallies,
        load_examples(study, tallies),
        chances=load_chances(study, {task: _ids(tallies, task) for task in study.tasks}),
    )


def _ids(tallies: Mapping[Key, Tally], task: str) -> set[str]:
    return {name for key, tally in tallies.items() if key[0] == task for name in tally.problem_ids}
