"""Names of the Hub: what is a path never goes there, and a Hub that does not answer is not waited for."""

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.messages import quote, suggest

FOLDER_OR_ID = 'correct the path, or use a name of the Hub such as "Qwen/Qwen2.5-7B"'
# Seconds for a connection, and those after which the look-up of its address is given up.
_PATIENCE, _LAST = 5.0, 10.0
# Seconds for which a Hub that did not answer is not asked again.
_MEMORY = 60.0
_PART = r"\w(?:[\w.-]*\w)?"
_ID = re.compile(rf"(?:{_PART}/)?{_PART}", re.ASCII)
_OFFLINE = "HF_HUB_OFFLINE"
_FILES = ("config.json", "adapter_config.json", "tokenizer_config.json")
_silent: dict[str, tuple[float, str]] = {}


def check_name(name: str, at: str, *, home: Path | None = None, use: str = FOLDER_OR_ID) -> None:
    """Refuse a name that is neither a folder that is there nor one that the Hub can have.

    A name such as "models/rl" beside a folder "models" of other models is taken for a path.

    Args:
        name: Of a model, an adapter, a tokenizer or a dataset.
        at: Where it stands, in a message.
        home: The folder of the study file; that in which the user stands is looked into as well.
        use: What to do.

    Raises:
        InputError: It is a path that leads nowhere.
    """
    homes = [Path.cwd()] if home is None else [home, Path.cwd()]
    if any(is_folder(folder / name) for folder in homes):
        return
    if not _ID.fullmatch(name) or ".." in name or "--" in name:
        tilde = "write ~ out; " if name.startswith("~") else ""
        there = "" if Path(name).is_absolute() else f" ({homes[0] / name})"
        # Of a path the end tells most, so it is shown whole.
        found = quote(name, most=1_000)
        raise InputError(f"{at}: found {found}, but there is no such folder{there}; {tilde}{use}")
    first, _, last = name.partition("/")
    for folder in (place / first for place in homes if last):
        if known := _models_in(folder):
            found = f"but {folder} holds no {quote(last)}{suggest(last, known)}"
            rename = f"rename that folder if you mean {quote(name)} of the Hub"
            raise InputError(f"{at}: found {quote(name)}, {found}; use one of {_few(known)}, or {rename}")


def is_folder(path: Path) -> bool:
    """Whether a folder is there; a name that no disk could hold is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _models_in(folder: Path) -> list[str]:
    return sorted({file.parent.name for name in _FILES for file in folder.glob(f"*/{name}")})


def _few(names: list[str]) -> str:
    return ", ".join(map(quote, names[:10])) + (", …" if len(names) > 10 else "")


@contextmanager
def hub_or_cache(name: str) -> Iterator[str]:
    """Have libraries load a name from the Hub where that answers, else from its cache, and at once.

    Args:
        name: Of a model, an adapter, a tokenizer or a dataset; a folder needs no Hub.

    Yields:
        Why the Hub is not asked; nothing where it may be.
    """
    reason = "" if is_folder(Path(name)) else _silence()
    if not reason:
        yield ""
        return
    constants: Any = require("huggingface_hub.constants", "hub")
    before, named = constants.HF_HUB_OFFLINE, os.environ.get(_OFFLINE)
    # Processes that a library starts read the variable, it itself the constant.
    constants.HF_HUB_OFFLINE, os.environ[_OFFLINE] = True, "1"
    try:
        yield reason
    finally:
        constants.HF_HUB_OFFLINE = before
        if named is None:
            del os.environ[_OFFLINE]
        else:
            os.environ[_OFFLINE] = named


def not_loaded(what: str, error: Exception, silence: str, *, use: str) -> InputError:
    """Say that something could not be loaded.

    Args:
        what: What it is, and its name.
        error: What the library raised.
        silence: What `hub_or_cache` gave.
        use: What to do where the Hub was asked.
    """
    reason = " ".join(f"{type(error).__name__}: {error}".split())[: 160 if silence else 300]
    if not silence:
        return InputError(f"{what} cannot be loaded ({reason}); {use}")
    fetch = "fetch it where there is a network and set HF_HOME to that cache"
    found = f"cannot be loaded from the cache of the Hub, and {silence} ({reason})"
    return InputError(f"{what} {found}; give a local copy, or {fetch}")


def _silence() -> str:
    """Why the Hub is not to be asked; nothing where it answers."""
    constants = require("huggingface_hub.constants", "hub")
    if constants.HF_HUB_OFFLINE:
        return f"{_OFFLINE} forbids to ask the Hub"
    address = str(constants.ENDPOINT)
    when, reason = _silent.get(address, (0.0, ""))
    if reason and time.monotonic() - when < _MEMORY:
        return reason
    said = knock(address)
    if said:
        reason = f"{address} does not answer: {said}"
        _silent[address] = (time.monotonic(), reason)
        return reason
    return ""


def knock(address: str) -> str:
    """Ask the Hub for anything, by the way that its own client takes; gives why there is no answer."""
    said: list[str] = []

    def ask() -> None:
        try:
            require("huggingface_hub.utils", "hub").get_session().head(address, timeout=_PATIENCE)
        except Exception as error:  # noqa: BLE001 - which library sends requests is the client's affair
            said.append(" ".join(str(error).split())[:200] or type(error).__name__)
        else:
            said.append("")

    # In a thread, because no time limit holds for the look-up of an address.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_LAST)
    return said[0] if said else f"nothing within {_LAST:g} s"
