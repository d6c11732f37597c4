"""The end of a run: results.json, the page and the table of verdicts, on the controller only."""

from pathlib import Path

import pytest

from beyondbase.judge import Judged
from beyondbase.report import write_page
from beyondbase.results import results_of, write_results
from beyondbase.suite import Suite
from beyondbase.terminal import not_applicable_lines, table_lines

PROPERTY = "beyondbase"
COLOURS = {"SUPPORTED": "green", "REFUTED": "red", "INCONCLUSIVE": "yellow", "INVALID": "red"}


class Recorder:
    """Gathers which verdicts ran, and writes them down when the session ends."""

    def __init__(self, suite: Suite, folder: Path) -> None:
        self._suite = suite
        self._folder = folder
        self._ran: set[str] = set()
        self._closing: list[str] = []

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
        try:
            for write, path in (
                (write_results, self._folder / "results.json"),
                (write_page, self._folder / "index.html"),
            ):
                write(content, path)
                self._closing.append(f"written: {path}")
        except OSError as error:
            self._closing.append(f"not written: {error.filename}: {error.strerror}; see --report-dir")
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """End in one table of the verdicts that ran."""
        entries = self._entries()
        if not entries:
            return
        terminalreporter.section("verdicts")
        for line, outcome in table_lines(entries):
            colour = {COLOURS[outcome]: True} if outcome else {"bold": True}
            terminalreporter.write_line(line, **colour)
        families = self._suite.families.values()
        claims = {claim.id: claim for family in families for claim in family.not_applicable}
        lines = dict.fromkeys(not_applicable_lines(claims.values()))
        for line in (*lines, *self._closing):
            terminalreporter.write_line(line)

    def _entries(self) -> list[Judged]:
        if not self._ran:
            return []
        entries = [entry for some in self._suite.entries.values() for entry in some]
        return [self._suite.judged(entry) for entry in entries if entry.key in self._ran]
