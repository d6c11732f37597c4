"""The problems of an arm's files, gathered by id; what cannot be aligned is refused as it comes."""

from collections.abc import Sequence
from pathlib import Path

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.formats.readers.imported import whole
from beyondbase.messages import quote

_SAME = ("question", "gold", "level", "cluster")


class Gathering:
    """Takes the problems of files, row by row.

    Args:
        once: Whether a file has one row per problem, rather than one per completion.
    """

    def __init__(self, *, once: bool) -> None:
        self._once = once
        self._found: dict[str, tuple[str, Problem]] = {}
        self._ids: dict[Path, dict[str, str]] = {}

    def add(self, path: Path, at: str, problem: Problem, *, n: int = 1) -> None:
        """Take the problem of one row.

        Args:
            path: The file.
            at: Where in the file the row stands.
            problem: What it says of the problem.
            n: How many completions the row holds.

        Raises:
            InputError: The problem stands in the file already, has no completion, or is another one there.
        """
        if not n:
            raise InputError(
                f"{at}: problem {quote(problem.id)}: found no completion; sample it, then import"
            )
        ids = self._ids.setdefault(path, {})
        if self._once and problem.id in ids:
            raise InputError(
                f"{at}: problem {quote(problem.id)} stands also at {ids[problem.id]}; "
                "give files with one row per problem"
            )
        ids.setdefault(problem.id, at)
        first, known = self._found.setdefault(problem.id, (at, problem))
        for name in _SAME:
            if getattr(problem, name) != getattr(known, name):
                here, there = quote(getattr(problem, name)), quote(getattr(known, name))
                raise InputError(
                    f"{at}: problem {quote(problem.id)}: found the {name} {here}, but {there} at {first}; "
                    "give files of one edition of one task"
                )

    def problems(self, files: Sequence[Path]) -> tuple[Problem, ...]:
        """Give all problems, in the order in which they came.

        Args:
            files: The files that must hold each of them.

        Raises:
            InputError: A file lacks a problem that another one has, or there is none at all.
        """
        for path in files:
            absent = self._found.keys() - self._ids.get(path, {}).keys()
            if absent or not self._found:
                one = f"lacks the problem {quote(min(absent))}" if absent else "holds no completion"
                more = f" (and {len(absent) - 1} more), which other files have" if absent else ""
                raise InputError(f"{path}: {one}{more}; give files that hold all problems of the task")
        return tuple(problem for _, problem in self._found.values())


def problem_of(
    name: str, *, question: str = "", gold: str = "", level: object = None, cluster: str | None = None
) -> Problem:
    """Make a problem of what a tool's file says of it.

    Args:
        name: Its id.
        question: What was asked.
        gold: The right answer.
        level: Its difficulty, a word or a number.
        cluster: What it is resampled with.
    """
    rank = None if level is None or level == "" else whole(str(level))
    return Problem(name, whole(question), whole(gold).strip(), rank, cluster)
