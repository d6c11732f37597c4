"""What names the weights of a model: a commit of the Hub, or a digest of a local folder."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


def weights_identity(model: str, revision: str | None, commit: str | None) -> Mapping[str, Any]:
    """Name the weights behind a model's name.

    Args:
        model: An id of the Hub, or a local folder.
        revision: What the user asked for.
        commit: What the loader found.
    """
    folder = Path(model)
    if not folder.is_dir():
        return {"model": model, "revision": commit or revision, "weights": None}
    # Without the path, because a folder that is moved holds the same model.
    return {"model": folder.resolve().name, "revision": None, "weights": weights_digest(folder)}


def weights_digest(folder: Path) -> str:
    """Compute a sha256, in hexadecimal, of the files of a model: names, sizes and contents.

    It reads every byte, about 1 GB a second where the disk keeps up: part of the weights can change while the
    rest stays as it was. A file that keeps its size and its time of change is read once in a process.
    """
    digest = hashlib.sha256()
    kinds = (".safetensors", ".bin", ".gguf", ".json", ".jinja", ".model", ".txt")
    for file in sorted(
        path for path in folder.resolve().iterdir() if path.suffix in kinds and path.is_file()
    ):
        about = file.stat()
        content = _file_digest(file, about.st_size, about.st_mtime_ns)
        digest.update(f"{file.name} {about.st_size} {content}\n".encode())
    return digest.hexdigest()


@cache
def _file_digest(file: Path, size: int, changed: int) -> str:  # noqa: ARG001 - what tells contents apart
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
