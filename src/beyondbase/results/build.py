"""results.json: every number that is shown, with what it was computed from."""

import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from beyondbase.evidence.likelihood_files import score_rows
from beyondbase.evidence.likelihoods import likelihoods_digest
from beyondbase.evidence.load import SampledSet
from beyondbase.evidence.tallies import file_digest, rows_digest
from beyondbase.files import AnyPath, write_whole
from beyondbase.inference.band import DRAWS
from beyondbase.judging.family import NOTHING, Judged, Judgement
from beyondbase.judging.tipping import Tipping
from beyondbase.judging.verdict import Effect, Verdict
from beyondbase.results import paper
from beyondbase.results.likelihoods import likelihood_summaries
from beyondbase.results.pairs import summaries
from beyondbase.results.schema import SCHEMA_VERSION
from beyondbase.study import Study, Task, Waiver
from beyondbase.study.arms import ALL_TASKS

# What differs between processors and versions of libraries (tests/test_reproducible.py) is beyond these: some
# 1e-11 of a number, and 1e-14 where nearly all of it cancelled. Only p-values are told however small.
DIGITS = 9
PLACES = 13
NO_PAIRS: Mapping[str, Mapping[int, dict[str, Any]]] = MappingProxyType({})
LIBRARIES = ("numpy", "pyarrow", "pydantic", "pytest", "scipy")


