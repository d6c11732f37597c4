"""The option that points the properties at an implementation, and what is said of it."""

import pytest

from beyondbase.errors import InputError
from beyondbase.estimator_suite.target import Target, load
from beyondbase.visible import clean

DEFAULT = "beyondbase.estimators:pass_at_k"
CONVENTION = "test_more_draws_than_completions_are_refused"
TARGET = pytest.StashKey[Target]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --estimator."""
    help_text = f"pass@k implementation to check, called as function(n, c, k); default {DEFAULT}"
    parser.addoption("--estimator", default=DEFAULT, metavar="MODULE:FUNCTION", help=help_text)


def pytest_configure(config: pytest.Config) -> None:
    """Import the target before anything runs, so that a bad one ends the session in one line."""
    try:
        config.stash[TARGET] = load(config.getoption("--estimator", DEFAULT))
    except InputError as error:
        raise pytest.UsageError(clean(str(error))) from None


def pytest_report_header(config: pytest.Config) -> str:
    """Say what is tested."""
    return f"estimator: {config.stash[TARGET]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say whether values are wrong, or a convention is another."""
    failed = {report.nodeid.rpartition("::")[2] for report in terminalreporter.getreports("failed")}
    if failed == {CONVENTION}:
        ran = len(terminalreporter.getreports("passed"))
        terminalreporter.write_line(
            f"{config.stash[TARGET]} differs by a convention only: the other {ran} properties, of counts with"
            " k <= n, hold. To leave the convention out: -k 'not refused'",
            bold=True,
        )


@pytest.fixture(scope="session")
def estimator(pytestconfig: pytest.Config) -> Target:
    """Give the implementation under test."""
    return pytestconfig.stash[TARGET]
