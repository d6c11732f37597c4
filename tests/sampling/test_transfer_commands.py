"""`beyondbase import`, `export`, `push` and `pull`, as a user types them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from beyondbase.cli import app
from beyondbase.judging.claim import load_claims
from beyondbase.judging.family import gather, judge
from beyondbase.results.build import results_of, write_results
from beyondbase.study import load_study

DATA = Path(__file__).parent / "data" / "formats"
ROOT = Path(__file__).parents[2]
LM_EVAL = sorted(map(str, (DATA / "lm-eval").glob("samples_*.jsonl")))
PAPER = sorted(map(str, (DATA / "limit-of-rlvr").glob("*.jsonl")))
STUDY = """\
id = "taken-over"
title = "Samples of another tool"
source = "a test"
[evidence]
samples = "samples"
[health]
truncated = 1.0
[tasks.sums]
dataset = "org/sums"
[arms.base]
role = "base"
model = "org/base"
[arms.rl]
role = "rl"
model = "org/rl"
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study without samples."""
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


def called(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def take(study: Path, tool: str, files: list[str], *options: str) -> str:
    """Import the same files for both arms, and return what the last command prints."""
    for arm in ("base", "rl"):
        result = called("import", tool, *files, "--study", study, "--arm", arm, *options)
        assert result.exit_code == 0, result.output
    return result.stdout


def judged(study: Path) -> Path:
    """Judge a study, and return its results.json."""
    path = study.parent / "made" / "results.json"
    write_results(results_of([judge(gather(load_study(study), load_claims([ROOT / "claims"])))]), path)
    return path


def test_lm_eval_samples_end_in_verdicts(study: Path) -> None:
    """Files that lm-eval wrote are graded anew, counted and judged, and n is that of all their repeats."""
    said = take(study, "lm-eval", LM_EVAL, "--pick", "strict", "--accept-difference")
    assert said.endswith("\nrl on sums: 24 completions of 3 problems (8 each), 10 correct graded anew\n")
    (found,) = json.loads(judged(study).read_text())["studies"]
    assert {verdict["outcome"] for verdict in found["verdicts"]} <= {"INCONCLUSIVE", "INVALID"}
    (pair,) = found["pairs"]
    assert pair["by_problem"]["base_n"] == [8, 8, 8]
    assert [item["grader"][0] for item in found["samples"]] == ["math", "math"]


def test_trusted_verdicts_are_kept(study: Path) -> None:
    """The paper's own files keep the verdicts that stand in them, and export again as the same counts."""
    said = take(study, "limit-of-rlvr", PAPER)
    assert said.endswith("correct by the verdicts of limit-of-rlvr\n")
    rows = [json.loads(line) for path in PAPER for line in Path(path).read_text().splitlines()]
    results = judged(study)
    result = called("export", "passk-inference", results, "--out", study.parent / "counts")
    assert result.exit_code == 0, result.output
    (path,) = [path for path in (study.parent / "counts").rglob("*.jsonl") if "base" in str(path)]
    for line in map(json.loads, path.read_text().splitlines()):
        scores = [score for row in rows if str(row["idx"]) == line["id"] for score in row["score"]]
        assert (line["c"], line["n"]) == (sum(scores), len(scores))


def test_importing_again_changes_nothing(study: Path) -> None:
    """The same command once more stores nothing, and says the same."""
    first = take(study, "limit-of-rlvr", PAPER)
    before = sorted(path.name for path in (study.parent / "samples").rglob("*.parquet"))
    assert take(study, "limit-of-rlvr", PAPER) == first
    assert sorted(path.name for path in (study.parent / "samples").rglob("*.parquet")) == before


def test_a_pushed_set_comes_back(study: Path, tmp_path: Path) -> None:
    """What was pushed to a folder elsewhere is pulled into another study and judged to the same rows."""
    take(study, "limit-of-rlvr", PAPER)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert called("push", elsewhere, "--study", study).exit_code == 0
    other = tmp_path / "other" / "study.toml"
    other.parent.mkdir()
    other.write_text(STUDY)
    result = called("pull", elsewhere, "--study", other)
    assert result.exit_code == 0, result.output
    mine, theirs = (
        sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet"))
        for folder in (study.parent / "samples", other.parent / "samples")
    )
    assert mine == theirs
    assert "grade" not in result.output
    assert (other.parent / "samples" / "sums" / "problems.jsonl").exists()
    (found,) = json.loads(judged(other).read_text())["studies"]
    assert found["pairs"]


def test_grading_is_recommended_where_no_task_came_along(study: Path, tmp_path: Path) -> None:
    """Sets that nobody graded must be."""
    take(study, "limit-of-rlvr", PAPER)
    (study.parent / "samples" / "sums" / "task.json").unlink()
    assert called("push", tmp_path / "there", "--study", study).exit_code == 0
    (study.parent / "samples").rename(tmp_path / "old")
    assert "then: beyondbase grade" in called("pull", tmp_path / "there", "--study", study).output


@pytest.mark.parametrize("content", [b"{", b"\xff\n", b"[1]\n", b"[" * 200_000])
def test_damaged_problems_are_told_in_one_line(study: Path, content: bytes) -> None:
    """What an import left, and somebody damaged, is named."""
    take(study, "lm-eval", LM_EVAL, "--pick", "strict", "--accept-difference")
    path = study.parent / "samples" / "sums" / "problems.jsonl"
    path.write_bytes(content)
    result = called("grade", "--study", study)
    assert result.exit_code == 2
    assert "problems.jsonl" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("import", "lm-evil", LM_EVAL[0], "--arm", "base"),
            'found the tool "lm-evil" (did you mean "lm-eval"?)',
        ),
        (("import", "lm-eval", LM_EVAL[0], "--arm", "bse"), '--arm: found "bse"'),
        (("import", "lm-eval", LM_EVAL[0], "--arm", "base", "--task", "sum"), '--task: found "sum"'),
        (("import", "lm-eval", "nothing.jsonl", "--arm", "base"), "nothing.jsonl"),
        (("push", "elsewhere"), 'found no samples of arm "base" on "sums"; sample first'),
    ],
)
def test_mistakes_are_told_in_one_line(study: Path, arguments: tuple[str, ...], said: str) -> None:
    """A user's mistake ends with 2 and one line, without a traceback."""
    result = called(*arguments, "--study", study)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
