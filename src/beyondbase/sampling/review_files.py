"""The review list as a file in CSV: written for a person and a spreadsheet, and read back with marks."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.evidence.marks import WORDS, Word
from beyondbase.files import write_whole
from beyondbase.messages import quote, read_text, suggest
from beyondbase.sampling.review import Sample
from beyondbase.table.separated import csv_rows, row_of
from beyondbase.visible import clean

COLUMNS = (
    *("key", "mark", "task", "arm", "problem", "sample", "solved", "other arms", "alone", "rule"),
    *("gold", "answer", "question", "end of the transcript"),
)
# What spreadsheets take for the begin of a formula.
_FORMULA = ("=", "+", "-", "@", "\t")
_AGAIN = "write the list again with beyondbase review"


def write_list(listed: Sequence[Sample], path: Path) -> None:
    """Write a review list.

    Raises:
        InputError: There is such a file already, which may hold marks, or the disk refuses.
    """
    if path.exists():
        use = "give its marks with --marks, move it away, or name another file with --out"
        raise InputError(f"{path}: is there already; {use}")
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerows([COLUMNS, *map(_row, listed)])
    try:
        write_whole(text.getvalue(), path)
    except OSError as error:
        found = f"cannot be written ({error.strerror})"
        raise InputError(f"{path}: {found}; choose another file with --out") from None


def read_words(path: Path, listed: Sequence[Sample]) -> dict[str, Word | None]:
    """Read the marks of a list that a person has filled.

    Args:
        path: The file: of its columns key and mark count, and no other.
        listed: The list as it would be written now.

    Returns:
        The marks by key; None where the cell is empty.

    Raises:
        InputError: The file is no such list, a mark is none of the two words, or a key is none of the list.
    """
    text = read_text(path, remedy=_AGAIN)
    header = text.partition("\n")[0]
    # A spreadsheet may write what its own country writes.
    sign = max(",;\t", key=header.count)
    known, found = {one.key: one for one in listed}, dict[str, Word | None]()
    places: dict[str, str] = {}
    rows = csv_rows(path, text, sign=sign)
    columns = [name.strip() for name in next(rows)[1]]
    _check_columns(path, columns)
    for lines, cells in rows:
        if not any(cells):
            continue
        at = f"{path}:{lines[-1]}"
        row = row_of(at, columns, cells)
        key, word = row["key"].strip(), row["mark"].strip().lower()
        if key in places:
            raise InputError(f"{at}: key {quote(key)} stands also at {places[key]}; keep one of the two")
        found[key], places[key] = _word(at, word), at
        _check_key(at, key, known)
    return found


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    for name in ("key", "mark"):
        if columns.count(name) != 1:
            shown = ", ".join(map(quote, columns[:5]))
            raise InputError(
                f"{path}:1: found the columns {shown}; keep one named {quote(name)}, or {_AGAIN}"
            )


def _word(at: str, word: str) -> Word | None:
    if not word:
        return None
    for known in WORDS:
        if word == known:
            return known
    use = f"write {' or '.join(WORDS)}, or leave it empty"
    raise InputError(f"{at}: mark: found {quote(word)}{suggest(word, WORDS)}; {use}")


def _check_key(at: str, key: str, known: Mapping[str, Sample]) -> None:
    if key not in known:
        why = "no sample of the list as it is now: it was edited, or grades or right answers changed since"
        raise InputError(f"{at}: key: found {quote(key)}, {why}; {_AGAIN}, and copy the marks")


def _row(one: Sample) -> tuple[str, ...]:
    others = "; ".join(f"{arm}: {right} of {of}" for arm, (right, of) in one.others.items())
    cells = (
        *(one.task, one.arm, one.problem.id, str(one.index)),
        *(f"{one.solved[0]} of {one.solved[1]}", others, "yes" if one.alone else "no", one.rule),
        *(one.problem.gold, one.answer, one.problem.question, one.end),
    )
    return one.key, one.mark or "", *map(_plain, cells)


def _plain(text: str) -> str:
    """Text for a cell: nothing invisible in it, and no formula, which a spreadsheet would run."""
    shown = str(clean(text))
    return f"'{shown}" if shown.startswith(_FORMULA) and not _is_number(shown) else shown


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdigit() and text.isascii()
