"""Shards that are cut, zeroed, foreign or copied: named, with what to do, and never skipped."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_factory import GRADER, IDENTITY, filled, graded, keys, made, shards, stored

from beyondbase.errors import InputError
from beyondbase.store import SampleSet, Scored
from beyondbase.store.layout import grades_folder, scores_folder

BATCHES = ([("a", 0), ("b", 0)], [("a", 1), ("b", 1)])
SCORER = "base"
Read = Callable[[SampleSet], object]


def counted(store: SampleSet) -> object:
    """Show the counts."""
    counts = store.tally(*GRADER)
    return counts.problem_ids, counts.n.tolist(), counts.c.tolist()


def graded_list(store: SampleSet) -> object:
    """Show the grades."""
    return sorted(str(item) for batch in store.grades(*GRADER) for item in batch)


def scored_list(store: SampleSet) -> object:
    """Show the scores."""
    scores = store.scores(SCORER)
    return scores.problem.tolist(), scores.index.tolist(), scores.logprob.tolist(), scores.tokens.tolist()


READS: dict[str, Read] = {
    "counts": counted,
    "completions": stored,
    "grades": graded_list,
    "scores": scored_list,
}


def refusal(read: Read, folder: Path) -> str:
    """Read what must be refused, and return the message."""
    with pytest.raises(InputError) as caught:
        read(SampleSet.read(folder))
    return str(caught.value)


def grade_shards(folder: Path) -> list[Path]:
    """List the shards of grades."""
    return sorted(grades_folder(folder, *GRADER).glob("*.parquet"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: bytes(len(data)),
        lambda data: b"PAR1" + bytes(len(data) - 8) + b"PAR1",
        lambda _: b"hello",
        lambda data: data[4:],
    ],
    ids=["empty", "half", "short", "zeros", "hollow", "text", "headless"],
)
def test_a_damaged_shard_is_named_with_its_remedy(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """Counting, reading, resuming and grading all name the file and say to move it away."""
    graded(tmp_path, *BATCHES)
    shard = shards(tmp_path)[1]
    shard.write_bytes(damage(shard.read_bytes()))
    for read in (counted, stored, lambda store: store.wanted(["a"], 2), lambda store: store.status()):
        found = refusal(read, tmp_path)
        assert found.startswith(f"{shard}: is damaged (")
        assert found.endswith("move it away: the completions in it will be sampled again")
        assert "\n" not in found
    with SampleSet.open(tmp_path, IDENTITY) as store, pytest.raises(InputError, match="is damaged"):
        store.append([made(store, "a", 9)])
    assert len([*(tmp_path / "completions").iterdir()]) == 2


def test_moving_a_damaged_shard_away_samples_it_again(tmp_path: Path) -> None:
    """The remedy works: what the shard held is wanted, and nothing else."""
    graded(tmp_path, *BATCHES)
    shards(tmp_path)[1].rename(tmp_path / "damaged.bak")
    with SampleSet.open(tmp_path, IDENTITY) as store:
        wanted = [*store.wanted(["a", "b"], 2)]
        assert wanted == [("a", 1), ("b", 1)]
        store.append([made(store, *key) for key in wanted])
        # The same texts again, so that their grades hold.
        assert counted(store) == (("a", "b"), [2, 2], [2, 2])


def test_a_damaged_shard_of_grades_is_graded_again(tmp_path: Path) -> None:
    """Grades have a remedy of their own, and it works."""
    graded(tmp_path, *BATCHES)
    shard = grade_shards(tmp_path)[0]
    shard.write_bytes(shard.read_bytes()[:-9])
    found = refusal(counted, tmp_path)
    assert found.startswith(f"{shard}: is damaged (")
    assert found.endswith("the completions in it will be graded again")
    shard.unlink()
    (batch,) = SampleSet.read(tmp_path).ungraded(*GRADER)
    assert [(item.problem_id, item.index) for item in batch] == BATCHES[0]


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"x": [1]}),
        pa.table({"problem_id": ["a"], "index": [0], "text": ["x"]}),
        pa.table({}),
    ],
    ids=["other", "part", "none"],
)
def test_a_foreign_parquet_file_is_refused(tmp_path: Path, table: pa.Table) -> None:
    """A file with other columns does not belong here, whoever wrote it."""
    graded(tmp_path, *BATCHES)
    path = tmp_path / "completions" / "mine.parquet"
    pq.write_table(table, path)
    found = refusal(counted, tmp_path)
    assert found.startswith(f"{path}: holds no completions (its columns: ")
    assert found.endswith("; move it out of this folder")


def test_a_shard_of_another_set_is_refused(tmp_path: Path) -> None:
    """A shard that was sampled with other settings does not mix with these."""
    with SampleSet.open(tmp_path / "other", {"model": "other"}) as other:
        other.append([made(other, "z", 0)])
    filled(tmp_path / "set", [("a", 0)])
    copy = shutil.copy(shards(tmp_path / "other")[0], tmp_path / "set" / "completions")
    found = refusal(stored, tmp_path / "set")
    assert found.startswith(
        f"{copy}: belongs to a set of other settings (fingerprint {other.fingerprint[:8]}"
    )
    assert refusal(lambda store: store.wanted(["a"], 1), tmp_path / "set") == found


def test_grades_among_completions_are_refused(tmp_path: Path) -> None:
    """A shard in the wrong folder is told by its columns."""
    graded(tmp_path, *BATCHES)
    copy = shutil.copy(grade_shards(tmp_path)[0], tmp_path / "completions")
    assert refusal(counted, tmp_path).startswith(f"{copy}: holds no completions")


@pytest.mark.parametrize("late", [False, True], ids=["all at once", "after a look"])
def test_a_copied_shard_is_one_error_that_names_both(tmp_path: Path, *, late: bool) -> None:
    """Two files with the same completions are never counted twice, whenever the copy comes."""
    graded(tmp_path, *BATCHES)
    reader = SampleSet.read(tmp_path)
    if late:
        reader.wanted(["a"], 2)
    first = shards(tmp_path)[0]
    copy = shutil.copy(first, first.with_name("000007-copy.parquet"))
    for action in (reader.status, lambda: reader.wanted(["a"], 2), lambda: reader.tally(*GRADER)):
        with pytest.raises(InputError) as caught:
            action()
        where = f"stands in {first} and in {copy}; move one of the two out of this folder"
        assert str(caught.value) == f'problem "a", completion 0: {where}'


def test_a_copied_shard_of_grades_is_one_error_that_names_both(tmp_path: Path) -> None:
    """A grade counts once."""
    graded(tmp_path, *BATCHES)
    first = grade_shards(tmp_path)[0]
    copy = shutil.copy(first, first.with_name("000007-copy.parquet"))
    found = refusal(counted, tmp_path)
    assert found.startswith(f'problem "a", completion 0: stands in {first} and in {copy}; ')


def test_a_score_counts_once_and_where_it_belongs(tmp_path: Path) -> None:
    """A copied shard of scores is named with its twin, and one of another scorer is refused."""
    graded(tmp_path, *BATCHES)
    with SampleSet.read(tmp_path) as store:
        store.append_scores(SCORER, {"model": "base"}, [Scored("a", 0, -1.0, 2)])
        store.append_scores("other", {"model": "other"}, [Scored("a", 0, -1.0, 2)])
    (first,), (foreign,) = ([*scores_folder(tmp_path, name).glob("*.parquet")] for name in (SCORER, "other"))
    copy = shutil.copy(first, first.with_name("000007-copy.parquet"))
    where = f"stands in {first} and in {copy}; move one of the two out of this folder"
    assert refusal(scored_list, tmp_path) == f'problem "a", completion 0: {where}'
    shutil.move(shutil.copy(foreign, first.with_name("000008-x.parquet")), copy)
    assert refusal(scored_list, tmp_path).startswith(f"{copy}: belongs to a set of other settings")


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    """Notes and hidden files are no shards, and no writer removes them."""
    graded(tmp_path, *BATCHES)
    others = [tmp_path / "completions" / name for name in ("notes.txt", ".DS_Store", ".x.parquet")]
    for path in others:
        path.write_bytes(b"mine")
    SampleSet.open(tmp_path, IDENTITY).close()
    assert len(keys(SampleSet.read(tmp_path))) == 4
    assert all(path.read_bytes() == b"mine" for path in others)


def test_a_shard_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A link to nothing is no damaged shard: what the system says is passed on."""
    graded(tmp_path, *BATCHES)
    path = tmp_path / "completions" / "000009-gone.parquet"
    path.symlink_to(tmp_path / "nowhere")
    assert refusal(counted, tmp_path) == (
        f"{path}: cannot be read (No such file or directory); make it readable, or restore it"
    )


