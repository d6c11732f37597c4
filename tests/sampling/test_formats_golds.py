"""Right answers in imported files, cut out and graded under one name; and settings fit to be shown."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from formats_files import LM_EVAL, lines, refusal, rows_of
from typer.testing import CliRunner

from beyondbase.cli import app
from beyondbase.errors import InputError
from beyondbase.evidence.graded_task import read_task
from beyondbase.formats import Imported, ImportedCounts, read_samples, store_import
from beyondbase.formats.readers.imported import public
from beyondbase.graders import ExactGrader, MathGrader
from beyondbase.sampling.task_grader import named
from beyondbase.store import SampleSet, set_folder
from beyondbase.store.sidecars import EXPECTED_FILE, rows_expected
from beyondbase.tasks import problems_digest

STUDY = """\
id = "s"
title = "t"
source = "a test"
[evidence]
samples = "samples"
[tasks.sums]
dataset = "org/sums"
[problems.sums]
answers = "number"
marker = "#### "
[arms.base]
role = "base"
model = "org/base"
[arms.rl]
role = "rl"
model = "org/rl"
"""
WORKED = ("2 + 3 = 5\n#### 5", "7 * 6 = 42\n#### 42", "After 8 comes 9.\n#### 9")


def worked(folder: Path, golds: tuple[str, ...] = WORKED, **sampling: Any) -> Path:
    """Write a run of lm-eval whose targets are worked solutions."""
    rows = [row for row in rows_of(LM_EVAL[0]) if row["filter"] == "all"]
    for row, gold in zip(rows, golds, strict=True):
        row["target"] = gold
        row["arguments"]["gen_args_0"]["arg_1"] |= sampling
    return lines(folder / "samples.jsonl", rows)


def taken(imported: Imported, samples: Path, arm: str = "base", **options: Any) -> ImportedCounts:
    """Import and grade."""
    return store_import(imported, samples, "T", arm, **({"grader": MathGrader()} | options))


def refused(imported: Imported, samples: Path, **options: Any) -> str:
    """Import what must be refused before anything is stored, and return the message."""
    with pytest.raises(InputError) as caught:
        taken(imported, samples, **options)
    assert not set_folder(samples, "T", options.get("arm", "base")).exists()
    return str(caught.value)


def called(*arguments: object) -> str:
    """Run a command in this process, and return what it prints."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_worked_solutions_are_cut_to_their_answers(tmp_path: Path) -> None:
    """With the marker as many are right as with plain answers, and problems.jsonl holds answers alone."""
    plain = taken(read_samples("lm-eval", [worked(tmp_path / "p", ("5", "42", "9"))]), tmp_path / "one")
    found = taken(read_samples("lm-eval", [worked(tmp_path / "w")]), tmp_path / "two", marker="#### ")
    assert found == plain
    assert found.correct
    left = rows_of(tmp_path / "two" / "T" / "problems.jsonl")
    assert [item["answer"] for item in left] == ["5", "42", "9"]


@pytest.mark.parametrize("gold", ["a\nb", "a\rb", "so #### 5"])
def test_worked_solutions_without_a_marker_are_refused(gold: str, tmp_path: Path) -> None:
    """They would make every right answer wrong; the remedy is named, and a grader is no matter."""
    imported = read_samples("lm-eval", [worked(tmp_path, (gold, "42", "9"))])
    for options in ({}, {"grader": None}, {"marker": "A: "}):
        message = refused(imported, tmp_path / "samples", **options)
        assert message.endswith('[problems.T] marker = "#### "')


def test_a_gold_without_the_marker_of_others_is_refused(tmp_path: Path) -> None:
    """Where none has it, all are answers already."""
    odd = read_samples("lm-eval", [worked(tmp_path, (*WORKED[:2], "9"))])
    assert 'problem "2": answer: found no "#### "' in refused(odd, tmp_path / "s", marker="#### ")
    bare = read_samples("lm-eval", [worked(tmp_path / "b", ("5", "42", "9"))])
    assert taken(bare, tmp_path / "s", marker="#### ").correct


def test_an_arm_is_added_after_grade_without_grading_the_first_anew(tmp_path: Path) -> None:
    """Import and grade name verdicts alike, whatever the order of problems and the thousands in answers."""
    (study := tmp_path / "study.toml").write_text(STUDY)
    path = worked(tmp_path / "a", ("so\n#### 1,005", *WORKED[1:]))
    other = lines(tmp_path / "b" / "s.jsonl", rows_of(path)[::-1])
    called("import", "lm-eval", path, "--study", study, "--arm", "base", "--accept-difference")
    graded = {item.name for item in (tmp_path / "samples").rglob("*.parquet")}
    called("grade", "--study", study)
    assert {item.name for item in (tmp_path / "samples").rglob("*.parquet")} == graded
    said = called("import", "lm-eval", other, "--study", study, "--arm", "rl", "--accept-difference")
    assert "graded anew" in said
    known = read_task(tmp_path / "samples", "sums")
    assert known.source is not None
    assert known.source["marker"] == "#### "
    assert str(known.sha256)[:8] == known.grader[1].rpartition("-")[2]
    for arm in ("base", "rl"):
        store = SampleSet.read(set_folder(tmp_path / "samples", "sums", arm))
        assert store.tally(*known.grader).n.tolist() == [4, 4, 4]


