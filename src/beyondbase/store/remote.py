"""Sample sets elsewhere: on the Hub (hf://), or wherever else fsspec gets to."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.files import AnyPath
from beyondbase.messages import quote
from beyondbase.store.durable import explained, make_folder, write_durably
from beyondbase.store.hub import commit, commit_set, in_dataset
from beyondbase.store.layout import SCORER_FILE, SET_FILE
from beyondbase.store.manifest import (
    SCORER,
    SET,
    Form,
    Manifest,
    parse_manifest,
    read_manifest,
    refuse_others,
)
from beyondbase.store.sidecars import (
    EXPECTED_FILE,
    PROMPTS_FILE,
    add_prompts,
    dump_prompts,
    merge_prompts,
    parse_prompts,
    read_prompts,
)
from beyondbase.store.writer import clear_drafts, lock_folder

# No part begins with a dot: that keeps drafts out, and whoever would write beside the folder.
_SHARD = re.compile(r"(completions|(grades|scores)/[^./][^/]*)/[^./][^/]*\.parquet")
_SCORER = re.compile(rf"scores/[^./][^/]*/{re.escape(SCORER_FILE)}")
_PLAIN = {PROMPTS_FILE, EXPECTED_FILE}


def pull(url: str, folder: AnyPath, *, wait: float = 0) -> int:
    """Copy what a set elsewhere has more into a folder; shards never change, so it resumes by itself.

    Args:
        url: Where the set lies, such as hf://datasets/me/samples/MATH500/base.
        folder: Where it goes; a new folder, or one with a set of the same settings.
        wait: Seconds to wait for another writer.

    Returns:
        The number of shards copied.

    Raises:
        InputError: There is no set, it has other settings, or one of the two places refuses.
    """
    (files, root), folder = _connect(url), Path(folder)
    with _reachable(url):
        theirs = _parts(files, root)
    if SET_FILE not in theirs:
        raise InputError(f"{url}: holds no sample set (no {SET_FILE}); correct the address")
    with lock_folder(folder, wait=wait):
        with explained(folder):
            clear_drafts(folder)
        # The set's own file first, and all settings before a shard: a copy that is cut short is a smaller
        # set, never shards that nobody can tell the settings of.
        settings = sorted((name for name in theirs if _form(name)), key=lambda name: (name != SET_FILE, name))
        for name in settings:
            with _reachable(url):
                data = files.cat_file(f"{root}/{name}")
            _agree(folder, url, name, data)
        if PROMPTS_FILE in theirs:
            add_prompts(folder, _prompts_there(files, root, url))
        # Before the shards, so that a copy of some of them does not pass for a whole import.
        _fill(files, root, url, folder, theirs & {EXPECTED_FILE})
        return len(_fill(files, root, url, folder, sorted(filter(_SHARD.fullmatch, theirs))))


def push(folder: AnyPath, url: str, *, card: str | None = None) -> int:
    """Copy what a set has more to somewhere else; on the Hub as one commit to a dataset.

    A dataset that is not there is made, private: to publish it is for its owner to decide.

    Args:
        folder: Where the set lies.
        url: Where it goes, such as hf://datasets/me/samples/MATH500/base.
        card: What the README.md of a dataset says that has none; by default what the set is.

    Returns:
        The number of shards copied.

    Raises:
        InputError: There is no set, other settings lie there, or one of the two places refuses.
    """
    read_manifest(folder := Path(folder))
    ours = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    files, root = _connect_dataset(url)
    with _reachable(url):
        theirs = _parts(files, root)
        for name in filter(_form, theirs.intersection(ours)):
            _refuse(folder, url, name, files.cat_file(f"{root}/{name}"), at=url)
    known = _prompts_there(files, root, url) if PROMPTS_FILE in theirs else {}
    prompts = merge_prompts(url, known, read_prompts(folder) or {})
    missing = [name for name in ours if _SHARD.fullmatch(name) and name not in theirs]
    scorers = [name for name in ours if _SCORER.fullmatch(name) and name not in theirs]
    # A scorer's file before its scores; the set's own last: where it stands, the first push got through.
    content: dict[str, Path | bytes] = {name: folder / name for name in (*scorers, *missing)}
    content |= {PROMPTS_FILE: dump_prompts(prompts)} if prompts != known else {}
    last = [name for name in (EXPECTED_FILE, SET_FILE) if name in ours and name not in theirs]
    content |= {name: folder / name for name in last}
    with _reachable(url):
        if url.startswith("hf://"):
            commit_set(folder, content, files, root, card)
        else:
            _write(content, files, root)
    return len(missing)


def push_beside(folder: Path, url: str, names: Sequence[str]) -> list[str]:
    """Copy files beside the sets of a task, over those there that differ; on the Hub in one commit.

    Args:
        folder: The folder of the task, in which its sets lie.
        url: Where the task lies, such as hf://datasets/me/samples/MATH500; its sets were pushed before.
        names: The files; those that are not here are passed over, and those copied are returned.

    Raises:
        InputError: One of the two places refuses.
    """
    files, root = _connect_dataset(url)
    with explained(folder):
        ours = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    with _reachable(url):
        files.invalidate_cache()
        known = {name: files.cat_file(f"{root}/{name}") for name in ours if files.exists(f"{root}/{name}")}
        content = {name: data for name, data in ours.items() if known.get(name) != data}
        if url.startswith("hf://"):
            commit(content, root, None, f"Add {len(content)} files of a task")
        else:
            _write(content, files, root)
    return [*content]


def pull_beside(url: str, folder: Path, names: Sequence[str]) -> list[str]:
    """Copy files beside the sets of a task elsewhere; what is here stays as it is.

    Args:
        url: Where the task lies, such as hf://datasets/me/samples/MATH500.
        folder: The folder of the task, in which its sets lie.
        names: The files; those that are not there are passed over, and those copied are returned.

    Raises:
        InputError: One of the two places refuses.
    """
    files, root = _connect(url)
    with _reachable(url):
        files.invalidate_cache()
        there = [name for name in names if files.exists(f"{root}/{name}")]
    return _fill(files, root, url, folder, there)


def _fill(files: Any, root: str, url: str, folder: Path, names: Iterable[str]) -> list[str]:
    missing = [name for name in names if not (folder / name).exists()]
    for name in missing:
        with _reachable(url):
            data = files.cat_file(f"{root}/{name}")
        _keep(folder / name, data)
    return missing


def _write(content: Mapping[str, Path | bytes], files: Any, root: str) -> None:
    for name, source in content.items():
        files.makedirs(f"{root}/{name}".rpartition("/")[0], exist_ok=True)
        files.pipe_file(f"{root}/{name}", source if isinstance(source, bytes) else source.read_bytes())


def _connect_dataset(url: str) -> tuple[Any, str]:
    files, root = _connect(url)
    if url.startswith("hf://") and not in_dataset(root):
        raise InputError(f"{url}: is no place in a dataset; push to hf://datasets/OWNER/NAME/FOLDER")
    return files, root


def _connect(url: str) -> tuple[Any, str]:
    core = require("fsspec.core", "hub")
    if url.startswith("hf://"):
        require("huggingface_hub", "hub")
    try:
        files, root = core.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise InputError(f"{url}: cannot be reached ({error}); correct the address") from None
    return files, str(root).rstrip("/")


@contextmanager
def _reachable(url: str) -> Iterator[None]:
    try:
        yield
    except _network_errors() as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        remedy = "what was copied is whole; when it can be reached, run the same command again"
        raise InputError(f"{url}: {reason[:200]}; {remedy}") from None


def _network_errors() -> tuple[type[Exception], ...]:
    # Libraries that fsspec may have brought in raise errors of their own.
    names = (("httpx", "TransportError"), ("aiohttp", "ClientError"))
    found = (getattr(sys.modules[module], name) for module, name in names if module in sys.modules)
    return (OSError, *found)


def _prompts_there(files: Any, root: str, url: str) -> dict[str, str]:
    with _reachable(url):
        data = files.cat_file(f"{root}/{PROMPTS_FILE}")
    return parse_prompts(f"{url}/{PROMPTS_FILE}", data)


def _parts(files: Any, root: str) -> set[str]:
    files.invalidate_cache()
    if not files.exists(root):
        return set()
    names = {name.removeprefix(root).lstrip("/") for name in files.find(root)}
    return {name for name in names if _form(name) or _SHARD.fullmatch(name) or name in _PLAIN}


def _form(name: str) -> Form | None:
    return SET if name == SET_FILE else SCORER if _SCORER.fullmatch(name) else None


def _agree(folder: Path, url: str, name: str, data: bytes) -> None:
    if (folder / name).exists():
        _refuse(folder, url, name, data, at=str((folder / name).parent))
    else:
        _parsed(url, name, data)
        _keep(folder / name, data)


def _refuse(folder: Path, url: str, name: str, data: bytes, *, at: str) -> None:
    form = _form(name) or SET
    ours, theirs = read_manifest((folder / name).parent, form), _parsed(url, name, data)
    # Whose settings are new to the place that is written.
    new, old = (ours, theirs) if at == url else (theirs, ours)
    refuse_others(at if form is SET else f"{at}: {name}", new.identity, old, form)


def _parsed(url: str, name: str, data: bytes) -> Manifest:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{url}/{name}: is no JSON ({quote(str(error))}); push the set again") from None
    return parse_manifest(f"{url}/{name}", found, _form(name) or SET)


def _keep(path: Path, data: bytes) -> None:
    with explained(path.parent):
        make_folder(path.parent)
        write_durably(path, data)