@pytest.mark.parametrize("column", ["index", "digest", "finish", "outcome"])
def test_impossible_values_are_refused(tmp_path: Path, column: str) -> None:
    """A shard of the right form with values that no writer stores is named."""
    graded(tmp_path, *BATCHES)
    path = (grade_shards if column == "outcome" else shards)(tmp_path)[0]
    bad = {
        "index": pa.array([-1, 2**30], pa.int32()),
        "digest": pa.array([1, 0]),
        "finish": pa.array(["stop", "eos"]),
        "outcome": pa.array(["correct", "right"]),
    }[column]
    file = pq.ParquetFile(path)
    table = file.read()
    table = table.set_column(table.column_names.index(column), column, bad)
    with pq.ParquetWriter(path, table.schema, store_schema=False) as writer:
        writer.write_table(table)
        mark = file.metadata.metadata[b"beyondbase.fingerprint"].decode()
        writer.add_key_value_metadata({"beyondbase.fingerprint": mark})
    found = refusal(lambda store: store.rows(*GRADER), tmp_path)
    assert found.startswith(f"{path}: found the {column} ")
    assert found.endswith("; move it out of this folder")


@given(data=st.data())
@settings(max_examples=300)
def test_no_damage_passes_unseen(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A flipped bit or a cut anywhere is refused, or changes nothing of what is read."""
    folder = tmp_path_factory.getbasetemp() / "fuzzed"
    if not folder.exists():
        with graded(folder, *BATCHES) as store:
            store.append_scores(SCORER, {}, [Scored(*key, -1.5, 3) for batch in BATCHES for key in batch])
    store = SampleSet.read(folder)
    right = {name: read(store) for name, read in READS.items()}
    shard = data.draw(st.sampled_from(sorted(folder.rglob("*.parquet"))))
    whole = shard.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    mask = data.draw(st.integers(0, 255))
    damaged = whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :] if mask else whole[:place]
    shard.write_bytes(damaged)
    try:
        for name, read in READS.items():
            try:
                assert read(store) == right[name]
            except InputError as error:
                # A completion whose shard is cut to nothing is missing by name, too.
                assert str(shard) in str(error)  # noqa: PT017 - refusing is one of two right ways
    finally:
        shard.write_bytes(whole)
