"""Counts on disk: good files of every kind read alike, and bad ones are refused by file and line."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import InputError
from beyondbase.evidence.tallies import Tally, file_digest, load_tallies, read_tallies
from beyondbase.study import Study, load_study

HEADER = "task,arm,problem_id,n,c"
ROWS = ["T,base,1,8,3", "T,base,2,8,0", "T,rl,1,8,8", "T,rl,2,16,4"]
STUDY: dict[str, Any] = {
    "id": "pair",
    "title": "A pair",
    "source": "made up",
    "evidence": {"tallies": ["counts.csv"]},
    "tasks": {"T": {}},
    "arms": {"base": {"role": "base", "model": "b"}, "rl": {"role": "rl", "model": "r"}},
}


def write(folder: Path, *lines: str, name: str = "counts.csv") -> Path:
    """Write lines as a file."""
    file = folder / name
    file.write_bytes("\n".join([*lines, ""]).encode())
    return file


def refusal(*files: Path) -> str:
    """Read counts that must be refused, and return the message."""
    with pytest.raises(InputError) as caught:
        read_tallies(files)
    return str(caught.value)


def study_at(folder: Path, **changes: object) -> Study:
    """Make a study that lies in a folder."""
    return Study.model_validate({**STUDY, **changes}, context={"path": folder / "study.toml"})


def contents(tallies: dict[tuple[str, str], Tally]) -> list[object]:
    """Show tallies, in their order, as values that compare."""
    return [
        (key, tally.problem_ids, tally.n.tolist(), tally.c.tolist(), tally.clusters, tally.levels)
        for key, tally in tallies.items()
    ]


def test_rows_become_one_tally_per_task_and_arm(tmp_path: Path) -> None:
    """Rows are grouped by task and arm, and completions per problem may differ."""
    assert contents(read_tallies([write(tmp_path, HEADER, *ROWS)])) == [
        (("T", "base"), ("1", "2"), [8, 8], [3, 0], None, None),
        (("T", "rl"), ("1", "2"), [8, 16], [8, 4], None, None),
    ]


def test_counts_are_int64_and_read_only(tmp_path: Path) -> None:
    """A claim cannot change the evidence under another claim."""
    tally = read_tallies([write(tmp_path, HEADER, *ROWS)])["T", "base"]
    assert {tally.n.dtype, tally.c.dtype} == {np.dtype(np.int64)}
    with pytest.raises(ValueError, match="read-only"):
        tally.c[0] = 8


def test_ids_are_text_in_natural_order(tmp_path: Path) -> None:
    """Numbers come first by value, of any size, then text; ids that differ as text are never merged."""
    big = "9" * 30
    ids = ["b", big, "10", "007", "7", "2", "0", "é", "a-10", "中"]
    tally = read_tallies([write(tmp_path, HEADER, *(f"T,base,{item},8,1" for item in ids))])["T", "base"]
    assert tally.problem_ids == ("0", "2", "007", "7", "10", big, "a-10", "b", "é", "中")


def test_both_unicode_forms_of_a_letter_are_two_ids(tmp_path: Path) -> None:
    """Ids are compared as written, without Unicode normalisation."""
    tally = read_tallies([write(tmp_path, HEADER, "T,base,\u00e9,8,1", "T,base,e\u0301,8,2")])["T", "base"]
    assert dict(zip(tally.problem_ids, tally.c.tolist(), strict=True)) == {"\u00e9": 1, "e\u0301": 2}


@given(
    order=st.permutations(
        [f"{t},{a},{p},8,{c},x{p},l" for t in "TS" for a in "ba" for c, p in enumerate("3ab91")]
    )
)
def test_the_order_of_rows_and_of_files_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, order: list[str]
) -> None:
    """Shuffled rows, also when split over two files, give the same tallies in the same order."""
    folder = tmp_path_factory.mktemp("shuffle")
    header = f"{HEADER},cluster,level"
    halves = write(folder, header, *order[:7], name="a.csv"), write(folder, header, *order[7:], name="b.csv")
    expected = contents(read_tallies([write(folder, header, *sorted(order))]))
    assert len(expected) == 4
    assert contents(read_tallies(halves)) == contents(read_tallies(halves[::-1])) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + "\r\n".join([HEADER, *ROWS]).encode(),
        "\n".join([HEADER, *ROWS]).encode() + b"\n\n\n",
        b"c,n,problem_id,arm,task\n" + "\n".join(",".join(row.split(",")[::-1]) for row in ROWS).encode(),
        "\n".join([HEADER, *ROWS]).replace("base", '"base"').encode(),
        "\n".join([f"{HEADER},cluster", *(f"{row}," for row in ROWS)]).encode(),
        "\n".join([HEADER, *ROWS]).replace(",", ";").encode(),
        b"\xef\xbb\xbf" + "\r\n".join([HEADER, *ROWS]).replace(",", "\t").encode(),
        "\n".join([f"{HEADER},,", *(f"{row},," for row in ROWS), ",,,,,,", " ", ",,,,,,"]).encode(),
        "\r\n".join([f"{HEADER};", *(f"{row};" for row in ROWS), ";;;;;"]).replace(",", ";").encode(),
    ],
    ids=[
        *("BOM and CRLF", "blank end", "column order", "quotes", "empty optional column"),
        *("semicolons", "tabs", "empty columns and rows", "semicolons and an empty column"),
    ],
)
def test_the_dialect_of_a_csv_changes_nothing(tmp_path: Path, data: bytes) -> None:
    """Byte order mark, line ends, blank ends, quotes, the delimiter and column order make no difference."""
    plain = contents(read_tallies([write(tmp_path, HEADER, *ROWS, name="plain.csv")]))
    for name in ("counts.csv", "counts.tsv"):
        file = tmp_path / name
        file.write_bytes(data)
        assert contents(read_tallies([file])) == plain


def test_a_line_of_a_tsv_is_named_by_its_number(tmp_path: Path) -> None:
    """What is wrong in a file with tabs is found by line, too."""
    lines = [line.replace(",", "\t") for line in (HEADER, *ROWS, "T,rl,3,8,9")]
    assert refusal(write(tmp_path, *lines, name="counts.tsv")).startswith(f"{tmp_path / 'counts.tsv'}:6: c: ")


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.int64()]
)
def test_parquet_reads_like_csv(tmp_path: Path, kind: pa.DataType) -> None:
    """A parquet file gives what the same CSV gives, also under a folder named like a partition."""
    columns = dict(zip(HEADER.split(","), zip(*(row.split(",") for row in ROWS), strict=True), strict=True))
    arrays = {name: pa.array(cells) for name, cells in columns.items()}
    arrays |= {name: arrays[name].cast(pa.int32()) for name in ("n", "c")}
    arrays["problem_id"] = arrays["problem_id"].cast(kind)
    folder = tmp_path / "task=other"
    folder.mkdir()
    pq.write_table(pa.table(arrays), folder / "counts.parquet")
    expected = contents(read_tallies([write(tmp_path, HEADER, *ROWS)]))
    assert contents(read_tallies([folder / "counts.parquet"])) == expected


def test_clusters_and_levels_follow_their_problems(tmp_path: Path) -> None:
    """Optional columns are kept in the order of the problems, per task."""
    rows = ["T,base,2,8,1,z,hard", "T,base,1,8,1,y,easy", "S,base,1,8,1,,"]
    tallies = read_tallies([write(tmp_path, f"{HEADER},cluster,level", *rows)])
    assert (tallies["T", "base"].clusters, tallies["T", "base"].levels) == (("y", "z"), ("easy", "hard"))
    assert tallies["S", "base"].clusters is None


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ("T,rl,3,8,9", ["c: found 9, which is more than n = 8", "correct one of the two"]),
        ("T,rl,3,8,-1", ['c: found "-1"', "0 or more"]),
        ("T,rl,3,0,0", ['n: found "0"', "at least 1 completion"]),
        ("T,rl,3,-8,0", ['n: found "-8"', "at least 1 completion"]),
        ("T,rl,3,8,3.0", ['c: found "3.0"', "write a whole number, 3"]),
        ('T,rl,3,8,"3,0"', ['c: found "3,0"', "write a whole number, 3"]),
        ("T,rl,3,8,0.45", ['c: found "0.45"; this is a share; write a whole number, how many of the n']),
        ("T,rl,3,8,.45", ['c: found ".45"; this is a share']),
        ('T,rl,3,8,"0,45"', ['c: found "0,45"; this is a share']),
        ("T,rl,3,8,45%", ['c: found "45%"; this is a percentage; write a whole number']),
        ('T,rl,3,8,"45,5 %"', ['c: found "45,5 %"; this is a percentage']),
        ('T,rl,3,"1,024",8', ['n: found "1,024"; write a whole number without separators, 1024']),
        ("T,rl,3,1 024,8", ['n: found "1 024"; write a whole number without separators, 1024']),
        ("T,rl,3,1,true", ['c: found "true"; write a whole number', "counts samples"]),
        ("task,arm,problem_id,n,c", ['n: found "n"; the header stands here a second time; delete this line']),
        ("T,rl,3,8.5,3", ['n: found "8.5"', "write a whole number"]),
        ("T,rl,3,8,NaN", ['c: found "NaN"', "write a whole number"]),
        ("T,rl,3,8,many", ['c: found "many"', "write a whole number"]),
        ("T,rl,3,8, 3", ['c: found " 3"', "remove the spaces"]),
        ("T,rl,3,8,٣", ['c: found "٣"', "write a whole number"]),
        ("T,rl,3,99999999999999999999,3", ["n: found ", "at most 9 digits"]),
        ("T,rl,3,8,", ['c: found ""', "fill the cell"]),
        ("T,rl,,8,1", ['problem_id: found ""', "fill the cell"]),
        (",rl,3,8,1", ['task: found ""', "fill the cell"]),
        ("T,rl, 3,8,1", ['problem_id: found " 3"', "remove the spaces"]),
        ("T,rl,3\u00a0,8,1", ["problem_id: found", "remove the spaces"]),
        ("T,rl,\x073,8,1", ["problem_id: found", "control character"]),
        ('T,rl,3,8,"1', ["c: found", "close the quote"]),
        ("T,rl,3,8", ["found 4 cells under 5 columns", "one cell per column"]),
        ("T,rl,3,8,1,1", ["found 6 cells under 5 columns", "one cell per column"]),
        ("", ['found ""', "delete the row"]),
        ("T,rl,1,8,8", ['task "T", arm "rl", problem_id "1" stands also at', ".csv:4; keep"]),
        ("T,rl,\0,8,8", ["found the byte 0x00", "save it as CSV in UTF-8"]),
    ],
)
def test_a_bad_row_is_refused_by_file_and_line(tmp_path: Path, row: str, parts: list[str]) -> None:
    """A cell that is not what its column holds is named with its line, its content and the remedy."""
    tail = [] if '"' in row else ["T,rl,z,8,1"]
    file = write(tmp_path, HEADER, *ROWS, row, *tail)
    message = refusal(file)
    assert message.startswith(f"{file}:6: ")
    assert [part for part in parts if part not in message] == []


def test_the_first_of_many_bad_rows_is_named_with_their_number(tmp_path: Path) -> None:
    """A file with the same slip in many rows says how many more there are."""
    message = refusal(write(tmp_path, HEADER, "T,rl,a,8,x", "T,rl,b,8,1", "T,rl,c,8,y", "T,rl,d,8,x"))
    assert "counts.csv:2: c" in message
    assert message.endswith("(and 2 more like it)")


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (b"", ["is empty", "task, arm, problem_id, n, c"]),
        (b"\n\n", ["is empty"]),
        (HEADER.encode(), ["found no rows", "add a row"]),
        (b"PAR1\x00\x01\n\xff", [":2: found the byte 0xff", "no CSV in UTF-8"]),
        (b"task,arm,problems,n,c\nT,a,1,8,1\n", ['unknown column "problems" (did you mean "problem_id"?)']),
        (b"task,arm,id,n,c\nT,a,1,8,1\n", ['unknown column "id"; rename it to problem_id']),
        (b"task,arm,idx,num_samples,num_correct\nT,a,1,8,1\n", ['"idx"; rename it to problem_id']),
        (b"task,arm,problem_id,num_samples,c\nT,a,1,8,1\n", ['"num_samples"; rename it to n,']),
        (b"task,arm,problem_id,N,Correct\nT,a,1,8,1\n", ['"N"; rename it to n,']),
        (b"task,model,problem_id,n,c\nT,a,1,8,1\n", ['"model"; rename it to arm,']),
        (b"task,arm,problem_id,n,accuracy\nT,a,1,8,0.5\n", ['"accuracy"; write counts instead of shares']),
        (b"task|arm|problem_id|n|c\n1|2|3|4|5\n", ['column "task|arm|problem_id|n|c"', "the columns"]),
        (b"task;arm;problem_id;n,c\n1;2;3;4,5\n", [':1: found ";" and "," in the header line; part']),
        (b"task\tarm,problem_id,n,c\n", [':1: found a tab and "," in the header line; part']),
        (b"sep=;\ntask;arm;problem_id;n;c\n", [":1: found sep=;, which only Excel reads; delete this line"]),
        (
            b"task,arm,problem_id,n,c\nT,a,1,3,8\nT,a,2,8,8\n",
            [":2: c: found 8", "exchange the names n and c"],
        ),
        (
            b"task,arm,problem_id,n,c,\nT,a,1,8,1,\nT,a,2,8,1,x\n",
            [':3: found "x" in a column without a name'],
        ),
        (b"task,arm,n\nT,a,8\n", ["missing the columns problem_id, c", "found task, arm, n", "add them"]),
        (b"task,arm,problem_id,n,c,c\nT,a,1,8,1,1\n", ['the column "c" twice', "delete one"]),
    ],
)
def test_a_file_that_holds_no_counts_is_refused(tmp_path: Path, data: bytes, parts: list[str]) -> None:
    """An empty, binary or differently shaped file is refused by what it lacks."""
    file = tmp_path / "counts.csv"
    file.write_bytes(data)
    message = refusal(file)
    assert message.startswith(str(file))
    assert [part for part in parts if part not in message] == []


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        ("n", [8.0, 8.0], ": n: found a column of type double; store integers, without NaN"),
        ("problem_id", [1.5, 2.0], ": problem_id: found a column of type double; store text"),
        ("c", [1, None], ': row 2: c: found ""; fill the cell'),
        ("c", ["1", "3.0"], ': row 2: c: found "3.0"; write a whole number'),
        ("c", [1, 9], ": row 2: c: found 9, which is more than n = 8"),
        ("problem_id", ["1", "1"], ': row 2: task "T", arm "a", problem_id "1" stands also at '),
    ],
)
def test_a_bad_parquet_is_refused_by_file_and_row(
    tmp_path: Path, column: str, cells: list[object], message: str
) -> None:
    """Parquet cells and column types are held to the rules of CSV."""
    good = {"task": ["T", "T"], "arm": ["a", "a"], "problem_id": ["1", "2"], "n": [8, 8], "c": [1, 2]}
    file = tmp_path / "counts.parquet"
    pq.write_table(pa.table({**good, column: cells}), file)
    assert f"{file}{message}" in refusal(file)


def test_text_of_other_bytes_in_parquet_is_refused(tmp_path: Path) -> None:
    """What says that it is text and is no UTF-8 is told by file and column, not by a traceback."""
    plain = pa.array(["1", "xy"])
    bad = pa.Array.from_buffers(pa.string(), 2, [*plain.buffers()[:2], pa.py_buffer(b"1\xff\xfe")])
    table = pa.table({"task": ["T"] * 2, "arm": ["b"] * 2, "problem_id": bad, "n": [8] * 2, "c": [3] * 2})
    pq.write_table(table, tmp_path / "counts.parquet")
    said = refusal(tmp_path / "counts.parquet")
    assert "counts.parquet: problem_id: found text that is no UTF-8 (" in said
    assert said.endswith("; store text in UTF-8")


def test_a_path_that_is_no_file_of_counts_is_refused(tmp_path: Path) -> None:
    """No path, a missing file, an unknown suffix and a false parquet file are each refused by name."""
    assert "found no file; name at least one" in refusal()
    assert f"{tmp_path / 'no.csv'}: cannot be read (No such file" in refusal(tmp_path / "no.csv")
    assert '.json: found the suffix ".json"; give a .csv' in refusal(tmp_path / "counts.json")
    false = write(tmp_path, HEADER, *ROWS, name="counts.parquet")
    assert f"{false}: is no parquet file" in refusal(false)


def test_a_row_that_stands_in_two_files_names_both(tmp_path: Path) -> None:
    """A duplicate across files is refused with both files and lines."""
    one, two = (
        write(tmp_path, HEADER, *ROWS, name="one.csv"),
        write(tmp_path, HEADER, ROWS[2], name="two.csv"),
    )
    message = refusal(one, two)
    assert f"{two}:2: " in message
    assert f"{one}:4; keep one" in message


@pytest.mark.parametrize("name", ["cluster", "level"])
def test_an_optional_column_is_filled_for_a_task_or_not_at_all(tmp_path: Path, name: str) -> None:
    """A cluster or level given for some rows of a task only is refused, with both rows."""
    file = write(tmp_path, f"{HEADER},{name}", "T,base,1,8,1,x", "S,base,1,8,1,", "T,rl,1,8,1,")
    message = refusal(file)
    assert f"{file}:4: {name}: found no value, but one at {file}:2; fill it for every row" in message


def test_the_tallies_of_a_study_come_in_its_order(tmp_path: Path) -> None:
    """Tallies follow the study's order; a task that one arm lacks is an absent key."""
    write(tmp_path, HEADER, *ROWS, "A,base,1,8,1")
    study = study_at(tmp_path, tasks={"T": {}, "A": {}}, arms=dict(reversed(list(STUDY["arms"].items()))))
    assert list(load_tallies(study)) == [("T", "rl"), ("T", "base"), ("A", "base")]


