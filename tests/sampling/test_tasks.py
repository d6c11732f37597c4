"""Problems from files, with every mistake named by its place."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.tasks import (
    Columns,
    Layout,
    all_benchmarks,
    all_templates,
    find_benchmark,
    load_benchmark,
    load_file,
    problems_digest,
)

ROW = {"question": "1 + 1?", "answer": "2"}


def written(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A file of rows, in the format that its suffix names."""
    if path.suffix == ".parquet":
        pa.parquet.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_files_of_both_formats_hold_the_same_problems(tmp_path: Path, suffix: str) -> None:
    """A row is a problem; its columns go by any name, and its id is its number where none is named."""
    rows = [
        {"q": "1 {x} %s?", "a": "2", "uid": "x-1", "hard": 3, "contest": "A", "unit": "m"},
        {"q": "2?", "a": "3", "uid": "x-2", "hard": 4, "contest": "B", "unit": None},
    ]
    path = written(tmp_path / f"mine{suffix}", rows)
    columns = Columns("q", "a", id="uid", level="hard", cluster="contest", entry={"unit": "unit"})
    assert load_file(path, Layout(columns, answer="number")) == (
        Problem("x-1", "1 {x} %s?", "2", "3", "A", {"answer_type": "number", "unit": "m"}),
        Problem("x-2", "2?", "3", "4", "B", {"answer_type": "number"}),
    )
    plain = load_file(path, Layout(Columns("q", "a")))
    assert [problem.id for problem in plain] == ["0", "1"]


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("7", "7"),
        (" 7 ", "7"),
        pytest.param(7, "7", id="whole number"),
        (7.0, "7"),
        (0.5, "0.5"),
        ("1,234", "1234"),
        ("-1,234,567.5", "-1234567.5"),
        ("1,2", "1,2"),
        (["3", "-3"], "3, -3"),
    ],
)
def test_answers_become_text(tmp_path: Path, answer: Any, gold: str) -> None:
    """Numbers lose their needless point and the commas of thousands; several answers are joined."""
    path = written(tmp_path / "mine.jsonl", [ROW | {"answer": answer}])
    (problem,) = load_file(path, Layout(answer="number"))
    assert problem.gold == gold


def test_commas_stay_where_answers_are_no_numbers(tmp_path: Path) -> None:
    """An interval or a pair looks like a number with thousands."""
    path = written(tmp_path / "mine.jsonl", [ROW | {"answer": "1,234"}])
    (problem,) = load_file(path, Layout())
    assert problem.gold == "1,234"


def test_gsm8k_answers_follow_the_last_marker(tmp_path: Path) -> None:
    """The solution before the marker is no part of the answer."""
    answer = "She has 2 + 2 = <<2+2=4>>4 #### apples.\n#### 1,004"
    path = written(tmp_path / "gsm8k.jsonl", [ROW | {"answer": answer}])
    (problem,) = load_benchmark("GSM8K", path=path)
    assert (problem.gold, problem.entry["answer_type"]) == ("1004", "number")


def test_olympiad_answers_are_sets_where_the_row_says_so(tmp_path: Path) -> None:
    """A list answer compares as a set; tolerance and unit go along."""
    rows = [
        {"question": "a?", "final_answer": ["1,2"], "is_multiple_answer": True, "error": None, "unit": None},
        {"question": "b?", "final_answer": ["3"], "is_multiple_answer": False, "error": "1e-1", "unit": "m"},
    ]
    found = load_benchmark("OlympiadBench", path=written(tmp_path / "o.parquet", rows))
    assert [dict(problem.entry) for problem in found] == [
        {"answer_type": "set"},
        {"answer_type": "expression", "tolerance": "1e-1", "unit": "m"},
    ]


MISTAKES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "no column": (
        [{"prompt": "a", "answer": "1"}],
        'mine.jsonl:1: missing the column "question" for the question',
    ),
    "no such row": ([ROW, {"question": "b"}], 'mine.jsonl:2: missing the column "answer" for the answer'),
    "null": ([ROW | {"answer": None}], "mine.jsonl:1: answer: found null; store text, or a number"),
    "truth": ([ROW | {"answer": True}], "mine.jsonl:1: answer: found true; store text, or a number"),
    "nan": ([ROW | {"answer": float("nan")}], "mine.jsonl:1: answer: found NaN"),
    "object": ([ROW | {"answer": [{}]}], "mine.jsonl:1: answer: found [{}]"),
    "nothing": ([ROW | {"question": " "}], "mine.jsonl:1: question: found nothing; add the question"),
    "surrogate": ([ROW | {"question": "\ud800"}], "mine.jsonl:1: question: found"),
}


