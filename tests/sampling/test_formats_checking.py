"""Imports beside the scores in their files: what agrees goes on, what does not stops, and says what helps."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from formats_files import GSM8K, LIGHTEVAL, LIMIT_OF_RLVR, LM_EVAL, lines, rows_of
from typer.testing import CliRunner, Result

from beyondbase.cli import app
from beyondbase.completions import Problem
from beyondbase.formats import Imported, Row, read_samples
from beyondbase.formats.checking import Check, check_import
from beyondbase.formats.readers.imported import yes_or_no
from beyondbase.graders import ExactGrader, Grader, MathGrader
from beyondbase.study.tables import Problems

STUDY = """\
id = "s"
title = "t"
source = "a test"
[evidence]
samples = "samples"
[tasks.GSM]
dataset = "openai/gsm8k"
[arms.base]
role = "base"
model = "org/base"
[arms.rl]
role = "rl"
model = "org/rl"
"""
STRICT = ("--pick", "strict-match")


def brought(
    folder: Path, files: Sequence[Path], *options: str, tool: str = "lm-eval", table: str = ""
) -> Result:
    """Import files of the arm "base" by the command line."""
    (study := folder / "study.toml").write_text(STUDY + table)
    called = ["import", tool, *map(str, files), "--study", str(study), *options]
    return CliRunner().invoke(app, called if "--arm" in called else [*called, "--arm", "base"])


def said_by(*rows: tuple[str, str, Any], gold: str = "5", trusted: bool = False) -> Imported:
    """Make an import of (problem, text, theirs)."""
    problems = tuple(Problem(name, "q", gold) for name in dict.fromkeys(name for name, _, _ in rows))
    made = [
        Row(name, text, "unknown", None, None, theirs, None)
        if trusted
        else Row(name, text, "unknown", None, None, None, None, theirs)
        for name, text, theirs in rows
    ]
    return Imported("tool", trusted, None, {"files": {}}, problems, lambda: iter(made))


def checked(imported: Imported, grader: Grader | None = None, **table: Any) -> Check:
    """Check an import, without help."""
    return check_import(imported, grader or ExactGrader(), task="T", table=Problems(**table), helped=False)


def helped(imported: Imported, grader: Grader | None = None, **table: Any) -> str:
    """What would help an import."""
    return check_import(imported, grader or ExactGrader(), task="T", table=Problems(**table)).remedy


def test_gsm8k_of_lm_eval_is_graded_as_lm_eval_grades_it(tmp_path: Path) -> None:
    """Without any table: under either filter every grade agrees with the file's own."""
    for number, (pick, correct) in enumerate((("strict-match", 7), ("flexible-extract", 11))):
        (folder := tmp_path / str(number)).mkdir()
        result = brought(folder, [GSM8K], "--pick", pick)
        assert result.exit_code == 0, result.output
        agree, stored = result.stdout.splitlines()
        exact = f"the exact_match under the filter {pick} of the files"
        assert agree == f"our grades agree with {exact} on 14 of 14 completions (100.0%)"
        assert stored.endswith(f"(1 each), {correct} correct graded anew")
        theirs = [row["exact_match"] for row in rows_of(GSM8K) if row["filter"] == pick]
        assert sum(theirs) == correct


def test_a_grader_that_finds_no_answers_stores_nothing_and_is_told_which_would(tmp_path: Path) -> None:
    """The share, five differences and the option are told; what the option says then goes through."""
    table = '[problems.GSM]\nmarker = "#### "\ngrading = { extract = ["tag"] }\n'
    result = brought(tmp_path, [GSM8K], "--pick", "flexible-extract", table=table)
    assert result.exit_code == 2
    assert not (tmp_path / "samples").exists()
    agree, *shown = result.stdout.splitlines()
    assert "on 3 of 14 completions (21.4%); 11 are right by theirs only, 0 by ours only" in agree
    assert len(shown) == 5
    ends = 'theirs right, ours unparsed: no answer in a text that ends "He adds.\\n#### 81176", gold "81,176"'
    assert shown[0] == f'  problem "0": {ends}'
    assert "nothing was stored: with [problems.GSM] " in result.stderr
    option = result.stderr.partition("with [problems.GSM] ")[2].partition(": ")[0]
    assert option == 'grading = { extract = ["number"] }'
    assert "14 of 14 completions (100.0%) agree" in result.stderr
    again = brought(
        tmp_path, [GSM8K], "--pick", "flexible-extract", table=f'[problems.GSM]\nmarker = "#### "\n{option}\n'
    )
    assert again.exit_code == 0, again.output
    assert "11 correct" in again.stdout


