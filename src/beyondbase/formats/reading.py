"""Which tool's files are read by which module."""

from collections.abc import Callable, Sequence
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.files import AnyPath, as_paths
from beyondbase.formats.readers import (
    evalplus,
    human_eval,
    inspect_logs,
    lighteval,
    limit_of_rlvr,
    livecodebench,
    lm_eval,
    nemo_skills,
)
from beyondbase.formats.readers.imported import Imported
from beyondbase.messages import quote, suggest

_READERS: dict[str, Callable[[Sequence[Path], str | None], Imported]] = {
    module.TOOL: module.read
    for module in (
        lm_eval,
        inspect_logs,
        evalplus,
        human_eval,
        livecodebench,
        lighteval,
        limit_of_rlvr,
        nemo_skills,
    )
}
TOOLS: tuple[str, ...] = tuple(_READERS)


def read_samples(tool: str, paths: AnyPath | Sequence[AnyPath], *, pick: str | None = None) -> Imported:
    """Read what a tool's files hold of one arm on one task.

    Several files are runs of one arm, such as seeds; their completions are joined problem by problem.

    Args:
        tool: One of `TOOLS`.
        paths: The files, in any order.
        pick: The filter (lm-eval), scorer (inspect), suite base or plus (evalplus) or verdict symbolic or
            judgement (nemo-skills), where the files hold several.

    Raises:
        InputError: There is no such tool, a file is not as the tool writes it, its completions cannot be
            aligned, or a choice must be made.
    """
    if tool not in _READERS:
        raise InputError(f"found the tool {quote(tool)}{suggest(tool, TOOLS)}; use one of {', '.join(TOOLS)}")
    return _READERS[tool](as_paths(paths), pick)
