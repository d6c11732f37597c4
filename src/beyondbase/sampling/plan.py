"""What a study has in samples, and what it lacks: completions, tokens, time, disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from beyondbase.evidence.graded_task import read_task, task_path
from beyondbase.evidence.health import Health, health_of
from beyondbase.evidence.problems import load_problems
from beyondbase.evidence.sampled import faults
from beyondbase.evidence.sampled_arm import SampledArm, samples_of
from beyondbase.sampling.draw import missing
from beyondbase.sampling.speed import Speed, read_speed
from beyondbase.study import Study

# What a token of text and the rest of a completion take on the disk, packed, until there is something to
# measure; and the id and log-probability of a token that is kept.
BYTES_PER_TOKEN, BYTES_PER_COMPLETION, BYTES_PER_KEPT = 2.0, 60.0, 8.0


@dataclass(frozen=True)
class SetStatus:
    """What there is of one sample set.

    Attributes:
        problems: Problems with a completion.
        completions: All completions.
        least: Those of the problem with the fewest.
        ungraded: Those without a grade by the task's grader.
        size: Bytes on the disk.
        health: What became of them.
        faults: Why they cannot be judged on; empty if they can.
    """

    task: str
    arm: str
    problems: int
    completions: int
    least: int
    ungraded: int
    size: int
    health: Health
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Need:
    """What one sample set lacks.

    Attributes:
        problems: Problems of the task.
        completions: How many are missing to n of each.
        tokens: How many these will have: as many as those that are there, else at most.
        measured: Whether tokens follows from completions that are there.
        seconds: How long that takes, where a rate was stated or measured.
        size: Bytes of disk, roughly.
    """

    task: str
    arm: str
    problems: int
    completions: int
    tokens: float
    measured: bool
    seconds: float | None
    size: float


def statuses(arms: Sequence[SampledArm]) -> list[SetStatus]:
    """Look at the sample sets that are there.

    Raises:
        InputError: One is damaged.
    """
    return [found for arm in arms if arm.there and (found := _status(arm)) is not None]


def needs(arms: Sequence[SampledArm], *, rate: float | None = None) -> list[Need]:
    """Work out what is missing.

    Args:
        arms: Of one study with [sampling] and [problems], as `sampled_arms` lists them.
        rate: Tokens per second of the engine; as measured in the sets that are there if None.

    Raises:
        InputError: The problems cannot be loaded, or a set was sampled with other settings.
    """
    studies = {arm.task: arm.study for arm in arms}
    problems = {task: load_problems(study, task) for task, study in studies.items()}
    speeds = [read_speed(arm.folder) for arm in arms]
    measured = [speed for speed in speeds if speed is not None]
    of_all = Speed.of_all(measured) if measured else None
    found = []
    for arm, speed in zip(arms, speeds, strict=True):
        lacking = missing(arm, problems[arm.task])
        found.append(_need(arm, len(problems[arm.task]), lacking, speed=speed or of_all, rate=rate))
    return found


def gpus(study: Study) -> int | None:
    """GPUs that the engine of the study takes, where the study says so."""
    return study.engine.gpus


def _need(arm: SampledArm, problems: int, lacking: int, *, speed: Speed | None, rate: float | None) -> Need:
    each = speed.tokens / speed.completions if speed else float(arm.draw.max_tokens)
    per_second = rate or (speed.rate if speed else None)
    kept = min(arm.recipe.keep_tokens / arm.wanted, 1.0) * BYTES_PER_KEPT
    return Need(
        *arm.key,
        problems=problems,
        completions=lacking,
        tokens=lacking * each,
        measured=speed is not None,
        seconds=lacking * each / per_second if per_second else None if lacking else 0.0,
        size=lacking * (each * (BYTES_PER_TOKEN + kept) + BYTES_PER_COMPLETION),
    )


def _status(arm: SampledArm) -> SetStatus | None:
    store, samples = arm.read(), samples_of(arm.study)
    status = store.status()
    if not status.completions:
        return None
    # No grader is called "", so that nothing is graded by it.
    graded = task_path(samples, arm.task).exists()
    rows = store.rows(*(read_task(samples, arm.task).grader if graded else ("", "")))
    health = health_of(rows)
    return SetStatus(
        *arm.key,
        problems=status.problems,
        completions=status.completions,
        least=status.least,
        ungraded=int((rows.outcome < 0).sum()),
        size=status.size,
        health=health,
        faults=faults(arm),
    )
