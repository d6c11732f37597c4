"""What every problem of a set was asked with, so that a changed prompt is not taken for the old one."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.store.durable import explained, write_durably
from beyondbase.tasks.prompts import Chat, Prompt

PROMPTS_FILE = "prompts.json"

_RESTORE = "restore it, or delete it to sample on"


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
        InputError: The file is damaged.
    """
    path = folder / PROMPTS_FILE
    try:
        return parse_prompts(str(path), path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make it readable") from None


def parse_prompts(at: str, data: bytes) -> dict[str, str]:
    """Read digests from JSON.

    Raises:
        InputError: It is none, or no table of digests.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{at}: is no JSON ({error}); {_RESTORE}") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise InputError(f"{at}: is no table of digests; {_RESTORE}")
    return found
