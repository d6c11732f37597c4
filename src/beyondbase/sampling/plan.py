"""What a study has in samples, and what it lacks: completions, tokens, time, disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from beyondbase.evidence.asked import n_of, recipe_of, samples_of
from beyondbase.evidence.graded_task import read_task, task_path
from beyondbase.evidence.health import Health, health_of
from beyondbase.evidence.problems import load_problems
from beyondbase.evidence.sampled import faults
from beyondbase.sampling.draw import missing
from beyondbase.sampling.speed import Speed, read_speed
from beyondbase.store import SampleSet, set_folder
from beyondbase.store.layout import SET_FILE
from beyondbase.study import Study
from beyondbase.study.arms import Key

# What a token of text and the rest of a completion take on the disk, packed, until there is something to
# measure; and the id and log-probability of a token that is kept.
BYTES_PER_TOKEN, BYTES_PER_COMPLETION, BYTES_PER_KEPT = 2.0, 60.0, 8.0


@dataclass(frozen=True)
class Stock:
    """What there is of one sample set.

    Attributes:
        task: The task.
        arm: The arm.
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
        task: The task.
        arm: The arm.
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


def stock(study: Study, keys: Sequence[Key]) -> list[Stock]:
    """Look at the sample sets that are there.

    Raises:
        InputError: One is damaged.
    """
    samples = samples_of(study)
    there = [key for key in keys if (set_folder(samples, *key) / SET_FILE).exists()]
    return [found for key in there if (found := _stock(study, key)) is not None]


def needs(study: Study, keys: Sequence[Key], *, rate: float | None = None) -> list[Need]:
    """Work out what is missing.

    Args:
        study: With [sampling] and [problems].
        keys: Which of its sets.
        rate: Tokens per second of the engine; as measured in the sets that are there if None.

    Raises:
        InputError: The problems cannot be loaded, or a set was sampled with other settings.
    """
    samples = samples_of(study)
    sizes = {task: load_problems(study, task) for task, _ in keys}
    speeds = {key: read_speed(set_folder(samples, *key)) for key in keys}
    measured = [speed for speed in speeds.values() if speed is not None]
    found = []
    for key in keys:
        lacking = missing(study, key, sizes[key[0]])
        speed = speeds[key] or (Speed.of_all(measured) if measured else None)
        found.append(_need(study, key, len(sizes[key[0]]), lacking, speed=speed, rate=rate))
    return found


def gpus(study: Study) -> int | None:
    """GPUs that the engine of the study takes, where the study says so."""
    return study.engine.gpus


def _need(  # noqa: PLR0913 - a need is made of six things
    study: Study, key: Key, problems: int, lacking: int, *, speed: Speed | None, rate: float | None
) -> Need:
    recipe = recipe_of(study)
    most = study.arms[key[1]].max_tokens or recipe.max_tokens
    each = speed.tokens / speed.completions if speed else float(most)
    per_second = rate or (speed.rate if speed else None)
    kept = min(recipe.keep_tokens / n_of(study, key[1]), 1.0) * BYTES_PER_KEPT
    return Need(
        *key,
        problems=problems,
        completions=lacking,
        tokens=lacking * each,
        measured=speed is not None,
        seconds=lacking * each / per_second if per_second else None if lacking else 0.0,
        size=lacking * (each * (BYTES_PER_TOKEN + kept) + BYTES_PER_COMPLETION),
    )


def _stock(study: Study, key: Key) -> Stock | None:
    samples = samples_of(study)
    store = SampleSet.read(set_folder(samples, *key))
    status = store.status()
    if not status.completions:
        return None
    # No grader is called "", so that nothing is graded by it.
    graded = task_path(samples, key[0]).exists()
    rows = store.rows(*(read_task(samples, key[0]).grader if graded else ("", "")))
    health = health_of(rows)
    return Stock(
        *key,
        problems=status.problems,
        completions=status.completions,
        least=status.least,
        ungraded=int((rows.outcome < 0).sum()),
        size=status.size,
        health=health,
        faults=faults(study, key),
    )
