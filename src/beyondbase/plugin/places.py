"""Where a user stands: the folder that holds her claims and built-in studies, and where reports go."""

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pytest

from beyondbase.errors import InputError
from beyondbase.study import Study

REPORTS = "reports"


def home_of(config: pytest.Config) -> Path:
    """The user's project: pytest's root if she stands in it or named it, else the folder she stands in.

    Where no test is named, pytest takes the path of a study for a hint at the root; a study that lies
    elsewhere would bring the claims of its neighbours, and take the user's away.
    """
    here, root = config.invocation_params.dir, config.rootpath
    if config.getoption("rootdir") or config.getoption("inifilename"):
        return root
    marked = config.inipath is not None or (root / "setup.py").exists()
    return root if marked and here.resolve().is_relative_to(root.resolve()) else here


def built_in(home: Path) -> list[Path]:
    """The study files that are judged where none is named."""
    return sorted((home / "fixtures").glob("*/study.toml"))


def report_folder(study: Study, *, home: Path) -> Path:
    """Where the report of a study goes: all that are built in into one folder, others beside their file."""
    if study.path.resolve() in {path.resolve() for path in built_in(home)}:
        return home / REPORTS
    folder = study.path.parent / REPORTS
    # Two study files of one folder have pages of their own.
    return folder if study.path.name == "study.toml" else folder / study.path.stem


def check_free(folders: Mapping[Path, Collection[str]], *, home: Path) -> None:
    """Refuse to write over the results of other studies.

    Args:
        folders: the ids of the studies whose results go to each folder.
        home: the user's project, in whose folder of reports any of its built-in studies may be.

    Raises:
        InputError: a folder holds results of other studies, or a results.json that is not ours.
    """
    for folder, ids in folders.items():
        known = {*ids, *_built_in_ids(home)} if folder.resolve() == (home / REPORTS).resolve() else {*ids}
        file = folder / "results.json"
        others = [name for name in _studies(file) if name not in known]
        if others:
            raise InputError(
                f"{file}: holds results of {', '.join(others)}, not of {', '.join(ids)}; name another folder"
                " with --report-dir, or move this one away"
            )


def _built_in_ids(home: Path) -> Iterable[str]:
    for path in built_in(home):
        try:
            yield str(tomllib.loads(path.read_text(encoding="utf-8-sig")).get("id"))
        except (OSError, ValueError):
            # What is wrong with a study is told when it is judged.
            continue


def _studies(file: Path) -> list[str]:
    """The ids of the studies whose results a file holds; none if there is no such file."""
    if not file.is_file():
        return []
    try:
        return [str(study["id"]) for study in json.loads(file.read_bytes())["studies"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"{file}: is no results.json of beyondbase, so it is not overwritten; name another folder with"
            " --report-dir, or move it away"
        ) from None
