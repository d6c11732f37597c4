"""Whether an import can be believed: our grades beside the scores in its files, before anything is stored."""

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from beyondbase.completions import Completion, Grade, Graded, Problem
from beyondbase.errors import InputError
from beyondbase.formats.helping import Compared, best_help
from beyondbase.formats.readers.imported import Imported, Row
from beyondbase.graders import Grader
from beyondbase.messages import quote
from beyondbase.study.tables import Problems
from beyondbase.visible import clean

# Shares beyond which an import stops.
MOST_DIFFERENT, MOST_UNPARSED = 0.02, 0.9
# Of those that are right by either, and of all that were to be graded.
MOST_OF_RIGHT, MOST_FAILED = 0.2, 0.1
# Fewer completions than these say nothing by being unparsed, or not right, alone.
FEWEST_UNPARSED, FEWEST_WRONG, FEWEST_DIFFERENT = 20, 100, 3
# Completions that are looked at: of each problem the first so many. And those with which help is sought.
_LOOKED_AT, _TRIED = 10_000, 1_000
_SHOWN, _TAIL = 5, 80
_GRADES: Mapping[Grade, bool | None] = {
    "correct": True,
    **dict.fromkeys(("wrong", "undecided", "unparsed", "truncated"), False),
    "error": None,
}


@dataclass(frozen=True)
class Check:
    """What came of a look at an import.

    Attributes:
        lines: What a user should read: the share that agrees, and the first completions that do not.
        fault: Why the import should not go on; empty if nothing is wrong.
        remedy: What would help, if that was asked for.
    """

    lines: tuple[str, ...] = ()
    fault: str = ""
    remedy: str = ""


def check_import(
    imported: Imported, grader: Grader, *, task: str, table: Problems, helped: bool = True
) -> Check:
    """Grade completions of an import, and compare with what its files say of them; nothing is stored.

    Of each problem the first completions are looked at, some 10,000 in all. Where the tool has a verdict for
    each completion, that is what is compared with, else `Row.theirs`.

    Args:
        imported: What the files hold, with right answers alone (`with_answers`).
        grader: Who grades.
        table: Its table [problems.TASK], by which the grader was made.
        helped: Whether to look for a remedy, which takes some seconds.

    Raises:
        InputError: A problem of a tool with verdicts has no right answer, or the grader refuses one.
    """
    problems = {problem.id: problem for problem in imported.problems}
    bare = next((name for name, problem in problems.items() if not problem.gold), None)
    if bare is not None and not imported.trusted:
        # To store it is refused, with what to do.
        return Check()
    if bare is not None:
        found = f"the files give no single right answer to problem {quote(bare)}"
        raise InputError(f"{imported.tool}: {found}, so that there is nothing to compare with")
    seen = _Seen()
    for (one, theirs), graded in _graded(grader, problems, _looked_at(imported)):
        seen.add(one, graded, problems[one.problem_id].gold, theirs=theirs)
    fault = _fault(imported, seen)
    remedy = _remedy(imported, seen, problems, grader, table, task) if fault and helped else ""
    return Check(seen.lines(imported.scored_by), f"{imported.tool}: {fault}" if fault else "", remedy)


