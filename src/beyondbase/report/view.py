"""Results arranged as the page shows them: anchors, the matrix, claims with their verdicts, pairs."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from beyondbase.report import pair_charts, study_charts
from beyondbase.report.figures import Figure
from beyondbase.results.changes import PairChange, StudyChange, VerdictChange
from beyondbase.results.schema.pairs import PairRecord, ValidPair
from beyondbase.results.schema.samples import ExampleRecord
from beyondbase.results.schema.studies import Results, StudyRecord
from beyondbase.results.schema.verdicts import VerdictRecord

ARMS_NAMED = 3


class Anchors:
    """Ids for links, stable between runs: made of the names that the user gave, each handed out once."""

    def __init__(self) -> None:
        # The page's own ids.
        self._taken = {"main", "filters", "packed", "provenance"}

    def of(self, *names: str) -> str:
        """Return a new anchor for a chain of names."""
        stem = "--".join(_slug(part) for name in names for part in name.split("/"))
        anchor, count = stem, 1
        # Lower case, because some readers tell ids apart without regard to it.
        while anchor.lower() in self._taken:
            count += 1
            anchor = f"{stem}.{count}"
        self._taken.add(anchor.lower())
        return anchor


def _slug(name: str) -> str:
    """A name as part of an address; where letters had to go, a digest keeps names apart in any order."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}".lstrip("-")


@dataclass(frozen=True)
class VerdictView:
    """A verdict with its place on the page.

    Attributes:
        verdict: from the results.
        anchor: id of its card.
        case: what names the arms and the task it was judged on.
        pair: the pair that its curves belong to.
        pair_anchor: id of that pair's section.
        change: against an earlier run, if one was given.
    """

    verdict: VerdictRecord
    anchor: str
    case: "CaseHead"
    pair: PairRecord | None
    pair_anchor: str | None
    change: VerdictChange | None


@dataclass(frozen=True)
class CaseHead:
    """The arms and the task of a column or row of the matrix; `arms` names at most three of `members`."""

    task: str
    arms: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class ClaimView:
    """A claim with all its verdicts in one study; `fold` is the id of what holds their cards."""

    head: VerdictRecord
    anchor: str
    fold: str
    verdicts: tuple[VerdictView, ...]
    forest: Figure | None


@dataclass(frozen=True)
class Line:
    """A row of the matrix: its head and one cell per column, None where the claim does not apply."""

    head: ClaimView | CaseHead
    cells: tuple[VerdictView | None, ...]


