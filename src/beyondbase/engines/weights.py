"""What names the weights of a model: a commit of the Hub, or a digest of a local folder."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ENDS = 1 << 20


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
    """Compute a sha256, in hexadecimal, of the files of a model: names, sizes and both ends of each.

    Weights of tens of gigabytes would take minutes to read whole, and training changes all of them.
    """
    digest = hashlib.sha256()
    kinds = (".safetensors", ".bin", ".gguf", ".json", ".jinja", ".model", ".txt")
    for file in sorted(path for path in folder.iterdir() if path.suffix in kinds and path.is_file()):
        size = file.stat().st_size
        with file.open("rb") as stream:
            ends = stream.read(_ENDS)
            stream.seek(max(size - _ENDS, 0))
            ends += stream.read(_ENDS)
        digest.update(f"{file.name} {size} {hashlib.sha256(ends).hexdigest()}\n".encode())
    return digest.hexdigest()
