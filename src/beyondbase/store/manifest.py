"""The file set.json: which settings the completions beside it were sampled with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from beyondbase.errors import InputError
from beyondbase.mistakes import quote
from beyondbase.store.durable import write_durably
from beyondbase.store.identity import canonical, differences, fingerprint_of
from beyondbase.store.layout import COMPLETIONS, SET_FILE, shards_in

FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What set.json says.

    Attributes:
        identity: The settings.
        fingerprint: The sha256 of their canonical JSON.
        version: The beyondbase that began the set.
    """

    identity: Mapping[str, Any]
    fingerprint: str
    version: str


def read_manifest(folder: Path) -> Manifest:
    """Read the set.json of a folder.

    Raises:
        InputError: There is none, or it is not as it was written.
    """
    path = folder / SET_FILE
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: does not exist; sample first, or correct the folder") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make it readable") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no JSON ({error}); {_RESTORE}") from None
    return parse_manifest(str(path), found)


def claim_folder(folder: Path, identity: Mapping[str, Any]) -> Manifest:
    """Read the set.json of a folder, or write it where the folder is new.

    Raises:
        InputError: The folder holds completions of other settings.
        OSError: The file cannot be written.
    """
    if not (folder / SET_FILE).exists():
        _begin(folder, identity)
    manifest = read_manifest(folder)
    refuse_others(str(folder), identity, manifest)
    return manifest


def refuse_others(at: str, identity: Mapping[str, Any], manifest: Manifest) -> None:
    """Refuse to add completions of some settings to a set of others.

    Raises:
        InputError: Lists every setting in which they differ.
    """
    if manifest.fingerprint != fingerprint_of(identity):
        lines = differences(identity, manifest.identity)
        found = f"{at}: holds completions of other settings, which must not be mixed"
        remedy = "sample into another folder (rename the arm), or restore the settings of the set"
        raise InputError("\n  ".join([f"{found}; {remedy}:", *lines]))


def parse_manifest(at: str, found: Any) -> Manifest:
    """Check what a set.json holds.

    Args:
        at: Where it lies.
        found: Its JSON.

    Raises:
        InputError: It is not as it was written.
    """
    if not isinstance(found, dict) or not isinstance(found.get("identity"), dict):
        raise InputError(f"{at}: found no identity in it; {_RESTORE}")
    if found.get("format") != FORMAT:
        remedy = "use a newer beyondbase"
        raise InputError(f"{at}: format: found {quote(found.get('format'))}, know {FORMAT}; {remedy}")
    fingerprint = fingerprint_of(found["identity"])
    if found.get("fingerprint") != fingerprint:
        raise InputError(f"{at}: was edited: its settings do not have its fingerprint; {_RESTORE}")
    return Manifest(MappingProxyType(found["identity"]), fingerprint, str(found.get("beyondbase", "")))


_RESTORE = "restore it from a copy, or move the whole folder away and sample again"


def _begin(folder: Path, identity: Mapping[str, Any]) -> None:
    if shards_in(folder / COMPLETIONS):
        raise InputError(f"{folder / SET_FILE}: is missing, but there are completions; {_RESTORE}")
    content = {
        "beyondbase": version("beyondbase"),
        "fingerprint": fingerprint_of(identity),
        "format": FORMAT,
        "identity": json.loads(canonical(identity)),
    }
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    write_durably(folder / SET_FILE, text.encode())
