"""What the files of another tool hold of one arm on one task, in one form for all tools."""

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beyondbase.completions import Finish, Grade, Problem
from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.table.decoding import opened

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_SCORES = dict.fromkeys(("1", "1.0", "true"), True) | dict.fromkeys(("0", "0.0", "false"), False)
_DIGITS = re.compile(r"(\d+)")
# Nobody's business: secrets, addresses, and where files lie on a machine.
_PRIVATE = re.compile(
    r"(.*_)?(api_?key|(access|secret|private)_key|base_?url|url|uri|endpoint|host|proxy|proxies|passw(or)?d"
    r"|secret|credentials?|authorization|headers?|cookies?|auth)"
    r"|((.*_)?(api|auth|access|hf|hub|bearer|session|secret|security|refresh)_?)?token"
)
# "hf//data/model" is a provider before a path.
_PLACE = re.compile(r"([\w.-]+/)?(/|~/|[A-Za-z]:[\\/]|[A-Za-z][\w+.-]*://)\S.*")
# As lm-eval has it: "pretrained=org/model,dtype=bfloat16".
_SETTING = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*=")


@dataclass(frozen=True)
class Row:
    """One completion of a file.

    Attributes:
        problem_id: The problem.
        text: The response.
        finish: Why generation ended; "unknown" where the tool does not say, "error" where it failed.
        tokens: How many tokens were generated, where the tool says so.
        logprob: Sum over the generated tokens at temperature 1, where the tool says so.
        outcome: The tool's verdict; None where the completion must be scored anew.
        answer: What the tool extracted from the text, if anything.
        theirs: Whether the file says that the completion is right, where that is only compared with; None
            where it does not say, or says it of several completions at once.
    """

    problem_id: str
    text: str
    finish: Finish
    tokens: int | None
    logprob: float | None
    outcome: Grade | None
    answer: str | None
    theirs: bool | None = None


@dataclass(frozen=True)
class Imported:
    """What a tool's files hold of one arm on one task.

    Attributes:
        tool: One of `TOOLS`.
        trusted: Whether the tool stores one verdict per completion.
        grader: The name and version under which such verdicts are kept; None where there are none.
        identity: What is known of how the completions came about: the tool, its version, the model, the
            sampling settings, and the files by name with their sha256.
        problems: Question, gold answer, level and cluster of each; "" or None where the files do not say.
        rows: Streams the completions, in the order of the files.
        scored_by: What `theirs` of the rows is called in the files.
        others: What could be picked instead, with other scores of the same completions.
        defaults: What the table [problems.TASK] would say of a task that is known, by its keys.
        note: What a user should know of the files; empty if nothing.
    """

    tool: str
    trusted: bool
    grader: tuple[str, str] | None
    identity: Mapping[str, Any]
    problems: tuple[Problem, ...]
    rows: Callable[[], Iterator[Row]]
    scored_by: str = "verdict"
    others: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


def verdict(*, right: bool, answer: str | None, finish: Finish) -> Grade:
    """Turn a tool's yes or no into an outcome.

    No without an answer is truncated where the completion was cut off, else unparsed: only for tools that
    store what they extracted.

    Args:
        right: The tool's verdict.
        answer: What it extracted.
        finish: Why generation ended.
    """
    if right:
        return "correct"
    if answer:
        return "wrong"
    return "truncated" if finish == "length" else "unparsed"


def yes_or_no(value: object) -> bool | None:
    """Read a score that says of one completion whether it is right: 1, 0, true, false, or these as text.

    Returns:
        None where it is anything else, such as a share, NaN, or nothing.
    """
    if isinstance(value, str):
        return _SCORES.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int | float) and value in {0, 1} else None


def ordered(paths: Sequence[Path]) -> list[Path]:
    """Bring files to the one order in which their completions are numbered: by name, numbers by value.

    Raises:
        InputError: There is none, one is missing or a folder, or two have the same content.
    """
    if not paths:
        raise InputError("found no file to import; give at least one")
    by_digest: dict[str, Path] = {}
    for path in paths:
        twin = by_digest.setdefault(digest_of(path), path)
        if twin is not path:
            raise InputError(f"{path}: has the content of {twin}; give each file once")
    return sorted(paths, key=lambda path: (_natural(path.name), digest_of(path)))


def digest_of(path: Path) -> str:
    """Compute the sha256 of a file, in hexadecimal; of one that is gzipped, that of its content.

    Raises:
        InputError: There is no such file, or it cannot be read.
    """
    with opened(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def identity_of(tool: str, files: Sequence[Path], **known: Any) -> dict[str, Any]:
    """Say how completions came about; what is None, empty or private is left out.

    Args:
        files: All that was read, in the order of the completions.
        known: What else is known.
    """
    names: dict[str, str] = {}
    for path in files:
        own = path.name.removesuffix(".gz")
        # Seeds of one run may lie in folders of their own under one name.
        alike = sum(name.partition(" #")[0] == own for name in names)
        names[f"{own} #{alike + 1}" if alike else own] = digest_of(path)
    settled = {
        key: public(_settled(value)) for key, value in known.items() if value not in (None, "", {}, [])
    }
    return {"tool": tool, "files": names, **settled}


def agreed(settings: Mapping[Path, Mapping[str, Any]]) -> dict[str, Any]:
    """Join what files say of their settings.

    Raises:
        InputError: Two files differ, so that they are not of one arm.
    """
    known: dict[str, tuple[Path, Any]] = {}
    for path, found in settings.items():
        for key, value in found.items():
            first, other = known.setdefault(key, (path, value))
            if _settled(other) != _settled(value):
                mine, theirs = (quote(public(_settled(item))) for item in (value, other))
                here = f"found {key} {mine}, but {theirs} in {first}"
                raise InputError(f"{path}: {here}; give the files of one model at one setting")
    return {key: value for key, (_, value) in known.items()}


def whole(text: str) -> str:
    """Replace lone surrogates, which no file in UTF-8 can hold, by U+FFFD."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (0, part) for part in _DIGITS.split(name)]


def _settled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _settled(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_settled(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def public(value: Any) -> Any:
    """Leave out of settings what is private, and keep of a path or an address its last part.

    Args:
        value: JSON; also text such as "pretrained=org/model,api_key=...".
    """
    if isinstance(value, Mapping):
        return {key: public(item) for key, item in value.items() if not _hidden(str(key))}
    if isinstance(value, list | tuple):
        return [public(item) for item in value]
    return _public_text(value) if isinstance(value, str) else value


def _public_text(text: str) -> str:
    if not _SETTING.match(text):
        return _last_part(text)
    kept = []
    for part in _parts(text):
        key, _, value = part.partition("=")
        if not _hidden(key):
            kept.append(f"{key}={_last_part(value)}")
    return ",".join(kept)


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    for part in text.split(","):
        # A comma within a value, as in headers={"a":1,"b":2}, begins no new setting.
        if parts and not _SETTING.match(part):
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    return parts


def _hidden(key: str) -> bool:
    return _PRIVATE.fullmatch(key.strip().lower().replace("-", "_").rpartition(".")[2]) is not None


def _last_part(text: str) -> str:
    found = _PLACE.fullmatch(text.strip())
    if not found:
        return text
    last = re.split(r"[\\/]", text.strip().rstrip("\\/"))[-1]
    # Of an address what follows its place may be a password, too.
    last = last.partition("?")[0].rpartition("@")[2]
    return f"{found[1] or ''}{last}" if last else text
