"""Sample sets elsewhere: on the Hub (hf://), or wherever else fsspec gets to."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.mistakes import quote
from beyondbase.store.durable import explained, make_folder, write_durably
from beyondbase.store.layout import SET_FILE
from beyondbase.store.manifest import Manifest, parse_manifest, read_manifest, refuse_others
from beyondbase.store.shelf import clear_drafts, lock_folder

# No part begins with a dot: that keeps drafts out, and whoever would write beside the folder.
_SHARD = re.compile(r"(completions|grades/[^./][^/]*)/[^./][^/]*\.parquet")
_DATASET = re.compile(r"datasets/([^/@]+/[^/@]+)(?:/(.+))?")


def pull(url: str, folder: Path, *, wait: float = 0) -> int:
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
    files, root = _connect(url)
    with _reachable(url):
        theirs = _parts(files, root)
    if SET_FILE not in theirs:
        raise InputError(f"{url}: holds no sample set (no {SET_FILE}); correct the address")
    with lock_folder(folder, wait=wait):
        with _reachable(url):
            data = files.cat_file(f"{root}/{SET_FILE}")
        with explained(folder):
            clear_drafts(folder)
            _begin(folder, data, url)
        missing = [name for name in sorted(theirs) if not (folder / name).exists()]
        for name in missing:
            with _reachable(url):
                data = files.cat_file(f"{root}/{name}")
            with explained(folder):
                make_folder((folder / name).parent)
                write_durably(folder / name, data)
    return len(missing)


def push(folder: Path, url: str) -> int:
    """Copy what a set has more to somewhere else; on the Hub as one commit to a dataset.

    A dataset that is not there is made, private: to publish it is for its owner to decide.

    Returns:
        The number of shards copied.

    Raises:
        InputError: There is no set, other settings lie there, or one of the two places refuses.
    """
    manifest = read_manifest(folder)
    ours = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet"))
    ours = [name for name in ours if _SHARD.fullmatch(name)]
    files, root = _connect(url)
    if url.startswith("hf://") and not _DATASET.fullmatch(root):
        raise InputError(f"{url}: is no place in a dataset; push to hf://datasets/OWNER/NAME/FOLDER")
    with _reachable(url):
        theirs = _parts(files, root)
        if SET_FILE in theirs:
            data = files.cat_file(f"{root}/{SET_FILE}")
            refuse_others(url, manifest.identity, _parsed(url, data))
    missing = [name for name in ours if name not in theirs]
    # The set's own file last: where it stands, the first push got through.
    names = missing if SET_FILE in theirs else [*missing, SET_FILE]
    with _reachable(url):
        if url.startswith("hf://"):
            _commit(folder, names, root)
        else:
            for name in names:
                files.pipe_file(f"{root}/{name}", (folder / name).read_bytes())
    return len(missing)


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


def _parts(files: Any, root: str) -> set[str]:
    files.invalidate_cache()
    if not files.exists(root):
        return set()
    names = {name.removeprefix(root).lstrip("/") for name in files.find(root)}
    return {name for name in names if name == SET_FILE or _SHARD.fullmatch(name)}


def _begin(folder: Path, data: bytes, url: str) -> None:
    theirs = _parsed(url, data)
    path = folder / SET_FILE
    if path.exists():
        refuse_others(str(folder), theirs.identity, read_manifest(folder))
    else:
        write_durably(path, data)


def _parsed(url: str, data: bytes) -> Manifest:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{url}/{SET_FILE}: is no JSON ({quote(str(error))}); push the set again") from None
    return parse_manifest(f"{url}/{SET_FILE}", found)


def _commit(folder: Path, names: list[str], root: str) -> None:
    # One commit, because the Hub slows down who makes thousands.
    hub = require("huggingface_hub", "hub")
    match = _DATASET.fullmatch(root)
    if not (match and names):
        return
    repo, start = match[1], f"{match[2]}/" if match[2] else ""
    api = hub.HfApi()
    api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
    operations = [
        hub.CommitOperationAdd(path_in_repo=f"{start}{name}", path_or_fileobj=str(folder / name))
        for name in names
    ]
    message = f"Add {len(operations)} files of a sample set"
    api.create_commit(repo, operations, repo_type="dataset", commit_message=message)
