"""`beyondbase import` of tables that no tool is known to have written: jsonl, csv, tsv and parquet."""

import csv
import gzip
import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from beyondbase.cli import app
from beyondbase.errors import InputError
from beyondbase.evidence.load import load_evidence
from beyondbase.evidence.tallies import read_tallies
from beyondbase.files import write_whole
from beyondbase.formats.counting import Count
from beyondbase.formats.table_columns import TableOptions
from beyondbase.formats.table_rows import rows_of
from beyondbase.formats.tables import open_table
from beyondbase.formats.tally_rows import add_counts
from beyondbase.store import SampleSet, set_folder
from beyondbase.study import load_study

Rows = list[dict[str, Any]]
ROWS: Rows = [
    {"problem_id": i, "response": f'a "{j}",\nb;', "correct": (i + j) % 3 == 0}
    for i in range(4)
    for j in range(4)
]
COUNTS = {str(i): (4, sum((i + j) % 3 == 0 for j in range(4))) for i in range(4)}
STUDY = """\
id = "own"
title = "Own samples"
source = "a test"
[evidence]
{evidence}
[tasks.T]
[arms.base]
role = "base"
model = "b"
[arms.rl]
role = "rl"
model = "r"
"""


def put(folder: Path, kind: str, rows: Rows) -> Path:
    """Write rows as a file of a kind."""
    path = folder / f"rows.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif kind == "json":
        path.write_text(json.dumps(rows, indent=1))
    else:
        with path.open("w", newline="") as stream:
            sign = {"tsv": "\t", "csv": ","}.get(kind, ";")
            writer = csv.DictWriter(stream, [*rows[0]], delimiter=sign)
            writer.writeheader()
            writer.writerows(rows)
    return path


def counted(path: Path, **options: Any) -> dict[str, tuple[int, int]]:
    """The counts of a file of one arm on one task."""
    kind = path.suffix[1:] if path.suffix in {".csv", ".tsv", ".parquet"} else "jsonl"
    (found,) = open_table(kind, [path], TableOptions(**options)).counts().found.values()
    return {name: (count.n, count.c) for name, count in found.items()}


def refusal(path: Path, **options: Any) -> str:
    """Count a file that must be refused, and return the message."""
    with pytest.raises(InputError) as caught:
        counted(path, **options)
    return str(caught.value)


