"""Words for what is wrong in a user's file: quoted values, nearest names, places in TOML."""

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from beyondbase.errors import InputError

_REMEDIES = {
    "string_type": "use text in quotes",
    "int_type": "use a whole number",
    "int_from_float": "use a whole number",
    "float_type": "use a number",
    "finite_number": "use a finite number",
    "tuple_type": "use a list in [ ]",
    "dict_type": "use a table",
    "model_type": "use a table",
    "too_short": "add at least one",
}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def quote(value: object, *, most: int = 80) -> str:
    """Show a value as a user would have written it, cut to a readable length."""
    # A lone surrogate, which JSON can spell, fits into no output.
    text = _LONE_SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= most else f"{text[: most - 3]}..."


def suggest(found: str, known: Iterable[str]) -> str:
    """Name the nearest known word as ' (did you mean "..."?)', or nothing where none is near."""
    near = difflib.get_close_matches(found, list(known), n=1)
    return f" (did you mean {quote(near[0])}?)" if near else ""


def place(*loc: str | int) -> str:
    """Show where a key stands in a TOML file, such as '[arms.rl] role' or '[grid] k[2]'."""
    # pydantic marks a bad key of a mapping, as opposed to its value, by a last part "[key]".
    keys = [part for part in loc if isinstance(part, str) and part != "[key]"]
    index = "".join(f"[{part}]" for part in loc if isinstance(part, int))
    *section, key = [part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else quote(part) for part in keys]
    return (f"[{'.'.join(section)}] " if section else "") + key + index


def read_toml(file: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        InputError: The file is missing, empty, not UTF-8 or not TOML.
    """
    text = read_text(file, remedy="give a study file in TOML, or a folder that holds study.toml")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = found[1] if found else len(text.splitlines())
        reason = f"found what is not TOML: {error}"
    raise InputError(f"{file}:{line}: {reason}; correct it there (a key or a [table] stands only once)")


def read_text(file: Path, *, remedy: str) -> str:
    """Read a file in UTF-8.

    Args:
        file: What to read.
        remedy: What to do where there is no such file, or nothing in it.

    Raises:
        InputError: The file is missing, unreadable, empty or not UTF-8.
    """
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{file}: there is no such file; {remedy}") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); {remedy}") from None
    text = decode(file, data, "which is not UTF-8; save the file as UTF-8")
    if not text.strip():
        raise InputError(f"{file}: is empty; {remedy}")
    return text


def decode(file: Path, data: bytes, wrong: str) -> str:
    """Read bytes as UTF-8, with a mark of the encoding or without.

    Args:
        file: Where they stand.
        data: The bytes.
        wrong: What is said of a byte that is not UTF-8, and what to do.

    Raises:
        InputError: There is one.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A mark of the encoding is not counted, nor is it in what the error has.
        raise wrong_byte(file, error.object, error.start, wrong) from None


def wrong_byte(file: Path, data: bytes, place: int, wrong: str) -> InputError:
    """Say of a byte of a file, with its line, what is wrong with it, and what to do."""
    line = data.count(b"\n", 0, place) + 1
    return InputError(f"{file}:{line}: found the byte 0x{data[place]:02x}, {wrong}")


def explain(
    error: ValidationError, model: type[BaseModel], sections: Mapping[str, type[BaseModel]]
) -> list[str]:
    """Say each mistake that pydantic found as 'place: what was found; what to do'.

    Args:
        error: What validation raised.
        model: The model of the whole file.
        sections: The model of each table, or of each member of a table of tables, by the table's key.
    """
    lines = []
    for item in error.errors():
        loc, reason = item["loc"], str(item.get("ctx", {}).get("error", ""))
        owner = sections.get(str(loc[0]), model) if len(loc) > 1 else model
        lines += [_explain(item["type"], item, owner)] if loc else reason.splitlines()
    return lines


def explain_keys(error: ValidationError) -> list[str]:
    """Say each mistake that pydantic found in JSON as 'path.of[0].key: what was found; what it should be'."""
    return [f"{_path(item['loc'])}: {_found(item['type'], item)}" for item in error.errors()]


def _path(loc: tuple[str | int, ...]) -> str:
    steps = [
        f"[{part}]" if isinstance(part, int) else f".{part}" if part.isidentifier() else f"[{quote(part)}]"
        for part in loc
    ]
    path = "".join(steps).lstrip(".") or "the whole"
    return path if len(path) <= 160 else f"{path[:80]}...{path[-77:]}"


def _found(kind: str, item: Mapping[str, Any]) -> str:
    if kind == "missing":
        return "missing"
    if kind == "extra_forbidden":
        return "found an unknown key"
    if kind in {"value_error", "json_invalid"}:
        return f"found {item['ctx']['error']}"
    # In the words of pydantic it names the class, which is no word of a reader.
    should = (
        "should be an object" if kind == "model_type" else re.sub(r"^(Input|String) ", "", str(item["msg"]))
    )
    return f"found {quote(item['input'])}; it {should}"


def _explain(kind: str, item: Mapping[str, Any], owner: type[BaseModel]) -> str:
    at, key = place(*item["loc"]), str(item["loc"][-1])
    if kind == "extra_forbidden":
        known = owner.model_fields
        return f"{at}: found an unknown key{suggest(key, known)}; use one of {', '.join(known)}"
    if kind == "missing":
        return f"{at}: missing; add {owner.model_fields[key].description}"
    return f"{at}: found {quote(item['input'])}; {_remedy(kind, item)}"


def _remedy(kind: str, item: Mapping[str, Any]) -> str:
    if kind == "value_error":
        return str(item["ctx"]["error"])
    if kind in {"literal_error", "union_tag_invalid"}:
        expected = item["ctx"].get("expected") or item["ctx"]["expected_tags"]
        words = re.findall(r"'([^']*)'", str(expected))
        return f"{_respelled(kind, item, words)}use one of {', '.join(words)}"
    bound = str(item["msg"]).replace("Input should be", "use a number")
    return _REMEDIES.get(kind, bound)


def _respelled(kind: str, item: Mapping[str, Any], words: Iterable[str]) -> str:
    found = item["ctx"].get("tag") if kind == "union_tag_invalid" else item["input"]
    same = [word for word in words if isinstance(found, str) and word.lower() == found.strip().lower()]
    return f"write {quote(same[0])}; " if same else ""