class _Seen:
    """What was seen of completions so far.

    Attributes:
        outcomes: Our grades.
        pairs: Whether the file says that a completion is right, and whether we do, where both say so.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[Grade] = Counter()
        self.pairs: Counter[tuple[bool, bool]] = Counter()
        self._shown: list[str] = []
        self._said: dict[tuple[str, str], bool] = {}
        self._torn: dict[tuple[str, str], None] = {}

    def add(self, one: Completion, graded: Graded, gold: str, *, theirs: bool | None) -> None:
        self.outcomes[graded.outcome] += 1
        ours = _GRADES[graded.outcome]
        if theirs is None or ours is None:
            return
        self.pairs[theirs, ours] += 1
        if theirs != ours and len(self._shown) < _SHOWN:
            self._shown.append(_difference(one, graded, gold, theirs=theirs))
        text = one.problem_id, sha256(one.text.encode("utf-8", "surrogatepass")).hexdigest()
        if self._said.setdefault(text, theirs) != theirs:
            self._torn[text] = None

    def lines(self, scored_by: str) -> tuple[str, ...]:
        total = self.pairs.total()
        if not total:
            return ("the files have no score of a single completion to compare our grades with",)
        alike = self.pairs[True, True] + self.pairs[False, False]
        line = f"our grades agree with the {scored_by} of the files on {_share(alike, total)}"
        if alike < total:
            theirs, ours = self.pairs[True, False], self.pairs[False, True]
            line += f"; {theirs:,} are right by theirs only, {ours:,} by ours only"
        torn = [f"the files call {len(self._torn):,} texts both right and wrong"] if self._torn else []
        return (line, *torn, *self._shown)


def _looked_at(imported: Imported) -> Iterator[Compared]:
    most = max(1, _LOOKED_AT // max(1, len(imported.problems)))
    count: Counter[str] = Counter()
    for row in imported.rows():
        index = count[row.problem_id]
        count[row.problem_id] += 1
        if index < most:
            yield _completion(row, index), _theirs(row, trusted=imported.trusted)


def _completion(row: Row, index: int) -> Completion:
    return Completion(row.problem_id, index, None, row.text, None, row.finish, None, None, None)


def _theirs(row: Row, *, trusted: bool) -> bool | None:
    if not trusted:
        return row.theirs
    return None if row.outcome is None else _GRADES[row.outcome]


def _graded(
    grader: Grader, problems: Mapping[str, Problem], rows: Iterable[Compared]
) -> Iterator[tuple[Compared, Graded]]:
    waiting: deque[Compared] = deque()

    def completions() -> Iterator[Completion]:
        for row in rows:
            if row[0].problem_id in problems:
                waiting.append(row)
                yield row[0]

    for graded in grader.grade(problems, completions()):
        yield waiting.popleft(), graded


def _difference(one: Completion, graded: Graded, gold: str, *, theirs: bool) -> str:
    tail = json.dumps(one.text.strip()[-_TAIL:], ensure_ascii=False)
    said = f"answer {quote(graded.answer)}" if graded.answer else f"no answer in a text that ends {tail}"
    verdicts = f"theirs {'right' if theirs else 'wrong'}, ours {graded.outcome}"
    return str(clean(f"  problem {quote(one.problem_id)}: {verdicts}: {said}, gold {quote(gold)}"))


def _fault(imported: Imported, seen: _Seen) -> str:
    return next(_faults(imported, seen), "")


def _faults(imported: Imported, seen: _Seen) -> Iterator[str]:
    outcomes, pairs = seen.outcomes, seen.pairs
    graded, compared = outcomes.total() - outcomes["error"], pairs.total()
    differ, right = pairs[True, False] + pairs[False, True], compared - pairs[False, False]
    differs = f"our grades differ from the {imported.scored_by} of the files on"
    if differ > MOST_DIFFERENT * compared:
        yield f"{differs} {_share(differ, compared)}, where {MOST_DIFFERENT:.0%} are allowed"
    if not outcomes["correct"] and _any_right(seen):
        yield f"by our grades none of {graded:,} completions is right, by the files some are"
    # Where little is right, a few slips are much of what is counted.
    if differ >= FEWEST_DIFFERENT and differ > MOST_OF_RIGHT * right:
        yield f"{differs} {_share(differ, right)} that one calls right, where {MOST_OF_RIGHT:.0%} are allowed"
    if outcomes["error"] > MOST_FAILED * outcomes.total():
        yield f"grading failed on {_share(outcomes['error'], outcomes.total())}"
    if imported.trusted:
        return
    if graded >= FEWEST_UNPARSED and outcomes["unparsed"] > MOST_UNPARSED * graded:
        yield f"no answer was found in {_share(outcomes['unparsed'], graded)}"
    if not outcomes["correct"] and not compared and graded >= FEWEST_WRONG:
        yield f"none of {graded:,} completions is right"


def _any_right(seen: _Seen) -> bool:
    return seen.pairs[True, True] + seen.pairs[True, False] > 0


def _remedy(  # noqa: PLR0913, PLR0917 - what was seen, and by which grader
    imported: Imported,
    seen: _Seen,
    problems: Mapping[str, Problem],
    grader: Grader,
    table: Problems,
    task: str,
) -> str:
    scored, right = seen.pairs.total() > 0, _any_right(seen)
    rows = (row for row in _looked_at(imported) if row[1] is not None or not scored)
    best = None
    # Where the file has nothing right, ways that find nothing would agree best, and those that guess worst.
    if right or not seen.outcomes["correct"]:
        best = best_help([*islice(rows, _TRIED)], problems, grader, table, by_scores=right)
    way = best and f"[problems.{_key(task)}] {best.option}: {_share(best.fit, best.of)}"
    if best and not right:
        return f"with {way} are right"
    if best and best.of - best.fit <= MOST_DIFFERENT * best.of:
        return f"with {way} agree"
    nearest = f" (the nearest is {way} agree)" if way else ""
    pick = f", pick another filter ({', '.join(imported.others)})" if imported.others else ""
    return (
        f"no other way to find or compare answers fits{nearest}: look at the texts{pick}, or grade otherwise"
    )


def _key(task: str) -> str:
    plain = task.replace("-", "").replace("_", "")
    return task if plain.isalnum() and plain.isascii() else json.dumps(task)


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} completions ({part / whole:.1%})"
