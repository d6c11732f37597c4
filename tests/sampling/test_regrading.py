"""Stores whose grades are of an earlier version: read as they are, and graded anew without new samples."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from former_store import made_former
from pipeline import (
    Zygote,
    done,
    make_models,
    questions,
    recipe,
    store_of,
    tables,
    warm,
    write_problems,
    write_tiny,
)
from store_factory import GRADER, graded

from beyondbase.completions import Graded
from beyondbase.errors import InputError
from beyondbase.evidence.graded_task import GradedTask, read_task, write_task
from beyondbase.evidence.load import load_evidence
from beyondbase.store import SampleSet
from beyondbase.store.layout import grades_folder
from beyondbase.study import Study


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """What starts runs of `python -m beyondbase` in no time."""
    with warm() as running:
        yield running


def test_the_rule_is_kept_beside_the_outcome(tmp_path: Path) -> None:
    """A grade comes back with the rule that gave it, in few bytes however many grades there are."""
    keys = [("a", index) for index in range(2_000)]
    graded(tmp_path, keys)
    with SampleSet.read(tmp_path) as store:
        store.append_grades("other", "1", [Graded(*key, "wrong", None, "number") for key in keys])
        store.append_grades("third", "1", [Graded(*key, "wrong", None) for key in keys])
        (found,) = store.grades("other", "1")
    assert {item.rule for item in found} == {"number"}
    sizes = [
        path.stat().st_size
        for name in ("other", "third")
        for path in grades_folder(tmp_path, name, "1").glob("*.parquet")
    ]
    assert sizes[0] - sizes[1] < 100


def test_grades_without_rules_are_read(tmp_path: Path) -> None:
    """Shards of the former version count as ever; their rules are not known, and new grades join them."""
    graded(tmp_path, [("a", 0), ("a", 1)], [("b", 0)])
    assert len(made_former(tmp_path, GRADER, GRADER)) == 2
    with SampleSet.read(tmp_path) as store:
        assert store.tally(*GRADER).c.tolist() == [2, 1]
        assert [item for batch in store.grades(*GRADER) for item in batch] == [
            Graded("a", 0, "correct", "42"),
            Graded("a", 1, "correct", "42"),
            Graded("b", 0, "correct", "42"),
        ]
        with pytest.raises(InputError, match="has a grade already"):
            store.append_grades(*GRADER, [Graded("a", 0, "wrong", None)])
        assert store.rows(*GRADER).outcome.tolist() == [0, 0, 0]


def test_no_other_columns_are_taken_for_a_former_version(tmp_path: Path) -> None:
    """A shard that lacks another column than the rule is no shard of grades."""
    graded(tmp_path, [("a", 0)])
    (path,) = made_former(tmp_path, GRADER, GRADER)
    (completions,) = (tmp_path / "completions").glob("*.parquet")
    path.write_bytes(completions.read_bytes())
    with pytest.raises(InputError, match="holds no grades"):
        SampleSet.read(tmp_path).tally(*GRADER)


def write_former(folder: Path) -> Study:
    """Sample and grade a study of one long set, and make its grades those of an earlier version."""
    write_problems(folder / "sums.jsonl", questions(30))
    models = make_models(folder / "models")
    content = tables(models)
    study = write_tiny(
        folder,
        models,
        sampling=recipe(n=20, max_tokens=3, batch=5),
        tasks={"sums": {}},
        problems={"sums": content["problems"]["sums"]},
        arms={"base": content["arms"]["base"]},
    )
    done("sample", study)
    assert study.samples is not None
    task = read_task(study.samples, "sums")
    then = (task.grader[0], "1-former")
    made_former(store_of(study).folder, task.grader, then)
    write_task(study.samples, "sums", GradedTask(**{**vars(task), "grader": then}))
    return study


def shards_by(study: Study, version: tuple[str, str]) -> list[Path]:
    """The shards of grades of one version."""
    return sorted(grades_folder(store_of(study).folder, *version).glob("*.parquet"))


def test_a_former_store_is_graded_anew_though_killed(tmp_path: Path, zygote: Zygote) -> None:
    """Killed -9 while an old store is graded anew, the same command goes on: no grade is lost or mixed."""
    study = write_former(tmp_path)
    assert study.samples is not None
    former = read_task(study.samples, "sums").grader
    old, counts = store_of(study).tally(*former), load_evidence(study).tallies["sums", "base"].c
    completions = {path: path.read_bytes() for path in (store_of(study).folder / "completions").iterdir()}
    before = len(shards_by(study, former))
    pid = zygote.start(tmp_path / "log", "grade", "--study", str(study.path))
    (now,) = wait_for_another(study, former)
    assert zygote.kill(pid) == -signal.SIGKILL
    part = len(shards_by(study, now))
    assert 0 < part < before
    # Half-graded, it is judged by the old grades alone.
    assert load_evidence(study).sets[0].grader == former
    assert load_evidence(study).tallies["sums", "base"].c.tolist() == counts.tolist()
    done("grade", study)
    assert read_task(study.samples, "sums").grader == now
    assert len(shards_by(study, now)) == before
    assert store_of(study).tally(*now).c.tolist() == old.c.tolist()
    grades = [item for batch in store_of(study).grades(*now) for item in batch]
    assert {item.rule for item in grades if item.answer is not None} == {"text"}
    assert {item.rule for batch in store_of(study).grades(*former) for item in batch} == {""}
    there = {path: path.read_bytes() for path in (store_of(study).folder / "completions").iterdir()}
    assert there == completions


def wait_for_another(study: Study, former: tuple[str, str]) -> list[tuple[str, str]]:
    """Wait until a second version has some shards of grades, and name it."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = [name for name in store_of(study).graders() if name != former]
        if found and len(shards_by(study, found[0])) > 1:
            return found
        time.sleep(0.001)
    raise AssertionError("nothing was graded anew")
