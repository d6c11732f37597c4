"""The how-to guides show what works: each is done as it stands, on counts or samples that lie beside it."""

import json
import random
import re
import shutil
from pathlib import Path

import pytest
from shown_output import blocks_of, follow, misplaced, run_shown

from beyondbase import load_study

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture
def math500(tmp_path: Path) -> Path:
    """A folder with the study of MATH500 and its counts."""
    for name in ("study.toml", "counts.csv"):
        shutil.copy(ROOT / "fixtures" / "qwen2.5-7b-math500" / name, tmp_path)
    return tmp_path


def test_a_claim_of_ones_own_is_judged_as_shown(math500: Path) -> None:
    """Who copies the claim of docs/own-claims.md gets the verdict that stands below it."""
    assert follow(DOCS / "own-claims.md", math500) == [0]


def test_the_gate_fails_and_passes_as_shown(math500: Path) -> None:
    """By the policy of docs/ci.md this checkpoint is not released; the comparison is made."""
    assert follow(DOCS / "ci.md", math500) == [1, 0]
    assert (math500 / "junit.xml").is_file()
    assert (math500 / "compared" / "index.html").is_file()


def test_the_waiver_shown_lets_the_gate_pass(math500: Path) -> None:
    """With the exception of docs/ci.md, whose day is still to come, the same command ends with 0."""
    shown = {(block.language, block.title): block.text for block in blocks_of(DOCS / "ci.md")}
    (math500 / "claims").mkdir()
    (math500 / "claims" / "test_policy.py").write_text(shown["python", "claims/test_policy.py"])
    waiver = re.sub(r"until = \d{4}", "until = 9999", shown["toml", ""])
    with (math500 / "study.toml").open("a", encoding="utf-8") as stream:
        stream.write(f"\n{shown['toml', 'study.toml, at its end']}\n{waiver}")
    command = next(block.text for block in blocks_of(DOCS / "ci.md") if block.language == "console").strip()
    result = run_shown(command, math500)
    assert result.returncode == 0, result.stdout
    assert "1 xfailed" in result.stdout


def test_the_workflow_runs_the_command_shown() -> None:
    """The gate in the workflow is the one that was tried."""
    blocks = blocks_of(DOCS / "ci.md")
    command = next(block.text for block in blocks if block.language == "console").strip()
    assert f"- run: {command}\n" in next(block.text for block in blocks if block.language == "yaml")


def test_verdicts_of_ones_own_are_judged(tmp_path: Path) -> None:
    """The script of docs/own-grader.md grades raw completions, and its verdicts become a study."""
    drawn = random.Random(3)  # noqa: S311 - no secret
    (example,) = (block.text for block in blocks_of(DOCS / "own-grader.md") if block.language == "json")
    for arm, chance in (("base", 0.3), ("rl", 0.7)):
        rows = [
            json.loads(example)
            | {"problem_id": f"p{i}", "response": f"It is {'42' if drawn.random() < chance else '41'}."}
            for i in range(60)
            for _ in range(16)
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{arm}-raw.jsonl").write_text(text, encoding="utf-8")
    shown = blocks_of(DOCS / "own-grader.md")
    (script,) = (block for block in shown if block.title == "grade.py")
    (tmp_path / script.title).write_text(script.text, encoding="utf-8")
    commands = next(block.text for block in shown if block.language == "console").splitlines()
    made = [run_shown(command, tmp_path) for command in commands]
    assert [result.returncode for result in made[:-1]] == [0, 0], made[-2].stderr
    assert re.search(r"rl-leads-at-1 +rl +task +SUPPORTED", made[-1].stdout), made[-1].stdout


def test_a_failing_grader_is_left_out_and_told(tmp_path: Path) -> None:
    """Rows that the script of docs/own-grader.md marks as failed count as not drawn, by the option named."""
    for arm in ("base", "rl"):
        rows = [
            {"problem_id": f"p{i}", "response": "x", "correct": i % 2 == (arm == "rl")} for i in range(40)
        ]
        rows += [{"problem_id": "p0", "response": "x", "error": "TypeError()"}]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{arm}.jsonl").write_text(text, encoding="utf-8")
    refused = run_shown("beyondbase init base.jsonl rl.jsonl", tmp_path)
    assert refused.returncode == 2
    taken = run_shown("beyondbase init base.jsonl rl.jsonl --error error", tmp_path)
    assert taken.returncode == 0, taken.stderr


def test_the_grader_of_a_task_shown_is_one(tmp_path: Path) -> None:
    """A user who copies the table of docs/own-grader.md into a study gets the grader that it names."""
    (table,) = (block.text for block in blocks_of(DOCS / "own-grader.md") if block.language == "toml")
    head = 'id = "s"\ntitle = "t"\nsource = "here"\n[evidence]\nsamples = "samples"\n[tasks.mine]\n'
    arms = '[arms.base]\nrole = "base"\nmodel = "b"\n'
    (tmp_path / "study.toml").write_text(head + arms + table, encoding="utf-8")
    problems = load_study(tmp_path).problems["mine"]
    assert (problems.graded_by, problems.grading["case"]) == ("exact", False)


def test_what_is_not_printed_is_told() -> None:
    """Lines that are missing, or stand in another order, are found."""
    assert misplaced("a\n...\nc\n", "a\nb\nc\n") == []
    assert misplaced("c\n...\na\n", "a\nb\nc\n") == ["a\n"]
    assert misplaced("a\nc\n", "a\nb\nc\n") == ["a\nc\n"]
    assert misplaced("b\n", "ab\n") == ["b\n"]
