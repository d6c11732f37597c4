"""lm-evaluation-harness: `samples_TASK_TIME.jsonl` of --log_samples, checked with lm-eval 0.4.13.

A row is a document under one filter. All responses are kept (`resps`), but a metric has one value per
document, so that every response is scored anew. The order of `resps` is the order of the repeats.
The value is that of the only response, or of the first, unless the filter votes or scores them together: then
there is nothing to compare single grades with.
The model stands in `results_TIME.json`, which is read where it lies beside the samples.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.formats.readers.cells import first_text, json_rows, json_whole, mapping, name_in, text_in
from beyondbase.formats.readers.choosing import chosen
from beyondbase.formats.readers.gathering import Gathering, problem_of
from beyondbase.formats.readers.imported import Imported, Row, agreed, identity_of, ordered, yes_or_no
from beyondbase.formats.readers.known_tasks import known_table
from beyondbase.messages import quote

TOOL = "lm-eval"
_NAME = re.compile(r"samples_(?P<task>.+?)(?:_(?P<time>\d{4}-\d\d-\d\dT[\d.-]+))?\.jsonl(?:\.gz)?")
# The first that a row has is compared with; a task of its own metric has that one alone.
_METRICS = ("math_verify", "exact_match", "acc", "pass@1")
# Filters of which a value is that of the first response, however many there are.
_EACH = (
    *("regex", "regex_pos", "multi_choice_regex", "remove_whitespace", "lowercase", "uppercase", "map"),
    *("take_first", "take_first_k"),
)
_VOTING = re.compile(r"maj|vot|best|consensus|pass", re.IGNORECASE)
_QUESTIONS = ("question", "problem", "query", "prompt", "input")


def read(paths: Sequence[Path], pick: str | None) -> Imported:
    """Read the files of an arm.

    Args:
        paths: `samples_*.jsonl`, one per run.
        pick: The filter; all filters of a document have the same responses, so that it chooses rows only.

    Raises:
        InputError: The files have several filters and none is picked, hold no texts, or are not of one arm.
    """
    files = ordered([path for path in paths if not path.name.startswith("results_")])
    runs = [run for run in map(_run_file, files) if run]
    by_filter: dict[str, Gathering] = {}
    metrics: dict[str, str] = {}
    settings: dict[Path, Mapping[str, Any]] = {}
    for path in files:
        for at, row in json_rows(path):
            gathering = by_filter.setdefault(name := text_in(at, row, "filter"), Gathering(once=True))
            metrics.setdefault(name, _metric(row))
            gathering.add(path, at, _problem(at, row), n=len(_responses(at, row)))
            settings.setdefault(path, _settings(row))
    picked = chosen("filter", pick, [*by_filter], files)
    known = agreed(settings) | agreed({run: _run(run) for run in runs})
    task = _task(files[0])
    first = all(_takes_first(run, task, picked) for run in runs) if runs else not _VOTING.search(picked)
    return Imported(
        tool=TOOL,
        trusted=False,
        grader=None,
        identity=identity_of(TOOL, [*files, *runs], **known),
        problems=by_filter[picked].problems(files),
        rows=lambda: _rows(files, picked, metric=metrics[picked], first=first),
        scored_by=f"{metrics[picked]} under the filter {picked}",
        others=tuple(name for name in by_filter if name != picked),
        defaults=_defaults(files, picked),
    )


def _rows(files: Sequence[Path], picked: str, *, metric: str, first: bool) -> Iterator[Row]:
    for path in files:
        for at, row in json_rows(path):
            if row.get("filter") == picked:
                name, texts = name_in(at, row, "doc_id"), _responses(at, row)
                told = len(texts) == 1 or (first and _is_single(row.get("filtered_resps")))
                for index, text in enumerate(texts):
                    theirs = yes_or_no(row.get(metric)) if told and not index else None
                    yield Row(name, text, "unknown", None, None, None, None, theirs)


def _metric(row: Mapping[str, Any]) -> str:
    named = row.get("metrics")
    names = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    best = next((name for name in _METRICS if name in names or (not names and name in row)), None)
    return best or (names[0] if len(names) == 1 else "")


def _is_single(filtered: object) -> bool:
    return isinstance(filtered, list) and len(filtered) == 1 and isinstance(filtered[0], str)


def _takes_first(run: Path, task: str, picked: str) -> bool:
    """Whether the filter, as the results file has it, leaves the first response and no vote."""
    found = mapping(str(run), json_whole(run)).get("configs")
    configs = found if isinstance(found, dict) else {}
    steps = [
        step.get("function")
        for config in ([configs[task]] if task in configs else configs.values())
        for item in _dicts(config, "filter_list")
        if item.get("name") == picked
        for step in _dicts(item, "filter")
    ]
    return all(name in _EACH for name in steps) if steps else not _VOTING.search(picked)


def _dicts(table: object, key: str) -> list[dict[str, Any]]:
    found = table.get(key) if isinstance(table, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _defaults(files: Sequence[Path], picked: str) -> Mapping[str, Any]:
    tables = [known_table(_task(path), picked) for path in files]
    return tables[0] if all(table == tables[0] for table in tables) else {}


def _task(samples: Path) -> str:
    found = _NAME.fullmatch(samples.name)
    return found["task"] if found else ""


def _problem(at: str, row: Mapping[str, Any]) -> Problem:
    found = row.get("doc")
    doc = found if isinstance(found, dict) else {}
    level = doc.get("level")
    return problem_of(
        name_in(at, row, "doc_id"),
        question=first_text(doc, _QUESTIONS),
        gold=text_in(at, row, "target"),
        level=level if isinstance(level, str | int) else None,
    )


def _responses(at: str, row: Mapping[str, Any]) -> list[str]:
    found = row.get("resps")
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], list):
        found = quote(found)
    elif all(isinstance(text, str) for text in found[0]):
        return list(found[0])
    remedy = "give the samples of a task of output_type generate_until, which hold texts"
    raise InputError(f"{at}: resps: found {quote(found)}, not one list of responses; {remedy}")


def _settings(row: Mapping[str, Any]) -> dict[str, Any]:
    arguments = row.get("arguments")
    first = arguments.get("gen_args_0") if isinstance(arguments, dict) else None
    found = first.get("arg_1") if isinstance(first, dict) else None
    sampling = found if isinstance(found, dict) else {}
    return {"sampling": _seedless(sampling)}


def _run_file(samples: Path) -> Path | None:
    found = _NAME.fullmatch(samples.name)
    name = f"results_{found['time']}.json" if found and found["time"] else None
    runs = [samples.with_name(f"{name}{packed}") for packed in ("", ".gz")] if name else []
    return next((run for run in runs if run.is_file()), None)


def _run(path: Path) -> dict[str, Any]:
    run = mapping(str(path), json_whole(path))
    config = run.get("config")
    inner = config if isinstance(config, dict) else {}
    known = {
        "version": run.get("lm_eval_version"),
        "model": run.get("model_name"),
        "backend": inner.get("model"),
        "arguments": _seedless(inner.get("model_args")),
        "revision": inner.get("model_sha") or inner.get("model_revision"),
        "chat_template": run.get("chat_template_sha"),
        "system_instruction": run.get("system_instruction_sha"),
        "tasks": run.get("versions"),
    }
    return {key: value for key, value in known.items() if value is not None}


def _seedless(arguments: object) -> object:
    # Runs that differ in the seed alone are one arm.
    if isinstance(arguments, str):
        return ",".join(part for part in arguments.split(",") if not part.strip().startswith("seed="))
    if isinstance(arguments, Mapping):
        return {key: value for key, value in arguments.items() if key != "seed"}
    return arguments
