"""marks.json in a sample set: what a person said of single completions, beside what the grader did."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from beyondbase.errors import InputError
from beyondbase.files import write_whole
from beyondbase.messages import explain_keys

Word = Literal["right", "wrong"]
WORDS: tuple[Word, ...] = get_args(Word)
MARKS_FILE = "marks.json"


@dataclass(frozen=True)
class Mark:
    """What a person said of a completion.

    Attributes:
        key: Names the completion with its text and the right answer that the person saw.
        problem_id: The problem.
        index: The completion's number.
        digest: That of its text, as the store has it.
        word: "right" or "wrong".
    """

    key: str
    problem_id: str
    index: int
    digest: int
    word: Word


class _Mark(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    key: str
    problem_id: str
    index: int = Field(ge=0)
    digest: int
    word: Word


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    marks: list[_Mark]


def read_marks(folder: Path) -> dict[str, Mark]:
    """Read the marks of a sample set by key; none where nobody made any.

    Raises:
        InputError: The file is damaged, or cannot be read.
    """
    path = folder / MARKS_FILE
    try:
        found = _File.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make it readable") from None
    except ValidationError as error:
        remedy = "restore it, or delete it and give the marks again with --marks"
        raise InputError(f"{path}: {explain_keys(error)[0]}; {remedy}") from None
    return {item.key: Mark(**item.model_dump()) for item in found.marks}


def write_marks(folder: Path, marks: Iterable[Mark]) -> None:
    """Write the marks of a sample set, whole or not at all.

    Raises:
        InputError: The disk refuses.
    """
    rows = [vars(mark) for mark in sorted(marks, key=lambda mark: (mark.problem_id, mark.index, mark.key))]
    path = folder / MARKS_FILE
    try:
        write_whole(json.dumps({"marks": rows}, ensure_ascii=False, indent=1) + "\n", path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); make room") from None


# The outcome that a mark puts in the place of the grader's.
OUTCOME_OF: Mapping[Word, Literal["correct", "wrong"]] = {"right": "correct", "wrong": "wrong"}