def results_of(
    judgements: Sequence[Judgement], *, known: Mapping[str, Mapping[int, dict[str, Any]]] = NO_PAIRS
) -> dict[str, Any]:
    """The content of results.json.

    It depends on the study files, their evidence and the versions alone: not on what a test run
    selected, on the number of workers, the order of rows, or the time of day.

    Args:
        judgements: of the studies.
        known: summaries of pairs that were made before, by study and place; see `summaries`.
    """
    content = {
        "schema_version": SCHEMA_VERSION,
        "suite": {"name": "beyondbase", "version": version("beyondbase")},
        "versions": {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        "studies": [
            _study(judgement, known.get(judgement.study.id, NOTHING))
            for judgement in sorted(judgements, key=lambda j: j.study.id)
        ],
    }
    plain: dict[str, Any] = _plain(content)
    return plain


def write_results(content: dict[str, Any], path: AnyPath) -> None:
    """Write results.json whole or not at all."""
    write_whole(json.dumps(content, indent=1, ensure_ascii=False) + "\n", path)


def _study(judgement: Judgement, known: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    study = judgement.study
    files = study.evidence.samples or ", ".join(path.name for path in study.tally_paths)
    evidence = judgement.family.evidence
    verdicts, pairs = [_judged(entry) for entry in judgement.judged], summaries(judgement, known=known)
    return {
        "id": study.id,
        "title": study.title,
        "source": study.source,
        "alpha": study.alpha,
        "confidence": 1 - study.alpha,
        "seed": study.seed,
        "draws": DRAWS,
        "family_over": study.family.over,
        "margins": study.margins.model_dump(),
        "grid": study.grid.model_dump(),
        "inputs": [
            {"file": study.path.name, "sha256": file_digest(study.path)},
            {"file": f"rows of {files}, sorted", "sha256": rows_digest(evidence.tallies)},
            *_scores(judgement),
            *({"file": path.name, "sha256": file_digest(path)} for path in _files(study)),
        ],
        "arms": [
            # Without the address of a server, which is no one's business but its owner's.
            {"id": name} | arm.model_dump(exclude={"url", "n"}) | {"base": _base(judgement, name)}
            for name, arm in study.arms.items()
        ],
        "tasks": _tasks(judgement),
        "verdicts": verdicts,
        "not_applicable": [
            {"claim": claim.id, "finding": claim.finding, "needs": claim.over.needs}
            for claim in judgement.family.not_applicable
        ],
        "unfit": _unfit(verdicts, pairs),
        "pairs": pairs,
        "likelihoods": likelihood_summaries(study, evidence.tallies),
        "samples": [_sample_set(item) for item in evidence.sets],
        "examples": [vars(example).copy() for example in evidence.examples],
    }


def _tasks(judgement: Judgement) -> list[dict[str, Any]]:
    tasks = judgement.study.tasks
    told = [
        {"id": name} | task.model_dump() | {"benchmark": task.benchmark or name}
        for name, task in tasks.items()
    ]
    if any(case.parts for _, case in judgement.family.found):
        note = f"The problems of {', '.join(tasks)}, each counted once: means are over problems."
        told.insert(0, {"id": ALL_TASKS} | Task(note=note).model_dump() | {"benchmark": ALL_TASKS})
    return told


def _sample_set(item: SampledSet) -> dict[str, Any]:
    return vars(item) | {"health": vars(item.health), "accepts": item.accepts and vars(item.accepts)}


def _unfit(verdicts: Sequence[Mapping[str, Any]], pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every cause of unfit evidence once, with the verdicts and pairs that it concerns."""
    causes: dict[str, dict[str, list[str]]] = {}
    for what, items in (("verdicts", verdicts), ("pairs", pairs)):
        for item in items:
            for reason in dict.fromkeys(item["invalid"]):
                causes.setdefault(reason, {"verdicts": [], "pairs": []})[what].append(item["id"])
    return [{"reason": reason} | concerned for reason, concerned in causes.items()]


def _scores(judgement: Judgement) -> list[dict[str, str]]:
    """What names the log-probabilities that results follow from, if there are any."""
    study, rows = judgement.study, score_rows(judgement.family.evidence.tallies)
    files = study.evidence.samples or ", ".join(path.name for path in study.score_paths)
    return (
        [{"file": f"log-probabilities of {files}, sorted", "sha256": likelihoods_digest(rows)}]
        if rows
        else []
    )


def _files(study: Study) -> tuple[Path, ...]:
    """Further files that results follow from, each once."""
    return tuple(dict.fromkeys((*study.chance_paths.values(), *study.example_paths)))


def _base(judgement: Judgement, name: str) -> str | None:
    base = judgement.study.base_of(name)
    return None if base == name else base


def _judged(entry: Judged) -> dict[str, Any]:
    case, claim = entry.case, entry.claim
    task = Task() if case.parts else case.study.tasks[case.task]
    references = paper.reported(
        claim.reports,
        benchmark=task.benchmark or case.task,
        base=case.arm(case.base).model,
        other=case.arm(case.label).model,
    )
    return {
        "id": entry.id,
        "claim": claim.id,
        "case": case.id,
        "task": case.task,
        "label": case.label,
        "arms": list(dict.fromkeys((case.base, *case.others))),
        "statement": entry.verdict.statement,
        "finding": claim.finding,
        "paper": claim.paper,
        "hypothesis": claim.hypothesis,
        "kind": claim.kind,
        "excludes": list(claim.excludes),
        "outcome": str(entry.outcome),
        "expected": entry.expected.verdict,
        "expected_reason": entry.expected.reason,
        "as_expected": entry.as_expected,
        "waiver": _waiver(entry.waiver),
        "effect": _effect(entry.verdict.effect),
        "p_support": entry.verdict.p_support,
        "p_refute": entry.verdict.p_refute,
        "p_adjusted": entry.p_adjusted,
        "family_size": entry.family_size,
        "alpha_share": entry.alpha_share,
        "parts": [_part(part, case.study.alpha) for part in entry.verdict.parts],
        "invalid": list(entry.verdict.invalid),
        "remedy": entry.remedy,
        "sensitivity": [vars(some).copy() for some in entry.sensitivity],
        "tipping": _tipping(entry.tipping),
        "details": [_effect(effect) for effect in entry.verdict.details],
        "reported": [vars(item).copy() for item in references],
    }


def _waiver(waiver: Waiver | None) -> dict[str, str] | None:
    """As written, whatever the day: results do not depend on the time."""
    if waiver is None:
        return None
    return {"reason": waiver.reason, "owner": waiver.owner, "until": waiver.until.isoformat()}


def _part(part: Verdict, alpha: float) -> dict[str, Any]:
    return {
        "statement": part.statement,
        "outcome": str(part.outcome(alpha)),
        "effect": _effect(part.effect),
        "p_support": part.p_support,
        "p_refute": part.p_refute,
        "parts": [_part(inner, alpha) for inner in part.parts],
    }


def _tipping(tipping: Tipping | None) -> dict[str, Any] | None:
    return None if tipping is None else asdict(tipping)


def _effect(effect: Effect | None) -> dict[str, Any] | None:
    return None if effect is None else vars(effect).copy()


def _plain(value: Any, key: str = "") -> Any:
    """JSON's own types; floats to the digits that no machine changes."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, key) for item in value]
    if not isinstance(value, float):
        return value
    kept = value if key.startswith("p_") or key.endswith("_p") else round(value, PLACES)
    return float(f"{kept:.{DIGITS}g}") + 0.0 if math.isfinite(value) else None