def test_a_difference_can_be_accepted(tmp_path: Path) -> None:
    """It is told all the same, and no help is sought."""
    table = '[problems.GSM]\nmarker = "#### "\ngrading = { extract = ["tag"] }\n'
    result = brought(tmp_path, [GSM8K], *STRICT, "--accept-difference", table=table)
    assert result.exit_code == 0, result.output
    assert "accepted: lm-eval: our grades differ" in result.stdout
    assert "14 completions of 14 problems (1 each), 0 correct" in result.stdout


def test_what_is_known_of_a_task_holds_for_its_other_arms_and_for_grading_again(tmp_path: Path) -> None:
    """The second arm, picked by another filter, and `grade` go by the same rules; nothing is graded anew."""
    assert brought(tmp_path, [GSM8K], *STRICT).exit_code == 0
    task = json.loads((tmp_path / "samples" / "GSM" / "task.json").read_text())
    assert task["defaults"]["grading"] == {"extract": ["hashes"]}
    other = lines(tmp_path / "b" / GSM8K.name, [row | {"resps": [["#### 1"]]} for row in rows_of(GSM8K)])
    second = brought(tmp_path, [other], *STRICT, "--arm", "rl", "--accept-difference")
    assert second.exit_code == 0, second.output
    graded = sorted(path.name for path in (tmp_path / "samples").rglob("*.parquet"))
    result = CliRunner().invoke(app, ["grade", "--study", str(tmp_path / "study.toml")])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "samples").rglob("*.parquet")) == graded
    again = json.loads((tmp_path / "samples" / "GSM" / "task.json").read_text())
    assert again.pop("accepts").keys() == {"base", "rl"}, "the grader was checked on answers of both arms"
    assert again == {key: value for key, value in task.items() if key != "accepts"}


def test_a_damaged_file_of_an_imported_task_is_not_graded_by_other_rules(tmp_path: Path) -> None:
    """What was known of the task is in it; imported again, it is there again."""
    assert brought(tmp_path, [GSM8K], *STRICT).exit_code == 0
    path = tmp_path / "samples" / "GSM" / "task.json"
    before = path.read_bytes()
    path.write_text(path.read_text().replace('"extract"', "5"))
    result = CliRunner().invoke(app, ["grade", "--study", str(tmp_path / "study.toml")])
    assert result.exit_code == 2
    assert "delete it and import the samples again" in result.stderr
    path.unlink()
    assert brought(tmp_path, [GSM8K], *STRICT).exit_code == 0
    assert path.read_bytes() == before


def test_a_table_of_the_study_comes_before_what_is_known() -> None:
    """Who says how answers are graded has said all of it; a marker alone leaves the rest."""
    known = {"answers": "number", "marker": "####", "grading": {"extract": ["hashes"]}}
    assert Problems().completed(known).grading == {"extract": ["hashes"]}
    assert Problems(marker="A").completed(known) == Problems(
        marker="A", answers="number", grading={"extract": ["hashes"]}
    )
    mine = Problems(answers="text").completed(known)
    assert (mine.answers, mine.grading, mine.marker) == ("text", {}, "####")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((1, 1.0, True, "1.0", " True ", "1"), True),
        ((0, 0.0, -0.0, False, "0", "false"), False),
        ((math.nan, math.inf, 0.5, "0.5", "nan", None, [], [1.0], {}, -1, 2, 10**400, ""), None),
    ],
    ids=["right", "wrong", "nothing"],
)
def test_scores_are_yes_no_or_nothing(values: Sequence[object], said: object) -> None:
    """A share, NaN or a list says nothing of one completion."""
    assert [yes_or_no(value) for value in values] == [said] * len(values)


def test_rows_without_a_score_are_not_compared(tmp_path: Path) -> None:
    """NaN, a text, a missing value and a share are no differences; what is left is compared."""
    rows = [row for row in rows_of(GSM8K) if row["filter"] == "strict-match"]
    for row, odd in zip(rows, (math.nan, "nan", None, 0.5, [1.0], {}), strict=False):
        row["exact_match"] = odd
    del rows[6]["exact_match"]
    rows[7]["exact_match"] = "1.0" if rows[7]["exact_match"] else "0.0"
    rows[8]["exact_match"] = bool(rows[8]["exact_match"])
    result = brought(tmp_path, [lines(tmp_path / GSM8K.name, rows)])
    assert result.exit_code == 0, result.output
    assert "on 7 of 7 completions (100.0%)" in result.stdout