@pytest.mark.parametrize(("rows", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_named_by_their_place(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    """File, line and field stand in the message."""
    path = written(tmp_path / "mine.jsonl", rows)
    with pytest.raises(InputError) as caught:
        load_file(path, Layout())
    assert message in str(caught.value)


def test_a_marker_that_is_missing_is_a_mistake(tmp_path: Path) -> None:
    """Without its marker a solution would pass for an answer."""
    path = written(tmp_path / "mine.jsonl", [ROW])
    with pytest.raises(InputError, match=r'mine\.jsonl:1: answer: found no "####" before an answer'):
        load_file(path, Layout(marker="####"))
    path = written(tmp_path / "mine.jsonl", [ROW | {"answer": "so #### "}])
    with pytest.raises(InputError, match=r"mine\.jsonl:1: answer: found no answer"):
        load_file(path, Layout(marker="####"))


def test_ids_stand_once(tmp_path: Path) -> None:
    """Two problems of one id would be one problem with twice the samples."""
    rows = [ROW | {"id": "a"}, ROW | {"id": "b"}, ROW | {"id": "a"}]
    with pytest.raises(InputError, match=r'mine.parquet: row 3: id "a" stands also at .*mine.parquet: row 1'):
        load_file(written(tmp_path / "mine.parquet", rows), Layout(Columns(id="id")))


@pytest.mark.parametrize("name", [" a", "a\nb", "a\u2028"])
def test_ids_are_plain(tmp_path: Path, name: str) -> None:
    """Counts refuse such ids, so problems do."""
    path = written(tmp_path / "mine.jsonl", [ROW | {"id": name}])
    with pytest.raises(InputError, match=r"id: found .*; use an id without control characters"):
        load_file(path, Layout(Columns(id="id")))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mine.jsonl", b"", "mine.jsonl: is empty"),
        ("mine.jsonl", b"\xff\n", "mine.jsonl:1: found the byte 0xff"),
        ("mine.jsonl", b"[1]\n", "mine.jsonl:1: found [1]; write an object"),
        ("mine.jsonl", b'{"question": "a", "answer": "b"}\n{"a"\n', "mine.jsonl:2: found what is not JSON"),
        ("mine.jsonl", b'{"a": 1, "a": 2}\n', 'mine.jsonl:1: found the key "a" twice'),
        ("mine.jsonl", b"[" * 9999 + b"\n", "mine.jsonl:1: found what is not JSON"),
        ("mine.parquet", b"PAR1", "mine.parquet: cannot be read as parquet"),
        ("mine.csv", b"a,b\n", 'mine.csv: found the suffix ".csv"; give a .jsonl or a .parquet file'),
    ],
)
def test_files_that_are_none_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """A broken file ends in one line."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_file(path, Layout())
    assert message in str(caught.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    """Both formats say so."""
    for name in ("mine.jsonl", "mine.parquet"):
        with pytest.raises(InputError, match=f"{name}: there is no such file"):
            load_file(tmp_path / name, Layout())


def test_a_table_without_rows_is_named(tmp_path: Path) -> None:
    """An empty benchmark is a mistake, not a benchmark."""
    path = tmp_path / "mine.parquet"
    pa.parquet.write_table(pa.table({"question": pa.array([], pa.string())}), path)
    with pytest.raises(InputError, match=r"mine.parquet: found no problem"):
        load_file(path, Layout())


def test_digest_changes_with_every_part_of_a_problem() -> None:
    """Id, question, answer, level and cluster; parts cannot run together."""
    problem = Problem("1", "q", "g", "l", "c")
    others = [replace(problem, **{name: "other"}) for name in ("id", "question", "gold", "level", "cluster")]
    shifted = Problem("1q", "", "g", "l", "c")
    digests = {problems_digest([one]) for one in (problem, *others, shifted)}
    assert len(digests) == 7
    assert problems_digest([problem]) == problems_digest([replace(problem, entry={"unit": "m"})])


def test_every_declared_benchmark_is_whole() -> None:
    """Each has a place, its number of problems, and columns; pinned revisions are commits."""
    assert list(all_benchmarks()) == [
        "AIME24",
        "AMC23",
        "MATH500",
        "GSM8K",
        "Minerva",
        "OlympiadBench",
        "Omni-MATH-Rule",
    ]
    for benchmark in all_benchmarks().values():
        assert benchmark.rows >= 30
        assert benchmark.layout.answer in ("number", "expression")
        assert benchmark.revision is None or len(benchmark.revision) == 40


def test_an_unknown_benchmark_is_refused_with_the_nearest() -> None:
    """The message lists the known ones."""
    with pytest.raises(
        InputError, match=r'found "MATH-500"; use one of AIME24, .* \(did you mean "MATH500"\?\)'
    ):
        find_benchmark("MATH-500")
    assert "qwen-boxed" in all_templates()
