"""Where the parts of a sample set lie."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from beyondbase.files import AnyPath

SET_FILE = "set.json"
LOCK_FILE = ".lock"
COMPLETIONS = "completions"
GRADES = "grades"
SCORES = "scores"
SCORER_FILE = "scorer.json"

_NUMBER = re.compile(r"(\d{1,9})-")


def set_folder(samples: AnyPath, task: str, arm: str) -> Path:
    """Name the folder of an arm's completions on a task; any name makes one folder, of its own."""
    return Path(samples) / quoted(task) / quoted(arm)


def grades_folder(folder: Path, grader: str, version: str) -> Path:
    """Name the folder of one grader's outcomes within a sample set."""
    # No "-" in the version, so that the last one parts it from the name.
    return folder / GRADES / f"{quoted(grader)}-{quoted(version).replace('-', '%2D')}"


def graders_in(folder: Path) -> list[tuple[str, str]]:
    """List the graders, by name and version, whose outcomes lie in a sample set."""
    found = (path.name.rpartition("-") for path in _entries(folder / GRADES) if path.is_dir())
    return sorted((unquote(name), unquote(version)) for name, dash, version in found if dash)


def scores_folder(folder: Path, scorer: str) -> Path:
    """Name the folder of one scorer's log-probabilities within a sample set."""
    return folder / SCORES / quoted(scorer)


def scorers_in(folder: Path) -> list[str]:
    """List the scorers whose log-probabilities lie in a sample set."""
    return sorted(unquote(path.name) for path in _entries(folder / SCORES) if (path / SCORER_FILE).is_file())


def quoted(name: str) -> str:
    """Write a name with %XX for all that a folder's name should not hold."""
    plain = quote(name, safe="")
    # "." and ".." are folders already, and a leading dot hides one.
    return f"%2E{plain[1:]}" if plain.startswith(".") else plain


def shards_in(folder: Path) -> list[Path]:
    """List the shards of a folder, drafts left out, in the order of their names."""
    # As text: to sort thousands of paths takes as long as to open them.
    names = sorted(path.name for path in _entries(folder))
    return [folder / name for name in names if name.endswith(".parquet") and name[0] != "."]


def drafts_in(folder: Path) -> list[Path]:
    """List what a killed writer left behind."""
    return [path for path in _entries(folder) if path.name[0] == "." and path.suffix == ".draft"]


def next_number(folder: Path) -> int:
    """Number the shard that comes after those of a folder."""
    found = [_NUMBER.match(path.name) for path in shards_in(folder)]
    return max((int(match[1]) for match in found if match), default=-1) + 1


def _entries(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())
