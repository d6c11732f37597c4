"""One offline HTML page from a results mapping: nothing is decided here, only shown."""

import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from beyondbase.errors import InputError
from beyondbase.files import write_whole
from beyondbase.report import charts
from beyondbase.report.formats import effect, estimate, number, p_value, percent, points
from beyondbase.report.wording import arm_word, deciding, headline, rows

__all__ = ["render_page", "write_page"]

SCHEMA_VERSION = 1

# Characters that a reader cannot see, that HTML forbids, or that turn the text around them.
UNSEEN: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    **dict.fromkeys((*range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"),
    **{code: f"[U+{code:04X}]" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))},
}


def render_page(results: Mapping[str, Any]) -> str:
    """Return the page for one results mapping.

    Args:
        results: the content of results.json, schema version 1; its texts are not trusted.

    Raises:
        InputError: the mapping follows another schema version.
    """
    version = results.get("schema_version")
    if version != SCHEMA_VERSION:
        raise InputError(
            f"results have schema_version {version!r}, this page shows version {SCHEMA_VERSION}: "
            "make results.json anew with this beyondbase, or install the one that wrote it"
        )
    return _environment().get_template("page.html.j2").render(results=_clean(results))


def write_page(results: Mapping[str, Any], path: Path) -> None:
    """Write the page to a file, which is replaced as a whole or left as it was.

    Args:
        results: the content of results.json.
        path: the page's file; missing folders are made.
    """
    write_whole(render_page(results), path)


def _environment() -> Environment:
    folder = files(__name__)
    environment = Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = (percent, points, p_value, number, estimate, effect, arm_word)
    environment.filters.update({function.__name__: function for function in shown})
    environment.globals.update(charts=charts, deciding=deciding, headline=headline, rows=rows)
    return environment


def _clean(value: Any) -> Any:
    """Make the invisible visible in every text, and turn what is not a finite number into None."""
    if isinstance(value, str):
        return str(value).translate(UNSEEN)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_clean(item) for item in value]
    return value
