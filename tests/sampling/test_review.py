"""Problems that few samples solve: the list for a person, the marks that come back, verdicts with them."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pipeline import PUPPETS, command, done, played, recipe, write_problems, write_tiny
from typer.testing import CliRunner, Result

from beyondbase.cli import app
from beyondbase.errors import InputError
from beyondbase.evidence.load import load_evidence
from beyondbase.evidence.marks import read_marks
from beyondbase.evidence.sampled import load_sampled_evidence
from beyondbase.sampling.review import Sample, marks_of, solved_by_few
from beyondbase.sampling.review_files import COLUMNS, read_words
from beyondbase.store import set_folder
from beyondbase.study import Study

PROBLEMS, N = 40, 16
GOLDS = [f"={place}" if place == 3 else str(place) for place in range(PROBLEMS)]


def says(arm_right: Callable[[int, int], bool]) -> Callable[[str, int], str]:
    """What a puppet says: the right answer on some samples, else what is wrong everywhere."""

    def say(name: str, index: int) -> str:
        place = int(name[1:])
        return GOLDS[place] if arm_right(place, index) else f"wrong {index}"

    return say


def hair(place: int, index: int) -> bool:
    """Problem 3 is solved once, problem 5 twice, 7 three times; the second half always."""
    return index < {3: 1, 5: 2, 7: 3}.get(place, 16 if place >= PROBLEMS // 2 else 0)


def write_hair(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    tasks: tuple[str, ...] = ("sums",),
    **right: Callable[[int, int], bool],
) -> Study:
    """A sampled and graded study of two puppets."""
    numbered = enumerate(GOLDS)
    rows = [{"id": f"p{i}", "question": f"What is {i}?", "answer": gold} for i, gold in numbered]
    write_problems(folder / "sums.jsonl", rows)
    problem = {"file": "sums.jsonl", "id": "id", "answers": "text", "grading": {"extract": ["whole"]}}
    study = write_tiny(
        folder,
        Path(),
        arms=PUPPETS,
        sampling=recipe(n=N),
        tasks={task: {} for task in tasks},
        problems=dict.fromkeys(tasks, problem),
        health={"copies": 1.0, "varied": 0.0},
    )
    for arm, rule in ({"base": hair, "rl": hair} | right).items():
        played(monkeypatch, says(rule))
        done("sample", study, "--arm", arm)
    return study


def reviewed(study: Study, *options: str) -> Result:
    """Run `beyondbase review`."""
    return CliRunner().invoke(app, ["review", str(study.path), *options])


def told(study: Study, *options: str) -> str:
    """Run it where it must succeed."""
    result = reviewed(study, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a list."""
    return [*csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))]


def write_rows(
    path: Path, rows: list[dict[str, str]], *, delimiter: str = ",", encoding: str = "utf-8"
) -> None:
    """Write a list as a spreadsheet may."""
    text = io.StringIO()
    table = csv.DictWriter(text, [*rows[0]], delimiter=delimiter, lineterminator="\r\n")
    table.writeheader()
    table.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def marked(path: Path, words: Mapping[tuple[str, str], str]) -> None:
    """Fill the column mark by (arm, problem)."""
    rows = rows_of(path)
    for row in rows:
        row["mark"] = words.get((row["arm"], row["problem"]), "")
    write_rows(path, rows)


def never(_place: int, _index: int) -> bool:
    """Right nowhere."""
    return False


def test_arms_are_set_beside_each_other_on_every_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several tasks come one by one, and a problem that another arm solves is not solved alone."""
    study = write_hair(tmp_path, monkeypatch, tasks=("sums", "again"))
    listed = solved_by_few(study)
    assert [(one.task, one.arm) for one in listed[::3]] == [
        ("sums", "base"),
        ("sums", "rl"),
        ("again", "base"),
        ("again", "rl"),
    ]
    assert {one.alone for one in listed} == {False}


def test_the_list_has_problems_that_few_samples_solve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One or two right samples, each with what a person needs to judge it; what many solve is not there."""
    study = write_hair(tmp_path, monkeypatch, base=never)
    listed = solved_by_few(study)
    assert [(one.arm, one.problem.id, one.index) for one in listed] == [
        ("rl", "p3", 0),
        ("rl", "p5", 0),
        ("rl", "p5", 1),
    ]
    assert all(one.alone and one.rule == "text" and one.solved[1] == N for one in listed)
    assert listed[0].others == {"base": (0, N)}
    assert {one.problem.id for one in solved_by_few(study, most=3)} == {"p3", "p5", "p7"}
    found = told(study)
    path = tmp_path / "review.csv"
    rows = rows_of(path)
    assert tuple(rows[0]) == COLUMNS
    assert [row["solved"] for row in rows] == ["1 of 16", "2 of 16", "2 of 16"]
    assert [row["other arms"] for row in rows] == ["base: 0 of 16"] * 3
    assert rows[1]["gold"] == rows[1]["answer"] == rows[1]["end of the transcript"] == "5"
    assert rows[1]["question"] == "What is 5?"
    assert {row["mark"] for row in rows} == {""}
    assert "rl   sums         2      2        3       0" in found
    assert f"written: {path}" in found.replace("\n", "")


