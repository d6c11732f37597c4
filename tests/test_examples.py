"""Examples: completions read beside the counts, and what a user reads where a file is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from plugin_project import LEADS, claim_text, simple_project, study_text, whole_output
from results_json import content_of
from study_factory import BASE, RL, judged, write_study

from beyondbase.errors import InputError
from beyondbase.evidence.examples import COLUMNS, LIMIT, OUTCOMES, Example, load_examples
from beyondbase.evidence.tallies import file_digest, load_tallies
from beyondbase.results.build import write_results

ARMS = {"base": BASE, "rl": RL, "idle": RL}
COUNTS = {
    ("T", "base"): (20, [1] * 12),
    ("T", "rl"): (20, [2] * 12),
    ("U", "base"): (20, [3] * 3),
    ("U", "rl"): (20, [4] * 3),
    ("U", "idle"): (20, [5] * 3),
}
ROW = {"task": "T", "arm": "rl", "problem_id": "7", "outcome": "wrong", "text": "so 41"}
HOSTILE = "a\0b\n\u2028</script>\x1b[31m\u202e\U0001f600"


def lines(*rows: dict[str, Any]) -> str:
    """Write rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def write_parquet(path: Path, *rows: dict[str, Any], schema: pa.Schema | None = None) -> None:
    """Write rows as parquet."""
    pq.write_table(pa.Table.from_pylist([*rows], schema=schema), path)


def read(folder: Path, *files: str) -> tuple[Example, ...]:
    """Read files of examples in a folder, as those of a study with twelve problems."""
    evidence = {"tallies": "counts.csv", "examples": list(files)}
    study = write_study(folder, ARMS, COUNTS, evidence=evidence)
    return load_examples(study, load_tallies(study))


def read_text(folder: Path, content: str | bytes) -> tuple[Example, ...]:
    """Read a file of JSON lines of given content."""
    (folder / "e.jsonl").write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(folder, "e.jsonl")


def refusal(folder: Path, *files: str) -> str:
    """Read files that must be refused, and return the message."""
    with pytest.raises(InputError) as caught:
        read(folder, *files)
    return str(caught.value)


def test_a_study_without_examples_has_none(tmp_path: Path) -> None:
    """The key is optional, and results then hold an empty list and no further input."""
    (study,) = content_of(judged(write_study(tmp_path, ARMS, COUNTS)))["studies"]
    assert study["examples"] == []
    assert len(study["inputs"]) == 2


def test_examples_stand_in_the_order_of_the_study(tmp_path: Path) -> None:
    """Tasks, then arms, then problems as in the counts; those of one problem in the order of the files."""
    (tmp_path / "one.jsonl").write_text(
        lines(
            ROW | {"task": "U", "arm": "base", "problem_id": "0"},
            ROW | {"problem_id": "10", "text": "first"},
            ROW | {"problem_id": "9"},
            ROW | {"arm": "base", "problem_id": "11"},
        )
    )
    write_parquet(tmp_path / "two.parquet", ROW | {"problem_id": "10", "text": "a second"})
    assert [(e.task, e.arm, e.problem_id, e.text) for e in read(tmp_path, "one.jsonl", "two.parquet")] == [
        ("T", "base", "11", "so 41"),
        ("T", "rl", "9", "so 41"),
        ("T", "rl", "10", "first"),
        ("T", "rl", "10", "a second"),
        ("U", "base", "0", "so 41"),
    ]


