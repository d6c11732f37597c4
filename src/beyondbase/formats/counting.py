"""Counts of completions by arm, task and problem, from files that hold verdicts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.formats.readers.imported import Imported
from beyondbase.messages import quote

# The arm and the task, None where the file does not say.
Key = tuple[str | None, str | None]


@dataclass
class Count:
    """What became of the completions of one problem: n were drawn and judged, c are correct."""

    level: str | None = None
    cluster: str | None = None
    n: int = 0
    c: int = 0
    lost: int = 0


@dataclass
class Counting:
    """Counts by (arm, task), and there by problem, in the order in which they came."""

    found: dict[Key, dict[str, Count]] = field(default_factory=dict)
    _places: dict[tuple[Key, str], str] = field(default_factory=dict)

    def add(self, at: str, key: Key, problem: Problem, *, right: bool | None) -> None:
        """Count one completion; None means that it was lost, and is not one of n.

        Raises:
            InputError: Its level or cluster is another one than that of its problem.
        """
        count = self.found.setdefault(key, {}).setdefault(problem.id, Count(problem.level, problem.cluster))
        for name in ("level", "cluster"):
            if getattr(count, name) != getattr(problem, name):
                here, there = quote(getattr(problem, name)), quote(getattr(count, name))
                found = f"found the {name} {here}, but {there} before"
                raise InputError(f"{at}: problem {quote(problem.id)}: {found}; give it one {name}")
        count.n += right is not None
        count.c += bool(right)
        count.lost += right is None

    def set(self, at: str, key: Key, problem: Problem, *, n: int, c: int) -> None:
        """Take the counts of a problem.

        Raises:
            InputError: They are impossible, or the problem has counts already.
        """
        if n < 1 or c > n:
            found = f"found n = {n} and c = {c}"
            raise InputError(f"{at}: {found}; c of n completions are correct, and n is at least 1")
        first = self._places.setdefault((key, problem.id), at)
        if first != at:
            use = "counts have one row for each problem; if a row is a completion, say --correct"
            raise InputError(f"{at}: problem {quote(problem.id)} stands also at {first}; {use}")
        self.found.setdefault(key, {})[problem.id] = Count(problem.level, problem.cluster, n, c)


def counts_of(imported: Imported) -> dict[str, Count]:
    """Count the verdicts of a tool; completions that were lost are not drawn."""
    problems = {problem.id: problem for problem in imported.problems}
    counting = Counting()
    for row in imported.rows():
        right = None if row.outcome in (None, "error") else row.outcome == "correct"
        counting.add(imported.tool, (None, None), problems[row.problem_id], right=right)
    return counting.found[None, None]


def told(counts: Mapping[str, Count], *, graded: bool = True) -> str:
    """Say how much there is, such as "64,000 completions of 500 problems (128 each), 39,291 correct"."""
    drawn = [count.n for count in counts.values()]
    each = _each(drawn)
    lost = sum(count.lost for count in counts.values())
    more = f"; lost or without a verdict, and not counted: {lost:,}" if lost else ""
    right = f", {sum(count.c for count in counts.values()):,} correct" if graded else ""
    return f"{sum(drawn):,} completions of {len(drawn):,} problems ({each} each){right}{more}"


def _each(drawn: Iterable[int]) -> str:
    least, most = min(drawn), max(drawn)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
