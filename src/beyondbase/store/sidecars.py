"""The small files beside the shards: what each problem was asked with, how many completions an import has."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.store.durable import explained, make_folder, write_durably
from beyondbase.tasks.prompts import Chat, Prompt

PROMPTS_FILE = "prompts.json"
EXPECTED_FILE = "rows.json"

_RESTORE = "restore it, or delete it to sample on"
_IMPORT_AGAIN = "import the samples again"


def prompt_digest(prompt: Prompt) -> str:
    """Compute the sha256 of a prompt as JSON: text as text, token ids and messages as lists."""
    plain = prompt.messages if isinstance(prompt, Chat) else prompt
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()


def keep_prompts(
    folder: Path, prompts: Mapping[str, Prompt], questions: Mapping[str, Prompt] | None = None
) -> None:
    """Write down the prompts of a set that is open for writing; problems may come, none may change.

    Args:
        folder: The set.
        prompts: What each problem is asked with.
        questions: The same before a tokenizer put its chat template around it, which whoever has no
            tokenizer can compare; as prompts if None.

    Raises:
        InputError: A problem was asked with another prompt before, or the disk refuses.
    """
    plain = prompts if questions is None else questions
    digests = {
        name: f"{prompt_digest(prompt)}:{prompt_digest(plain[name])}" for name, prompt in prompts.items()
    }
    add_prompts(folder, digests)


def question_part(digest: str) -> str:
    """Give of a kept digest the part that needs no tokenizer."""
    return digest.partition(":")[2]


def add_prompts(folder: Path, digests: Mapping[str, str]) -> None:
    """Write down digests of prompts, as `keep_prompts` does.

    Raises:
        InputError: A problem was asked with another prompt before, or the disk refuses.
    """
    known = read_prompts(folder)
    whole = merge_prompts(str(folder), known or {}, digests)
    if whole != known:
        with explained(folder):
            write_durably(folder / PROMPTS_FILE, dump_prompts(whole))


def merge_prompts(at: str, known: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Put digests together.

    Raises:
        InputError: A problem has two.
    """
    changed = [name for name, digest in more.items() if known.get(name, digest) != digest]
    if changed:
        found = f"problem {quote(changed[0])} was asked with another prompt before"
        others = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
        remedy = "restore the problems and the prompt, or sample into another folder ([evidence] samples)"
        raise InputError(f"{at}: {found}{others}; {remedy}")
    return {**known, **more}


def dump_prompts(digests: Mapping[str, str]) -> bytes:
    """Write digests as JSON, in one order."""
    return json.dumps(digests, indent=0, sort_keys=True).encode()


def read_prompts(folder: Path) -> dict[str, str] | None:
    """Read the digest of each problem's prompt, or None where they are not known, as in imports.

    Raises:
        InputError: The file is damaged, or cannot be read.
    """
    path = folder / PROMPTS_FILE
    data = _read(path)
    return None if data is None else parse_prompts(str(path), data)


def parse_prompts(at: str, data: bytes) -> dict[str, str]:
    """Read digests from JSON.

    Raises:
        InputError: It is none, or no table of digests.
    """
    found = _parse(at, data, _RESTORE)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise InputError(f"{at}: is no table of digests; {_RESTORE}")
    return found


def expect_rows(folder: Path, completions: int) -> None:
    """Write how many completions an import has, before the first is stored.

    The number is that of the source, so that an import that was cut short can be told from a whole one.

    Raises:
        InputError: The disk refuses.
    """
    data = json.dumps({"completions": completions}).encode() + b"\n"
    path = folder / EXPECTED_FILE
    with explained(folder):
        if not path.exists() or path.read_bytes() != data:
            make_folder(folder)
            write_durably(path, data)


def rows_expected(folder: Path) -> int | None:
    """Read how many completions a set is to have; None where nobody said so.

    Args:
        folder: The folder of the set.

    Raises:
        InputError: The file is damaged, or cannot be read.
    """
    path = folder / EXPECTED_FILE
    data = _read(path)
    if data is None:
        return None
    found = _parse(str(path), data, _IMPORT_AGAIN)
    count = found.get("completions") if isinstance(found, dict) else None
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise InputError(f"{path}: completions: found {quote(count)}; {_IMPORT_AGAIN}")
    return count


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make it readable") from None


def _parse(at: str, data: bytes, remedy: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{at}: is no JSON ({error}); {remedy}") from None
