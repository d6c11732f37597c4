"""Results for other tools: which kind of file is written by which module, and never over another one."""

from collections.abc import Callable, Iterator
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.files import AnyPath
from beyondbase.formats import every_eval_ever, hub_results, passk_counts
from beyondbase.formats.curves import ArmCurve, arm_curves
from beyondbase.formats.drafts import Draft, place_lines
from beyondbase.messages import quote, suggest
from beyondbase.results.schema import Run, read_results, read_run, results_file

_WRITERS: dict[str, Callable[[ArmCurve, Run | None], Iterator[Draft]]] = {
    "passk-inference": passk_counts.files_of,
    "hub": hub_results.files_of,
}
KINDS = (*_WRITERS, "every-eval-ever")


def export(kind: str, results: AnyPath, out: AnyPath, *, samples: AnyPath | None = None) -> list[Path]:
    """Write results in the form of another tool, for every arm on every task of a valid pair.

    Args:
        kind: One of `KINDS`.
        results: results.json, or its folder.
        out: The folder to write into.
        samples: The folder of samples of the study, for "every-eval-ever" to write every completion.

    Returns:
        The files, also those that were there with the same content.

    Raises:
        InputError: There is no such kind, the results cannot be read or lack what the form needs, the
            samples are not those of the results, or a file is there already with another content.
    """
    if kind not in KINDS:
        raise InputError(f"found the kind {quote(kind)}{suggest(kind, KINDS)}; use one of {', '.join(KINDS)}")
    out, samples = Path(out), Path(samples) if samples else None
    if samples and kind in _WRITERS:
        raise InputError(f"{kind}: holds no completions; leave the samples out, or export every-eval-ever")
    curves = arm_curves(read_results(results), str(results_file(results)))
    found = read_run(results)
    run = found if isinstance(found, Run) else None
    if kind in _WRITERS:
        drafts = (draft for curve in curves for draft in _WRITERS[kind](curve, run))
        return [place_lines(out, draft) for draft in drafts]
    seconds = every_eval_ever.seconds_of(run, results_file(results))
    return every_eval_ever.write(curves, out, seconds=seconds, samples=samples)
