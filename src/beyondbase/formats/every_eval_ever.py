"""Every Eval Ever 0.3.0: data/TASK/DEVELOPER/MODEL/UUID.json per arm and task, and every completion.

The names of the files follow from their content. Their UUIDs say version 4, as the schema demands. What
a study does not know (who evaluated, how the model was deployed) is "unknown".
"""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.formats.curves import ArmCurve, Point
from beyondbase.formats.drafts import Draft, place_lines
from beyondbase.formats.every_sample import VERSION, sample_lines, stored_set
from beyondbase.formats.readers.imported import digest_of
from beyondbase.results.schema import Run
from beyondbase.results.schema.studies import TaskRecord

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_METRIC = {
    "metric_id": "pass_at_k",
    "metric_kind": "pass_rate",
    "metric_unit": "proportion",
    "lower_is_better": False,
    "score_type": "continuous",
    "min_score": 0,
    "max_score": 1,
}
_METHOD = "bootstrap over problems, simultaneous over k"


def seconds_of(run: Run | None, results: Path) -> int:
    """Say when the results were made, in seconds since 1970: by run.json, else by the file's own date.

    Args:
        run: What run.json says.
        results: results.json.
    """
    if run:
        return int(datetime.fromisoformat(run.date).timestamp())
    return int(results.stat().st_mtime)


def write(curves: Sequence[ArmCurve], out: Path, *, seconds: int, samples: Path | None) -> list[Path]:
    """Write the files of all arms.

    Args:
        curves: The arms on their tasks.
        out: The folder to write into.
        seconds: When the results were made.
        samples: The folder of samples, to write every completion.

    Returns:
        The files.

    Raises:
        InputError: The samples are not those of the results, or a file is there with another content.
    """
    sets = {id(curve): stored_set(curve, samples) if samples else None for curve in curves}
    if samples and not any(sets.values()):
        remedy = "give the folder that holds TASK/ARM/set.json"
        raise InputError(f"{samples}: found no samples of an arm of these results; {remedy}")
    written = []
    for curve in curves:
        record = aggregate(curve, seconds)
        name = _uuid_of(record)
        folder = Path("data", *_folder(curve))
        found = sets[id(curve)]
        if found:
            lines = sample_lines(curve, found, record["evaluation_id"])
            path = folder / f"{name}_samples.jsonl"
            written.append(place_lines(out, Draft(path, lines)))
            record["detailed_evaluation_results"] = _detail(path, written[-1])
        text = json.dumps(record, indent=2, ensure_ascii=False)
        written.append(place_lines(out, Draft(folder / f"{name}.json", [text])))
    return written


def aggregate(curve: ArmCurve, seconds: int) -> dict[str, Any]:
    """Make the record of an arm on a task.

    Args:
        curve: The arm on the task.
        seconds: When the results were made, since 1970.
    """
    names = [curve.study.id, curve.task.id, curve.arm.id]
    return {
        "schema_version": VERSION,
        "evaluation_id": f"{'.'.join(map(_safe, names))}/{curve.model}/{seconds}",
        "retrieved_timestamp": str(seconds),
        "source_metadata": {
            "source_name": curve.study.title or curve.study.id,
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": "beyondbase", "version": curve.suite_version},
        "model_info": _model(curve),
        "evaluation_results": [_result(curve, point) for point in curve.points],
    }


def _model(curve: ArmCurve) -> dict[str, Any]:
    arm = curve.arm
    details = {"deployment_type": "unknown", "model_availability": "unknown"}
    known = {"arm": arm.id, "role": arm.role, "revision": arm.revision}
    return {
        "name": curve.model,
        "id": curve.model,
        "additional_details": details | {key: value for key, value in known.items() if value},
    }


def _result(curve: ArmCurve, point: Point) -> dict[str, Any]:
    study, arm = curve.study, curve.arm
    settings = {"temperature": arm.temperature, "top_p": arm.top_p, "max_tokens": arm.max_tokens}
    sampling = {key: value for key, value in settings.items() if value is not None}
    interval = {"lower": point.lower, "upper": point.upper, "confidence_level": study.confidence}
    return {
        "evaluation_result_id": result_id(point.k),
        "evaluation_name": curve.task.benchmark,
        "source_data": _source(curve.task, len(curve.counts)),
        "metric_config": _METRIC | {"metric_name": f"pass@{point.k}", "metric_parameters": {"k": point.k}},
        "score_details": {
            "score": point.estimate,
            "uncertainty": {
                "confidence_interval": interval | {"method": _METHOD},
                "num_samples": len(curve.counts),
                "num_bootstrap_samples": study.draws,
            },
        },
        "generation_config": {
            "generation_args": sampling,
            "additional_details": {"samples_per_problem": curve.sizes},
        },
    }


def result_id(k: int) -> str:
    """Name the result of one k, within its evaluation."""
    return f"pass@{k}"


def _source(task: TaskRecord, problems: int) -> dict[str, Any]:
    name = {"dataset_name": task.benchmark}
    if not task.dataset:
        return name | {"source_type": "other"}
    known = {"source_type": "hf_dataset", "hf_repo": task.dataset, "samples_number": problems}
    revision = {"additional_details": {"revision": task.revision}} if task.revision else {}
    return name | known | revision


def _detail(path: Path, written: Path) -> dict[str, Any]:
    with written.open("rb") as stream:
        rows = sum(1 for _ in stream)
    return {
        "format": "jsonl",
        "file_path": path.as_posix(),
        "hash_algorithm": "sha256",
        "checksum": digest_of(written),
        "total_rows": rows,
    }


def _folder(curve: ArmCurve) -> tuple[str, str, str]:
    developer, _, model = curve.model.rpartition("/")
    return _safe(curve.task.id), _safe(developer or "unknown"), _safe(model)


def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name).strip(".") or "_"


def _uuid_of(record: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
