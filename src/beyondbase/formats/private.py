"""Settings without what is nobody's business: secrets, addresses, and where files lie on a machine."""

import re
from collections.abc import Mapping
from typing import Any

_PRIVATE = re.compile(
    r"(.*_)?(api_?key|(access|secret|private)_key|base_?url|url|uri|endpoint|host|proxy|proxies|passw(or)?d"
    r"|secret|credentials?|authorization|headers?|cookies?|auth)"
    r"|((.*_)?(api|auth|access|hf|hub|bearer|session|secret|security|refresh)_?)?token"
)
# "hf//data/model" is a provider before a path.
_PLACE = re.compile(r"([\w.-]+/)?(/|~/|[A-Za-z]:[\\/]|[A-Za-z][\w+.-]*://)\S.*")
# As lm-eval has it: "pretrained=org/model,dtype=bfloat16".
_SETTING = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*=")


def public(value: Any) -> Any:
    """Leave out of settings what is private, and keep of a path or an address its last part.

    Args:
        value: JSON; also text such as "pretrained=org/model,api_key=...".
    """
    if isinstance(value, Mapping):
        return {key: public(item) for key, item in value.items() if not _hidden(str(key))}
    if isinstance(value, list | tuple):
        return [public(item) for item in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    if not _SETTING.match(text):
        return _last(text)
    kept = []
    for part in _settings(text):
        key, _, value = part.partition("=")
        if not _hidden(key):
            kept.append(f"{key}={_last(value)}")
    return ",".join(kept)


def _settings(text: str) -> list[str]:
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


def _last(text: str) -> str:
    found = _PLACE.fullmatch(text.strip())
    if not found:
        return text
    last = re.split(r"[\\/]", text.strip().rstrip("\\/"))[-1]
    # Of an address what follows its place may be a password, too.
    last = last.partition("?")[0].rpartition("@")[2]
    return f"{found[1] or ''}{last}" if last else text