def test_a_changed_table_is_told_at_the_next_import(tmp_path: Path) -> None:
    """Arms graded by two tables are no pair."""
    imported = read_samples("lm-eval", [worked(tmp_path, ("5", "42", "9"))])
    taken(imported, tmp_path / "s", source={"answers": "number", "grader": None})
    with pytest.raises(
        InputError, match=r"was changed since it was graded \(answers\); run beyondbase grade"
    ):
        taken(imported, tmp_path / "s", "rl", source={"answers": "text", "grader": None})


def test_verdicts_of_a_tool_have_no_source(tmp_path: Path) -> None:
    """A table that nobody graded by may change."""
    imported = read_samples("lm-eval", [worked(tmp_path, ("5", "42", "9"))])
    rows = [replace(row, outcome="correct") for row in imported.rows()]
    trusted = replace(imported, trusted=True, grader=("tool", "1"), rows=lambda: iter(rows))
    taken(trusted, tmp_path / "s", source={"answers": "number"}, grader=None)
    assert read_task(tmp_path / "s", "T").source is None


def test_verdicts_are_named_by_the_answers_too() -> None:
    """Another right answer is another name."""
    problems = read_samples("lm-eval", LM_EVAL, pick="all").problems
    name, version = named(ExactGrader(), problems)
    assert (name, version) == ("exact", f"{ExactGrader().version}-{problems_digest(problems)[:8]}")
    assert named(ExactGrader(), [replace(problems[0], gold="6"), *problems[1:]]) != (name, version)


@pytest.mark.parametrize(
    ("sampling", "said"),
    [({"do_sample": False}, "found do_sample false"), ({"temperature": 0.0}, "found temperature 0.0")],
)
def test_repeats_of_greedy_decoding_are_refused(sampling: Any, said: str, tmp_path: Path) -> None:
    """They are copies of one completion; a single one of each problem may come in."""
    path = worked(tmp_path, ("5", "42", "9"), **sampling)
    message = refused(read_samples("lm-eval", [path]), tmp_path / "s")
    assert f"{said} with 4 completions" in message
    assert "n completions of a greedy decoding are one" in message
    rows = [row | {"resps": [row["resps"][0][:1]]} for row in rows_of(path)]
    single = read_samples("lm-eval", [lines(tmp_path / "one" / "s.jsonl", rows)])
    assert taken(single, tmp_path / "s").completions == 3


def test_how_many_completions_are_expected_is_known(tmp_path: Path) -> None:
    """The number lies in the set; none where nobody said it, and a damaged file is named."""
    taken(read_samples("lm-eval", [worked(tmp_path, ("5", "42", "9"))]), tmp_path / "s")
    folder = set_folder(tmp_path / "s", "T", "base")
    assert (rows_expected(folder), rows_expected(tmp_path)) == (12, None)
    for content in ("{", "[]", '{"completions": true}', '{"completions": -1}'):
        (folder / EXPECTED_FILE).write_text(content)
        with pytest.raises(InputError, match=r"rows\.json: .*; import the samples again"):
            rows_expected(folder)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"api_key": "x", "hf_token": "x", "token": "x", "baseURL": "x", "headers": {"a": 1}}, {}),
        ({"max_tokens": 5, "add_bos_token": True, "dtype": "auto"}, ...),
        (
            "pretrained=/data/me/m,api_key=s,dtype=auto,base_url=http://h/v1",
            "pretrained=m,dtype=auto",
        ),
        ('headers={"a":"b","c":"d"},seedless=1', "seedless=1"),
        ("/home/me/models/step 5/", "step 5"),
        ("C:\\models\\m", "m"),
        ("~/m", "m"),
        ("hf//data/me/m", "hf/m"),
        ("http://me:secret@host/v1?key=s", "v1"),
        ("http://me:secret@host", "host"),
        ({"a": [{"path": "/x/y"}]}, {"a": [{"path": "y"}]}),
        ("org/model", ...),
        (["\n\n", "</s>", "//", "Q:"], ...),
        ("Use a / b, and say x = 1.", ...),
    ],
)
def test_private_details_are_left_out(value: Any, kept: Any) -> None:
    """Secrets and addresses go, paths keep their last part, and settings stay."""
    assert public(value) == (value if kept is ... else kept)


def test_private_details_do_not_get_into_a_set(tmp_path: Path) -> None:
    """Neither the identity of an import nor a message has them."""
    run = {"model_name": "/home/me/m", "config": {"model_args": "pretrained=/home/me/m,api_key=s3cret"}}
    paths = []
    for number, args in enumerate(("s3cret", "s3cret2")):
        path = worked(tmp_path / str(number), ("5", "42", str(number)))
        name = "samples_t_2026-11-23T06-16-17.jsonl"
        paths.append(path.rename(path.with_name(name)))
        run["config"] = {"model_args": f"pretrained=/home/me/m,api_key={args}"}
        path.with_name("results_2026-11-23T06-16-17.json").write_text(json.dumps(run))
    known = json.dumps(read_samples("lm-eval", paths[:1]).identity)
    assert '"model": "m"' in known
    for text in (known, refusal("lm-eval", paths)):
        assert "s3cret" not in text
        assert "/home/me" not in text
