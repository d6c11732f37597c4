"""One offline HTML page from a results mapping: nothing is decided here, only shown."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from beyondbase.errors import InputError
from beyondbase.files import AnyPath, write_whole
from beyondbase.report import terminal, wording
from beyondbase.report.packing import Packer
from beyondbase.report.provenance import CALIBRATION, citation
from beyondbase.report.terminal import counted
from beyondbase.report.view import Study, arrange
from beyondbase.results import numbers
from beyondbase.results.schema import SCHEMA_VERSION
from beyondbase.visible import clean

__all__ = ["render_page", "write_page"]

SCRIPTS = (
    "vendor/plot.min.js",
    "page/data.js",
    "page/charts.js",
    "page/problems.js",
    "page/folds.js",
    "page/page.js",
)
# Above this, a browser is slow to build what is folded away, so it travels packed.
PLACED_VERDICTS, PLACED_PAIRS = 300, 24
STANDINGS = {
    "met": "as expected",
    "expected": "as the study expects, not the paper",
    "free": "nothing expected",
    "undecided": "undecided",
    "unmet": "not as expected",
    "unfit": "evidence unfit",
    "waived": "waived",
}
FILTERS = (
    counted,
    numbers.percent,
    numbers.points,
    numbers.p_value,
    numbers.number,
    numbers.estimate,
    numbers.effect,
    numbers.setting,
)
FUNCTIONS = (
    terminal.concerned,
    wording.because,
    wording.family_words,
    wording.kept_over,
    wording.margin_words,
    wording.deciding,
    wording.floor_words,
    wording.headline,
    wording.kind_words,
    wording.paper_side,
    wording.preconditions,
    wording.rows,
)


@dataclass(frozen=True)
class Options:
    """What the filters of the page offer."""

    total: int
    outcomes: list[tuple[str, str]]
    standings: list[tuple[str, str]]
    claims: list[tuple[str, str]]
    tasks: list[tuple[str, str]]


def render_page(
    results: Mapping[str, Any],
    *,
    run: Mapping[str, Any] | None = None,
    comparison: Mapping[str, Any] | None = None,
) -> str:
    """Return the page for one results mapping.

    Args:
        results: the content of results.json, schema version 5; its texts are not trusted.
        run: command, date and hash of results.json, or None if they are not known.
        comparison: what `beyondbase.results.compare.compare` returned of an earlier run and this one.

    Raises:
        InputError: the mapping follows another schema version.
        ValueError: the run's date is none; `beyondbase.results.schema.read_run` lets no such run through.
    """
    version = results.get("schema_version")
    if version != SCHEMA_VERSION:
        raise InputError(
            f"results have schema_version {version!r}, this page shows version {SCHEMA_VERSION}: "
            "make results.json anew with this beyondbase, or install the one that wrote it"
        )
    shown, run = clean(results), clean(run)
    compared = clean(comparison)
    studies = arrange(shown, compared)
    scripts = [_text(name) for name in SCRIPTS]
    # Without the day of the run no waiver can be called past.
    day = date.fromisoformat(run["date"][:10]) if run else date.min
    options = _options(studies, day)
    pairs = sum(len(study.pairs) for study in studies)
    return (
        _environment(day)
        .get_template("page.html.j2")
        .render(
            results=shown,
            studies=studies,
            gone=[
                key
                for key, study in (compared or {"studies": {}})["studies"].items()
                if study["status"] == "removed"
            ],
            options=options,
            packer=Packer(on=options.total > PLACED_VERDICTS or pairs > PLACED_PAIRS),
            run=run,
            calibration=CALIBRATION,
            cite=citation(shown, run),
            policy=_policy(scripts),
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own files, hashed in the policy
        )
    )


def write_page(
    results: Mapping[str, Any],
    path: AnyPath,
    *,
    run: Mapping[str, Any] | None = None,
    comparison: Mapping[str, Any] | None = None,
) -> None:
    """Write the page to a file, which is replaced as a whole or left as it was.

    Args:
        results: the content of results.json.
        path: the page's file; missing folders are made.
        run: as for `render_page`.
        comparison: as for `render_page`.

    Raises:
        InputError: as for `render_page`.
        OSError: the file cannot be written.
    """
    write_whole(render_page(results, run=run, comparison=comparison), path)


def _policy(scripts: Iterable[str]) -> str:
    """A policy under which the page's own scripts run, and nothing else, and nothing is ever fetched."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; base-uri 'none';"
        " form-action 'none'; require-trusted-types-for 'script'; trusted-types folds"
    )


def _options(studies: Iterable[Study], day: date) -> Options:
    verdicts = [shown.verdict for study in studies for claim in study.claims for shown in claim.verdicts]
    standings = {wording.standing(verdict, day) for verdict in verdicts}
    return Options(
        len(verdicts),
        _named(sorted({verdict["outcome"] for verdict in verdicts})),
        [(key, words) for key, words in STANDINGS.items() if key in standings],
        _named(dict.fromkeys(verdict["claim"] for verdict in verdicts)),
        _named(dict.fromkeys(verdict["task"] for verdict in verdicts)),
    )


def _named(values: Iterable[str]) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


@cache
def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _environment(day: date) -> Environment:
    environment = Environment(
        loader=PackageLoader(__name__, "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    environment.filters.update({function.__name__: function for function in FILTERS})
    environment.globals.update({function.__name__: function for function in FUNCTIONS})
    environment.filters["standing"] = environment.globals["standing"] = partial(wording.standing, day=day)
    return environment
