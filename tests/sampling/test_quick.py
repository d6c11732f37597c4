"""The template that the README names, from two tiny models to verdicts."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(folder: Path, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    """Run a command of the README beside a copy of the templates, and return what it prints."""
    command = [sys.executable, "-m", *arguments]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode in codes, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the templates with the claims, and fewer completions than the template's."""
    shutil.copytree(ROOT / "fixtures" / "templates", tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "quick" / "samples", ignore_errors=True)
    shutil.copytree(ROOT / "claims", tmp_path / "claims")
    study = tmp_path / "quick.toml"
    study.write_text(study.read_text(encoding="utf-8").replace("n = 64 ", "n = 16 "), encoding="utf-8")
    return tmp_path


def test_the_template_goes_from_models_to_verdicts(folder: Path) -> None:
    """Plan, sample, status and claims of the template end in verdicts on what was really sampled."""
    quick = ("--study", "quick.toml")
    assert re.search(r"all +120 +1,920 ", run(folder, "beyondbase", "plan", *quick))
    assert "sampled and graded" in run(folder, "beyondbase", "sample", *quick)
    assert re.search(r"rl +sums +60 +960 +16 of 16 +0 ", run(folder, "beyondbase", "status", *quick))
    options = ("-q", "-p", "no:cacheprovider", "--report-dir", "made")
    # Whatever the verdicts are: nobody expects anything of these models.
    verdicts = run(folder, "pytest", "claims", *quick, *options, codes=(0, 1))
    assert re.search(r"rl-leads-at-1 +rl +sums +(SUPPORTED|REFUTED|INCONCLUSIVE)", verdicts)
    page = (folder / "made" / "index.html").read_text(encoding="utf-8")
    assert "Settings of <bdi>rl</bdi> on <bdi>sums</bdi>" in page
