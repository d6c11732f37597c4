"""results.json and run.json as they are read back: whole, checked, and of the version that is read here."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from beyondbase.errors import InputError
from beyondbase.files import AnyPath
from beyondbase.messages import explain_keys, quote, read_text
from beyondbase.results.schema.samples import Sha256
from beyondbase.results.schema.studies import Results, day_of

SCHEMA_VERSION = 6
LISTED = 10
ANEW = "make results.json anew with `nox -s claims`"


class Run(BaseModel):
    """What run.json says of the run that wrote the results beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    results_sha256: Sha256
    command: str
    date: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"), AfterValidator(day_of)]


def read_results(path: AnyPath) -> dict[str, Any]:
    """Read results.json.

    Args:
        path: the file, or a folder that holds results.json.

    Raises:
        InputError: the file cannot be read, is of another version, or holds mistakes.
    """
    file = results_file(path)
    text = read_text(file, remedy="give a results.json; `nox -s claims` makes one")
    content: dict[str, Any] = _parse(text, str(file))
    check_results(content, str(file))
    return content


def results_file(path: AnyPath) -> Path:
    """The file that is meant by its own path or by its folder's."""
    path = Path(path)
    return path / "results.json" if path.is_dir() else path


def check_results(content: Any, name: str) -> None:
    """Insist that a value is the content of a results.json that this version reads.

    Args:
        content: what was read.
        name: the file, for messages.

    Raises:
        InputError: it is not; up to ten mistakes have a line each.
    """
    if not isinstance(content, Mapping):
        raise InputError(f"{name}: found {quote(content)}, not an object; {ANEW}")
    _check_version(content, name)
    try:
        Results.model_validate(content)
    except ValidationError as error:
        mistakes = explain_keys(error)
    else:
        return
    more = f"{name}: and {len(mistakes) - LISTED:,} more mistakes"
    lines = [*(f"{name}: {mistake}" for mistake in mistakes[:LISTED]), *[more] * (len(mistakes) > LISTED)]
    raise InputError("\n".join([*lines, f"{name}: is no results.json as beyondbase writes it; {ANEW}"]))


def read_run(path: AnyPath) -> Run | str:
    """Read run.json beside results.json: when and by which command the results were made.

    Args:
        path: results.json, or its folder; it must be readable.

    Returns:
        The run, or why it is not known.
    """
    file = results_file(path)
    try:
        run = Run.model_validate_json(file.with_name("run.json").read_bytes())
    except FileNotFoundError:
        return "there is no run.json beside the results"
    except OSError as error:
        return f"run.json beside the results cannot be read ({error.strerror})"
    except ValidationError as error:
        return f"run.json beside the results is malformed ({explain_keys(error)[0]})"
    if run.results_sha256 != hashlib.sha256(file.read_bytes()).hexdigest():
        return "run.json beside the results is of another run"
    return run


def _parse(text: str, name: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        where, reason = f"{name}:{error.lineno}:{error.colno}", f"what is not JSON: {error.msg}"
    except (ValueError, RecursionError) as error:
        where, reason = name, f"what is not JSON as beyondbase writes it: {error}"
    raise InputError(f"{where}: found {reason}; {ANEW}")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"the number {constant}")


def _check_version(content: Mapping[str, Any], name: str) -> None:
    found = content.get("schema_version")
    if found == SCHEMA_VERSION and type(found) is int:
        return
    if type(found) is not int:
        told = "no schema_version" if found is None else f"the schema_version {quote(found)}"
        raise InputError(f"{name}: found {told}, so this is no results.json of beyondbase; {ANEW}")
    side = "older" if found < SCHEMA_VERSION else "newer"
    raise InputError(
        f"{name}: found schema_version {found}, which is {side} than the {SCHEMA_VERSION} that beyondbase"
        f" {version('beyondbase')} reads; {ANEW}, or install {_writer(content)}"
    )


def _writer(content: Mapping[str, Any]) -> str:
    suite = content.get("suite")
    found = suite.get("version") if isinstance(suite, Mapping) else None
    return f"the beyondbase that wrote it ({found})" if isinstance(found, str) else "the one that wrote it"