@pytest.mark.parametrize(
    ("rows", "tasks", "message"),
    [
        ([*ROWS, "U,rl,1,8,1"], "T", 'counts.csv:6: task: found "U"; {study} names T'),
        ([*ROWS, "T,bsae,1,8,1"], "T", '6: arm: found "bsae"; {study} names base, rl (did you mean "base"?)'),
        (ROWS[:2], "T", "{study}: [arms] rl: found no row of it in {counts}; add its rows, or delete"),
        (ROWS, "TA", "{study}: [tasks] A: found no row of it in {counts}; add its rows, or delete the task"),
    ],
)
def test_names_that_differ_from_the_study_are_refused(
    tmp_path: Path, rows: list[str], tasks: str, message: str
) -> None:
    """A task or arm that only the file or only the study knows is refused with the names at hand."""
    counts = write(tmp_path, HEADER, *rows)
    with pytest.raises(InputError) as caught:
        load_tallies(study_at(tmp_path, tasks={name: {} for name in tasks}))
    assert message.format(study=tmp_path / "study.toml", counts=counts) in str(caught.value)


def test_a_digest_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    """The digest is that of the bytes, so that any tool can check it."""
    file = write(tmp_path, HEADER, *ROWS)
    assert file_digest(file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_published_fixture_has_the_published_sums() -> None:
    """The counts that come with the package are those of the replication: sums and problems solved."""
    tallies = load_tallies(load_study(Path(__file__).parents[1] / "fixtures" / "qwen2.5-7b-math500"))
    found = {arm: (len(t.n), int(t.c.sum()), int((t.c > 0).sum())) for (_, arm), t in tallies.items()}
    assert found == {"qwen2.5-7b": (500, 39291, 481), "simplerl-zoo": (500, 49877, 465)}
