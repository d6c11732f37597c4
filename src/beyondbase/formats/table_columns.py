"""Which column of a table holds what: as the user says, or as one plain name tells; never one of several."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.evidence.vocabulary import NAMES, known_as, plain
from beyondbase.formats.table_rows import rows_of
from beyondbase.messages import quote, suggest

_ASKED = ("prompt", "question", "problem", "input", "input_prompt", "messages", "query")


@dataclass(frozen=True)
class TableOptions:
    """What a user says of a table; what is None is guessed where a name is plain.

    Attributes:
        id: The column of problem ids.
        group: Instead of it: the column of prompts, whose sha256 become the ids.
        correct: The column of verdicts or scores.
        response: The column of completions.
        n: In a table of counts, the column of how many completions a problem has.
        c: In a table of counts, the column of how many are correct.
        error: The column that says, where it is filled, that a completion was lost by machinery.
        threshold: From which score on a completion is correct.
        skip_missing: Whether a completion without a verdict counts as not drawn, instead of being refused.
    """

    id: str | None = None
    group: str | None = None
    correct: str | None = None
    response: str | None = None
    n: str | None = None
    c: str | None = None
    error: str | None = None
    threshold: float | None = None
    skip_missing: bool = False


@dataclass(frozen=True)
class Columns:
    """The columns of a table; None for what it has not, or need not have.

    Attributes:
        said: What was found, in one line for the user.
    """

    id: str
    grouped: bool
    correct: str | None
    response: str | None
    n: str | None
    c: str | None
    error: str | None
    task: str | None
    arm: str | None
    finish: str | None
    level: str | None
    cluster: str | None
    said: str

    @property
    def counted(self) -> bool:
        """Whether a row holds the counts of a problem, rather than a completion."""
        return self.n is not None


def asked_in(names: Iterable[str]) -> str | None:
    """The column of a table that holds what was asked, if there is one."""
    every = {plain(name): name for name in names}
    return next((every[name] for name in _ASKED if name in every), None)


def columns_of(
    path: Path, names: Sequence[str], options: TableOptions, *, counting: bool | None, texts: bool
) -> Columns:
    """Find the columns of a table.

    Args:
        path: The file, for messages.
        names: Its columns.
        options: What the user says.
        counting: Whether what would be verdicts must be counts; None where values of 0 and 1 may be both.
        texts: Whether completions are wanted, too.

    Raises:
        InputError: A column that the user names is not there, none or several are plain, or options collide.
    """
    finder = _Finder(path, names)
    if options.id is not None and options.group is not None:
        raise InputError("--group: found beside --id; ids come from one of the two columns")
    grouped = options.group is not None
    name = finder.said("group", options.group) if grouped else finder.wanted("id", options.id)
    n, c = _counts(finder, options, counting=counting)
    correct = None if n else finder.wanted("correct", options.correct)
    return Columns(
        id=name,
        grouped=grouped,
        correct=correct,
        response=_response(finder, options) if texts and not n else None,
        n=n,
        c=c,
        error=finder.said("error", options.error),
        **{key: finder.plain(key) for key in ("task", "arm", "finish", "level", "cluster")},
        said=finder.line({"group" if grouped else "id": name, "correct": correct, "n": n, "c": c}),
    )


def _counts(
    finder: "_Finder", options: TableOptions, *, counting: bool | None
) -> tuple[str | None, str | None]:
    """The columns of counts, where the table is one of counts."""
    if options.n is not None or options.c is not None:
        return finder.wanted("n", options.n), finder.wanted("c", options.c)
    if options.correct is not None:
        return None, None
    n, c, correct = (finder.plain(key) for key in ("n", "c", "correct"))
    if n and c and correct:
        use = f"say --n {n} --c {c} if a row counts completions, or --correct {correct} if it is one"
        raise InputError(f"{finder.path}: found the columns {n} and {c}, and {correct} too; {use}")
    if n and not c and correct:
        if counting is None:
            use = (
                f"say --n {n} --c {correct} if a row counts completions, or --correct {correct} if it is one"
            )
            raise InputError(
                f"{finder.path}: found the columns {n} and {correct}, and no value above 1; {use}"
            )
        c = correct if counting else None
    if n is None or c is None:
        return None, None
    finder.guessed += ["n", "c"]
    return str(n), str(c)


def _response(finder: "_Finder", options: TableOptions) -> str | None:
    found = finder.said("response", options.response) or finder.plain("response")
    return None if found is None else str(found)


def check_id(kind: str, files: Sequence[Path], column: str, asked: str | None) -> None:
    """Refuse a plain index that numbers something else than problems, such as the completions of each.

    Args:
        kind: One of `TABLES`.
        files: Of one arm or several.
        column: What was guessed to name problems.
        asked: The column of what was asked; None if there is none, and nothing to hold the index against.

    Raises:
        InputError: One index stands beside two questions.
    """
    if asked is None or plain(column) not in NAMES["id"][-1]:
        return
    known: dict[str, str] = {}
    for at, row in (pair for path in files for pair in rows_of(kind, path)):
        text = json.dumps(row.get(asked), sort_keys=True, default=str)
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        if known.setdefault(str(row.get(column)), digest) != digest:
            found = (
                f"found {quote(row.get(column))} beside another {asked} than before, so it names no problem"
            )
            raise InputError(f"{at}: {column}: {found}; say --id COLUMN, or --group {asked}")


class _Finder:
    """Looks for columns, and remembers which of them were guessed."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self._names = {plain(name): name for name in reversed(names)}
        self._all = names
        self.guessed: list[str] = []

    def said(self, key: str, name: str | None) -> Any:
        """The column that the user names, if any."""
        if name is not None and name not in self._all:
            found = f"found no column {quote(name)}{suggest(name, self._all)}"
            raise InputError(f"{self.path}: --{key}: {found}; it has {quote(', '.join(self._all))}")
        return name

    def plain(self, key: str) -> Any:
        """The column with a plain name for something, if there is one."""
        for group in NAMES[key]:
            found = [self._names[name] for name in group if name in self._names]
            if len(found) > 1 and key in {"id", "correct", "response", "n", "c"}:
                columns = ", ".join(found)
                raise InputError(f"{self.path}: {key}: may be one of {columns}; say which with --{key}")
            if found:
                return found[0]
        return None

    def wanted(self, key: str, name: str | None) -> str:
        """The column that the user names, or the plain one; there must be one."""
        if name is not None:
            return str(self.said(key, name))
        found = self.plain(key)
        if found is not None:
            self.guessed.append(key)
            return str(found)
        use = f"say with --{key} which it is"
        asked = next((self._names[name] for name in _ASKED if name in self._names), None)
        if key == "id" and asked:
            use += f", or --group {asked} to tell problems apart by what was asked"
        known = ", ".join(known_as(key))
        has = quote(", ".join(self._all))
        raise InputError(f"{self.path}: {key}: found no such column ({known}), but {has}; {use}")

    def line(self, columns: dict[str, str | None]) -> str:
        """Say what was found, and what of it was guessed."""
        shown = ", ".join(f"{key}: {name}" for key, name in columns.items() if name is not None)
        guessed = ", ".join(f"--{key}" for key in columns if key in self.guessed)
        return f"{shown} (guessed; say {guessed} to choose)" if guessed else shown
