"""Imports in the store: each completion once, under one set of files, with grades and what lies beside."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from formats_files import (
    EVALPLUS,
    HUMAN_EVAL,
    LIGHTEVAL,
    LIMIT_OF_RLVR,
    LM_EVAL,
    NEMO_SKILLS,
    lines,
    paper_row,
    rows_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.evidence.graded_task import read_task
from beyondbase.formats import Imported, ImportedCounts, Row, read_samples, store_import, storing
from beyondbase.graders import ExactGrader
from beyondbase.sampling.task_grader import named
from beyondbase.store import SampleSet, set_folder
from beyondbase.store.sidecars import rows_expected
from beyondbase.tasks import Columns, Layout, load_file, problems_digest

GRADER = ExactGrader()
TEXT = st.text(st.characters())


def made(*rows: Row, trusted: bool = True, **problem: Any) -> Imported:
    """Make what a reader gives, of rows."""
    names = dict.fromkeys(row.problem_id for row in rows)
    problems = tuple(Problem(name, **({"question": "q", "gold": "g"} | problem)) for name in names)
    grader = ("tool", "1") if trusted else None
    return Imported("tool", trusted, grader, {"tool": "tool", "files": {}}, problems, lambda: iter(rows))


def graded_problems(imported: Imported) -> tuple[Problem, ...]:
    """Give the problems as they are graded."""
    return tuple(replace(item, entry={"answer_type": "expression"}) for item in imported.problems)


def row(name: str, text: str = "x", outcome: Any = "correct") -> Row:
    """Make a row."""
    return Row(name, text, "unknown", None, None, outcome, None)


def refusal(imported: Imported, samples: Path, arm: str = "base", **grader: Any) -> str:
    """Store what must be refused, and return the message."""
    with pytest.raises(InputError) as caught:
        store_import(imported, samples, "T", arm, **({"grader": None} | grader))
    return str(caught.value)


@pytest.mark.parametrize(
    ("tool", "paths", "pick", "counts"),
    [
        ("lm-eval", LM_EVAL, "all", ImportedCounts(3, 24, 8, 8, 10, trusted=False)),
        ("lighteval", LIGHTEVAL, None, ImportedCounts(3, 18, 6, 6, 2, trusted=False)),
        ("evalplus", EVALPLUS, "plus", ImportedCounts(2, 6, 3, 3, 2, trusted=True)),
        ("human-eval", HUMAN_EVAL, None, ImportedCounts(2, 6, 3, 3, 4, trusted=True)),
        ("limit-of-rlvr", LIMIT_OF_RLVR, None, ImportedCounts(2, 8, 4, 4, 4, trusted=True)),
        ("nemo-skills", NEMO_SKILLS, "judgement", ImportedCounts(2, 4, 2, 2, 2, trusted=True)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_end_in_their_counts(
    tool: str, paths: list[Path], pick: str | None, counts: ImportedCounts, tmp_path: Path
) -> None:
    """The whole way in, twice: the second time adds nothing."""
    imported = read_samples(tool, paths, pick=pick)
    for _ in range(2):
        assert store_import(imported, tmp_path, "T", "base", grader=GRADER) == counts
    names = imported.grader or named(GRADER, graded_problems(imported))
    assert read_task(tmp_path, "T").grader == names
    store = SampleSet.read(set_folder(tmp_path, "T", "base"))
    assert store.identity == {"imported": json.loads(json.dumps(imported.identity))}
    assert int(store.tally(*names).c.sum()) == counts.correct
    assert {item.seed for batch in store.completions() for item in batch} == {None}


def test_problems_are_left_for_grading_anew(tmp_path: Path) -> None:
    """problems.jsonl loads as the problems of the task, and has the digest that task.json names."""
    imported = read_samples("limit-of-rlvr", LIMIT_OF_RLVR)
    store_import(imported, tmp_path, "T", "base", grader=None)
    layout = Layout(columns=Columns(id="id", level="level"))
    loaded = load_file(tmp_path / "T" / "problems.jsonl", layout)
    assert [item.id for item in loaded] == ["0", "7"]
    assert problems_digest(loaded) == read_task(tmp_path, "T").sha256


def test_problems_without_answers_are_not_left(tmp_path: Path) -> None:
    """A file of code tasks holds no right answers."""
    store_import(read_samples("human-eval", HUMAN_EVAL), tmp_path, "T", "base", grader=None)
    assert not (tmp_path / "T" / "problems.jsonl").exists()
    assert read_task(tmp_path, "T").sha256 is None


def test_without_a_grader_completions_wait_for_one(tmp_path: Path) -> None:
    """They are stored, ungraded, and a later import with a grader grades them."""
    imported = read_samples("lm-eval", LM_EVAL, pick="all")
    counts = store_import(imported, tmp_path, "T", "base", grader=None)
    assert (counts.completions, counts.correct) == (24, None)
    assert not (tmp_path / "T" / "task.json").exists()
    assert store_import(imported, tmp_path, "T", "base", grader=GRADER).correct == 10


def test_grading_without_a_right_answer_is_refused(tmp_path: Path) -> None:
    """Nothing is equal to an answer that is not known; all would be wrong."""
    message = refusal(made(row("a", outcome=None), trusted=False, gold=""), tmp_path, grader=GRADER)
    assert message.startswith("tool: the files give no single right answer to 1 of 1 problems")
    assert not (tmp_path / "T").exists()


def test_other_files_into_the_same_set_are_refused(tmp_path: Path) -> None:
    """A seed more is another set: nothing is mixed, and the file that differs is named."""
    store_import(read_samples("limit-of-rlvr", LIMIT_OF_RLVR[:1]), tmp_path, "T", "base", grader=None)
    message = refusal(read_samples("limit-of-rlvr", LIMIT_OF_RLVR), tmp_path)
    assert "give all files of an arm at once, into an arm of another name" in message
    assert f'imported.files."{LIMIT_OF_RLVR[1].name}": this run has' in message
    assert "the set has nothing" in message


def test_arms_of_one_task_have_one_grader(tmp_path: Path) -> None:
    """Verdicts by other rules are no fair comparison."""
    store_import(read_samples("evalplus", EVALPLUS, pick="base"), tmp_path, "T", "base", grader=None)
    message = refusal(read_samples("evalplus", EVALPLUS, pick="plus"), tmp_path, "rl")
    assert "was graded by evalplus-base" in message
    assert not set_folder(tmp_path, "T", "rl").exists()


def test_arms_of_one_task_have_the_same_problems(tmp_path: Path) -> None:
    """Another set of ids, and another right answer under one id, are refused before anything is stored."""
    store_import(made(row("a"), row("b")), tmp_path, "T", "base", grader=None)
    assert '"b" is not in these files' in refusal(made(row("a")), tmp_path, "rl")
    assert 'has the answer "g", but these files "h"' in refusal(
        made(row("b"), row("a"), gold="h"), tmp_path, "rl"
    )
    assert not set_folder(tmp_path, "T", "rl").exists()
    assert store_import(made(row("b"), row("a")), tmp_path, "T", "rl", grader=None).correct == 2


def test_problems_with_unequal_numbers_of_completions_come_in(tmp_path: Path) -> None:
    """The numbers may differ by problem; an error is a completion, but no correct one."""
    counts = store_import(
        made(row("a"), row("b"), row("a", outcome="error")), tmp_path, "T", "base", grader=None
    )
    assert (counts.least, counts.most, counts.correct) == (1, 2, 2)


class KilledError(Exception):
    """What ends an import in the middle."""


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("stop", range(0, 24, 3))
def test_a_killed_import_goes_on_where_it_ended(
    *, stop: int, trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KilledError after any number of rows and imported again, nothing is doubled and nothing is lost."""
    monkeypatch.setattr(storing, "_ROWS", 4)
    rows = [row(str(i % 5), f"text {i}", "correct" if trusted else None) for i in range(24)]
    imported = made(*rows, trusted=trusted)

    passes = iter([rows])

    def cut() -> Iterator[Row]:
        # The first pass counts; the second one stores.
        first = next(passes, None)
        yield from first or rows[:stop]
        if first is None:
            raise KilledError

    with pytest.raises(KilledError):
        store_import(replace(imported, rows=cut), tmp_path, "T", "base", grader=GRADER)
    assert rows_expected(set_folder(tmp_path, "T", "base")) == 24
    counts = store_import(imported, tmp_path, "T", "base", grader=GRADER)
    assert (counts.completions, counts.least, counts.most) == (24, 4, 5)
    assert counts.correct == (24 if trusted else 0)
    store = SampleSet.read(set_folder(tmp_path, "T", "base"))
    texts = {(item.problem_id, item.index): item.text for batch in store.completions() for item in batch}
    assert texts == {(str(i % 5), i // 5): f"text {i}" for i in range(24)}


def test_grades_that_a_kill_lost_are_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Completions are on the disk before their grades; a kill in between leaves none ungraded for good."""
    imported = made(*(row("a", str(i)) for i in range(3)))

    def die(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(SampleSet, "append_grades", die)
        with pytest.raises(KilledError):
            store_import(imported, tmp_path, "T", "base", grader=None)
    assert store_import(imported, tmp_path, "T", "base", grader=None).correct == 3


def test_files_that_grow_while_they_are_read_are_refused(tmp_path: Path) -> None:
    """A tool that still writes is no finished run."""
    imported = replace(made(row("a")), rows=lambda: iter([row("a"), row("b")]))
    assert "import them once the tool has ended" in refusal(imported, tmp_path)


# Few, because each writes to the disk for good.
@settings(max_examples=30)
@given(text=st.text(st.characters()), answer=st.text(st.characters()), question=st.text(st.characters()))
def test_any_text_survives(
    text: str, answer: str, question: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """NUL, line ends of Unicode and all scripts come back as they are; a lone surrogate as U+FFFD."""
    folder = tmp_path_factory.mktemp("hostile")
    fields = {"code": [text, text + "x" * 70_000], "pred": [answer, answer], "question": question}
    path = lines(folder / "a.jsonl", [paper_row(**fields)])
    store_import(read_samples("limit-of-rlvr", [path]), folder, "T", "base", grader=None)
    store = SampleSet.read(set_folder(folder, "T", "base"))
    kept = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert [item.text for batch in store.completions() for item in batch] == [kept, kept + "x" * 70_000]


def test_a_huge_text_survives(tmp_path: Path) -> None:
    """Ten million characters are one completion."""
    path = lines(tmp_path / "a.jsonl", [paper_row(n=1, code=["é" * 10**7])])
    assert (
        store_import(read_samples("limit-of-rlvr", [path]), tmp_path, "T", "a", grader=None).completions == 1
    )


def test_rows_stream(tmp_path: Path) -> None:
    """The first lines are given before the last ones are read: a file that is damaged meanwhile shows it."""
    path = lines(tmp_path / "a.jsonl", rows_of(HUMAN_EVAL[0]))
    found = read_samples("human-eval", [path])
    path.write_text(path.read_text().partition("\n")[0] + "\n{")
    rows = found.rows()
    assert next(rows).text == "    return 2 * x\n"
    with pytest.raises(InputError, match=r"a\.jsonl:2: found what is not JSON"):
        next(rows)
