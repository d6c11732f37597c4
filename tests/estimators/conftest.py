"""The option that points the estimator properties at an implementation, and the fixture that calls it."""

import importlib
from collections.abc import Callable
from operator import attrgetter

import numpy as np
import pytest

DEFAULT = "beyondbase.estimators:pass_at_k"
TARGET = pytest.StashKey["Target"]()


class Target:
    """A pass@k implementation under test, called as (n, c, k), judged by the one number that it returns."""

    def __init__(self, spec: str, function: Callable[[int, int, int], object]) -> None:
        self.spec, self.function = spec, function

    def __repr__(self) -> str:
        return self.spec

    def raw(self, n: int, c: int, k: int) -> float:
        """Return its number, letting its exceptions pass."""
        __tracebackhide__ = True
        result = np.asarray(self.function(n, c, k))
        if result.size != 1 or result.dtype.kind not in "iuf":
            pytest.fail(f"{self.describe(n, c, k)}: expected one real number, got {result!r}")
        return float(result.item())

    def __call__(self, n: int, c: int, k: int) -> float:
        """Return its number; an exception is a failure, since (n, c, k) is fit."""
        __tracebackhide__ = True
        try:
            return self.raw(n, c, k)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's code raises is a finding
            pytest.fail(f"{self.describe(n, c, k)}: expected a number, got {type(error).__name__}: {error}")

    def describe(self, n: int, c: int, k: int) -> str:
        """Name the call in a message."""
        return f"{self.spec}(n={n}, c={c}, k={k})"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --estimator."""
    help_text = f"pass@k implementation to check, called as function(n, c, k); default {DEFAULT}"
    parser.addoption("--estimator", default=DEFAULT, metavar="PACKAGE.MODULE:FUNCTION", help=help_text)


def pytest_configure(config: pytest.Config) -> None:
    """Import the target before anything runs, so that a bad one ends the session in one line."""
    config.stash[TARGET] = load(config.getoption("--estimator", DEFAULT))


def pytest_report_header(config: pytest.Config) -> str:
    """Say what is tested."""
    return f"estimator: {config.stash[TARGET]}"


@pytest.fixture(scope="session")
def estimator(pytestconfig: pytest.Config) -> Target:
    """Give the implementation under test."""
    return pytestconfig.stash[TARGET]


def load(spec: str) -> Target:
    """Import what package.module:function names; anything wrong with it is a UsageError of one line."""
    module, _, name = spec.partition(":")
    if not module or not name:
        raise pytest.UsageError(f"--estimator {spec}: write it as package.module:function")
    try:
        imported = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's module may raise anything
        what = f"importing {module} raised {type(error).__name__}: {error}".splitlines()[0]
        raise pytest.UsageError(f"--estimator {spec}: {what}; is its folder on PYTHONPATH?") from None
    try:
        function = attrgetter(name)(imported)
    except AttributeError as error:
        raise pytest.UsageError(f"--estimator {spec}: {error}; name a function that it has") from None
    if not callable(function):
        found = type(function).__name__
        raise pytest.UsageError(f"--estimator {spec}: found an object of type {found}; name a function")
    return Target(spec, function)
