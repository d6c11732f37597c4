"""The estimator suite as its users run it: from the command line, against a function of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SUITE = ROOT / "tests" / "estimators"

IMPLEMENTATIONS = """
import math
import numpy as np

NUMBER = 3

def biased(n, c, k):
    return 1 - (1 - c / n) ** k

def overflowing(n, c, k):
    if k > n:
        raise ValueError(k)
    return 1 - float(math.comb(n - c, k)) / float(math.comb(n, k))

def permissive(n, c, k):
    return 1.0 if n - c < k else 1.0 - float(np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))

def as_array(n, c, k):
    return np.array([permissive(n, c, k)]) if k <= n else math.nan

def as_text(n, c, k):
    return "0.5"
"""


def run_suite(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on the suite with the user's modules importable."""
    (tmp_path / "mine.py").write_text(IMPLEMENTATIONS)
    (tmp_path / "broken.py").write_text("raise RuntimeError('no licence\\nat all')")
    paths = [str(tmp_path), str(ROOT / "src"), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "COLUMNS": "200",
        "PYTEST_ADDOPTS": "",
    }
    command = [sys.executable, "-m", "pytest", str(SUITE), "-p", "no:cacheprovider", "-q", *arguments]
    return subprocess.run(  # noqa: S603 - our own interpreter and arguments
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def failed_tests(result: subprocess.CompletedProcess[str]) -> set[str]:
    """Read the failed tests off the short summary."""
    lines = [line for line in result.stdout.splitlines() if line.startswith("FAILED ")]
    return {line.split("::")[1].split(" ")[0].split("[")[0] for line in lines}


def test_our_own_estimator_passes_by_default(tmp_path: Path) -> None:
    """Without an option the suite checks beyondbase's pass@k, and it passes."""
    result = run_suite(tmp_path, "-v")
    assert result.returncode == 0, result.stdout
    assert "estimator: beyondbase.estimators:pass_at_k" in result.stdout


def test_biased_estimator_fails(tmp_path: Path) -> None:
    """1-(1-c/n)^k is caught, with a message that names the call, the expected value and the one found."""
    result = run_suite(tmp_path, "--estimator", "mine:biased", "-k", "exact or few or refused")
    assert result.returncode == 1
    assert failed_tests(result) >= {
        "test_estimate_is_the_exact_fraction",
        "test_too_few_failures_give_one",
        "test_more_draws_than_completions_are_refused",
    }
    assert "mine:biased(n=2, c=1, k=2): expected 1.0 (relative 1e-09), got 0.75" in result.stdout


def test_overflow_fails_only_at_large_n(tmp_path: Path) -> None:
    """An implementation in float binomials passes where they fit, and is caught where they do not."""
    result = run_suite(tmp_path, "--estimator", "mine:overflowing", "-k", "large_n or exact")
    assert result.returncode == 1
    assert {"test_large_n_does_not_overflow", "test_known_traps_of_large_n"} <= failed_tests(result)
    assert "test_estimate_is_the_exact_fraction" not in failed_tests(result)
    assert "OverflowError" in result.stdout


def test_humaneval_formula_fails_only_at_k_above_n(tmp_path: Path) -> None:
    """The well-known numpy formula is right within k <= n; its 1.0 beyond is the one thing that is caught."""
    result = run_suite(tmp_path, "--estimator", "mine:permissive")
    assert failed_tests(result) == {"test_more_draws_than_completions_are_refused"}
    assert "expected an error or NaN, got 1.0" in result.stdout


def test_one_element_array_and_nan_pass(tmp_path: Path) -> None:
    """A result may come as an array of one number, and NaN is an accepted refusal."""
    result = run_suite(tmp_path, "--estimator", "mine:as_array")
    assert result.returncode == 0, result.stdout


def test_result_that_is_no_number_fails(tmp_path: Path) -> None:
    """Text is no estimate, and the message says so."""
    result = run_suite(tmp_path, "--estimator", "mine:as_text", "-k", "exact_fraction")
    assert result.returncode == 1
    assert "expected one real number, got" in result.stdout


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("mine", "write it as package.module:function"),
        (
            "absent:f",
            "importing absent raised ModuleNotFoundError: No module named 'absent'; is its folder on",
        ),
        ("broken:f", "importing broken raised RuntimeError: no licence; is its folder on PYTHONPATH?"),
        ("mine:absent", "module 'mine' has no attribute 'absent'; name a function that it has"),
        ("mine:NUMBER", "found an object of type int; name a function"),
    ],
)
def test_bad_estimator_is_a_usage_error(tmp_path: Path, spec: str, message: str) -> None:
    """A target that cannot be had ends the session with exit code 4 and one line that says why."""
    result = run_suite(tmp_path, "--estimator", spec)
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]
    assert line.startswith(f"ERROR: --estimator {spec}: ")
    assert message in line
