"""Inspect: `.eval` and `.json` logs, through the reader of inspect-ai, checked with 0.3.285.

A sample is correct where its score is C, true or 1; partial credit (P, or a number below 1) is wrong, N
is unparsed. A sample that failed is an error, and so is one that the scorer left without a number. The
text is the final answer of the model as the log has it, without the reasoning that it keeps apart.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from beyondbase.completions import Finish, Grade, Problem
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.formats.readers.choosing import chosen
from beyondbase.formats.readers.gathering import Gathering, problem_of
from beyondbase.formats.readers.imported import Imported, Row, agreed, identity_of, ordered
from beyondbase.messages import quote

TOOL = "inspect"
_FINISHES: dict[object, Finish] = {"stop": "stop", "max_tokens": "length", "model_length": "length"}
_WORDS: dict[str, Grade] = {
    **dict.fromkeys(("c", "yes", "true"), "correct"),
    **dict.fromkeys(("i", "p", "no", "false"), "wrong"),
    "n": "unparsed",
}
_SAMPLING = ("temperature", "top_p", "top_k", "max_tokens", "stop_seqs", "reasoning_effort", "system_message")
# How the summaries mark a text that they cut.
_CUT = "(content truncated)"


def read(paths: Sequence[Path], pick: str | None) -> Imported:
    """Read the logs of an arm.

    Args:
        paths: `.eval` or `.json` logs, one per run; each may hold several epochs.
        pick: The scorer.

    Raises:
        InputError: A log is of a run that did not end well, holds several scorers and none is picked, or
            the logs are not of one arm.
    """
    files, gathering = ordered(paths), Gathering(once=False)
    scorers: dict[str, None] = {}
    settings = {path: _settings(_header(path)) for path in files}
    for path in files:
        for at, sample in _summaries(path):
            gathering.add(path, at, _problem(path, sample))
            scorers |= dict.fromkeys(sample.scores or {})
    if not scorers:
        raise InputError(f"{files[0]}: found no score in it; run `inspect score` on it first")
    picked, known = chosen("scorer", pick, [*scorers], files), agreed(settings)
    return Imported(
        tool=TOOL,
        trusted=True,
        grader=(f"{TOOL}-{picked}", known["version"]),
        identity=identity_of(TOOL, files, **known),
        problems=gathering.problems(files),
        rows=lambda: _rows(files, picked),
    )


def _rows(files: Sequence[Path], picked: str) -> Iterator[Row]:
    for path in files:
        for sample in _samples(path):
            output = sample.output
            finish = _FINISHES.get(output.stop_reason, "unknown") if output.choices else "unknown"
            tokens = output.usage.output_tokens if output.usage else None
            failed = sample.error is not None
            score = None if failed else (sample.scores or {}).get(picked)
            at = f"{path}: sample {quote(sample.id)}, epoch {sample.epoch}: {picked}"
            outcome: Grade = "error" if score is None else _outcome(at, score, finish)
            answer = score.answer if score else None
            state: Finish = "error" if failed else finish
            yield Row(str(sample.id), output.completion, state, tokens, None, outcome, answer)


def _outcome(at: str, score: Any, finish: Finish) -> Grade:
    value = score.value
    outcome: Grade | None = None
    if isinstance(value, str):
        outcome = _WORDS.get(value.lower())
    elif isinstance(value, int | float):
        if math.isnan(value):
            return "error"
        within = 0 <= value <= 1
        outcome = ("correct" if value == 1 else "wrong") if within else None
    if outcome is None:
        found = f"found the score {quote(value)}, know C, I, P, N, true, false and numbers from 0 to 1"
        raise InputError(f"{at}: {found}; pick another scorer")
    unstated = outcome == "unparsed" or (outcome == "wrong" and not score.answer)
    return "truncated" if unstated and finish == "length" else outcome


def _problem(path: Path, summary: Any) -> Problem:
    sample = summary
    if _CUT in f"{_question(summary)}{summary.target}":
        sample = _reader().read_eval_log_sample(str(path), summary.id, summary.epoch)
    targets = [sample.target] if isinstance(sample.target, str) else sample.target
    level = sample.metadata.get("level")
    return problem_of(
        str(sample.id),
        question=_question(sample),
        # Several targets are alternatives: no single right answer to score anew with.
        gold=targets[0] if len(targets) == 1 else "",
        level=level if isinstance(level, str | int) else None,
    )


def _question(sample: Any) -> str:
    if isinstance(sample.input, str):
        return sample.input
    return "\n\n".join(message.text for message in sample.input if message.role == "user")


def _settings(header: Any) -> dict[str, Any]:
    about = header.eval
    config = {**_dumped(about.model_generate_config), **_dumped(header.plan.config)}
    packages = [f"{name}-{version}" for name, version in sorted(about.packages.items())]
    return {
        "version": "+".join(packages) or "unknown",
        "model": about.model,
        "arguments": about.model_args,
        "task": about.task,
        "task_version": about.task_version,
        "task_arguments": about.task_args,
        "sampling": {key: config[key] for key in _SAMPLING if key in config},
    }


def _dumped(config: Any) -> Mapping[str, Any]:
    table: Mapping[str, Any] = config.model_dump(exclude_none=True)
    return table


def _header(path: Path) -> Any:
    if path.suffix not in (".eval", ".json"):
        raise InputError(f"{path}: found the suffix {quote(path.suffix)}; give a .eval or a .json log")
    try:
        header = _reader().read_eval_log(str(path), header_only=True)
    except Exception as error:  # noqa: BLE001 - the reader raises what its parsers raise
        raise _unreadable(path, error) from None
    if header.status != "success":
        # The samples that ended first are not the average sample.
        raise InputError(f'{path}: found the status {quote(header.status)}; finish it: "inspect eval-retry"')
    if getattr(header, "invalidated", False):
        raise InputError(f"{path}: is marked as invalidated; import a valid log")
    return header


def _summaries(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        found = _reader().read_eval_log_sample_summaries(str(path))
    except Exception as error:  # noqa: BLE001 - as above
        raise _unreadable(path, error) from None
    seen: set[tuple[str, int]] = set()
    for sample in found:
        at = f"{path}: sample {quote(sample.id)}, epoch {sample.epoch}"
        if (str(sample.id), sample.epoch) in seen:
            raise InputError(f"{at}: stands twice in the log; give every sample an id of its own")
        seen.add((str(sample.id), sample.epoch))
        yield at, sample


def _samples(path: Path) -> Iterator[Any]:
    arguments: dict[str, Any] = {"all_samples_required": False, "resolve_attachments": "core"}
    try:
        yield from _reader().read_eval_log_samples(str(path), exclude_fields={"events", "store"}, **arguments)
    except Exception as error:  # noqa: BLE001 - as above
        raise _unreadable(path, error) from None


def _reader() -> ModuleType:
    return require("inspect_ai.log", "inspect")


def _unreadable(path: Path, error: Exception) -> InputError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return InputError(
        f"{path}: cannot be read as a log of Inspect ({reason}); give the log as it was written"
    )
