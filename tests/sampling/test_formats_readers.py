"""Importers: what each tool's own files hold comes in with its verdicts, problems and settings."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from formats_files import (
    EVALPLUS,
    HUMAN_EVAL,
    LIGHTEVAL,
    LIMIT_OF_RLVR,
    LIVECODEBENCH,
    LM_EVAL,
    NEMO_SKILLS,
    lines,
    outcomes,
    paper_row,
    refusal,
    rows_of,
    tally,
)

from beyondbase.formats import TOOLS, read_samples
from beyondbase.formats.readers.imported import Row


def test_lm_eval_keeps_every_repeat_of_every_run() -> None:
    """All responses come in, to be scored anew; the sampling and the model are in the identity."""
    found = read_samples("lm-eval", LM_EVAL, pick="all")
    rows = [*found.rows()]
    assert (found.trusted, found.grader, {row.outcome for row in rows}) == (False, None, {None})
    assert Counter(row.problem_id for row in rows) == {"0": 8, "1": 8, "2": 8}
    assert rows[0] == Row("0", "The answer is 5", "unknown", None, None, None, None, theirs=False)
    assert [row.theirs for row in rows[:5]] == [False, None, None, None, False]
    assert rows[6].text == "é \u2028 \U0001f600 \\boxed{42}"
    assert [problem.gold for problem in found.problems] == ["5", "42", "9"]
    assert found.problems[1].question == "What is 7 * 6?"
    assert found.identity["sampling"]["temperature"] == 0.6
    assert (found.identity["version"], found.identity["backend"]) == ("0.4.13", "scripted")
    assert len(found.identity["files"]) == 4


def test_lm_eval_filters_are_picked_never_merged() -> None:
    """Two filters of the same documents would double every response."""
    message = refusal("lm-eval", LM_EVAL)
    assert message.endswith("found several filters; pick one of strict, all")
    assert 'no filter "stric" (did you mean "strict"?)' in refusal("lm-eval", LM_EVAL, "stric")
    strict = [*read_samples("lm-eval", LM_EVAL, pick="strict").rows()]
    bare = [replace(row, theirs=None) for row in strict]
    assert bare == [replace(row, theirs=None) for row in read_samples("lm-eval", LM_EVAL, pick="all").rows()]
    assert [row.theirs for row in strict[:2]] == [True, None]


def test_lm_eval_runs_of_two_models_are_no_arm(tmp_path: Path) -> None:
    """The models in the results files must agree, and so must the sampling of the rows."""
    for path in LM_EVAL:
        (tmp_path / path.name).write_bytes(path.read_bytes())
        run = path.with_name(path.name.replace("samples_tiny_sums", "results").replace("jsonl", "json"))
        table = json.loads(run.read_text()) | {"model_name": path.name}
        (tmp_path / run.name).write_text(json.dumps(table))
    message = refusal("lm-eval", sorted(tmp_path.glob("samples_*")), "all")
    assert "found model" in message
    assert "give the files of one model at one setting" in message
    warmer = rows_of(LM_EVAL[1])
    for row in warmer:
        row["arguments"]["gen_args_0"]["arg_1"]["temperature"] = 1.0
    path = lines(tmp_path / "warm" / LM_EVAL[1].name, warmer)
    assert "found sampling" in refusal("lm-eval", [LM_EVAL[0], path], "all")


def test_lm_eval_tasks_without_texts_are_refused(tmp_path: Path) -> None:
    """Multiple choice by log-probabilities has no completions to count."""
    row = rows_of(LM_EVAL[0])[0] | {"resps": [[["-1.5", "False"]], [["-0.5", "True"]]]}
    assert "generate_until" in refusal("lm-eval", [lines(tmp_path / "s.jsonl", [row])])


def test_evalplus_suites_have_verdicts_of_their_own() -> None:
    """A completion that fails an added test is right in base and wrong in plus."""
    plus, base = (read_samples("evalplus", EVALPLUS, pick=pick) for pick in ("plus", "base"))
    assert outcomes(plus)["HumanEval/0"] == ["correct", "wrong", "wrong"]
    assert outcomes(base)["HumanEval/0"] == ["correct", "correct", "wrong"]
    assert (tally(plus)["correct"], tally(base)["correct"]) == (2, 4)
    assert plus.trusted
    assert plus.grader == ("evalplus-plus", "2a1595742de492d154a0e6f73f628f35")
    assert "found several suites; pick one of base, plus" in refusal("evalplus", EVALPLUS)


def test_evalplus_run_on_base_tests_alone_needs_no_pick(tmp_path: Path) -> None:
    """Where no added test was run there is one suite, and a verdict of the other is refused."""
    table = json.loads(EVALPLUS[0].read_text())
    for rows in table["eval"].values():
        for row in rows:
            row["plus_status"] = None
    (path := tmp_path / "base_eval_results.json").write_text(json.dumps(table))
    assert tally(read_samples("evalplus", [path]))["correct"] == 4
    assert 'no suite "plus"' in refusal("evalplus", [path], "plus")


def test_human_eval_verdicts_come_in_by_problem() -> None:
    """Rows of one problem need not stand together."""
    found = read_samples("human-eval", HUMAN_EVAL)
    assert outcomes(found) == {
        "HumanEval/0": ["correct", "correct", "wrong"],
        "HumanEval/1": ["correct", "correct", "wrong"],
    }
    assert [*found.rows()][4].text == "    while True:\n        pass\n"


def test_livecodebench_runner_failures_are_errors() -> None:
    """What the test runner could not judge is an error; its time-out of all tests is a verdict."""
    found = read_samples("livecodebench", LIVECODEBENCH)
    assert outcomes(found) == {
        "abc301_a": ["correct", "wrong", "error"],
        "abc301_b": ["wrong", "correct", "wrong"],
    }
    assert [(item.level, item.cluster) for item in found.problems] == [
        ("easy", "abc301"),
        ("medium", "abc301"),
    ]


def test_lighteval_keeps_every_sample_of_every_run() -> None:
    """All texts come in with their numbers of tokens, to be scored anew; the model is in the path."""
    found = read_samples("lighteval", LIGHTEVAL)
    rows = [*found.rows()]
    assert Counter(row.problem_id for row in rows) == {"0": 6, "1": 6, "2": 6}
    assert (rows[1].text, rows[1].tokens, rows[1].outcome) == ("\\boxed{5}", 9, None)
    assert not found.trusted
    assert found.identity["model"] == "org/scripted"
    assert [problem.gold for problem in found.problems] == ["5", "42", "9"]


def test_lighteval_answers_with_alternatives_are_unknown(tmp_path: Path) -> None:
    """Two right choices are no single right answer; post-processed texts come before raw ones."""
    doc = {"query": "q", "choices": ["a", "b"], "gold_index": [0, 1], "id": "7", "task_name": "t|0"}
    response = {"text": ["<think>b</think>a"], "text_post_processed": ["a"], "output_tokens": [[1, 2]]}
    table = pa.Table.from_pylist([{"doc": doc, "metric": {"em": 1.0}, "model_response": response}])
    pq.write_table(table, tmp_path / "details_t.parquet")
    found = read_samples("lighteval", [tmp_path / "details_t.parquet"])
    assert found.problems[0].gold == ""
    assert [*found.rows()] == [Row("7", "a", "unknown", 2, None, None, None, theirs=True)]
    pq.write_table(table.drop_columns("doc"), tmp_path / "other.parquet")
    assert "found no column doc" in refusal("lighteval", [tmp_path / "other.parquet"])


def test_the_papers_seeds_are_joined_by_idx() -> None:
    """The second file lists its problems the other way round; no answer is unparsed, or truncated."""
    found = read_samples("limit-of-rlvr", LIMIT_OF_RLVR)
    assert outcomes(found) == {
        "0": ["correct", "wrong", "correct", "correct"],
        "7": ["truncated", "unparsed", "correct", "wrong"],
    }
    assert [row.finish for row in found.rows()][-1] == "unknown"
    assert (found.identity["template"], found.identity["temperature"]) == ("qwen-boxed", "0.6")
    assert [problem.level for problem in found.problems] == ["1", "2"]


def test_the_papers_runs_at_two_temperatures_are_no_arm(tmp_path: Path) -> None:
    """The temperature stands in the file's name alone."""
    names = ("test_q_-1_seed0_t0.6_s0_e-1.jsonl", "test_q_-1_seed1_t1.0_s0_e-1.jsonl")
    paths = [lines(tmp_path / name, [paper_row(n=number)]) for number, name in enumerate(names, 1)]
    assert "found temperature" in refusal("limit-of-rlvr", paths)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"score": [True]}, "score: found 1 values for 2 completions"),
        ({"score": [1, 0]}, "should be true or false each"),
        ({"pred": ["1", None]}, "should be a list of texts"),
        ({"code": []}, 'problem "0": found no completion'),
        ({"gt": None}, "should be a text"),
    ],
)
def test_the_papers_rows_must_be_whole(tmp_path: Path, fields: dict[str, object], said: str) -> None:
    """A verdict for each completion, true or false, and an id."""
    assert said in refusal("limit-of-rlvr", [lines(tmp_path / "a.jsonl", [paper_row(**fields)])])


