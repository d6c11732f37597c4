"""pytest plugin: claims become test items, and verdicts their outcomes."""

import argparse
import contextlib
import inspect
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from beyondbase.errors import InputError
from beyondbase.judging import waivers
from beyondbase.judging.claim import Claim, claim_modules, claim_of
from beyondbase.judging.verdict import Outcome
from beyondbase.plugin import collecting
from beyondbase.plugin import places as standing
from beyondbase.plugin.closing import PROPERTY, UNFIT
from beyondbase.plugin.outcomes import Ending, complain
from beyondbase.plugin.recorder import Recorder
from beyondbase.plugin.suite import Entry, Suite
from beyondbase.report.terminal import effect_text, p_text
from beyondbase.study import Study
from beyondbase.visible import clean

SUITE = pytest.StashKey[Suite]()
ENDING = pytest.StashKey[Ending]()
FOUND = "beyondbase_verdicts"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini key of the suite."""
    group = parser.getgroup("beyondbase", "claims about base, RL and distilled models")
    group.addoption(
        "--study",
        action="append",
        type=Path,
        metavar="PATH",
        help="study file or its folder; may be repeated (default: every study in fixtures/)",
    )
    group.addoption("--alpha", type=_alpha, help="one-sided level of the verdicts, instead of the study's")
    group.addoption(
        "--expect",
        choices=("paper", "study", "none"),
        default="paper",
        help="whose expectations decide what passes and fails. paper (default): findings are SUPPORTED,"
        " counter-claims REFUTED, companions any; [expect] of a study overrides. study: [expect] alone,"
        " the rest is only told. none: all is only told. INVALID is always an error",
    )
    group.addoption(
        "--inconclusive",
        choices=("skip", "fail"),
        default="skip",
        help="what an INCONCLUSIVE verdict does to its test where another is expected (default: skip)",
    )
    group.addoption(
        "--report-dir",
        type=Path,
        metavar="DIR",
        help="where results.json, index.html, summary.md and run.json go (default: reports/ beside a study,"
        " and one reports/ for all of fixtures/)",
    )
    parser.addini(
        "beyondbase_claims",
        "folders of claims that join the suite's in the family",
        type="linelist",
        default=["claims"],
    )
    parser.addini("beyondbase_suite", "whether the suite's claims are judged", type="bool", default=True)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare a suite; nothing is read before a claim is met."""
    studies = config.getoption("study") or standing.built_in(standing.home_of(config))
    alone = not config.getini("beyondbase_suite")
    suite = Suite(
        _folders(config), studies, config.getoption("alpha"), alone=alone, processes=_processes(config)
    )
    if _is_worker(config) and FOUND in config.workerinput:  # type: ignore[attr-defined]
        # Their modules first, whose classes a verdict may be of.
        _ = suite.claims
        suite.findings = pickle.loads(config.workerinput[FOUND])  # type: ignore[attr-defined]  # noqa: S301 - ours
    config.stash[SUITE] = suite
    collecting.choose(config, suite)
    # One day for the whole run, so that a waiver does not lapse in its midst.
    ending = Ending(config.getoption("expect"), config.getoption("inconclusive"), waivers.today())
    config.stash[ENDING] = ending
    if not _is_worker(config):
        recorder = Recorder(suite, partial(_report_folder, config), ending.day)
        config.pluginmanager.register(recorder, "beyondbase-recorder")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Say what is wrong with the input in one message, before workers start and tests are collected."""
    config = session.config
    if _is_worker(config) or not _wants_claims(config):
        return
    try:
        _check(config)
    except InputError as error:
        raise pytest.UsageError(clean(str(error))) from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Judge before xdist's workers start: each would judge the whole, to show its share of the verdicts."""
    node.workerinput[collecting.HANDED] = list(node.config.stash[collecting.ASKED])
    if _wants_claims(node.config):
        # What cannot travel, such as a Verdict of a user's own making, is judged by each worker for itself.
        with contextlib.suppress(pickle.PicklingError, TypeError, AttributeError):
            node.workerinput[FOUND] = pickle.dumps(node.config.stash[SUITE].verdicts)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add the suite's claims, before anyone selects among the items."""
    config = session.config
    if not config.stash[collecting.ASKED]:
        return
    suite = config.stash[SUITE]
    items[:0] = collecting.suite_items(session, suite)
    if not session.testsfailed:
        collecting.check_whole(config, suite, {entry.key for item in items if (entry := _entry(item))})


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, obj: object) -> list[pytest.Item] | None:
    """Collect nothing for a claim without a case; the summary names it."""
    claim = claim_of(obj)
    return [] if claim and _entries(collector.config, claim) == [] else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a claim one item per study and case."""
    claim = claim_of(metafunc.function)
    if claim is None:
        return
    entries = _entries(metafunc.config, claim)
    if entries is None:
        raise pytest.Collector.CollectError(
            f"claim {claim.id!r} stands outside the folders of the ini key beyondbase_claims, so its p-value"
            " would be missing from the family: move it to a module test_*.py there, or add its folder"
        )
    arguments = [*inspect.signature(metafunc.function).parameters]
    if len(arguments) != 1:
        raise pytest.Collector.CollectError(f"claim {claim.id!r} must take one argument, its case")
    metafunc.parametrize(arguments[0], [pytest.param(entry, id=entry.id) for entry in entries])


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Attach the verdict to the item's reports; unfit evidence is an error, not a failure."""
    entry = _entry(item)
    if entry is None:
        return
    suite, ending = item.config.stash[SUITE], item.config.stash[ENDING]
    judged = suite.judged(entry)
    item.user_properties += [
        (PROPERTY, entry.key),
        ("verdict", str(judged.outcome)),
        ("effect", effect_text(judged.verdict.effect)),
        ("effect_of", judged.verdict.effect.name if judged.verdict.effect else ""),
        ("p_adjusted", p_text(judged.p_adjusted)),
    ]
    complain(judged, suite.judgement(entry.study), ending.day, item.warn)
    if judged.outcome is Outcome.INVALID:
        if judged.error is None:
            item.user_properties.append((UNFIT, "; ".join(judged.verdict.invalid)))
        ending.refuse(judged)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Turn the verdict, adjusted over the whole family, into the outcome of the test.

    The function itself ran when its family was judged: with every other claim, on every case, so that
    the verdict does not depend on what this run selected.
    """
    entry = _entry(pyfuncitem)
    if entry is None:
        return None
    config = pyfuncitem.config
    config.stash[ENDING].decide(config.stash[SUITE].judged(entry))
    return True


def _entries(config: pytest.Config, claim: Claim) -> list[Entry] | None:
    try:
        return config.stash[SUITE].entries.get(claim.id)
    except InputError as error:
        raise pytest.Collector.CollectError(str(error)) from None


def _entry(item: pytest.Item) -> Entry | None:
    callspec = getattr(item, "callspec", None)
    values = callspec.params.values() if callspec else ()
    return next((value for value in values if isinstance(value, Entry)), None)


def _folders(config: pytest.Config) -> list[Path]:
    home = standing.home_of(config)
    return [home / folder for folder in config.getini("beyondbase_claims")]


def _report_folder(config: pytest.Config, study: Study) -> Path:
    named: Path | None = config.getoption("report_dir")
    return named or standing.report_folder(study, home=standing.home_of(config))


def _check(config: pytest.Config) -> None:
    suite = config.stash[SUITE]
    if config.getoption("setuponly") or config.getoption("setupplan"):
        raise InputError("--setup-only and --setup-plan tell no verdict; leave them out")
    if suite.claims:
        folders: dict[Path, list[str]] = {}
        for family in suite.families.values():
            folders.setdefault(_report_folder(config, family.study), []).append(family.study.id)
        if not config.getoption("collectonly"):
            standing.check_free(folders, home=standing.home_of(config))
    elif config.getoption("study"):
        where = ", ".join(str(folder) for folder in _folders(config))
        raise InputError(f"found no claim in {where}; name their folder in the ini key beyondbase_claims")


def _processes(config: pytest.Config) -> int | None:
    if _is_worker(config):
        return 1
    # As many as -n says; without it, or without xdist, as many as the work is worth.
    asked: int | None = getattr(config.option, "numprocesses", None)
    return None if asked is None else max(asked, 1)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _wants_claims(config: pytest.Config) -> bool:
    if config.getoption("study") or config.stash[collecting.ASKED]:
        return True
    # A folder of this name may be somebody else's.
    folders = [folder.resolve() for folder in _folders(config) if claim_modules(folder)]
    asked = [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]
    return any(
        path.is_relative_to(folder) or folder.is_relative_to(path) for folder in folders for path in asked
    )


def _alpha(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < 0.5:
        raise argparse.ArgumentTypeError(f"found {text!r}; use a number between 0 and 0.5, such as 0.05")
    return value
