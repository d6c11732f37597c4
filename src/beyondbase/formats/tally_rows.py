"""Counts written as rows of a .csv or .tsv file: a new one, or more rows in one that a study has already."""

import csv
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.evidence.matching import mismatch
from beyondbase.evidence.tallies import Tally, read_tallies
from beyondbase.evidence.tally_files import COLUMNS, OPTIONAL, REQUIRED
from beyondbase.files import write_whole
from beyondbase.formats.counting import Count
from beyondbase.formats.table_cells import id_in
from beyondbase.messages import quote
from beyondbase.study import Study
from beyondbase.table.separated import delimiter_of, without_end

Counts = Mapping[str, Count]


def counts_text(arms: Mapping[tuple[str, str], Counts]) -> str:
    """Write counts as a whole file.

    Args:
        arms: The counts of each problem, by (task, arm).

    Raises:
        InputError: An id does not fit into a cell.
    """
    told = [name for name in OPTIONAL if any(_known(counts, name) for counts in arms.values())]
    columns = [*REQUIRED, *told]
    # A task has levels and clusters as its first arm has them, in every row or in none.
    first = {task: counts for (task, _), counts in [*arms.items()][::-1]}
    rows = [row for key, counts in arms.items() for row in _rows(key, _like(first[key[0]], counts))]
    return _lines([columns, *([row[name] for name in columns] for row in rows)], ",", "\n")


def add_counts(study: Study, task: str, arm: str, counts: Counts) -> Path | None:
    """Add the counts of an arm on a task to the file that the study is judged on.

    Args:
        study: A study with [evidence] tallies; their first .csv or .tsv file takes the rows.
        counts: The counts of each problem.

    Returns:
        The file; None where these very counts are there already.

    Raises:
        InputError: The arm has other counts there, another arm has other problems, or the disk refuses.
    """
    path = next((path for path in study.tally_paths if path.suffix.lower() in {".csv", ".tsv"}), None)
    if path is None:
        use = 'name a .csv first, which takes the rows: tallies = ["counts.csv", ...]'
        raise InputError(f"{study.path}: [evidence] tallies: found no .csv or .tsv to add counts to; {use}")
    drawn = {name: count for name, count in counts.items() if count.n}
    with _one_writer(study.path.parent):
        there = [file for file in study.tally_paths if file.exists()]
        known = read_tallies(there) if there else {}
        if (task, arm) in known:
            _check_same(path, task, arm, known[task, arm], drawn)
            return None
        _check_problems(path, task, arm, known, drawn)
        _append(path, (task, arm), _about(known, task, drawn))
    return path


def _check_same(path: Path, task: str, arm: str, tally: Tally, counts: Counts) -> None:
    there = dict(zip(tally.problem_ids, zip(tally.n.tolist(), tally.c.tolist(), strict=True), strict=True))
    if there != {name: (count.n, count.c) for name, count in counts.items()}:
        found = f"holds other counts of arm {quote(arm)} on task {quote(task)} already"
        raise InputError(f"{path}: {found}; delete these rows, or import into an arm of another name")


def _check_problems(
    path: Path, task: str, arm: str, known: Mapping[tuple[str, str], Tally], counts: Counts
) -> None:
    for (other_task, other), tally in known.items():
        odd = mismatch(arm, counts, other, tally.problem_ids) if other_task == task else None
        if odd:
            raise InputError(
                f"{path}: on task {quote(task)} {odd}; give files of the same problems, or another task"
            )


def _about(known: Mapping[tuple[str, str], Tally], task: str, counts: Counts) -> dict[str, Count]:
    """Give counts the levels and clusters that other arms of the task have in the file."""
    other = next((tally for (name, _), tally in known.items() if name == task), None)
    if other is None:
        return dict(counts)
    blank = (None,) * len(other.problem_ids)
    said = zip(other.problem_ids, other.levels or blank, other.clusters or blank, strict=True)
    return _like({name: Count(level, cluster) for name, level, cluster in said}, counts)


def _like(first: Counts, counts: Counts) -> dict[str, Count]:
    return {
        name: Count(first[name].level, first[name].cluster, count.n, count.c)
        for name, count in counts.items()
        if count.n
    }


def _append(path: Path, key: tuple[str, str], counts: Counts) -> None:
    if not path.exists():
        _write(counts_text({key: counts}), path)
        return
    data = without_end(path.read_bytes())
    sign, end = delimiter_of(path, data), "\r\n" if b"\r\n" in data else "\n"
    old = data.decode("utf-8")
    header = next(csv.reader(io.StringIO(old.removeprefix("\ufeff"), newline=""), delimiter=sign))
    rows = ([row.get(name, "") for name in header] for row in _rows(key, counts))
    _write(old + end + _lines(rows, sign, end), path)


def _rows(key: tuple[str, str], counts: Counts) -> Iterator[dict[str, str | int]]:
    task, arm = key
    about = {name: _known(counts, name) for name in OPTIONAL}
    for name, count in counts.items():
        cells: list[str | int] = [
            task,
            arm,
            id_in(f"arm {quote(arm)} on {quote(task)}", "id", name),
            count.n,
            count.c,
        ]
        # Where some problems lack it none may have it.
        more = [(getattr(count, kind) or "") if about[kind] else "" for kind in OPTIONAL]
        yield dict(zip(COLUMNS, [*cells, *more], strict=True))


def _known(counts: Counts, name: str) -> bool:
    return all(getattr(count, name) for count in counts.values())


def _lines(rows: object, sign: str, end: str) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=sign, lineterminator=end).writerows(rows)  # type: ignore[arg-type]
    return stream.getvalue()


def _write(text: str, path: Path) -> None:
    try:
        write_whole(text, path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); make room, and run it again"
        ) from None


@contextmanager
def _one_writer(folder: Path) -> Iterator[None]:
    """Let one process at a time add rows to the files of a folder; the others wait."""
    try:
        import fcntl  # noqa: PLC0415 - absent on Windows
    except ModuleNotFoundError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
