"""What `import` takes: samples for the store of a study, or counts for its file of counts."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.formats import TOOLS, Imported, read_samples
from beyondbase.formats.counting import Count, counts_of, told
from beyondbase.formats.naming import plain_name
from beyondbase.formats.table_columns import TableOptions
from beyondbase.formats.table_rows import TABLES
from beyondbase.formats.tables import Table, open_table
from beyondbase.formats.tally_rows import add_counts
from beyondbase.messages import quote, suggest
from beyondbase.study import Study
from beyondbase.visible import shown_path

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Taking:
    """What is taken from where.

    Attributes:
        task: One of its tasks.
        arm: One of its arms.
        tool: Who wrote the files: one of `TOOLS`, or one of `TABLES`.
        pick: Which filter, scorer or suite.
        options: How the columns of a table are called.
    """

    study: Study
    task: str
    arm: str
    tool: str
    files: Sequence[Path]
    pick: str | None
    options: TableOptions


def read(taking: Taking, tell: Tell) -> Imported:
    """Read completions for a store of samples.

    Args:
        taking: What is taken.
        tell: Is told which columns of a table were found.

    Raises:
        InputError: The files are not of that tool, or hold no completions.
    """
    if taking.tool in TABLES:
        return _table(taking, tell, texts=True).imported()
    _check_options(taking)
    return read_samples(taking.tool, taking.files, pick=taking.pick)


def count(taking: Taking, tell: Tell) -> str:
    """Add the counts of an arm to the file that a study is judged on, and say what they are.

    Args:
        taking: What is taken.
        tell: Is told which columns of a table were found.

    Raises:
        InputError: The files hold no verdicts, or the arm has other counts or problems there.
    """
    study, task, arm = taking.study, taking.task, taking.arm
    _check_name("--task", task, [*study.tasks], study)
    _check_name("--arm", arm, [name for name, known in study.arms.items() if known.chance is None], study)
    counts = _counts(taking, tell)
    path = add_counts(study, task, arm, counts)
    where = "there already, nothing is added" if path is None else f"added to {shown_path(path)}"
    return f"{arm} on {task}: {told(counts)}; {where}"


def _counts(taking: Taking, tell: Tell) -> dict[str, Count]:
    if taking.tool in TABLES:
        tables = _table(taking, tell, texts=False).counts().found
        return {name: one for counts in tables.values() for name, one in counts.items()}
    _check_options(taking)
    imported = read_samples(taking.tool, taking.files, pick=taking.pick)
    if not imported.trusted:
        found = (
            f"{taking.tool} keeps no verdict for each completion, and {taking.study.path} is judged on counts"
        )
        raise InputError(f'{found}; judge it on samples, which are graded: [evidence] samples = "samples"')
    return counts_of(imported)


def _table(taking: Taking, tell: Tell, *, texts: bool) -> Table:
    if taking.pick is not None:
        raise InputError(f"--pick: found {quote(taking.pick)} for {taking.tool}; name its column: --correct")
    table = open_table(taking.tool, taking.files, taking.options, texts=texts)
    for line in (table.columns.said, *table.notes):
        tell(line)
    for kind, name, known in (
        ("arm", taking.arm, taking.study.arms),
        ("task", taking.task, taking.study.tasks),
    ):
        _check_alone(table, kind, name, known, tell)
    return table.only(taking.arm, taking.task)


def _check_alone(table: Table, kind: str, name: str, known: Container[str], tell: Tell) -> None:
    """A file that names one arm, or task, is taken for another only where that is no other of the study."""
    values = table.named(kind)
    if len(values) != 1 or name in (values[0], plain_name(values[0])):
        return
    (value,) = values
    if value in known or plain_name(value) in known:
        found = f"found {quote(value)} alone, another {kind} of the study than --{kind} {name}"
        raise InputError(f"{table.files[0]}: {getattr(table.columns, kind)}: {found}; say the one that it is")
    tell(f"the column {getattr(table.columns, kind)} says {quote(value)}: taken as --{kind} {name}")


def _check_options(taking: Taking) -> None:
    known = (*TOOLS, *TABLES)
    if taking.tool not in known:
        found = f"found the tool {quote(taking.tool)}{suggest(taking.tool, known)}"
        raise InputError(f"{found}; use one of {', '.join(known)}")
    if taking.options != TableOptions():
        found = f"{taking.tool}: found options for the columns of tables, but its files have their own"
        raise InputError(f"{found}; leave them out, or import the files as {' or '.join(TABLES)}")


def _check_name(option: str, name: str, known: Sequence[str], study: Study) -> None:
    if name not in known:
        use = f"use one of {', '.join(known)}{suggest(name, known)}"
        raise InputError(f"{option}: found {quote(name)}, which {study.path} does not have; {use}")