def test_problems_that_no_other_arm_solves_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They carry what is said of one arm alone; the others follow in the order of the problems."""
    study = write_hair(tmp_path, monkeypatch, base=lambda place, _index: place == 3)
    listed = [one for one in solved_by_few(study) if one.arm == "rl"]
    assert [(one.problem.id, one.alone) for one in listed] == [("p5", True), ("p5", True), ("p3", False)]
    assert listed[-1].others == {"base": (N, N)}


def test_nothing_in_the_list_is_a_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a model wrote is text to a spreadsheet, what is invisible is seen, and numbers stay numbers."""
    told(study := write_hair(tmp_path, monkeypatch, base=never))
    assert rows_of(tmp_path / "review.csv")[0]["answer"] == "'=3"
    from beyondbase.sampling.review_files import _plain  # noqa: PLC0415 - the rule for a cell

    assert [_plain(text) for text in ("-3", "-3.5", "-x", "+1", "@a", "a\x00\u202eb", "5")] == [
        *("-3", "-3.5", "'-x", "'+1", "'@a", "a\u2400[U+202E]b", "5"),
    ]
    assert study.path.exists()


def test_no_list_is_written_over_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is there may hold marks: it stays, and the message says what to do."""
    study = write_hair(tmp_path, monkeypatch)
    told(study)
    before = (tmp_path / "review.csv").read_bytes()
    result = reviewed(study)
    assert result.exit_code == 2
    assert "review.csv: is there already; give its marks with --marks" in result.stderr.replace("\n", " ")
    assert (tmp_path / "review.csv").read_bytes() == before
    told(study, "--out", str(tmp_path / "other.csv"))
    assert (tmp_path / "other.csv").read_bytes() == before


def test_where_no_problem_is_solved_by_few_there_is_no_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written where there is nothing to look at."""
    study = write_hair(tmp_path, monkeypatch, base=never, rl=never)
    assert "no problem counts as solved through 2 samples or fewer" in told(study)
    assert not (tmp_path / "review.csv").exists()


