"""Grades as they were stored before the rule that gave them was kept."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq

from beyondbase.store.layout import grades_folder
from beyondbase.store.shards import GRADES, write_shard

FORMER = ("problem_id", "index", "digest", "outcome", "answer")


def made_former(folder: Path, now: tuple[str, str], then: tuple[str, str]) -> list[Path]:
    """Turn the grades of a set into those of an earlier version of their grader; returns their shards."""
    source, target = grades_folder(folder, *now), grades_folder(folder, *then)
    if source != target:
        shutil.move(source, target)
    (lacks_rule,) = GRADES.former
    assert tuple(lacks_rule.names) == FORMER
    found = sorted(target.glob("*.parquet"))
    for path in found:
        table = pq.read_table(path)
        mark = pq.ParquetFile(path).metadata.metadata[b"beyondbase.fingerprint"].decode()
        kind = type(GRADES)(**{**vars(GRADES), "schema": lacks_rule, "named": frozenset(), "former": ()})
        path.unlink()
        write_shard(path, kind, [table.column(name).combine_chunks() for name in FORMER], mark)
    return found
