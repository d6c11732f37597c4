"""The end of a run: what it writes, and the table of its verdicts, on the controller only."""

import hashlib
import json
import os
import shlex
from collections.abc import Callable, Generator, Iterable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from beyondbase.errors import InputError
from beyondbase.files import write_whole
from beyondbase.judging.family import Judgement
from beyondbase.plugin.closing import causes_apart, closing_lines, verdict_of
from beyondbase.plugin.collecting import UNTOLD
from beyondbase.plugin.suite import Suite
from beyondbase.report import write_page
from beyondbase.report.markdown import render_summary
from beyondbase.report.terminal import (
    COLOURS,
    asides,
    not_applicable_lines,
    reason_lines,
    table_lines,
    verdicts_of,
)
from beyondbase.results.build import not_applicable, results_of, write_results
from beyondbase.results.schema import Run
from beyondbase.results.schema.studies import Results, StudyRecord
from beyondbase.study import Study
from beyondbase.visible import shown_path

# What `beyondbase judge` puts before the arguments of a user; unlike pytest's own command it has imported the
# package by then.
JUDGE = ["-p", "beyondbase.plugin", "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]


class Recorder:
    """Gathers which verdicts ran, and writes them down when the session ends."""

    def __init__(self, suite: Suite, folder_of: Callable[[Study], Path], day: date) -> None:
        """Take the suite, where the report of a study goes, and the day waivers are held against."""
        self._suite = suite
        self._day = day
        self._folder_of = folder_of
        self._ran: set[tuple[str, str]] = set()
        self._studies: list[StudyRecord] = []
        self._written: list[str] = []
        self._failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a verdict; under xdist, reports are all that reaches the controller."""
        key = verdict_of(report)
        self._ran |= {key} if key else set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear what a worker of xdist could not say itself, once."""
        message = getattr(node, "workeroutput", {}).get(UNTOLD)
        if message and message not in self._failed:
            self._failed.append(message)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the results of the studies that ran, the page, the summary, and which run it was.

        Results hold the whole family of each study and follow from its files alone, so they are the
        same whatever this run selected; what is of this run stands in run.json.
        """
        folders: dict[Path, list[Judgement]] = {}
        for name in sorted({study for study, _ in self._ran}):
            judgement = self._suite.judgement(name)
            folders.setdefault(self._folder_of(judgement.study), []).append(judgement)
        for folder, judgements in folders.items():
            results = results_of(judgements, known=self._suite.findings.pairs)
            self._record(folder, results, session.config)
        if self._failed:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        option = session.config.getoption
        if option("study") and not (folders or option("collectonly") or session.exitstatus):
            # A study was named, and no claim told of it: that is no success, whatever else was.
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode
    ) -> Generator[None, None, None]:
        """Below pytest's own lists: a table of the verdicts that ran, or why none did, and what it means."""
        ran = {(study, verdict.id): verdict for study, verdict in verdicts_of(self._studies, self._ran)}
        with causes_apart(terminalreporter.stats, ran):
            yield
        idle = exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self._suite.loaded
        if ran or idle:
            self._show(terminalreporter)
        if ran:
            terminalreporter.write_line("in words:", bold=True)
            for line in closing_lines(terminalreporter.stats, ran):
                terminalreporter.write_line(line)

    def _show(self, terminal: pytest.TerminalReporter) -> None:
        terminal.section("verdicts")
        for line, outcome in table_lines(verdicts_of(self._studies, self._ran), day=self._day):
            colour = {COLOURS[outcome]: True} if outcome else {"bold": True}
            terminal.write_line(line, **colour)
        apart = [f"{study.id}: {line}" for study in self._studies for line in asides(study)]
        # Of every study that was read: where no claim ran there are no results.
        idle_claims = not_applicable_lines(
            {name: not_applicable(family) for name, family in self._suite.families.items()}
        )
        for line in (*reason_lines(self._studies, self._ran), *apart, *idle_claims, *self._written):
            terminal.write_line(line)
        for line in self._failed:
            terminal.write_line(line, red=True, bold=True)

    def _record(self, folder: Path, results: Results, config: pytest.Config) -> None:
        """Write one report: four files of one folder."""
        self._studies = sorted([*self._studies, *results.studies], key=lambda study: study.id)
        run = None
        if self._write(folder / "results.json", partial(write_results, results)):
            run = self._write_run(folder, config)
        self._write(folder / "index.html", partial(write_page, results, run=run))
        self._write(folder / "summary.md", lambda path: write_whole(render_summary(results, run=run), path))

    def _write_run(self, folder: Path, config: pytest.Config) -> Run | None:
        try:
            run = run_of((folder / "results.json").read_bytes(), config.invocation_params.args)
        except InputError as error:
            self._failed.append(f"not written: {shown_path(folder / 'run.json')}: {error}")
            return None
        self._write(
            folder / "run.json", lambda path: write_whole(json.dumps(vars(run), indent=1) + "\n", path)
        )
        return run

    def _write(self, path: Path, write: Callable[[Path], None]) -> bool:
        try:
            write(path)
        except OSError as error:
            self._failed.append(f"not written: {shown_path(path)}: {error.strerror}; see --report-dir")
            return False
        self._written.append(f"written: {shown_path(path)}")
        return True


def run_of(results: bytes, arguments: Iterable[object]) -> Run:
    """What is true of one run alone: its command and date, and the results that it made.

    Args:
        results: the bytes of results.json.
        arguments: those of the command line.

    Raises:
        InputError: SOURCE_DATE_EPOCH, which stands in for the date, is no date.
    """
    return Run.model_construct(
        results_sha256=hashlib.sha256(results).hexdigest(),
        command=shlex.join(_command([*map(str, arguments)])),
        date=f"{_now():%Y-%m-%dT%H:%M:%SZ}",
    )


def _command(arguments: list[str]) -> list[str]:
    own = len(JUDGE)
    return ["beyondbase", "judge", *arguments[own:]] if arguments[:own] == JUDGE else ["pytest", *arguments]


def _now() -> datetime:
    """The time, or what builds that must come out the same twice give for it."""
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if text is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError(f"SOURCE_DATE_EPOCH: found {text!r}; use whole seconds since 1970") from None
