"""A second grader: what it judges otherwise, and which verdicts hang on that."""

from pathlib import Path

import pytest
from pipeline import done
from test_review import PROBLEMS, N, never, write_hair
from typer.testing import CliRunner, Result

from beyondbase.cli import app
from beyondbase.evidence.load import load_evidence
from beyondbase.sampling.regrade import Disagreement, grade_by
from beyondbase.study import Study

NUMBERS = ("--with", "exact", "--set", 'extract=["number"]')


def regraded(study: Study, *options: str) -> Result:
    """Run `beyondbase regrade`."""
    return CliRunner().invoke(app, ["regrade", str(study.path), *options])


def test_what_two_graders_judge_otherwise_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes the last number calls sample i of problem i right, but not that of 3, which is "=3"."""
    study = write_hair(tmp_path, monkeypatch, base=never)
    _, found = grade_by(study, "exact", {"extract": ["number"]}, tell=lambda _progress: None)
    assert found["sums", "rl"] == Disagreement(PROBLEMS * N, (1, 15), (1, 13))
    assert found["sums", "base"] == Disagreement(PROBLEMS * N, (0, 15), (0, 15))


def test_the_studys_own_grades_stay_those_that_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second grades are kept beside them, so asking again grades nothing; counts are as before."""
    study = write_hair(tmp_path, monkeypatch, base=never)
    before = load_evidence(study).tallies["sums", "rl"].c.tolist()
    first = regraded(study, *NUMBERS)
    assert first.exit_code == 0, first.output
    table = [line.split() for line in first.stdout.splitlines() if " sums " in line]
    assert table == [
        ["base", "sums", "640", "0", "15", "0", "15"],
        ["rl", "sums", "640", "1", "15", "1", "13"],
    ]
    assert 'graded by "exact": ' in first.stdout
    assert "before: by the study's own grader, now: by the second" in first.stdout
    assert load_evidence(study).tallies["sums", "rl"].c.tolist() == before
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert regraded(study, *NUMBERS).stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == files
    done("grade", study)
    assert load_evidence(study).tallies["sums", "rl"].c.tolist() == before


def test_a_verdict_that_hangs_on_the_grader_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RL leads by the text; whoever looks for a box finds no answer, and then nothing can be judged."""
    study = write_hair(tmp_path, monkeypatch, base=never)
    result = regraded(study, "--with", "exact", "--set", 'extract=["boxed"]')
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stdout.splitlines() if "rl-leads-at-1" in line]
    assert "SUPPORTED" in line
    assert "INVALID" in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--with", "exakt"), 'found "exakt" (did you mean "exact"?)'),
        (("--with", "exact", "--set", "extract"), '--set: found "extract"; use KEY=VALUE'),
        (("--with", "exact", "--set", "places=6"), 'found an unknown option "places"'),
        (("--with", "exact"), 'grades "sums" already; name another grader'),
    ],
)
def test_mistakes_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    """One line says what was found and what to use."""
    result = regraded(write_hair(tmp_path, monkeypatch), *options)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
