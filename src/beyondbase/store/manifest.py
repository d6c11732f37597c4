"""The files set.json and scorer.json: which settings the shards beside them were made with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.store.durable import write_durably
from beyondbase.store.identity import canonical, differences, fingerprint_of
from beyondbase.store.layout import COMPLETIONS, SCORER_FILE, SET_FILE, shards_in

FORMAT = 1


@dataclass(frozen=True)
class Form:
    """One of the two files.

    Attributes:
        file: Its name.
        shards: The folder of the shards, from where it lies.
        holds: What these hold.
        absent: What to do where it is not there.
        other: What to do where it holds other settings.
        restore: What to do where it is broken.
    """

    file: str
    shards: str
    holds: str
    absent: str
    other: str
    restore: str


SET = Form(
    file=SET_FILE,
    shards=COMPLETIONS,
    holds="completions",
    absent="sample first, or correct the folder",
    other="sample into another folder (rename the arm), or restore the settings of the set",
    restore="restore it from a copy, or move the whole folder away and sample again",
)
SCORER = Form(
    file=SCORER_FILE,
    shards="",
    holds="scores",
    absent="score first, or correct the name of the scorer",
    other="give the scorer another name (rename the arm), or restore its settings",
    restore="restore it from a copy, or move the whole folder away and score again",
)


@dataclass(frozen=True)
class Manifest:
    """What such a file says.

    Attributes:
        identity: The settings.
        fingerprint: The sha256 of their canonical JSON.
        version: The beyondbase that wrote it.
    """

    identity: Mapping[str, Any]
    fingerprint: str
    version: str


def read_manifest(folder: Path, form: Form = SET) -> Manifest:
    """Read such a file of a folder.

    Raises:
        InputError: There is none, or it is not as it was written.
    """
    path = folder / form.file
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: does not exist; {form.absent}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make it readable") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no JSON ({error}); {form.restore}") from None
    return parse_manifest(str(path), found, form)


def claim_folder(folder: Path, identity: Mapping[str, Any], form: Form = SET) -> Manifest:
    """Read such a file of a folder, or write it where the folder is new.

    Raises:
        InputError: The folder holds what was made with other settings.
        OSError: The file cannot be written.
    """
    # Before the first shard: cut short here, the folder is new, or one without shards, and the next call
    # finds the same settings.
    if not (folder / form.file).exists():
        _begin(folder, identity, form)
    manifest = read_manifest(folder, form)
    refuse_others(str(folder), identity, manifest, form)
    return manifest


def refuse_others(at: str, identity: Mapping[str, Any], manifest: Manifest, form: Form = SET) -> None:
    """Refuse to add what was made with some settings to what was made with others.

    Raises:
        InputError: Lists every setting in which they differ.
    """
    if manifest.fingerprint != fingerprint_of(identity):
        lines = differences(identity, manifest.identity)
        found = f"{at}: holds {form.holds} of other settings, which must not be mixed"
        raise InputError("\n  ".join([f"{found}; {form.other}:", *lines]))


def parse_manifest(at: str, found: Any, form: Form = SET) -> Manifest:
    """Check what such a file holds.

    Args:
        at: Where it lies.
        found: Its JSON.
        form: Which of the two it is.

    Raises:
        InputError: It is not as it was written.
    """
    if not isinstance(found, dict) or not isinstance(found.get("identity"), dict):
        raise InputError(f"{at}: found no identity in it; {form.restore}")
    if found.get("format") != FORMAT:
        remedy = "use a newer beyondbase"
        raise InputError(f"{at}: format: found {quote(found.get('format'))}, know {FORMAT}; {remedy}")
    fingerprint = fingerprint_of(found["identity"])
    if found.get("fingerprint") != fingerprint:
        raise InputError(f"{at}: was edited: its settings do not have its fingerprint; {form.restore}")
    return Manifest(MappingProxyType(found["identity"]), fingerprint, str(found.get("beyondbase", "")))


def _begin(folder: Path, identity: Mapping[str, Any], form: Form) -> None:
    if shards_in(folder / form.shards):
        raise InputError(f"{folder / form.file}: is missing, but there are {form.holds}; {form.restore}")
    content = {
        "beyondbase": version("beyondbase"),
        "fingerprint": fingerprint_of(identity),
        "format": FORMAT,
        "identity": json.loads(canonical(identity)),
    }
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    write_durably(folder / form.file, text.encode())