def study_at(folder: Path, evidence: str = 'tallies = "counts.csv"') -> Path:
    """Write a study into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "study.toml"
    path.write_text(STUDY.format(evidence=evidence))
    return path


def called(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def take(study: Path, path: Path, *options: str, arm: str = "base", kind: str = "jsonl") -> str:
    """Import a file for task T, which must succeed, and return what is said."""
    result = called("import", kind, path, "--study", study, "--arm", arm, "--task", "T", *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(study: Path, path: Path, *options: str, arm: str = "base", kind: str = "jsonl") -> str:
    """Import a file for task T, which must fail in one line, and return it."""
    result = called("import", kind, path, "--study", study, "--arm", arm, "--task", "T", *options)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.output
    return result.stderr


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "tsv", "parquet"])
def test_every_kind_of_table_reads_alike(tmp_path: Path, kind: str) -> None:
    """Lines of JSON, a list of them, text with columns and parquet give the same counts."""
    assert counted(put(tmp_path, kind, ROWS)) == COUNTS


def test_text_may_be_parted_by_semicolons_and_begin_with_a_mark(tmp_path: Path) -> None:
    """What spreadsheets write is read, with its mark, empty columns and rows."""
    path = put(tmp_path, "semicolons", ROWS).rename(tmp_path / "rows.csv")
    text = path.read_text().replace("problem_id;response;correct", "problem_id;response;correct;;")
    path.write_text("\ufeff" + text + ";;;;\r\n;;;;\r\n", encoding="utf-8", newline="")
    assert counted(path) == COUNTS


def test_a_long_completion_in_a_csv_is_read(tmp_path: Path) -> None:
    """The csv module takes a cell of 131,072 characters for a mistake; completions are longer."""
    assert counted(put(tmp_path, "csv", [row | {"response": "x" * 200_000} for row in ROWS[:4]])) == {
        "0": (4, 2)
    }


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (True, False),
        (1, 0),
        (1.0, 0.0),
        ("true", "false"),
        ("True", "False"),
        ("correct", "incorrect"),
        ("pass", "fail"),
        ("passed", "failed"),
        ("1", "0"),
        ("1.0", "0.0"),
        ("yes", "no"),
    ],
    ids=repr,
)
def test_words_for_right_and_wrong(tmp_path: Path, right: object, wrong: object) -> None:
    """A verdict is read in any of its usual spellings."""
    rows = [{"id": 7, "score": value} for value in (right, wrong, right)]
    assert counted(put(tmp_path, "jsonl", rows)) == {"7": (3, 2)}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.5, ":2: score: found 0.5, a score that is neither 0 nor 1; say with --threshold from which"),
        (-1, ":2: score: found -1, a score that is neither 0 nor 1"),
        ("0,5", ':2: score: found "0,5"; should be true or false, 1 or 0'),
        ("maybe", ':2: score: found "maybe"; should be true or false'),
        (float("inf"), ":2: score: found Infinity; should be true or false"),
        (10**400, ":2: score: found 1000"),
        ({"value": 1}, ':2: score: found {"value": 1}; should be true or false'),
        (None, ":2: score: found no verdict; a completion that nobody judged is not wrong; judge it, or"),
        (float("nan"), ":2: score: found no verdict"),
        ("", ":2: score: found no verdict"),
        ([1.0, 0.0], ":2: score: found [1.0, 0.0]; give one row for each completion"),
        ([], ":2: score: found []; give one row for each completion"),
    ],
)
def test_what_is_no_verdict_is_refused_by_its_row(tmp_path: Path, value: object, message: str) -> None:
    """Partial credit, a missing verdict and other things are neither right nor wrong."""
    path = put(tmp_path, "jsonl", [{"id": 1, "score": 1}, {"id": 1, "score": value}])
    assert refusal(path).startswith(f"{path}{message}")


def test_a_threshold_turns_scores_into_verdicts(tmp_path: Path) -> None:
    """From it on, itself included, a score is correct."""
    path = put(tmp_path, "jsonl", [{"id": 1, "reward": value} for value in (-1, 0.49, 0.5, 1, 2, True)])
    assert counted(path, threshold=0.5) == {"1": (6, 4)}


def test_completions_without_a_verdict_may_count_as_not_drawn(tmp_path: Path) -> None:
    """An infrastructure error is never wrong: n is the smaller, and it is said."""
    path = put(
        tmp_path, "jsonl", [{"problem_id": 1, "correct": value} for value in (True, None, False, None)]
    )
    assert counted(path, skip_missing=True) == {"1": (2, 1)}
    said = take(study_at(tmp_path), path, "--skip-missing")
    assert (
        "2 completions of 1 problems (2 each), 1 correct; lost or without a verdict, and not counted: 2"
        in said
    )


def test_a_column_of_errors_is_pointed_out_and_may_be_named(tmp_path: Path) -> None:
    """Whether an error is the model's or the machine's is for the user to say."""
    rows = [
        {"example_id": 1, "correct": False, "error": error} for error in (None, "HTTP 500", "", "timeout")
    ]
    path = put(tmp_path, "jsonl", rows)
    assert counted(path) == {"1": (4, 0)}
    assert counted(path, error="error") == {"1": (2, 0)}
    assert "2 rows fill the column error: these count by their verdicts" in take(study_at(tmp_path), path)


def test_prompts_may_tell_problems_apart(tmp_path: Path) -> None:
    """Without ids the sha256 of what was asked is the id, also of the messages of a chat."""
    chat = [{"role": "user", "content": "b?"}]
    path = put(tmp_path, "jsonl", [{"input": asked, "score": 1} for asked in ("a?", "a?")])
    assert counted(path, group="input") == {hashlib.sha256(b"a?").hexdigest(): (2, 2)}
    path = put(tmp_path, "jsonl", [{"input": asked, "score": 1} for asked in (chat, "a?", chat)])
    assert sorted(counted(path, group="input").values()) == [(1, 1), (2, 2)]
    message = refusal(path)
    assert message.startswith(f"{path}: id: found no such column (problem_id, ")
    assert message.endswith(
        "say with --id which it is, or --group input to tell problems apart by what was asked"
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("task_id,doc_id,correct", "id: may be one of task_id, doc_id; say which with --id"),
        ("problem_id,correct,passed", "correct: may be one of correct, passed; say which with --correct"),
        ("problem_id,score,reward", "correct: may be one of score, reward; say which with --correct"),
        ("problem_id,verdict", "correct: found no such column (correct, is_correct, passed, "),
        ("problem_id,total,correct", "the columns total and correct, and no value above 1; say --n total"),
        (
            "problem_id,n,c,correct",
            "found the columns n and c, and correct too; say --n n --c c if a row counts",
        ),
    ],
)
def test_columns_are_not_guessed_among(tmp_path: Path, names: str, message: str) -> None:
    """Where several columns may be meant, or none, they are listed, and the option that decides is named."""
    path = put(tmp_path, "jsonl", [dict.fromkeys(names.split(","), 1)])
    assert message in refusal(path)


@pytest.mark.parametrize(
    "names",
    ["problem_id,id,correct", "unique_id,idx,is_correct,score", "Problem ID,Correct,label", "index,passed"],
)
def test_the_plainer_name_is_taken(tmp_path: Path, names: str) -> None:
    """A name that says of what it is goes before one that does not, in any spelling."""
    first, *rest = names.split(",")
    assert counted(put(tmp_path, "jsonl", [{first: "p"} | dict.fromkeys(rest, 1)])) == {"p": (1, 1)}


@pytest.mark.parametrize(
    ("row", "options", "id_"),
    [
        ({"input": "q", "output": "a", "gts": "7", "score": 1.0, "step": 3}, {"group": "input"}, "q"),
        ({"example_id": 4, "prompt": [], "completion": [], "reward": 1.0, "is_truncated": False}, {}, "4"),
        (
            {
                "input_prompt": "q",
                "output_response": "a",
                "score": 1,
                "stop_reason": "stop",
                "data_source": "s",
            },
            {"group": "input_prompt"},
            "q",
        ),
        (
            {"step": 1, "prompt": "q", "completion": "a", "accuracy_reward": 1.0, "advantage": 0.3},
            {"group": "prompt", "correct": "accuracy_reward"},
            "q",
        ),
    ],
    ids=["verl", "verifiers", "SkyRL", "TRL"],
)
def test_rollouts_of_trainers_are_tables(
    tmp_path: Path, row: dict[str, Any], options: dict[str, str], id_: str
) -> None:
    """Where a row is a completion, its columns are found, or named by the options that the page lists."""
    name = hashlib.sha256(id_.encode()).hexdigest() if "group" in options else id_
    assert counted(put(tmp_path, "jsonl", [row] * 3), **options) == {name: (3, 3)}


def test_n_beside_a_verdict_makes_no_counts(tmp_path: Path) -> None:
    """A row that says how many were drawn in all is still one completion, where its verdict is no number."""
    path = put(tmp_path, "jsonl", [{"id": 1, "n": 8, "correct": True}, {"id": 1, "n": 8, "correct": False}])
    assert counted(path) == {"1": (2, 1)}
    path = put(tmp_path, "jsonl", [{"id": 1, "n": 8, "correct": 1}, {"id": 2, "n": 8, "correct": 0}])
    assert counted(path, correct="correct") == {"1": (1, 1), "2": (1, 0)}
    assert counted(path, n="n", c="correct") == {"1": (8, 1), "2": (8, 0)}


def test_what_was_guessed_is_said(tmp_path: Path) -> None:
    """The user reads which columns were taken, and how to take others."""
    study = study_at(tmp_path)
    path = put(tmp_path, "jsonl", [{"idx": 1, "passed": True, "mine": False}])
    assert (
        take(study, path).splitlines()[0]
        == "id: idx, correct: passed (guessed; say --id, --correct to choose)"
    )
    assert (
        take(study, path, "--id", "idx", "--correct", "mine", arm="rl").splitlines()[0]
        == "id: idx, correct: mine"
    )


@pytest.mark.parametrize(
    "row",
    [
        {"problem_id": "a", "n": 8, "c": 3},
        {"id": "a", "num_samples": "8", "num_correct": "3"},
        {"task_id": "a", "total": 8, "correct": 3},
        {"problem_id": "a", "n": 8.0, "c": 3.0},
        {"problem_id": "a", "n": 8.0, "correct": 3.0},
    ],
)
def test_a_row_may_count_a_problem(tmp_path: Path, row: dict[str, Any]) -> None:
    """Counts are told from verdicts by their columns, or by values that no verdict has."""
    assert counted(put(tmp_path, "jsonl", [row])) == {"a": (8, 3)}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"problem_id": "a", "n": 3, "c": 8}], ":1: found n = 3 and c = 8; c of n completions are correct"),
        ([{"problem_id": "a", "n": 8, "c": 0.4}], ":1: c: found 0.4; this is a share"),
        ([{"problem_id": "a", "n": 8, "c": "40%"}], ':1: c: found "40%"; this is a percentage'),
        ([{"problem_id": "a", "n": 8, "c": 1}] * 2, ':2: problem "a" stands also at '),
        ([{"problem_id": None, "n": 8, "c": 1}], ":1: problem_id: found null; should be the id of a problem"),
        ([{"problem_id": " a", "n": 8, "c": 1}], ':1: problem_id: found " a"; an id has no spaces'),
        ([{"problem_id": "a\nb", "n": 8, "c": 1}], "--group makes ids of whole texts"),
        ([{"problem_id": True, "n": 8, "c": 1}], ":1: problem_id: found true; should be the id"),
        ([{"problem_id": 1, "n": 8, "c": 1, "level": 1}, {"problem_id": 1, "n": 8, "c": 1}], ":2: problem"),
    ],
)
def test_impossible_counts_and_ids_are_refused(tmp_path: Path, rows: Rows, message: str) -> None:
    """Every cell is held to what its column is."""
    path = put(tmp_path, "jsonl", rows)
    assert message in refusal(path)


def test_a_row_may_hold_all_completions_of_a_problem(tmp_path: Path) -> None:
    """A list of true and false is as many verdicts, each with its text."""
    rows = [{"id": i, "responses": ["a", "b"], "passed": [True, False]} for i in range(2)]
    path = put(tmp_path, "jsonl", rows)
    assert counted(path) == {"0": (2, 1), "1": (2, 1)}
    study = study_at(tmp_path, 'samples = "samples"')
    assert "4 completions of 2 problems (2 each), 2 correct" in take(study, path, "--response", "responses")
    rows[1]["responses"] = "a"
    message = refused(study, put(tmp_path, "jsonl", rows), "--response", "responses", arm="rl")
    assert ":2: passed: found [true, false]; give one row for each completion, or a list" in message


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.jsonl", b"", ": found no rows; give a file with a row"),
        ("rows.jsonl", b"{", ":1: found what is not JSON"),
        ("rows.jsonl", b"[1]", ": [0]: found 1; give"),
        ("rows.csv", b"problem_id,correct\n1,1,1\n", ":2: found 3 cells under 2 columns"),
        ("rows.csv", b"problem_id,correct\n1\n", ":2: found 1 cells under 2 columns"),
        ("rows.csv", b"problem_id,correct,correct\n1,1,1\n", ':1: found the column "correct" twice'),
        ("rows.csv", b"problem_id,,correct\n1,1,1\n", ":1: found a column without a name"),
        ("rows.csv", b"problem_id,correct\n\xff,1\n", ":2: found the byte 0xff, which is not UTF-8"),
        ("rows.csv", b"\xef\xbb\xbfproblem_id,correct\n\xff,1\n", ":2: found the byte 0xff, which is not"),
        ("rows.csv", b'problem_id,correct\n1,"1\n', ": is no CSV ("),
        ("rows.csv", b"problem_id;correct,x\n1,1\n", ':1: found ";" and "," in the header line'),
        ("rows.parquet", b"PAR1", ": cannot be read as parquet"),
    ],
)
def test_damaged_files_are_refused_by_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """Whatever stands in a file, the user reads where and what."""
    path = tmp_path / name
    path.write_bytes(content)
    assert message in refusal(path)


@given(content=st.binary(max_size=200), name=st.sampled_from(["jsonl", "csv", "tsv", "parquet"]))
def test_any_bytes_end_in_counts_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    """Nothing but an input error, which names the file."""
    path = tmp_path_factory.mktemp("bytes") / f"rows.{name}"
    path.write_bytes(content)
    try:
        counted(path)
    except InputError as error:
        assert str(error).startswith(str(path))  # noqa: PT017 - other errors fail by themselves


def test_counts_are_added_to_the_file_of_the_study(tmp_path: Path) -> None:
    """The first arm begins the file, the next ones add rows, and both are judged."""
    study = study_at(tmp_path)
    said = take(study, put(tmp_path, "jsonl", ROWS))
    assert said.splitlines()[1] == (
        f"base on T: 16 completions of 4 problems (4 each), 6 correct; added to {tmp_path / 'counts.csv'}"
    )
    before = (tmp_path / "counts.csv").read_text()
    take(study, put(tmp_path, "parquet", ROWS), arm="rl", kind="parquet")
    assert (tmp_path / "counts.csv").read_text().startswith(before)
    tallies = read_tallies(tmp_path / "counts.csv")
    assert [tally.c.tolist() for tally in tallies.values()] == [[c for _, c in COUNTS.values()]] * 2
    assert tallies.keys() == {("T", "base"), ("T", "rl")}


def test_the_same_counts_again_change_nothing(tmp_path: Path) -> None:
    """A command that is run twice adds once; other counts of the arm are refused, and nothing is lost."""
    study, path = study_at(tmp_path), put(tmp_path, "jsonl", ROWS)
    take(study, path)
    before = (tmp_path / "counts.csv").read_bytes()
    assert take(study, path).endswith("there already, nothing is added\n")
    message = refused(study, put(tmp_path, "jsonl", ROWS[:-1]))
    assert 'counts.csv: holds other counts of arm "base" on task "T" already; delete these rows' in message
    assert (tmp_path / "counts.csv").read_bytes() == before


def test_arms_of_other_problems_are_refused(tmp_path: Path) -> None:
    """Which problems are missing is said before anything is written."""
    study = study_at(tmp_path)
    take(study, put(tmp_path, "jsonl", ROWS))
    message = refused(study, put(tmp_path, "jsonl", ROWS[4:]), arm="rl")
    assert (
        'on task "T" rl lacks 1 of the 4 problems of base ("0"); give files of the same problems' in message
    )


@pytest.mark.parametrize(
    "old",
    [
        "arm,task,problem_id,c,n\nbase,T,0,1,4\nbase,T,1,2,4\n",
        "\ufefftask;arm;problem_id;n;c\r\nT;base;0;4;1\r\nT;base;1;4;2\r\n;;;;\r\n",
        "task\tarm\tproblem_id\tn\tc\tlevel\tcluster\nT\tbase\t0\t4\t1\teasy\tx\nT\tbase\t1\t4\t2\thard\ty",
    ],
    ids=["order", "semicolons", "tabs and levels"],
)
def test_rows_are_added_as_the_file_has_them(tmp_path: Path, old: str) -> None:
    """Order of columns, delimiter, line ends and mark stay; levels of problems are those that are known."""
    study = study_at(tmp_path)
    file = tmp_path / "counts.csv"
    file.write_text(old, encoding="utf-8", newline="")
    take(study, put(tmp_path, "jsonl", [row for row in ROWS if row["problem_id"] < 2]), arm="rl")
    new = file.read_bytes().decode()
    assert new.startswith(old.rstrip(";\r\n"))
    assert ("\r\n" in new) == ("\r\n" in old)
    base, rl = read_tallies(file).values()
    assert (rl.c.tolist(), rl.levels, rl.clusters) == ([2, 1], base.levels, base.clusters)


def test_a_file_of_several_arms_and_tasks_gives_one(tmp_path: Path) -> None:
    """Where columns name arms and tasks, the rows of the asked ones are taken."""
    rows = [
        row | {"arm": arm, "task": task} for row in ROWS for arm in ("base", "rl") for task in ("T", "o/U")
    ]
    path, study = put(tmp_path, "jsonl", rows), study_at(tmp_path)
    assert "base on T: 16 completions of 4 problems (4 each)" in take(study, path)
    rows = [row for row in rows if row["arm"] == "base"]
    alone = refused(study, put(tmp_path, "jsonl", rows), arm="rl")
    assert 'arm: found "base" alone, another arm of the study than --arm rl' in alone
    path = put(tmp_path, "jsonl", [row | {"task": f"V{i % 2}"} for i, row in enumerate(rows)])
    assert 'task: found no "T", but V0, V1; say one as --task' in refused(study, path)


def test_two_processes_add_both(tmp_path: Path) -> None:
    """Imports beside each other lose no rows."""
    study = load_study(study_at(tmp_path))
    study_path = study.path
    arms = "".join(f'[arms.a{i}]\nrole = "rl"\nmodel = "m"\n' for i in range(8))
    study_path.write_text(study_path.read_text() + arms)
    study = load_study(study_path)
    counts = {"p": Count(n=4, c=1)}
    threads = [threading.Thread(target=add_counts, args=(study, "T", f"a{i}", counts)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_tallies(tmp_path / "counts.csv")) == 8


def test_samples_go_to_the_store_with_their_verdicts(tmp_path: Path) -> None:
    """Texts and verdicts of a table are kept as those of a tool are; what was cut off is truncated."""
    study = study_at(tmp_path, 'samples = "samples"\n[health]\ntruncated = 1.0')
    rows = [row | {"finish_reason": "length" if row["problem_id"] == 0 else "stop"} for row in ROWS]
    path = put(tmp_path, "csv", rows)
    said = take(study, path, kind="csv")
    assert (
        said.splitlines()[1]
        == "base on T: 16 completions of 4 problems (4 each), 6 correct by the verdicts of csv"
    )
    assert take(study, path, kind="csv") == said
    store = SampleSet.read(set_folder(tmp_path / "samples", "T", "base"))
    texts = [item.text for batch in store.completions() for item in batch]
    assert sorted(texts) == sorted(row["response"] for row in ROWS)
    take(study, put(tmp_path, "jsonl", ROWS), arm="rl")
    evidence = load_evidence(load_study(study))
    assert [tally.c.tolist() for tally in evidence.tallies.values()] == [[c for _, c in COUNTS.values()]] * 2
    assert evidence.sets[0].health.truncated == 2 / 16


def test_another_column_of_verdicts_is_another_set(tmp_path: Path) -> None:
    """Verdicts of one column are not taken for those of another, which was asked for later."""
    study = study_at(tmp_path, 'samples = "samples"')
    path = put(tmp_path, "jsonl", [row | {"strict": False} for row in ROWS])
    assert "6 correct" in take(study, path)
    result = called("import", "jsonl", path, "--study", study, "--arm", "base", "--correct", "strict")
    assert result.exit_code == 2
    assert "holds completions of other files or settings" in result.stderr


def test_a_store_wants_texts(tmp_path: Path) -> None:
    """Verdicts or counts alone have their place in a file of counts."""
    study = study_at(tmp_path, 'samples = "samples"')
    bare = put(tmp_path, "jsonl", [{"id": 1, "passed": True}])
    assert "has no column of completions, but the study wants samples; say --response, or" in refused(
        study, bare
    )
    counts = put(tmp_path, "jsonl", [{"id": 1, "n": 4, "c": 2}])
    assert (
        "holds counts, but the study wants samples; say --response, or judge the study on counts"
        in refused(study, counts)
    )
    two = put(tmp_path, "jsonl", [{"id": 1, "passed": True, "output": "a", "completion": "b"}])
    assert "response: may be one of completion, output; say which with --response" in refused(study, two)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--arm", "bse"), '--arm: found "bse", which'),
        (("--task", "t"), '--task: found "t", which'),
        (("--pick", "x"), '--pick: found "x" for jsonl; name its column: --correct'),
        (("--n", "n"), '--n: found no column "n"'),
        (("--threshold", "high"), "--threshold"),
    ],
)
def test_options_that_fit_nothing_are_refused(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    """A slip in an option names it."""
    path, study = put(tmp_path, "jsonl", ROWS), study_at(tmp_path)
    result = called("import", "jsonl", path, "--study", study, "--arm", "base", "--task", "T", *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_the_columns_of_a_tool_are_its_own(tmp_path: Path) -> None:
    """Options for tables are not passed over in silence where a tool's own reader is used."""
    path, study = put(tmp_path, "jsonl", ROWS), study_at(tmp_path)
    message = refused(study, path, "--id", "task_id", kind="human-eval")
    assert "leave them out, or import the files as jsonl or csv or tsv or parquet" in message
    assert 'found the tool "jsnol" (did you mean "jsonl"?)' in refused(study, path, kind="jsnol")


