"""results.json: every number that is shown, with what it was computed from."""

import json
import math
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel

from beyondbase.evidence.likelihood_files import score_rows
from beyondbase.evidence.likelihoods import likelihoods_digest
from beyondbase.evidence.load import SampledSet
from beyondbase.evidence.tallies import file_digest, rows_digest
from beyondbase.files import AnyPath, write_whole
from beyondbase.inference.band import DRAWS
from beyondbase.judging.family import NOTHING, Family, Judged, Judgement
from beyondbase.judging.tipping import Tipping
from beyondbase.judging.verdict import Effect, Verdict
from beyondbase.results import paper
from beyondbase.results.likelihoods import likelihood_summaries
from beyondbase.results.pairs import summaries
from beyondbase.results.schema import SCHEMA_VERSION
from beyondbase.results.schema.causes import Unfit, causes_of
from beyondbase.results.schema.pairs import PairRecord
from beyondbase.results.schema.samples import AcceptsRecord, ExampleRecord, HealthRecord, SampleSetRecord
from beyondbase.results.schema.studies import (
    ArmRecord,
    GridRecord,
    Input,
    NotApplicable,
    Results,
    StudyRecord,
    SuiteRecord,
    TaskRecord,
)
from beyondbase.results.schema.tipping import FallRecord, SoleRecord, TippingRecord
from beyondbase.results.schema.verdicts import (
    EffectRecord,
    PartRecord,
    ReferenceRecord,
    VerdictRecord,
    WaiverRecord,
)
from beyondbase.study import Task, Waiver
from beyondbase.study.arms import ALL_TASKS

# What differs between processors and versions of libraries (tests/test_reproducible.py) is beyond these: some
# 1e-11 of a number, and 1e-14 where nearly all of it cancelled. Only p-values are told however small.
DIGITS = 9
PLACES = 13
NO_PAIRS: Mapping[str, Mapping[int, PairRecord]] = MappingProxyType({})
LIBRARIES = ("numpy", "pyarrow", "pydantic", "pytest", "scipy", "statsmodels")

_Model = TypeVar("_Model", bound=BaseModel)