@dataclass(frozen=True)
class Group:
    """Rows of the matrix that stand in one table: all, or those of one task."""

    task: str | None
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Matrix:
    """Claims by cases; the longer side runs down the page.

    Attributes:
        by_case: whether rows are cases, in a table per task, and columns are claims.
        columns: heads of the columns.
        groups: the rows.
    """

    by_case: bool
    columns: tuple[ClaimView | CaseHead, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class PairView:
    """A pair with its place on the page, its charts, the data of its table of problems, and its change."""

    pair: PairRecord
    anchor: str
    data_anchor: str
    figures: Mapping[str, Figure]
    problems: Mapping[str, object] | None
    change: PairChange | None


@dataclass(frozen=True)
class StudyView:
    """A study as the page shows it."""

    study: StudyRecord
    anchor: str
    claims: tuple[ClaimView, ...]
    matrix: Matrix
    pairs: tuple[PairView, ...]
    figures: tuple[Figure, ...]
    examples: Mapping[str, tuple[str, list[ExampleRecord]]]
    change: StudyChange | None


def arrange(results: Results, changes: Mapping[str, StudyChange]) -> list[StudyView]:
    """Arrange the studies of some results.

    Args:
        results: what is shown.
        changes: against an earlier run, by study.
    """
    anchors = Anchors()
    return [_study(study, anchors, changes.get(study.id)) for study in results.studies]


def _study(study: StudyRecord, anchors: Anchors, change: StudyChange | None) -> StudyView:
    anchor = anchors.of(study.id)
    examples = _examples(study, anchor, anchors)
    pairs = tuple(_pair(study, pair, anchor, anchors, examples, change) for pair in study.pairs)
    claims = tuple(_claims(study, anchor, anchors, pairs, change))
    return StudyView(
        study, anchor, claims, _matrix(claims), pairs, tuple(study_charts.of_study(study)), examples, change
    )


def _examples(
    study: StudyRecord, anchor: str, anchors: Anchors
) -> dict[str, tuple[str, list[ExampleRecord]]]:
    """Completions to read, by task: the id of their block of data, and the completions."""
    tasks = dict.fromkeys(example.task for example in study.examples)
    return {
        task: (
            anchors.of(anchor, task, "completions"),
            [example for example in study.examples if example.task == task],
        )
        for task in tasks
    }


def _pair(  # noqa: PLR0913, PLR0917 - what a pair needs comes from six places
    study: StudyRecord,
    pair: PairRecord,
    study_anchor: str,
    anchors: Anchors,
    examples: Mapping[str, tuple[str, list[ExampleRecord]]],
    change: StudyChange | None,
) -> PairView:
    anchor = anchors.of(study_anchor, pair.id)
    data_anchor = anchors.of(anchor, "problems")
    before = change.pairs.get(pair.id) if change else None
    if not isinstance(pair, ValidPair):
        return PairView(pair, anchor, data_anchor, {}, None, before)
    problems = {
        "base": pair.base,
        "other": pair.other,
        "completions": examples[pair.task][0] if pair.task in examples else None,
        **vars(pair.by_problem),
    }
    return PairView(pair, anchor, data_anchor, pair_charts.of_pair(study, pair, before), problems, before)


def _claims(
    study: StudyRecord,
    study_anchor: str,
    anchors: Anchors,
    pairs: Iterable[PairView],
    change: StudyChange | None,
) -> Iterator[ClaimView]:
    known = {shown.pair.id: shown for shown in pairs}
    heads = {verdict.claim: verdict for verdict in reversed(study.verdicts)}
    for name in dict.fromkeys(verdict.claim for verdict in study.verdicts):
        anchor = anchors.of(study_anchor, name)
        shown = tuple(
            _shown(verdict, anchor, anchors, known.get(verdict.case), change)
            for verdict in study.verdicts
            if verdict.claim == name
        )
        rows = [(f"{item.case.arms}, {item.case.task}", item.verdict) for item in shown]
        yield ClaimView(heads[name], anchor, anchors.of(anchor, "verdicts"), shown, study_charts.forest(rows))


def _shown(
    verdict: VerdictRecord,
    claim_anchor: str,
    anchors: Anchors,
    pair: PairView | None,
    change: StudyChange | None,
) -> VerdictView:
    return VerdictView(
        verdict,
        anchors.of(claim_anchor, verdict.case),
        _case(verdict),
        pair.pair if pair else None,
        pair.anchor if pair else None,
        change.verdicts.get(verdict.id) if change else None,
    )


def _case(verdict: VerdictRecord) -> CaseHead:
    # The base comes first; it stands in every case and names none.
    arms = verdict.arms[1:] or verdict.arms
    more = f" and {len(arms) - ARMS_NAMED} more" if len(arms) > ARMS_NAMED else ""
    return CaseHead(verdict.task, ", ".join(arms[:ARMS_NAMED]) + more, tuple(arms))


def _matrix(claims: tuple[ClaimView, ...]) -> Matrix:
    cells = {(claim.anchor, shown.case): shown for claim in claims for shown in claim.verdicts}
    cases = tuple(dict.fromkeys(shown.case for claim in claims for shown in claim.verdicts))
    if len(cases) > len(claims):

        def row(case: CaseHead) -> Line:
            return Line(case, tuple(cells.get((claim.anchor, case)) for claim in claims))

        tasks = dict.fromkeys(case.task for case in cases)
        groups = (Group(task, tuple(row(case) for case in cases if case.task == task)) for task in tasks)
        return Matrix(by_case=True, columns=claims, groups=tuple(groups))
    lines = [Line(claim, tuple(cells.get((claim.anchor, case)) for case in cases)) for claim in claims]
    return Matrix(by_case=False, columns=cases, groups=(Group(None, tuple(lines)),))
