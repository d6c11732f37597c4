"""What a first study is made of: arms with their roles, tasks, and the counts that the files hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from beyondbase.errors import InputError
from beyondbase.evidence.matching import mismatch
from beyondbase.formats import read_samples
from beyondbase.formats.begin.kinds import table_kind
from beyondbase.formats.begin.sources import Source, roles_of
from beyondbase.formats.begin.tool_tasks import model_of, task_of
from beyondbase.formats.counting import Count, counts_of
from beyondbase.formats.naming import plain_name
from beyondbase.formats.readers.imported import Imported
from beyondbase.formats.table_columns import TableOptions
from beyondbase.formats.table_rows import TABLES
from beyondbase.formats.tables import open_table
from beyondbase.messages import quote
from beyondbase.study.arms import Role

# (task, arm): the counts of each problem.
Counted = dict[tuple[str, str], dict[str, Count]]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class ArmDraft:
    """An arm of the study.

    Attributes:
        name: Its name.
        role: Its role.
        why: From what the role was taken.
        model: The model's name, as far as the files say it.
        source: Its files.
    """

    name: str
    role: Role
    why: str
    model: str
    source: Source


@dataclass(frozen=True)
class Draft:
    """A study to write.

    Attributes:
        arms: Its arms, in the order of the files.
        tasks: Its tasks, each with the data set that the files name, if any.
        counts: The counts by (task, arm).
        graded: Whether the files hold verdicts; if not, the counts are of completions only, none correct.
        counted: Whether the files hold counts, rather than completions.
    """

    arms: tuple[ArmDraft, ...]
    tasks: Mapping[str, str]
    counts: Counted
    graded: bool
    counted: bool

    @property
    def least(self) -> int:
        """How many completions every problem of every arm has."""
        return min(count.n for counts in self.counts.values() for count in counts.values())


@dataclass(frozen=True)
class Wanted:
    """What the user says of the files.

    Attributes:
        task: The task; of a table with several, the one to take.
        roles: Roles of arms, each as NAME=ROLE.
        pick: Which filter, scorer or suite, where the files of a tool hold several.
        options: How columns are called.
    """

    task: str | None = None
    roles: tuple[str, ...] = ()
    pick: str | None = None
    options: TableOptions = field(default_factory=TableOptions)


def draft_of(sources: Sequence[Source], wanted: Wanted, tell: Tell) -> Draft:
    """Read the files, and check that the arms can be compared.

    Args:
        sources: The files, arm by arm.
        wanted: What the user says of them.
        tell: Is told what was found and guessed, line by line.

    Raises:
        InputError: A file is not what it seems, arms have other problems, or there are not two of them.
    """
    counts: Counted = {}
    tasks: dict[str, str] = {}
    origins: dict[str, tuple[Source, str]] = {}
    graded, counted, unnamed = {source.name: True for source in sources}, True, False
    for source in sources:
        if source.kind in TABLES or wanted.options != TableOptions():
            found, one = _of_table(source, wanted, tell)
            counted = counted and one
        else:
            found, graded[source.name] = _of_tool(source, wanted)
            counted = False
        for (arm, task, model), problems in found:
            name = plain_name(task or "") or "task"
            tasks[name] = task if task and name != task else tasks.get(name, "")
            unnamed = unnamed or task is None
            _add(counts, (name, arm), problems, source)
            origins.setdefault(arm, (source, model or arm))
    if unnamed:
        tell('nothing names the task, so it is called "task"; --task gives it a name')
    _check_graded(graded, sources)
    roles = roles_of([*origins], wanted.roles)
    if len(origins) < 2:
        use = "give those of two arms at least: a base, and what is compared with it"
        raise InputError(f"found the arm {', '.join(origins)} alone; {use}")
    arms = (ArmDraft(name, *roles[name], model, source) for name, (source, model) in origins.items())
    drawn = {key: {name: one for name, one in found.items() if one.n} for key, found in counts.items()}
    draft = Draft(tuple(arms), tasks, drawn, all(graded.values()), counted)
    _check_problems(draft)
    return draft


# (arm, task, model), and the counts of each problem.
_Found = list[tuple[tuple[str, str | None, str], dict[str, Count]]]


def _of_table(source: Source, wanted: Wanted, tell: Tell) -> tuple[_Found, bool]:
    kind = source.kind if source.kind in TABLES else table_kind(source.files[0])
    table = open_table(kind, source.files, wanted.options)
    for line in (table.columns.said, *table.notes):
        tell(f"{source.files[0].name}: {line}")
    if wanted.task is not None:
        table = table.only(None, wanted.task)
    counts = table.counts().found
    model = table.models[0] if len(table.models) == 1 else ""
    several = len({arm for arm, _ in counts}) > 1
    found: _Found = [
        ((plain_name(arm) if several and arm else source.name, wanted.task or task, model), problems)
        for (arm, task), problems in counts.items()
    ]
    return found, table.columns.counted


def _of_tool(source: Source, wanted: Wanted) -> tuple[_Found, bool]:
    imported = read_samples(source.kind, source.files, pick=wanted.pick)
    counts = counts_of(imported) if imported.trusted else _drawn(imported)
    task = wanted.task or task_of(imported, source.files)
    return [((source.name, task, model_of(imported)), counts)], imported.trusted


def _drawn(imported: Imported) -> dict[str, Count]:
    counts: dict[str, Count] = {}
    for row in imported.rows():
        counts.setdefault(row.problem_id, Count()).n += 1
    return counts


def _add(counts: Counted, key: tuple[str, str], problems: dict[str, Count], source: Source) -> None:
    if key in counts:
        task, arm = key
        found = f"found a second arm {quote(arm)} on task {quote(task)}"
        raise InputError(f"{source.files[0]}: {found}; give arms other names with --arm, or rename the files")
    counts[key] = problems


def _check_graded(graded: Mapping[str, bool], sources: Sequence[Source]) -> None:
    kinds = {source.name: source.kind for source in sources}
    if len(set(graded.values())) > 1:
        first, other = (next(name for name, has in graded.items() if has is kind) for kind in (False, True))
        found = (
            f"{kinds[first]} keeps no verdict for each completion of {first}, {kinds[other]} of {other} does"
        )
        raise InputError(f"{found}; give all arms of a study one grader, with files of one tool")


def _check_problems(draft: Draft) -> None:
    odd = []
    for task in draft.tasks:
        there = [arm for arm in draft.arms if (task, arm.name) in draft.counts]
        base = next((arm for arm in there if arm.role == "base"), there[0])
        for arm in there:
            mine, theirs = (draft.counts[task, one.name] for one in (arm, base))
            found = mismatch(arm.name, mine, base.name, theirs)
            if found:
                use = "; --id names another column of ids" if not mine.keys() & theirs.keys() else ""
                odd.append(f"{arm.source.files[0]}: task {quote(task)}: {found}{use}")
    if odd:
        raise InputError(
            "\n".join([*odd, "nothing was written: give files of the same problems for all arms"])
        )