def test_nemo_skills_verdicts_are_picked() -> None:
    """The comparison and the judging model disagree on one completion."""
    symbolic, judged = (
        read_samples("nemo-skills", NEMO_SKILLS, pick=pick) for pick in ("symbolic", "judgement")
    )
    assert outcomes(symbolic) == {"1": ["correct", "unparsed"], "2": ["wrong", "wrong"]}
    assert outcomes(judged) == {"1": ["correct", "unparsed"], "2": ["wrong", "correct"]}
    assert "found several verdicts; pick one of symbolic, judgement" in refusal("nemo-skills", NEMO_SKILLS)
    assert [row.tokens for row in symbolic.rows()] == [11, 9, 3, 12]


def test_nemo_skills_lines_must_agree(tmp_path: Path) -> None:
    """Lines in another order, or one line less, cannot be aligned."""
    rows = rows_of(NEMO_SKILLS[1])
    turned = lines(tmp_path / "output-rs1.jsonl", rows[::-1])
    message = refusal("nemo-skills", [NEMO_SKILLS[0], turned], "symbolic")
    assert "output-rs1.jsonl:1: problem" in message
    assert "found the question" in message
    short = lines(tmp_path / "short" / "output-rs1.jsonl", rows[:1])
    assert 'lacks the problem "2"' in refusal("nemo-skills", [NEMO_SKILLS[0], short], "symbolic")


def test_files_are_numbered_alike_in_any_order() -> None:
    """The order of the arguments does not change which completion is which."""
    for tool, paths in (("limit-of-rlvr", LIMIT_OF_RLVR), ("lighteval", LIGHTEVAL)):
        one, other = read_samples(tool, paths), read_samples(tool, paths[::-1])
        assert [*one.rows()] == [*other.rows()]
        assert one.identity == other.identity


def test_every_tool_is_listed() -> None:
    """The list is what a command line offers."""
    listed = "lm-eval inspect evalplus human-eval livecodebench lighteval limit-of-rlvr nemo-skills"
    assert " ".join(TOOLS) == listed
