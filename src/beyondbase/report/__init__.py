"""One offline HTML page from results: nothing is decided here, only shown."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from beyondbase.files import AnyPath, write_whole
from beyondbase.report import terminal, wording
from beyondbase.report.packing import Packer
from beyondbase.report.provenance import CALIBRATION, citation
from beyondbase.report.terminal import counted
from beyondbase.report.view import StudyView, arrange
from beyondbase.results import numbers
from beyondbase.results.changes import Comparison
from beyondbase.results.schema import Run, day_of_run
from beyondbase.results.schema.studies import Results
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


def render_page(results: Results, *, run: Run | None = None, comparison: Comparison | None = None) -> str:
    """Return the page of some results.

    Args:
        results: what is shown; their texts are not trusted.
        run: which run made them, or None if that is not known.
        comparison: what `beyondbase.results.compare.compare` returned of an earlier run and this one.
    """
    shown, run, comparison = clean(results), clean(run), clean(comparison)
    compared = comparison.studies if comparison else {}
    studies = arrange(shown, compared)
    scripts, day = [_text(name) for name in SCRIPTS], day_of_run(run)
    options = _options(studies, day)
    pairs = sum(len(study.pairs) for study in studies)
    return (
        _environment(day)
        .get_template("page.html.j2")
        .render(
            results=shown,
            studies=studies,
            gone=[key for key, study in compared.items() if study.status == "removed"],
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
    results: Results, path: AnyPath, *, run: Run | None = None, comparison: Comparison | None = None
) -> None:
    """Write the page to a file, which is replaced as a whole or left as it was.

    Args:
        results: as for `render_page`.
        path: the page's file; missing folders are made.
        run: as for `render_page`.
        comparison: as for `render_page`.

    Raises:
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


def _options(studies: Iterable[StudyView], day: date) -> Options:
    verdicts = [shown.verdict for study in studies for claim in study.claims for shown in claim.verdicts]
    standings = {wording.standing(verdict, day) for verdict in verdicts}
    return Options(
        len(verdicts),
        _named(sorted({verdict.outcome for verdict in verdicts})),
        [(key, words) for key, words in STANDINGS.items() if key in standings],
        _named(dict.fromkeys(verdict.claim for verdict in verdicts)),
        _named(dict.fromkeys(verdict.task for verdict in verdicts)),
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
    environment.policies["json.dumps_kwargs"] = {
        "separators": (",", ":"),
        "ensure_ascii": False,
        "default": vars,
    }
    environment.filters.update({function.__name__: function for function in FILTERS})
    environment.globals.update({function.__name__: function for function in FUNCTIONS})
    environment.filters["standing"] = environment.globals["standing"] = partial(wording.standing, day=day)
    return environment
