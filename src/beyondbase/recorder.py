"""The end of a run: results.json, the page and the table of verdicts, on the controller only."""

from pathlib import Path

import pytest

from beyondbase.judge import Judged
from beyondbase.report import write_page
from beyondbase.results import results_of, write_results
from beyondbase.suite import Suite
from beyondbase.terminal import not_applicable_lines, reason_lines, table_lines

PROPERTY = "beyondbase"
COLOURS = {"SUPPORTED": "green", "REFUTED": "red", "INCONCLUSIVE": "yellow", "INVALID": "red"}


class Recorder:
    """Gathers which verdicts ran, and writes them down when the session ends."""

    def __init__(self, suite: Suite, folder: Path) -> None:
        self._suite = suite
        self._folder = folder
        self._ran: set[str] = set()
        self._written: list[str] = []
        self._failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a verdict; under xdist, reports are all that reaches the controller."""
        self._ran |= {str(value) for name, value in report.user_properties if name == PROPERTY}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write results.json and the page of the studies that ran.

        They hold the whole family of each study and follow from its files alone, so they are the same
        whatever this run selected.
        """
        studies = sorted({key.split(" ")[0] for key in self._ran})
        if not studies:
            return
        content = results_of([self._suite.judgement(study) for study in studies])
        for write, name in ((write_results, "results.json"), (write_page, "index.html")):
            path = self._folder / name
            try:
                write(content, path)
            except OSError as error:
                self._failed.append(f"not written: {_shown(path)}: {error.strerror}; see --report-dir")
                session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
            else:
                self._written.append(f"written: {_shown(path)}")

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode
    ) -> None:
        """End in one table of the verdicts that ran, or in why none did."""
        entries = self._entries()
        idle = exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self._suite.loaded
        if not (entries or idle):
            return
        terminalreporter.section("verdicts")
        for line, outcome in table_lines(entries):
            colour = {COLOURS[outcome]: True} if outcome else {"bold": True}
            terminalreporter.write_line(line, **colour)
        for line in (*reason_lines(entries), *not_applicable_lines(self._suite.families.values())):
            terminalreporter.write_line(line)
        for line in self._written:
            terminalreporter.write_line(line)
        for line in self._failed:
            terminalreporter.write_line(line, red=True, bold=True)

    def _entries(self) -> list[Judged]:
        if not self._ran:
            return []
        entries = [entry for some in self._suite.entries.values() for entry in some]
        return [self._suite.judged(entry) for entry in entries if entry.key in self._ran]


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