def test_parquet_and_json_are_read_alike(tmp_path: Path) -> None:
    """The same rows mean the same in both formats, with ids as text or numbers, and dictionary columns."""
    rows = [ROW | {"outcome": outcome, "text": HOSTILE} for outcome in OUTCOMES] + [ROW | {"text": ""}]
    (tmp_path / "e.jsonl").write_text(lines(*(row | {"problem_id": 7} for row in rows)))
    write_parquet(tmp_path / "plain.parquet", *rows)
    kinds = {
        "arm": pa.dictionary(pa.int8(), pa.string()),
        "problem_id": pa.uint64(),
        "text": pa.large_string(),
    }
    schema = pa.schema([(name, kinds.get(name, pa.string_view())) for name in reversed(COLUMNS)])
    write_parquet(tmp_path / "odd.PARQUET", *(row | {"problem_id": 7} for row in rows), schema=schema)
    wanted = tuple(Example(**row) for row in rows)
    assert read(tmp_path, "e.jsonl") == wanted
    assert read(tmp_path, "plain.parquet") == wanted
    assert read(tmp_path, "odd.PARQUET") == wanted


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(text=HOSTILE, ascii_=False)
@given(text=st.text(st.characters(codec="utf-8")), ascii_=st.booleans())
def test_texts_are_kept_whole(tmp_path: Path, text: str, *, ascii_: bool) -> None:
    """Any text that UTF-8 can hold comes back as it was, escaped or not."""
    content = json.dumps(ROW | {"text": text}, ensure_ascii=ascii_)
    assert [read.text for read in read_text(tmp_path, content)] == [text]


def test_a_lone_surrogate_becomes_the_replacement_character(tmp_path: Path) -> None:
    r"""What "\ud800" spells cannot be written as UTF-8, so it is replaced; a pair is the letter it means."""
    content = lines(ROW).replace("so 41", r"a\ud800b\udc00\ud83d\ude00")
    assert read_text(tmp_path, content)[0].text == "a\ufffdb\ufffd\U0001f600"


def test_windows_line_ends_and_blank_lines_change_nothing(tmp_path: Path) -> None:
    """A file saved by a Windows editor is read like any other."""
    assert read_text(tmp_path, "\ufeff" + lines(ROW, ROW).replace("\n", "\r\n\r\n")) == (Example(**ROW),) * 2


def test_results_hold_examples_and_the_digest_of_their_files(tmp_path: Path) -> None:
    """results.json shows every example, names its file with the digest, and can be written and read."""
    (tmp_path / "e.jsonl").write_text(lines(ROW | {"text": HOSTILE}, ROW).replace("so 41", r"\ud800"))
    evidence = {"tallies": "counts.csv", "examples": "e.jsonl"}
    content = content_of(judged(write_study(tmp_path, ARMS, COUNTS, evidence=evidence)))
    write_results(content, tmp_path / "results.json")
    (study,) = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["studies"]
    assert study["examples"] == [ROW | {"text": HOSTILE}, ROW | {"text": "\ufffd"}]
    digest = file_digest(tmp_path / "e.jsonl")
    assert study["inputs"][2:] == [{"file": "e.jsonl", "sha256": digest}]


def test_examples_are_not_counted(tmp_path: Path) -> None:
    """Verdicts and summaries are the same with and without examples."""
    (tmp_path / "e.jsonl").write_text(lines(ROW | {"outcome": "correct"}))
    shown = []
    for evidence in ({"tallies": "counts.csv"}, {"tallies": "counts.csv", "examples": "e.jsonl"}):
        study = write_study(tmp_path, ARMS, COUNTS, evidence=evidence)
        (content,) = content_of(judged(study))["studies"]
        shown.append({key: value for key, value in content.items() if key not in {"inputs", "examples"}})
    assert shown[0] == shown[1]


def test_a_problem_has_a_limited_number_of_examples(tmp_path: Path) -> None:
    """Up to the limit they are read, over all files; one more is refused where it stands, with the limit."""
    (tmp_path / "a.jsonl").write_text(lines(*[ROW] * LIMIT, ROW | {"arm": "base"}, ROW | {"problem_id": "8"}))
    assert len(read(tmp_path, "a.jsonl")) == LIMIT + 2
    (tmp_path / "b.jsonl").write_text(lines(ROW))
    assert refusal(tmp_path, "a.jsonl", "b.jsonl") == (
        f'{tmp_path}/b.jsonl:1: found example 9 of task "T", arm "rl", problem_id "7"; '
        "keep at most 8 of each, because the page carries every text"
    )


