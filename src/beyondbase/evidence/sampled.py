"""The evidence of a study that was sampled or imported: counts, health and examples from its sample sets."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from beyondbase.errors import InputError
from beyondbase.evidence.chances import load_chances
from beyondbase.evidence.doubt import Doubt
from beyondbase.evidence.examples import Example
from beyondbase.evidence.graded_task import GradedTask, read_task
from beyondbase.evidence.health import complaints, doubt, health_of
from beyondbase.evidence.load import Evidence, SampledSet
from beyondbase.evidence.marks import OUTCOME_OF, Mark
from beyondbase.evidence.order import natural_rank
from beyondbase.evidence.problems import load_problems
from beyondbase.evidence.sampled_arm import SampledArm, sampled_arms, samples_of
from beyondbase.evidence.sampled_likelihoods import sampled_likelihoods
from beyondbase.evidence.tallies import Tally
from beyondbase.evidence.unfit import asked_otherwise, drawn_otherwise, same_prompts, unfinished
from beyondbase.messages import place, quote
from beyondbase.store import OUTCOMES, Rows, SampleSet
from beyondbase.study import Study
from beyondbase.study.arms import Key
from beyondbase.study.tables import Problems
from beyondbase.tasks import problems_digest

# The page carries every text: so many completions of a problem, and so many characters of a study.
SHOWN = 2
CHARACTERS = 2_000_000
NO_MARKS: Mapping[Key, Iterable[Mark]] = MappingProxyType({})
OWN: Mapping[str, tuple[str, str]] = MappingProxyType({})


def load_sampled_evidence(
    study: Study,
    *,
    marks: Mapping[Key, Iterable[Mark]] = NO_MARKS,
    graders: Mapping[str, tuple[str, str]] = OWN,
) -> Evidence:
    """Read what a study with [evidence] samples is judged on.

    Args:
        marks: By task and arm, what a person said of completions, to be counted in the place of grades.
        graders: By task, name and version of a grader whose grades count in the place of the study's own.

    Raises:
        InputError: as `beyondbase.evidence.load.load_evidence`.
    """
    tasks = {task: _task(study, task) for task in study.tasks}
    # What is known of the study's own grader says nothing of another.
    tasks |= {task: replace(tasks[task], grader=by, accepts={}) for task, by in graders.items()}
    found = [_read(arm, tasks[arm.task], marks.get(arm.key, ())) for arm in _sets(study)]
    return Evidence(
        {(item.task, item.arm): tally for item, tally, _ in found},
        _bounded([example for _, _, some in found for example in some]),
        tuple(item for item, _, _ in found),
        load_chances(study, {name: {id_ for id_, _, _ in task.problems} for name, task in tasks.items()}),
    )


def faults(arm: SampledArm) -> tuple[str, ...]:
    """Say why a sample set that is there cannot be judged on; empty if it can."""
    try:
        _, tally, _ = _read(arm, _task(arm.study, arm.task))
    except InputError as error:
        return (str(error),)
    return tally.unfit


def _sets(study: Study) -> list[SampledArm]:
    """The sets of a study, task by task; of imports not every arm needs to have every task."""
    tasks, every = [*study.tasks], sampled_arms(study)
    there = [arm for arm in every if arm.there]
    filled = {arm.arm for arm in there}
    for arm in every:
        if arm not in there and (study.sampling is not None or arm.arm not in filled):
            use = f"run beyondbase sample --study {study.path}, or import them"
            found = f"found no samples of arm {quote(arm.arm)} on {quote(arm.task)}"
            raise InputError(f"{study.path}: {found}; {use}")
    return sorted(there, key=lambda arm: tasks.index(arm.task))


def _task(study: Study, task: str) -> GradedTask:
    known = read_task(samples_of(study), task)
    table = study.problems.get(task, Problems()).model_dump(mode="json")
    if known.source is not None and known.source != table:
        changed = ", ".join(name for name, value in table.items() if known.source.get(name) != value)
        at = place("problems", task)
        raise InputError(
            f"{study.path}: {at}: was changed since the samples were graded ({changed}); run beyondbase grade"
            f" --study {study.path}, or restore it"
        )
    if known.source is not None and known.sha256 and _digest_now(study, task) not in {None, known.sha256}:
        at = place("problems", task)
        raise InputError(
            f"{study.path}: {at}: problems or answers were changed since the samples were graded; run"
            f" beyondbase grade --study {study.path}, or restore them"
        )
    return known


def _digest_now(study: Study, task: str) -> str | None:
    """The digest of the problems as they are now, where that needs neither the Hub nor an extra."""
    table = study.problems.get(task, Problems())
    if table.source in {"hub", "gym"} or (table.source == "benchmark" and table.path is None):
        return None
    return problems_digest(load_problems(study, task))


def _read(
    arm: SampledArm, task: GradedTask, marks: Iterable[Mark] = ()
) -> tuple[SampledSet, Tally, list[Example]]:
    store, limits = arm.read(), arm.study.health
    arm.check_settings(store)
    rows = store.rows(*task.grader, n=arm.n)
    _check_graded(arm.study, store, rows, task)
    health, prompts = health_of(rows), same_prompts(arm, store)
    unfit = (
        *unfinished(arm, store, found=rows.index.size, problems=len(task.problems)),
        *complaints(health, limits, arm=arm.arm, task=arm.task),
        *asked_otherwise(arm, same=prompts),
        *drawn_otherwise(arm, store),
    )
    accepts = task.accepts.get(arm.arm)
    item = SampledSet(*arm.key, store.fingerprint, store.identity, task.grader, prompts, health, accepts)
    if health.errors == 1:
        raise InputError(
            f"{store.folder}: every completion was lost by machinery; delete it and sample again"
        )
    reason = doubt(health, limits, arm=arm.arm, task=arm.task)
    tally = _tally(_marked(rows, marks), task, unfit, reason)
    tally = replace(tally, likelihoods=sampled_likelihoods(arm, store, tally.problem_ids))
    return item, tally, _examples(arm.key, store, task)


def _check_graded(study: Study, store: SampleSet, rows: Rows, task: GradedTask) -> None:
    bare = int((rows.outcome < 0).sum())
    if not rows.index.size:
        raise InputError(
            f"{store.folder}: holds no completions yet; run beyondbase sample --study {study.path}"
        )
    if bare:
        found = f"{bare:,} of {rows.index.size:,} completions have no grade by {' '.join(task.grader)}"
        raise InputError(
            f"{store.folder}: {found}; run beyondbase grade --study {study.path} (sample does so too)"
        )
    unknown = set(rows.problem_ids) - {name for name, _, _ in task.problems}
    if unknown:
        raise InputError(
            f"{store.folder}: found problem {quote(min(unknown))}, which the task no longer has; sample into"
            " another folder ([evidence] samples), or restore the problem"
        )


def _tally(rows: Rows, task: GradedTask, unfit: tuple[str, ...], reason: str) -> Tally:
    size = len(rows.problem_ids)
    counted = rows.outcome != OUTCOMES.index("error")
    n = np.bincount(rows.problem[counted], minlength=size)
    c, undecided = (
        np.bincount(rows.problem[rows.outcome == OUTCOMES.index(word)], minlength=size)
        for word in ("correct", "undecided")
    )
    # A problem all of whose completions were lost says nothing; that they were lost is in their health.
    kept = [place for place in _naturally(rows.problem_ids) if n[place]]
    ids = tuple(rows.problem_ids[place] for place in kept)
    about = {name: (level, cluster) for name, level, cluster in task.problems}
    levels, clusters = ([about[name][part] for name in ids] for part in (0, 1))
    return Tally(
        problem_ids=ids,
        n=_frozen(n[kept]),
        c=_frozen(c[kept]),
        clusters=_whole(clusters),
        levels=_whole(levels),
        unfit=unfit,
        doubt=Doubt(_frozen(undecided[kept]), reason) if reason else None,
    )


def _marked(rows: Rows, marks: Iterable[Mark]) -> Rows:
    """The same completions with the outcomes that a person gave some of them."""
    words = {(mark.problem_id, mark.index, mark.digest): OUTCOME_OF[mark.word] for mark in marks}
    if not words:
        return rows
    outcome = rows.outcome.copy()
    asked = {name for name, _, _ in words}
    wanted = np.array([name in asked for name in rows.problem_ids], dtype=bool)
    for at in np.flatnonzero(wanted[rows.problem]):
        name = rows.problem_ids[rows.problem[at]]
        word = words.get((name, int(rows.index[at]), int(rows.digest[at])))
        outcome[at] = outcome[at] if word is None else OUTCOMES.index(word)
    return replace(rows, outcome=outcome)


def _whole(names: list[str | None]) -> tuple[str, ...] | None:
    known = tuple(name for name in names if name)
    return known if known and len(known) == len(names) else None


def _frozen(values: Any) -> Any:
    counts = values.astype(np.int64)
    counts.setflags(write=False)
    return counts


def _naturally(ids: tuple[str, ...]) -> list[int]:
    order: list[int] = np.argsort(natural_rank(pa.array(ids, pa.string()))).tolist()
    return order


def _examples(key: Key, store: SampleSet, task: GradedTask) -> list[Example]:
    found: dict[str, list[Example]] = {}
    for item in store.examples(*task.grader, k=SHOWN):
        example = Example(*key, item.problem_id, item.outcome, item.text)
        found.setdefault(item.problem_id, []).append(example)
    ids = tuple(found)
    return [example for place in _naturally(ids) for example in found[ids[place]]]


def _bounded(examples: list[Example]) -> tuple[Example, ...]:
    """All arms' examples of the first problems of each task, as many as the page can carry."""
    sizes: dict[Key, int] = {}
    for example in examples:
        name = (example.task, example.problem_id)
        sizes[name] = sizes.get(name, 0) + len(example.text)
    room, shown = CHARACTERS, set[Key]()
    for name, size in sizes.items():
        room -= size
        if room < 0:
            break
        shown.add(name)
    return tuple(example for example in examples if (example.task, example.problem_id) in shown)