def test_a_score_of_several_responses_is_compared_with_none(tmp_path: Path) -> None:
    """A vote, or a mean, is no verdict on the first; the value of a filter that takes the first is one."""
    for filtered, name, known in (
        ("5", "strict", True),
        ("5", "maj@4", False),
        (["5", "5"], "strict", False),
    ):
        rows = [row | {"filter": name, "filtered_resps": [filtered]} for row in rows_of(LM_EVAL[0])[:3]]
        found = read_samples("lm-eval", [lines(tmp_path / f"{name}.jsonl", rows)])
        theirs = [row.theirs for row in found.rows()]
        assert theirs == [True if known and not at % 4 else None for at in range(12)]


def test_the_results_file_says_whether_a_filter_votes(tmp_path: Path) -> None:
    """Whatever it is called."""
    name = LM_EVAL[0].name
    (tmp_path / name).write_bytes(LM_EVAL[0].read_bytes())
    run = LM_EVAL[0].with_name(name.replace("samples_tiny_sums", "results").replace("jsonl", "json"))
    table = json.loads(run.read_text())
    for config in table["configs"].values():
        for item in config["filter_list"]:
            item["filter"] = [{"function": "majority_vote"}, {"function": "take_first"}]
    (tmp_path / run.name).write_text(json.dumps(table))
    found = read_samples("lm-eval", [tmp_path / name], pick="strict")
    assert {row.theirs for row in found.rows()} == {None}
    assert {row.theirs for row in read_samples("lm-eval", LM_EVAL[:1], pick="strict").rows()} == {True, None}


def test_metrics_of_lighteval_count_where_they_are_of_one_response() -> None:
    """Its rows have one value for all their responses."""
    assert {row.theirs for row in read_samples("lighteval", LIGHTEVAL).rows()} == {None}


def test_nothing_right_stops_though_few_differ() -> None:
    """One right in two hundred by the file, none by us: half a percent, and a grader that finds nothing."""
    rows = [(str(at), "Answer: 6", False) for at in range(199)]
    check = checked(said_by(*rows, ("199", "it is 5", True)))
    assert check.fault == "tool: by our grades none of 200 completions is right, by the files some are"
    assert checked(said_by(*rows, ("199", "Answer: 5", True))).fault == ""


def test_a_few_slips_may_not_be_most_of_what_is_right() -> None:
    """Four of two hundred are right by us alone: two percent of all, and all that would be counted."""
    rows = [(str(at), "Answer: 6", False) for at in range(196)]
    slips = [(f"slip {at}", "Answer: 5", False) for at in range(4)]
    right = [(f"right {at}", "Answer: 5", True) for at in range(20)]
    assert "on 4 of 4 completions (100.0%) that one calls right" in checked(said_by(*rows, *slips)).fault
    assert checked(said_by(*rows, *slips, *right)).fault == ""


def test_two_in_a_hundred_may_differ_and_three_may_not() -> None:
    """The limit is two percent of what can be compared."""
    rows = [(str(at), "Answer: 5", True) for at in range(97)]
    some = [(str(97 + at), "Answer: 6", True) for at in range(3)]
    assert checked(said_by(*rows, ("x", "Answer: 5", True), *some[:2])).fault == ""
    check = checked(said_by(*rows, *some))
    assert check.fault.startswith(
        "tool: our grades differ from the verdict of the files on 3 of 100 completions"
    )
    assert check.lines[1] == '  problem "97": theirs right, ours wrong: answer "6", gold "5"'


@pytest.mark.parametrize(
    ("text", "number", "fault"),
    [
        ("none", 19, ""),
        ("none", 20, "tool: no answer was found in 20 of 20 completions (100.0%)"),
        ("Answer: 6", 99, ""),
        ("Answer: 6", 100, "tool: none of 100 completions is right"),
    ],
)
def test_files_without_scores_stop_where_nothing_comes_out(text: str, number: int, fault: str) -> None:
    """Enough completions of which none is right, or none has an answer; fewer say nothing."""
    check = checked(said_by(*((str(at), text, None) for at in range(number))))
    assert check.fault == fault
    assert check.lines == ("the files have no score of a single completion to compare our grades with",)