def test_marks_are_stored_and_change_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks lie beside the samples, change what is judged with them, and leave all else as it is."""
    study = write_hair(tmp_path, monkeypatch, base=never)
    told(study)
    path = tmp_path / "review.csv"
    marked(path, {("rl", "p3"): "wrong", ("rl", "p5"): "right"})
    before = load_evidence(study).tallies["sums", "rl"]
    found = told(study, "--marks", str(path))
    assert "stored: 3 marks, 2 right and 1 wrong" in found
    after = load_evidence(study).tallies["sums", "rl"]
    assert after.c.tolist() == before.c.tolist()
    marks = marks_of(study)
    assert [*marks] == [("sums", "rl")]
    with_them = load_sampled_evidence(study, marks=marks).tallies["sums", "rl"]
    at = with_them.problem_ids.index("p3")
    assert (before.c[at], with_them.c[at]) == (1, 0)
    assert [with_them.problem_ids[place] for place in (before.c != with_them.c).nonzero()[0]] == ["p3"]
    # The next list has the marks, and an empty cell takes one back.
    told(study, "--out", str(tmp_path / "again.csv"))
    again = rows_of(tmp_path / "again.csv")
    assert [row["mark"] for row in again] == ["wrong", "right", "right"]
    again[0]["mark"] = ""
    write_rows(tmp_path / "again.csv", again)
    told(study, "--marks", str(tmp_path / "again.csv"))
    assert study.samples is not None
    kept = read_marks(set_folder(study.samples, "sums", "rl")).values()
    assert sorted((mark.problem_id, mark.word) for mark in kept) == [("p5", "right"), ("p5", "right")]


def test_verdicts_are_told_with_and_without_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a verdict hangs on samples that a person calls wrong, it is said by name, before and now."""

    def once(place: int, index: int) -> bool:
        return index == 0 or place >= 36

    study = write_hair(tmp_path, monkeypatch, base=once, rl=never)
    told(study)
    path = tmp_path / "review.csv"
    marked(path, {("base", f"p{place}"): "right" for place in range(PROBLEMS)})
    found = told(study, "--marks", str(path))
    assert "with 36 marks, 36 right and 0 wrong: 0 verdicts of" in found
    marked(path, {("base", f"p{place}"): "wrong" for place in range(PROBLEMS)})
    found = told(study, "--marks", str(path))
    assert "with 36 marks, 0 right and 36 wrong: 4 verdicts of 8 changed" in found
    assert "  base-reaches-rl[sums/rl]: SUPPORTED before, INCONCLUSIVE now; " in found
    # Marks that are stored are told of whenever the list is asked for.
    assert "with 36 marks" in told(study, "--out", str(tmp_path / "third.csv"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[0].update(mark="yes"), r'review.csv:2: mark: found "yes"; write right or wrong'),
        (lambda rows: rows[0].update(mark="rigth"), r'found "rigth" (did you mean "right"?)'),
        (lambda rows: rows[0].update(key="s123"), r'review.csv:2: key: found "s123", no sample of the list'),
        (lambda rows: rows.append(dict(rows[0])), "stands also at"),
        (lambda rows: [row.pop("mark") for row in rows], 'keep one named "mark"'),
        (lambda rows: [row.pop("key") for row in rows], 'keep one named "key"'),
    ],
)
def test_a_list_that_cannot_be_right_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any, message: str
) -> None:
    """By file, line, what was found and what to do; no mark of such a list is stored."""
    study = write_hair(tmp_path, monkeypatch, base=never)
    told(study)
    path = tmp_path / "review.csv"
    rows = rows_of(path)
    for row in rows:
        row["mark"] = "wrong"
    change(rows)
    write_rows(path, rows)
    with pytest.raises(InputError) as caught:
        read_words(path, solved_by_few(study))
    assert message in str(caught.value)
    assert reviewed(study, "--marks", str(path)).exit_code == 2
    assert marks_of(study) == {}


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-8"), (",", "utf-8-sig")])
def test_lists_are_read_as_spreadsheets_write_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delimiter: str, encoding: str
) -> None:
    """With another delimiter, a mark of the encoding, other columns gone, words in capitals."""
    study = write_hair(tmp_path, monkeypatch, base=never)
    told(study)
    rows = [{"mark": " Wrong", "key": row["key"]} for row in rows_of(tmp_path / "review.csv")]
    write_rows(tmp_path / "filled.csv", rows, delimiter=delimiter, encoding=encoding)
    listed: list[Sample] = solved_by_few(study)
    assert read_words(tmp_path / "filled.csv", listed) == {one.key: "wrong" for one in listed}


def test_marks_of_another_right_answer_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark was made in sight of a right answer: once that is corrected, the mark is no longer used."""
    study = write_hair(tmp_path, monkeypatch, base=never)
    told(study)
    path = tmp_path / "review.csv"
    marked(path, {("rl", "p3"): "wrong", ("rl", "p5"): "wrong"})
    told(study, "--marks", str(path))
    file = tmp_path / "sums.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[5]["answer"] = "five"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (some,) = marks_of(study).values()
    assert {mark.problem_id for mark in some} == {"p3"}
    done("grade", study)
    assert "with 1 mark, 0 right and 1 wrong" in told(study, "--out", str(tmp_path / "new.csv"))


def test_damaged_marks_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A marks.json that was edited into nonsense is named, with what to do; judging does not read it."""
    study = write_hair(tmp_path, monkeypatch, base=never)
    assert study.samples is not None
    path = set_folder(study.samples, "sums", "rl") / "marks.json"
    path.write_text('{"marks": [{"word": "maybe"}]}')
    result = reviewed(study)
    assert result.exit_code == 2
    assert "restore it, or delete it and give the marks again" in result.stderr.replace("\n", " ")
    assert load_evidence(study).tallies["sums", "rl"].unfit == ()
    assert command("status", study).exit_code == 0