LINE_MISTAKES: dict[str, tuple[str | bytes, str, str]] = {
    "unknown task": (lines(ROW | {"task": "t"}), ':1: task: found "t"; ', "study.toml names T, U"),
    "unknown arm": (lines(ROW, ROW | {"arm": "bsae"}), ':2: arm: found "bsae"; ', '(did you mean "base"?)'),
    "unknown problem": (
        lines(ROW | {"problem_id": "12"}),
        ':1: problem_id: found "12", but no counts',
        "of arm",
    ),
    "no counts": (
        lines(ROW | {"arm": "idle"}),
        ':1: problem_id: found "7", but no counts of arm "idle"',
        "T",
    ),
    "unknown outcome": (
        lines(ROW | {"outcome": "Wrong"}),
        ':1: outcome: found "Wrong"; use one of correct, w',
        "",
    ),
    "no text": (lines(ROW | {"text": None}), ":1: text: found null; ", "store text"),
    "number": (lines(ROW | {"text": 7}), ":1: text: found 7; ", "store text"),
    "fraction": (lines(ROW | {"problem_id": 7.0}), ":1: problem_id: found 7.0; ", "store text"),
    "truth value": (lines(ROW | {"problem_id": True}), ":1: problem_id: found true; ", "store text"),
    "list": (lines(ROW | {"text": ["\ud800"] * 99}), ':1: text: found ["\ufffd", ', "; store text"),
    "unknown column": (
        lines(ROW | {"txt": ""}),
        ':1: found an unknown column "txt" (did you',
        "; the columns are",
    ),
    "missing column": (
        '{"task": "T", "arm": "rl"}',
        ":1: missing the columns problem_id, outcome, text; ",
        "add",
    ),
    "key twice": (lines(ROW).replace("}", ', "text": ""}'), ':1: found the key "text" twice; ', "delete one"),
    "no object": ("\n\n[1]", ":3: found [1]; ", "write an object with the keys task, arm, problem_id, "),
    "no JSON": (
        lines(ROW) + "{'a': 1}",
        ":2: found what is not JSON (Expecting property name",
        "column 2); wr",
    ),
    "many lines": (json.dumps(ROW, indent=1), ":1: found what is not JSON (", "write one object per line"),
    "raw NUL": (lines(ROW).replace("41", "\0"), ":1: found what is not JSON (Invalid control character", ""),
    "deep": ("[" * 100_000, ":1: found what cannot be read (", "write one object per line"),
    "long number": ("1" * 5000, ":1: found what cannot be read (", "write one object per line"),
    "not UTF-8": (
        lines(ROW).encode() + b"\xff",
        ":2: found the byte 0xff, which is not UTF-8; ",
        "save the file",
    ),
    "empty": ("", ": is empty; ", "delete the key examples"),
    "blank": (" \n\n", ": is empty; ", "delete the key examples"),
}


@pytest.mark.parametrize(("content", "start", "part"), LINE_MISTAKES.values(), ids=LINE_MISTAKES)
def test_a_mistake_in_a_line_names_file_line_and_remedy(
    tmp_path: Path, content: str | bytes, start: str, part: str
) -> None:
    """Each mistake is one message: the file, the line, what was found, what to do."""
    file = tmp_path / "e.jsonl"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    message = refusal(tmp_path, "e.jsonl")
    assert message.startswith(f"{file}{start}")
    assert part in message
    message.encode()
    assert len(message.removeprefix(str(file))) < 400 + len(str(file))


def with_column(name: str, values: list[Any], kind: pa.DataType) -> Callable[[Path], None]:
    """Write two rows with one column replaced, or added."""

    def write(path: Path) -> None:
        table = pa.Table.from_pylist([ROW, ROW])
        if name in table.column_names:
            table = table.drop_columns([name])
        pq.write_table(table.append_column(name, pa.array(values, kind)), path)

    return write


