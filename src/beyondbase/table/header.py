"""Which columns a table must and may have, and what a user reads where it has others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from beyondbase.errors import InputError
from beyondbase.messages import quote, suggest


def _no_hint(_name: str) -> str:
    return ""


@dataclass(frozen=True)
class Header:
    """The columns of a table, in any order.

    Attributes:
        required: Those that every table has.
        optional: Those that it may have.
        hint: Says what to do about a column of another name; "" where the nearest known name says more.
        shows_found: Whether the names that a table has are shown where some are missing.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    hint: Callable[[str], str] = _no_hint
    shows_found: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All names."""
        return self.required + self.optional

    def check(self, at: str, names: Sequence[str]) -> None:
        """Refuse a column that is unknown, stands twice or is missing.

        Args:
            at: The file, or where in it the row stands that names its columns itself.
            names: What the table has.

        Raises:
            InputError: Names the first such column, or all that are missing.
        """
        for name in names:
            if name not in self.columns:
                hint, known = self.hint(name) or suggest(name, self.columns), ", ".join(self.columns)
                raise InputError(
                    f"{at}: found an unknown column {quote(name)}{hint}; the columns are {known}"
                )
            if names.count(name) > 1:
                raise InputError(f"{at}: found the column {quote(name)} twice; delete one")
        missing = ", ".join(name for name in self.required if name not in names)
        if missing:
            found = f"found {', '.join(names)}; " if self.shows_found else ""
            raise InputError(f"{at}: missing the columns {missing}; {found}add them")