def results_of(
    judgements: Sequence[Judgement], *, known: Mapping[str, Mapping[int, PairRecord]] = NO_PAIRS
) -> Results:
    """What results.json holds.

    It depends on the study files, their evidence and the versions alone: not on what a test run
    selected, on the number of workers, the order of rows, or the time of day.

    Args:
        judgements: of the studies.
        known: summaries of pairs that were made before, by study and place; see `summaries`.
    """
    results = Results.model_construct(
        schema_version=SCHEMA_VERSION,
        suite=SuiteRecord.model_construct(name="beyondbase", version=version("beyondbase")),
        versions={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        studies=[
            _study(judgement, known.get(judgement.study.id, NOTHING))
            for judgement in sorted(judgements, key=lambda j: j.study.id)
        ],
    )
    return _rounded(results)


def write_results(results: Results, path: AnyPath) -> None:
    """Write results.json whole or not at all."""
    write_whole(json.dumps(results, indent=1, ensure_ascii=False, default=vars) + "\n", path)


def _study(judgement: Judgement, known: Mapping[int, PairRecord]) -> StudyRecord:
    study, evidence = judgement.study, judgement.family.evidence
    verdicts, pairs = [_judged(entry) for entry in judgement.judged], summaries(judgement, known=known)
    return StudyRecord.model_construct(
        id=study.id,
        title=study.title,
        source=study.source,
        alpha=study.alpha,
        confidence=1 - study.alpha,
        seed=study.seed,
        draws=DRAWS,
        family_size=len(judgement.judged),
        margins=study.margins.model_dump(),
        grid=GridRecord.model_construct(**vars(study.grid)),
        inputs=list(_inputs(judgement)),
        arms=[_arm(judgement, name) for name in study.arms],
        tasks=_tasks(judgement),
        verdicts=verdicts,
        not_applicable=not_applicable(judgement.family),
        unfit=_unfit(verdicts, pairs),
        pairs=pairs,
        likelihoods=likelihood_summaries(study, evidence.tallies),
        samples=[_sample_set(item) for item in evidence.sets],
        examples=[ExampleRecord.model_construct(**vars(example)) for example in evidence.examples],
    )


def not_applicable(family: Family) -> list[NotApplicable]:
    """The claims that a study has no case for."""
    return [
        NotApplicable.model_construct(claim=claim.id, finding=claim.finding, needs=claim.over.needs)
        for claim in family.not_applicable
    ]


def _inputs(judgement: Judgement) -> Iterator[Input]:
    """What results follow from: the study, its counts, its log-probabilities if any, further files."""
    study, tallies = judgement.study, judgement.family.evidence.tallies
    counts, scores = (
        study.evidence.samples or ", ".join(path.name for path in paths)
        for paths in (study.tally_paths, study.score_paths)
    )
    yield _file(study.path)
    yield Input.model_construct(file=f"rows of {counts}, sorted", sha256=rows_digest(tallies))
    rows = score_rows(tallies)
    if rows:
        file = f"log-probabilities of {scores}, sorted"
        yield Input.model_construct(file=file, sha256=likelihoods_digest(rows))
    yield from map(_file, dict.fromkeys((*study.chance_paths.values(), *study.example_paths)))


def _file(path: Path) -> Input:
    return Input.model_construct(file=path.name, sha256=file_digest(path))


def _arm(judgement: Judgement, name: str) -> ArmRecord:
    base, arm = judgement.study.base_of(name), judgement.study.arms[name]
    # Without the address of a server, which is no one's business but its owner's.
    kept = arm.model_dump(exclude={"url", "n", "base"})
    return ArmRecord.model_construct(id=name, base=None if base == name else base, **kept)


def _tasks(judgement: Judgement) -> list[TaskRecord]:
    tasks = judgement.study.tasks
    told = [_task(name, task) for name, task in tasks.items()]
    if any(case.parts for _, case in judgement.family.found):
        note = f"The problems of {', '.join(tasks)}, each counted once: means are over problems."
        told.insert(0, _task(ALL_TASKS, Task(note=note)))
    return told


def _task(name: str, task: Task) -> TaskRecord:
    return TaskRecord.model_construct(id=name, **vars(task) | {"benchmark": task.benchmark or name})


def _sample_set(item: SampledSet) -> SampleSetRecord:
    accepts = item.accepts and AcceptsRecord.model_construct(**vars(item.accepts))
    health = HealthRecord.model_construct(**vars(item.health))
    return SampleSetRecord.model_construct(**vars(item) | {"health": health, "accepts": accepts})


def _unfit(verdicts: Sequence[VerdictRecord], pairs: Sequence[PairRecord]) -> list[Unfit]:
    """Every cause of unfit evidence once, with the verdicts and pairs that it concerns."""
    by_verdict, by_pair = causes_of(verdicts), causes_of(pairs)
    return [
        Unfit.model_construct(
            reason=reason, verdicts=by_verdict.get(reason, []), pairs=by_pair.get(reason, [])
        )
        for reason in by_verdict | by_pair
    ]


def _judged(entry: Judged) -> VerdictRecord:
    case, claim, verdict = entry.case, entry.claim, entry.verdict
    task = Task() if case.parts else case.study.tasks[case.task]
    references = paper.reported(
        claim.reports,
        benchmark=task.benchmark or case.task,
        base=case.arm(case.base).model,
        other=case.arm(case.label).model,
    )
    return VerdictRecord.model_construct(
        id=entry.id,
        claim=claim.id,
        case=case.id,
        task=case.task,
        label=case.label,
        arms=list(dict.fromkeys((case.base, *case.others))),
        statement=verdict.statement,
        finding=claim.finding,
        paper=claim.paper,
        hypothesis=claim.hypothesis,
        kind=claim.kind,
        excludes=list(claim.excludes),
        outcome=entry.outcome,
        expected=entry.expected.verdict,
        expected_reason=entry.expected.reason,
        as_expected=entry.as_expected,
        waiver=_waiver(entry.waiver),
        effect=_effect(verdict.effect),
        p_support=verdict.p_support,
        p_refute=verdict.p_refute,
        p_adjusted=entry.p_adjusted,
        parts=[_part(part, case.study.alpha) for part in verdict.parts],
        invalid=list(verdict.invalid),
        remedy=entry.remedy,
        tipping=_tipping(entry.tipping),
        details=[EffectRecord.model_construct(**vars(effect)) for effect in verdict.details],
        reported=[ReferenceRecord.model_construct(**vars(item)) for item in references],
    )


def _waiver(waiver: Waiver | None) -> WaiverRecord | None:
    """As written, whatever the day: results do not depend on the time."""
    if waiver is None:
        return None
    return WaiverRecord.model_construct(
        reason=waiver.reason, owner=waiver.owner, until=waiver.until.isoformat()
    )


def _part(part: Verdict, alpha: float) -> PartRecord:
    return PartRecord.model_construct(
        statement=part.statement,
        outcome=part.outcome(alpha),
        effect=_effect(part.effect),
        p_support=part.p_support,
        p_refute=part.p_refute,
        parts=[_part(inner, alpha) for inner in part.parts],
    )


def _tipping(tipping: Tipping | None) -> TippingRecord | None:
    if tipping is None:
        return None
    fall = tipping.fall and FallRecord.model_construct(**vars(tipping.fall))
    sole = tipping.sole and SoleRecord.model_construct(**vars(tipping.sole))
    return TippingRecord.model_construct(**vars(tipping) | {"fall": fall, "sole": sole})


def _effect(effect: Effect | None) -> EffectRecord | None:
    return None if effect is None else EffectRecord.model_construct(**vars(effect))


def _rounded(record: _Model) -> _Model:
    """The same record, of JSON's own types, floats to the digits that no machine changes."""
    return record.model_copy(update={name: _plain(value, name) for name, value in vars(record).items()})


def _plain(value: object, key: str) -> object:
    if isinstance(value, BaseModel):
        return _rounded(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, key) for item in value]
    if not isinstance(value, float):
        return value
    kept = value if key.startswith("p_") or key.endswith("_p") else round(value, PLACES)
    return float(f"{kept:.{DIGITS}g}") + 0.0 if math.isfinite(value) else None
