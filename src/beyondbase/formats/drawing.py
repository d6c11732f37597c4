"""Whether completions were drawn: of a greedy decoding, which repeats itself, n are one."""

from collections.abc import Mapping
from typing import Any

from beyondbase.errors import InputError
from beyondbase.formats.imported import Imported
from beyondbase.messages import quote


def check_drawn(imported: Imported, count: Mapping[str, int]) -> None:
    """Refuse several completions of a problem where the files say that they were decoded greedily.

    Args:
        imported: What the files hold; `do_sample` and `temperature` stand in its identity, or in the table
            "sampling" there.
        count: How many completions each problem has.

    Raises:
        InputError: Names the setting.
    """
    sampling = imported.identity.get("sampling")
    known = {**imported.identity, **(sampling if isinstance(sampling, Mapping) else {})}
    said = "do_sample" if known.get("do_sample") is False else "temperature"
    most = max(count, key=lambda name: count[name], default="")
    if (said == "temperature" and not _is_zero(known.get(said))) or count.get(most, 0) < 2:
        return
    found = f"found {said} {quote(known[said])} with {count[most]} completions of problem {quote(most)}"
    remedy = "n completions of a greedy decoding are one: draw them at a temperature above 0, or give one"
    raise InputError(f"{imported.tool}: {', '.join(imported.identity['files'])}: {found}; {remedy}")


def _is_zero(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        return float(value) == 0
    except ValueError:
        return False
