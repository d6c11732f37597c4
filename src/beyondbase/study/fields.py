"""Types of the values of a study file; what is refused comes with what to write instead."""

import re
from datetime import date
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

CLAIM = r"[a-z0-9]+(?:-[a-z0-9]+)*"


def _slug(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text):
        raise ValueError('use letters, digits, ".", "_" and "-" only, a letter or digit first')
    return text


def _claim(text: str) -> str:
    if not re.fullmatch(CLAIM, text):
        raise ValueError('use a claim id such as "rl-leads-at-1"')
    return text


def _name(text: str) -> str:
    # Names go into ids of the form claim[task/arm], so these characters would make them ambiguous.
    if not text or text != text.strip() or not text.isprintable() or re.search(r"[/\[\]]", text):
        raise ValueError(
            "use a name without / [ ], without control characters and without spaces at its ends"
        )
    return text


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("use text that is not empty")
    return text


def _increasing(values: tuple[float, ...]) -> tuple[float, ...]:
    if not values or any(left >= right for left, right in pairwise(values)):
        raise ValueError("use one or more values, each larger than the one before")
    return values


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values or len(set(values)) < len(values):
        raise ValueError("use one or more entries, each of them once")
    return values


def as_tuple(value: Any) -> Any:
    """Take a list of TOML for the tuple that a strict model wants."""
    return tuple(value) if isinstance(value, list) else value


def as_tuple_or_one(value: Any) -> Any:
    """Take one text for a list of one, too."""
    return (value,) if isinstance(value, str) else as_tuple(value)


def _day(value: Any) -> Any:
    # To Python, and so to pydantic, a date with a time of day is a date too.
    if type(value) is not date:
        raise ValueError("use a date without quotes, such as 2027-01-31")
    return value


Slug = Annotated[str, AfterValidator(_slug)]
Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, AfterValidator(_filled)]
Day = Annotated[date, BeforeValidator(_day)]
Margin = Annotated[float, Field(ge=0, lt=1)]
Claims = Annotated[
    tuple[Annotated[str, AfterValidator(_claim)], ...], BeforeValidator(as_tuple), AfterValidator(_distinct)
]
Files = Annotated[tuple[Text, ...], BeforeValidator(as_tuple_or_one), AfterValidator(_distinct)]
Ks = Annotated[
    tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(as_tuple), AfterValidator(_increasing)
]
Taus = Annotated[
    tuple[Annotated[float, Field(gt=0, le=1)], ...], BeforeValidator(as_tuple), AfterValidator(_increasing)
]