def test_the_verdicts_of_a_tool_are_counted_too(tmp_path: Path) -> None:
    """A study that is judged on counts takes those of any tool that keeps verdicts."""
    rows = [{"task_id": f"HumanEval/{i}", "completion": "x", "passed": i > 0} for i in range(2)] * 2
    said = take(study_at(tmp_path), put(tmp_path, "jsonl", rows), kind="human-eval")
    assert "base on T: 4 completions of 2 problems (2 each), 2 correct; added to" in said
    doc = {"doc_id": 0, "filter": "none", "target": "5", "resps": [["5"]], "arguments": {}, "doc": {}}
    message = refused(study_at(tmp_path), put(tmp_path, "jsonl", [doc]), kind="lm-eval")
    assert "lm-eval keeps no verdict for each completion" in message


def test_a_study_of_parquet_alone_takes_no_rows(tmp_path: Path) -> None:
    """Parquet files are written whole; the user names a file that grows."""
    study = study_at(tmp_path, 'tallies = "counts.parquet"')
    assert "found no .csv or .tsv to add counts to" in refused(study, put(tmp_path, "jsonl", ROWS))


def test_a_full_disk_leaves_the_old_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there is there, whole, when the new rows could not be written."""
    study, path = study_at(tmp_path), put(tmp_path, "jsonl", ROWS)
    take(study, path)
    before = (tmp_path / "counts.csv").read_bytes()

    def full(text: str, path: Path) -> None:
        write_whole(text[:10], path.with_name("half"))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("beyondbase.formats.tally_rows.write_whole", full)
    assert "cannot be written (No space left on device); make room" in refused(study, path, arm="rl")
    assert (tmp_path / "counts.csv").read_bytes() == before


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("csv", "problem_id,correct\r\n\u00e4,true\r\nb,false"),
        ("tsv", "problem_id\tcorrect\n\u00e4\ttrue\nb\tfalse\n"),
        ("jsonl", '{"problem_id":"\u00e4","correct":"true"}\n\n{"problem_id":"b","correct":"false"}\n'),
        ("jsonl", '[{"problem_id":"\u00e4","correct":"true"},\n{"problem_id":"b","correct":"false"}]'),
    ],
    ids=["csv", "tsv", "jsonl", "json list"],
)
def test_tables_come_packed_and_in_any_unicode(
    kind: str, text: str, encoding: str, tmp_path: Path, *, packed: bool
) -> None:
    """The rows are the same however a spreadsheet or a script encoded the file, gzipped or not."""
    path = tmp_path / "table"
    path.write_bytes(gzip.compress(text.encode(encoding)) if packed else text.encode(encoding))
    found = [dict(row) for _, row in rows_of(kind, path)]
    assert found == [{"problem_id": "ä", "correct": "true"}, {"problem_id": "b", "correct": "false"}]


def imported_table(tmp_path: Path, rows: Rows, *options: str, arm: str = "base") -> Result:
    """Import rows into a study with the arms base and rl that is judged on counts."""
    (tmp_path / "study.toml").write_text(
        'id = "s"\ntitle = "t"\nsource = "x"\n[evidence]\ntallies = "counts.csv"\n[tasks.T]\n'
        '[arms.base]\nrole = "base"\nmodel = "b"\n[arms.rl]\nrole = "rl"\nmodel = "r"\n'
    )
    (tmp_path / "counts.csv").write_text("task,arm,problem_id,n,c\nT,rl,z,1,1\n")
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    named = ["--study", str(tmp_path / "study.toml"), "--arm", arm, *options]
    return CliRunner().invoke(app, ["import", "jsonl", str(tmp_path / "rows.jsonl"), *named])


def test_a_label_is_no_verdict(tmp_path: Path) -> None:
    """What is called label mostly is the right answer: it is taken only where the user says so."""
    rows: Rows = [{"id": "z", "label": 1, "prediction": 0}]
    refused = imported_table(tmp_path, rows)
    assert refused.exit_code == 2
    assert "correct: found no such column" in refused.stderr
    assert imported_table(tmp_path, rows, "--correct", "label").exit_code == 0


def test_an_index_of_completions_is_no_problem(tmp_path: Path) -> None:
    """An index that stands beside two questions names no problem, and nothing is added."""
    rows: Rows = [{"question": f"q{i}", "index": j, "correct": True} for i in range(2) for j in range(2)]
    refused = imported_table(tmp_path, rows)
    assert refused.exit_code == 2
    assert "rows.jsonl:3: index: found 0 beside another question than before" in refused.stderr
    assert "--group question" in refused.stderr
    assert (tmp_path / "counts.csv").read_text().count("\n") == 2


def test_a_file_of_one_arm_is_not_taken_for_another(tmp_path: Path) -> None:
    """Where a column names another arm of the study the import stops; an unknown name is said and taken."""
    rows: Rows = [{"problem_id": "z", "arm": "rl", "correct": True}]
    refused = imported_table(tmp_path, rows)
    assert refused.exit_code == 2
    assert 'arm: found "rl" alone, another arm of the study than --arm base' in refused.stderr
    taken = imported_table(tmp_path, [row | {"arm": "model-7"} for row in rows])
    assert taken.exit_code == 0
    assert 'says "model-7": taken as --arm base' in taken.stdout


@pytest.mark.parametrize("word", ["False", "false", "0", "None", "[]"])
def test_an_error_that_is_false_in_words_is_none(word: str, tmp_path: Path) -> None:
    """Tables of text write "no error" in words: such completions count."""
    rows: Rows = [{"problem_id": "z", "correct": j == 0, "error": word} for j in range(3)]
    result = imported_table(
        tmp_path, [*rows, {"problem_id": "z", "correct": False, "error": "timeout"}], "--error", "error"
    )
    assert result.exit_code == 0, result.stderr
    assert "T,base,z,3,1" in (tmp_path / "counts.csv").read_text()
