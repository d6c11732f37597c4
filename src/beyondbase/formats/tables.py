"""Tables that no tool is known to have written: a row is a completion, or counts of a problem.

table = open_table("jsonl", [Path("rl.jsonl")], TableOptions(id="problem_id"))
counts = table.counts()        # for a study that is judged on counts
imported = table.imported()    # for one that is judged on samples, where there are texts
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from beyondbase.completions import Finish, Grade, Problem
from beyondbase.errors import InputError
from beyondbase.formats.counting import Counting, Key
from beyondbase.formats.naming import plain_name
from beyondbase.formats.readers.gathering import Gathering, problem_of
from beyondbase.formats.readers.imported import Imported, Row, identity_of, ordered, whole
from beyondbase.formats.table_cells import count_in, digest_in, id_in, is_missing, response_in, verdict_in
from beyondbase.formats.table_columns import Columns, TableOptions, asked_in, check_id, columns_of
from beyondbase.formats.table_rows import rows_of
from beyondbase.messages import quote

_FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length", "max_tokens": "length"}
_LOST = "a completion that nobody judged is not wrong; judge it, or count it as not drawn: --skip-missing"


@dataclass(frozen=True)
class Sample:
    """One completion of a table.

    Attributes:
        at: Where it stands.
        key: Its arm and task, as far as the table says them.
        problem: Its problem.
        right: Whether it is correct; None where it was lost, or has no verdict.
        text: The response, where texts were wanted.
        finish: Why generation ended.
    """

    at: str
    key: Key
    problem: Problem
    right: bool | None
    text: str
    finish: Finish


@dataclass(frozen=True)
class Table:
    """Files of one kind, of which the columns are known.

    Attributes:
        kind: One of `TABLES`.
        files: In the order in which their completions are numbered.
        columns: Which column holds what.
        options: What the user says.
        notes: What the user should know of it, a line each.
        models: The models that a column names.
        keep: The arm and task whose rows are read, as they stand in the table; None for any.
    """

    kind: str
    files: tuple[Path, ...]
    columns: Columns
    options: TableOptions
    notes: tuple[str, ...]
    models: tuple[str, ...]
    keep: Key = (None, None)

    def only(self, arm: str | None, task: str) -> Self:
        """Keep to the rows of an arm, unless it is None, on a task, where columns name several.

        Raises:
            InputError: They name others only.
        """
        if self.columns.arm is None and self.columns.task is None:
            return self
        keys = dict.fromkeys(self._key(row) for _, row in self._rows())
        arms, tasks = (dict.fromkeys(key[place] for key in keys) for place in (0, 1))
        return replace(self, keep=(self._chosen("arm", arm, arms), self._chosen("task", task, tasks)))

    def named(self, kind: str) -> tuple[str, ...]:
        """What a column of arms or tasks names, without empty cells."""
        if getattr(self.columns, kind) is None:
            return ()
        values = (self._about(row, kind) for _, row in self._rows())
        return tuple(dict.fromkeys(value for value in values if value is not None))

    def _chosen(self, kind: str, name: str | None, found: Mapping[str | None, None]) -> str | None:
        if name is None or len(found) < 2:
            return None
        for value in found:
            if value is not None and name in (value, plain_name(value)):
                return value
        values = ", ".join(str(value) for value in found)
        column = getattr(self.columns, kind)
        raise InputError(
            f"{self.files[0]}: {column}: found no {quote(name)}, but {values}; say one as --{kind}"
        )

    def counts(self) -> Counting:
        """Count completions, arm by arm and task by task.

        Raises:
            InputError: A cell is not what its column holds.
        """
        counting = Counting()
        if not self.columns.counted:
            for sample in self.samples():
                counting.add(sample.at, sample.key, sample.problem, right=sample.right)
            return counting
        for at, row in self._rows():
            n, c = (self._count(at, row, name) for name in ("n", "c"))
            counting.set(at, self._key(row), self._problem(at, row), n=n, c=c)
        return counting

    def imported(self) -> Imported:
        """Give the completions of an arm on a task, for a store of samples.

        Raises:
            InputError: The table has no completions, or a cell is not what its column holds.
        """
        if self.columns.response is None:
            found = "holds counts" if self.columns.counted else "has no column of completions"
            use = 'say --response, or judge the study on counts: [evidence] tallies = "counts.csv"'
            raise InputError(f"{self.files[0]}: {found}, but the study wants samples; {use}")
        gathering = Gathering(once=False)
        for path in self.files:
            for at, row in self._rows(path):
                gathering.add(path, at, self._problem(at, row))
        threshold = self.options.threshold
        version = "as-given" if threshold is None else f"from-{threshold:g}"
        return Imported(
            tool=self.kind,
            trusted=True,
            grader=("file", version),
            identity=identity_of(self.kind, self.files, threshold=threshold, columns=self._read()),
            problems=gathering.problems(self.files),
            rows=lambda: map(_row, self.samples()),
        )

    def samples(self) -> Iterator[Sample]:
        """Stream the completions.

        Raises:
            InputError: A cell is not what its column holds.
        """
        for at, row in self._rows():
            key, problem = self._key(row), self._problem(at, row)
            finish = _FINISHES.get(str(row.get(self.columns.finish or "")), "unknown")
            for value, text in self._drawn(at, row):
                right, said = self._right(at, row, value), ""
                if self.columns.response is not None and text is not None:
                    said = whole(response_in(at, self.columns.response, text))
                yield Sample(at, key, problem, right, said, finish)

    def _read(self) -> dict[str, str]:
        """The columns that completions and verdicts are of: of others they would be others."""
        names = {key: getattr(self.columns, key) for key in ("id", "correct", "response", "error")}
        return {key: name for key, name in names.items() if name is not None}

    def _rows(self, *paths: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for path in paths or self.files:
            for at, row in rows_of(self.kind, path):
                if all(kept in (None, value) for kept, value in zip(self.keep, self._key(row), strict=True)):
                    yield at, row

    def _drawn(self, at: str, row: Mapping[str, Any]) -> list[tuple[Any, Any]]:
        """The verdicts of a row, each with its text: one, or those of all completions of a problem."""
        value, text = row.get(self.columns.correct or ""), row.get(self.columns.response or "")
        if not isinstance(value, list):
            return [(value, text)]
        # Numbers in a list may be one completion's rewards, token by token.
        texts = (
            text if isinstance(text, list) else [None] * len(value) if self.columns.response is None else []
        )
        if not value or len(texts) != len(value) or not all(isinstance(item, bool) for item in value):
            use = "give one row for each completion, or a list of true and false with as many responses"
            raise InputError(f"{at}: {self.columns.correct}: found {quote(value)}; {use}")
        return [*zip(value, texts, strict=True)]

    def _right(self, at: str, row: Mapping[str, Any], value: Any) -> bool | None:
        error, column = self.columns.error, str(self.columns.correct)
        if error is not None and _is_filled(row.get(error)):
            return None
        if not is_missing(value):
            return verdict_in(at, column, value, threshold=self.options.threshold)
        if self.options.skip_missing:
            return None
        raise InputError(f"{at}: {column}: found no verdict; {_LOST}")

    def _key(self, row: Mapping[str, Any]) -> Key:
        arm, task = (self._about(row, name) for name in ("arm", "task"))
        return arm, task

    def _about(self, row: Mapping[str, Any], name: str) -> str | None:
        value = row.get(getattr(self.columns, name) or "")
        return None if is_missing(value) else str(value).strip()

    def _problem(self, at: str, row: Mapping[str, Any]) -> Problem:
        read = digest_in if self.columns.grouped else id_in
        name = read(at, self.columns.id, row.get(self.columns.id))
        return problem_of(name, level=self._about(row, "level"), cluster=self._about(row, "cluster"))

    def _count(self, at: str, row: Mapping[str, Any], name: str) -> int:
        column = str(getattr(self.columns, name))
        return count_in(at, column, row.get(column), name=name)


def open_table(kind: str, paths: Sequence[Path], options: TableOptions, *, texts: bool = False) -> Table:
    """Find out which columns of some files hold what.

    Args:
        kind: One of `TABLES`.
        paths: Files of one arm, or with a column of arms.
        options: What the user says of them.
        texts: Whether completions are wanted, too.

    Raises:
        InputError: A file cannot be read, or its columns are not plain and the user does not name them.
    """
    files, seen = ordered(paths), _Seen()
    for path in files:
        for _, row in rows_of(kind, path):
            seen.take(row)
    if not seen.names:
        raise InputError(f"{files[0]}: found no rows; give a file with a row for each completion or problem")
    columns = columns_of(files[0], [*seen.names], options, counting=seen.counting, texts=texts)
    if options.id is None:
        check_id(kind, files, columns.id, asked_in(seen.names))
    notes = []
    if seen.errors and options.error is None and not columns.counted:
        use = "these count by their verdicts; if machinery lost them, say --error error"
        notes.append(f"{seen.errors:,} rows fill the column error: {use}")
    return Table(kind, tuple(files), columns, options, tuple(notes), tuple(seen.models))


@dataclass
class _Seen:
    """What a first pass over all rows finds."""

    names: dict[str, None] = field(default_factory=dict)
    models: dict[str, None] = field(default_factory=dict)
    counting: bool | None = None
    errors: int = 0

    def take(self, row: Mapping[str, Any]) -> None:
        self.names |= dict.fromkeys(map(str, row))
        named = (row.get(name) for name in ("model", "model_name"))
        self.models |= {name: None for name in named if isinstance(name, str) and name.strip()}
        for value in (row.get(name) for name in ("correct", "passed")):
            # A whole number above 1 is a count, 0 and 1 may be either, all else is a verdict.
            text = "" if is_missing(value) else str(value).removesuffix(".0")
            if self.counting is False or (text and not text.isdecimal()):
                self.counting = False
            elif text not in {"", "0", "1"}:
                self.counting = True
        self.errors += _is_filled(row.get("error"))


def _is_filled(error: Any) -> bool:
    """Whether a cell tells of an error; tables of text write what is false in words."""
    if is_missing(error):
        return False
    return str(error).strip().lower() not in {"false", "no", "none", "null", "nan", "0", "0.0", "[]", "{}"}


def _row(sample: Sample) -> Row:
    outcome: Grade = "error" if sample.right is None else "correct" if sample.right else "wrong"
    finish: Finish = "error" if sample.right is None else sample.finish
    if outcome == "wrong" and finish == "length":
        outcome = "truncated"
    return Row(sample.problem.id, sample.text, finish, None, None, outcome, None)