def test_help_without_scores_is_what_gets_most_right() -> None:
    """Of ways that are alike the plainest."""
    rows = [(str(at), "I think the answer is 5. Or 7", None) for at in range(30)]
    remedy = helped(said_by(*rows))
    option = 'grading = { extract = ["stated"] }'
    assert remedy == f"with [problems.T] {option}: 30 of 30 completions (100.0%) are right"


def test_help_keeps_the_other_options_and_names_another_grader() -> None:
    """Letters ask for the choice grader; options that are there stay."""
    rows = [(str(at), "The answer is (B).", True) for at in range(30)]
    remedy = helped(said_by(*rows, gold="B"), MathGrader(places=3), grading={"places": 3})
    option = 'grading = { places = 3, extract = ["stated"] }'
    assert option in remedy
    wrong = said_by(*((str(at), "We see.\n**B**\nDone", True) for at in range(30)), gold="B")
    remedy = helped(wrong, MathGrader())
    assert remedy.startswith('with [problems.T] answers = "choice", grading = { letters = "ABCD" }: 30 of')


def test_a_way_that_finds_nothing_is_no_help() -> None:
    """Where the file calls nothing right, whoever finds no answer would agree best."""
    rows = [(str(at), "Answer: 5", False) for at in range(30)]
    remedy = helped(said_by(*rows))
    assert remedy.startswith("no other way to find or compare answers fits: look at the texts")


def test_a_way_that_differs_too_is_named_as_the_nearest() -> None:
    """It is not recommended."""
    rows = [(str(at), "it is 5" if at % 2 else "it is 6", True) for at in range(30)]
    remedy = helped(replace(said_by(*rows), others=("loose",)))
    nearest = (
        'the nearest is [problems.T] grading = { extract = ["number"] }: 15 of 30 completions (50.0%) agree'
    )
    assert nearest in remedy
    assert remedy.endswith("look at the texts, pick another filter (loose), or grade otherwise")


def test_verdicts_that_contradict_each_other_are_told() -> None:
    """The same text of the same problem, right and wrong."""
    rows = [("a", "Answer: 5", True), ("a", "Answer: 5", False), ("b", "Answer: 5", True)]
    assert checked(said_by(*rows)).lines[1] == "the files call 1 texts both right and wrong"


def test_verdicts_of_a_tool_are_compared_when_asked(tmp_path: Path) -> None:
    """They are kept as they are; without the option nothing is graded."""
    table = "[problems.GSM]\ngrading = { extract = ['tag'] }\n"
    assert brought(tmp_path, LIMIT_OF_RLVR, tool="limit-of-rlvr", table=table).exit_code == 0
    (other := tmp_path / "other").mkdir()
    result = brought(other, LIMIT_OF_RLVR, "--compare", tool="limit-of-rlvr", table=table)
    assert result.exit_code == 2
    assert "our grades differ from the verdict of the files on 4 of 8" in result.stderr
    result = brought(
        other, LIMIT_OF_RLVR, "--compare", "--accept-difference", tool="limit-of-rlvr", table=table
    )
    assert result.exit_code == 0, result.output
    assert "4 correct by the verdicts of limit-of-rlvr" in result.stdout


def test_files_without_right_answers_cannot_be_compared() -> None:
    """Where that was asked for it is a mistake; where completions are to be graded, storing them is."""
    with pytest.raises(
        ValueError, match='no single right answer to problem "a", so that there is nothing to'
    ):
        checked(said_by(("a", "x", "correct"), gold="", trusted=True))
    assert checked(said_by(("a", "x", True), gold="")) == Check()


def test_hostile_texts_are_shown_on_one_line() -> None:
    """No escape of a terminal, line end or turned text gets out."""
    text = "\x1b[31mred\u202e\nAnswer: 6\x07 " + "y" * 500
    check = checked(said_by(*((str(at), text, True) for at in range(3))))
    for line in check.lines:
        assert line.isprintable()
        assert len(line) < 400


def test_few_completions_of_each_problem_are_looked_at() -> None:
    """Of ten thousand problems one each: what an import costs does not grow with n."""
    rows = [(str(at), "Answer: 5", True) for at in range(5000) for _ in range(8)]
    assert "on 10,000 of 10,000 completions" in checked(said_by(*rows)).lines[0]
