"""`beyondbase init` from the files of every tool whose samples are imported."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from formats_files import (
    EVALPLUS,
    HUMAN_EVAL,
    INSPECT,
    LIGHTEVAL,
    LIMIT_OF_RLVR,
    LIVECODEBENCH,
    LM_EVAL,
    NEMO_SKILLS,
    tally,
)
from typer.testing import CliRunner, Result

from beyondbase.cli import app
from beyondbase.evidence.load import load_evidence
from beyondbase.formats import read_samples
from beyondbase.formats.begin.kinds import kind_of
from beyondbase.study import load_study

FILES = {
    "evalplus": (EVALPLUS, "plus", "HumanEval"),
    "human-eval": (HUMAN_EVAL, None, "HumanEval"),
    "inspect": (INSPECT, "match", "tiny_sums"),
    "lighteval": (LIGHTEVAL, None, "tiny_sums"),
    "limit-of-rlvr": (LIMIT_OF_RLVR, None, "task"),
    "livecodebench": (LIVECODEBENCH, None, "LiveCodeBench"),
    "lm-eval": (LM_EVAL, "all", "tiny_sums"),
    "nemo-skills": (NEMO_SKILLS, "symbolic", "task"),
}
GRADED_ANEW = {"lighteval", "lm-eval"}


def called(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def two_arms(home: Path, tool: str) -> list[Path]:
    """Folders of two arms: the second has the files of the first, whose last bytes say nothing."""
    folders = [home / "base", home / "grpo"]
    for folder in folders:
        folder.mkdir()
        for path in FILES[tool][0]:
            shutil.copy(path, folder)
    for path in [*folders[1].iterdir()]:
        if tool == "inspect":
            path.unlink()
            shutil.copy(INSPECT[0].with_suffix(".json"), folders[1])
        elif tool == "lighteval":
            # Behind its footer nothing may stand.
            pq.write_table(pq.ParquetFile(path).read(), path, compression="zstd")
        else:
            path.write_bytes(path.read_bytes() + b"\n")
    return folders


@pytest.mark.parametrize("tool", FILES)
def test_a_file_tells_its_tool(tool: str) -> None:
    """No file needs to be named by its tool."""
    assert {kind_of(path) for path in FILES[tool][0]} == {tool}


@pytest.mark.parametrize("tool", FILES)
def test_two_runs_of_any_tool_become_a_study(tool: str, tmp_path: Path) -> None:
    """Verdicts that a tool keeps are counted; where it keeps none, completions are imported and graded."""
    files, pick, task = FILES[tool]
    picked = ["--pick", pick] if pick else []
    # The scores that our file of lm-eval holds are no grades of its texts.
    accepted = ["--accept-difference"] if tool == "lm-eval" else []
    result = called("init", *two_arms(tmp_path, tool), "--out", tmp_path / "study", *picked, *accepted)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("next: beyondbase judge ")
    study = load_study(tmp_path / "study")
    assert ([*study.tasks], [arm.role for arm in study.arms.values()]) == ([task], ["base", "rl"])
    tallies = load_evidence(study).tallies
    imported = read_samples(tool, files, pick=pick)
    drawn = tally(imported)
    for counts in tallies.values():
        assert counts.n.sum() == drawn.total() - drawn["error"]
        if tool not in GRADED_ANEW:
            assert counts.c.sum() == drawn["correct"]
    assert (study.samples is not None) == (tool in GRADED_ANEW)


def test_a_study_that_could_not_be_graded_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where grading fails, the study is there, and the commands that are left are named."""

    def absent(_: str) -> None:
        raise ModuleNotFoundError(name="sympy")

    monkeypatch.setattr("beyondbase.extras.import_module", absent)
    folders = two_arms(tmp_path, "lm-eval")
    result = called("init", *folders, "--out", tmp_path / "study", "--pick", "all")
    assert result.exit_code == 2
    error, rest = result.stderr.splitlines()
    assert "beyondbase[math]" in error
    assert (
        "study.toml is written; mend what the error says in it, then, for each arm: beyondbase import" in rest
    )
    assert "next: " not in result.stdout
    assert load_study(tmp_path / "study").samples is not None


def test_arms_of_two_graders_are_refused(tmp_path: Path) -> None:
    """Verdicts of one tool are not set beside grades of another."""
    for name, path in (("base", LIGHTEVAL[0]), ("rl", HUMAN_EVAL[0])):
        (tmp_path / name).mkdir()
        shutil.copy(path, tmp_path / name)
    result = called("init", tmp_path / "base", tmp_path / "rl", "--out", tmp_path / "study")
    assert result.exit_code == 2
    found = "lighteval keeps no verdict for each completion of base, human-eval of rl does"
    assert f"{found}; give all arms of a study one grader" in result.stderr
    assert not (tmp_path / "study").exists()


def test_a_folder_of_two_kinds_is_refused(tmp_path: Path) -> None:
    """Files of one arm come from one tool."""
    for path in (LM_EVAL[0], HUMAN_EVAL[0]):
        shutil.copy(path, tmp_path)
    result = called("init", tmp_path)
    assert result.exit_code == 2
    assert "found files of several kinds: " in result.stderr