def not_text(path: Path) -> None:
    """Write a column that parquet calls text although its second cell is not UTF-8."""
    cells = pa.array([b"so", b"\xffso"], pa.binary()).view(pa.string())
    pq.write_table(pa.Table.from_pylist([ROW, ROW]).drop_columns(["text"]).append_column("text", cells), path)


def doubled(path: Path) -> None:
    """Write one column twice."""
    pq.write_table(pa.Table.from_pylist([ROW]).append_column("arm", pa.array(["rl"])), path)


PARQUET_MISTAKES = {
    "unknown arm": (with_column("arm", ["rl", "lr"], pa.string()), ': row 2: arm: found "lr"; '),
    "no text": (with_column("text", ["", None], pa.string()), ": row 2: text: found null; store text"),
    "all null": (with_column("text", [None, None], pa.null()), ": row 1: text: found null; store text"),
    "not UTF-8": (not_text, ": row 2: text: found the byte 0xff, which is not UTF-8; store text in UTF-8"),
    "bytes": (
        with_column("text", [b"", b""], pa.binary()),
        ": text: found a column of type binary; store text",
    ),
    "fraction": (
        with_column("problem_id", [7.0, 7.0], pa.float64()),
        ": problem_id: found a column of type dou",
    ),
    "number": (with_column("arm", [1, 2], pa.int64()), ": arm: found a column of type int64; store text"),
    "unknown column": (
        with_column("arms", ["", ""], pa.string()),
        ': found an unknown column "arms" (did you',
    ),
    "column twice": (doubled, ': found the column "arm" twice; delete one'),
    "missing column": (
        lambda path: write_parquet(path, {"task": "T"}),
        ": missing the columns arm, problem_id",
    ),
    "no row": (
        lambda path: write_parquet(path, schema=pa.table({n: [""] for n in COLUMNS}).schema),
        ": found no",
    ),
    "no parquet": (lambda path: path.write_text("PAR1"), ": is no parquet file ("),
    "empty": (lambda path: path.write_text(""), ": is no parquet file ("),
    "absent": (lambda _: None, ": cannot be read (No such file or directory); correct the path"),
    "folder": (lambda path: path.mkdir(), ": cannot be read (Is a directory); correct the path"),
}


@pytest.mark.parametrize(("write", "start"), PARQUET_MISTAKES.values(), ids=PARQUET_MISTAKES)
def test_a_mistake_in_parquet_names_file_row_and_remedy(
    tmp_path: Path, write: Callable[[Path], object], start: str
) -> None:
    """A mistake of one row names the row, one of a column the column."""
    write(tmp_path / "e.parquet")
    assert refusal(tmp_path, "e.parquet").startswith(f"{tmp_path / 'e.parquet'}{start}")


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A file that is neither JSON lines nor parquet by its name is refused with what to give."""
    assert refusal(tmp_path, "e.csv") == (
        f'{tmp_path}/e.csv: found the suffix ".csv"; give a .jsonl or a .parquet file'
    )
    assert "e.jsonl: there is no such file" in refusal(tmp_path, "e.jsonl")


def test_mistakes_in_examples_end_a_run_before_it_starts(pytester: pytest.Pytester) -> None:
    """A mistake surfaces like one in the counts: one line, a usage error, no report."""
    project = simple_project(pytester, claim_text("rl-leads", LEADS))
    project.study(study=study_text(evidence='examples = "e.jsonl"'))
    project.write("fixtures/small/e.jsonl", lines(ROW | {"arm": "\ud800\x1b"}))
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(['ERROR: *e.jsonl:1: arm: found "\ufffd\\u001b"; *study.toml names base, rl'])
    assert "Traceback" not in whole_output(result)
    assert not (project.path / "reports").exists()
    project.write("fixtures/small/e.jsonl", lines(ROW | {"text": HOSTILE}))
    project.run().assert_outcomes(passed=1)
    assert project.results()["studies"][0]["examples"] == [ROW | {"text": HOSTILE}]
