"""Verdicts of results.json as lines of a terminal, the same after a run of pytest and from the shell."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import date

from rich.cells import cell_len

from beyondbase.judging.verdict import Effect
from beyondbase.results.numbers import samples_text, steady
from beyondbase.results.schema.causes import Unfit
from beyondbase.results.schema.studies import NotApplicable, StudyRecord
from beyondbase.results.schema.verdicts import EffectRecord, VerdictRecord, WaiverRecord
from beyondbase.study.kinds import ANY, PAPER
from beyondbase.visible import one_line

HEAD = ("claim", "pair", "task", "verdict", "effect [interval]", "adj. p", "effect of")
COLOURS = {"SUPPORTED": "green", "REFUTED": "red", "INCONCLUSIVE": "yellow", "INVALID": "red"}
NAMED = 5
UNEQUAL = 2  # times the mean size, from which a largest cluster needs a word


def verdicts_of(
    studies: Iterable[StudyRecord], ran: Container[tuple[str, str]] | None = None
) -> list[tuple[str, VerdictRecord]]:
    """Verdicts with the id of their study, in the order of results.json.

    Args:
        studies: of results.
        ran: study and id of the verdicts to keep; all if None.
    """
    every = [(study.id, verdict) for study in studies for verdict in study.verdicts]
    return [(study, entry) for study, entry in every if ran is None or (study, entry.id) in ran]


def table_lines(verdicts: Sequence[tuple[str, VerdictRecord]], *, day: date) -> list[tuple[str, str]]:
    """A compact table: lines with the outcome that each belongs to ("" for the head).

    Args:
        verdicts: what `verdicts_of` gives.
        day: what waivers are held against.
    """
    rows = [HEAD, *(_row(verdict, day) for _, verdict in verdicts)] if verdicts else []
    if len({study for study, _ in verdicts}) > 1:
        studies = ("study", *(one_line(study) for study, _ in verdicts))
        rows = [(row[0], study, *row[1:]) for row, study in zip(rows, studies, strict=True)]
    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(_filled, row, widths)).rstrip() for row in rows]
    outcomes = ["", *(verdict.outcome for _, verdict in verdicts)]
    return list(zip(lines, outcomes[: len(rows)], strict=True))


def _filled(cell: str, width: int) -> str:
    # Some letters take two columns of a terminal, some none.
    return cell + " " * (width - cell_len(cell))


def _row(verdict: VerdictRecord, day: date) -> tuple[str, ...]:
    cells = (
        verdict.claim,
        verdict.label,
        verdict.task,
        verdict.outcome,
        effect_text(verdict.effect),
        p_text(verdict.p_adjusted) if not verdict.invalid else "",
        "; ".join(_remarks(verdict, day)),
    )
    return tuple(one_line(cell) for cell in cells)


def _remarks(verdict: VerdictRecord, day: date) -> Iterator[str]:
    if verdict.effect:
        yield verdict.effect.name
    yield from expectation(verdict)
    if verdict.waiver and not verdict.as_expected:
        yield waiver_text(verdict.waiver, day)
    for effect in verdict.details:
        if effect.unit == "k":
            yield f"{effect.name}: {effect_text(effect)}"


def expectation(verdict: VerdictRecord) -> Iterator[str]:
    """How a verdict stands to what is expected of it, where that needs a word.

    A finding that is SUPPORTED needs none, and what is open or unfit tells enough by that.
    """
    expected, outcome, paper = verdict.expected, verdict.outcome, PAPER[verdict.kind]
    if outcome == "INVALID":
        return
    if expected == ANY:
        yield "no outcome expected"
    elif expected != paper or outcome not in {paper, "INCONCLUSIVE"}:
        yield f"expected {expected}"
    elif outcome == "REFUTED":
        yield "as the paper says"


def waiver_text(waiver: WaiverRecord, day: date) -> str:
    """Who lets an unwanted verdict pass until when, or that this has run out."""
    if day > date.fromisoformat(waiver.until):
        return f"waiver of {waiver.owner} ran out on {waiver.until}"
    return f"waived until {waiver.until} by {waiver.owner}"


def effect_text(effect: Effect | EffectRecord | None) -> str:
    """An effect with its interval: shares as points of a hundred, k as a number of samples."""
    if effect is None:
        return ""
    if effect.unit == "k":
        return samples_text(effect)
    show = _points if effect.unit == "share" else _number
    tail = " pts" if effect.unit == "share" else ""
    return f"{show(effect.estimate)} [{show(effect.lower)}, {show(effect.upper)}]{tail}"


def p_text(p: float) -> str:
    """A p-value to two digits."""
    return f"{steady(p):.2g}" if p >= 1e-4 else f"{steady(p):.0e}"


def remedies(verdicts: Iterable[VerdictRecord]) -> dict[str, list[str]]:
    """What would decide the INCONCLUSIVE verdicts: ids by remedy."""
    named: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.remedy:
            named.setdefault(verdict.remedy, []).append(verdict.id)
    return named


def concerned(cause: Unfit, most: int = NAMED) -> str:
    """What a cause of unfit evidence concerns: one verdict by its name, more by claims and cases."""
    ids = cause.verdicts
    if len(ids) == 1:
        return str(ids[0])
    if not ids:
        return some(cause.pairs, most)
    claims, cases = (dict.fromkeys(part) for part in zip(*map(_claim_and_case, ids), strict=True))
    named = next(iter(claims)) if len(claims) == 1 else counted(len(claims), "claim")
    return f"{len(ids):,} verdicts ({named} on {some(cases, most)})"


def counted(count: int, what: str) -> str:
    """A number of things."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def some(names: Iterable[str], most: int = NAMED) -> str:
    """The first of some names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def _claim_and_case(verdict: str) -> tuple[str, str]:
    claim, _, case = verdict.removesuffix("]").partition("[")
    return claim, case


def reason_lines(studies: Sequence[StudyRecord], ran: Container[tuple[str, str]] | None = None) -> list[str]:
    """Why verdicts are INVALID, and what would decide the INCONCLUSIVE ones: every cause once.

    Args:
        studies: of results.
        ran: as for `verdicts_of`.
    """
    lines = []
    for study in studies:
        for cause in study.unfit:
            ids = [id_ for id_ in cause.verdicts if ran is None or (study.id, id_) in ran]
            if ids or ran is None:
                shown = Unfit.model_construct(reason=cause.reason, verdicts=ids, pairs=cause.pairs)
                lines.append(f"INVALID: {concerned(shown)}: {cause.reason}")
    found = remedies(verdict for _, verdict in verdicts_of(studies, ran)).items()
    lines += [f"INCONCLUSIVE: {', '.join(ids)}: {remedy}" for remedy, ids in found]
    return [one_line(line) for line in lines]


def not_applicable_lines(claims: Mapping[str, Iterable[NotApplicable]]) -> list[str]:
    """Claims that a study has no case for, with what they need; by the study's id."""
    return [
        one_line(f"not applicable to {study}: {item.claim} (needs {item.needs})")
        for study, items in claims.items()
        for item in items
    ]


def asides(study: StudyRecord) -> list[str]:
    """What a reader of the verdicts should know besides: arms without a pair, clusters of unequal size."""
    names = ", ".join(arm.id for arm in study.arms if not arm.paired)
    apart = [f"not judged beside their base (paired = false): {names}"] if names else []
    return [one_line(line) for line in (*apart, *dict.fromkeys(_unequal_clusters(study)))]


def _unequal_clusters(study: StudyRecord) -> Iterator[str]:
    for pair in study.pairs:
        problems, clusters, largest = pair.problems, pair.clusters, pair.largest_cluster
        if clusters and largest and largest * clusters > UNEQUAL * problems:
            yield (
                f"{pair.task}: the largest of {counted(clusters, 'cluster')} holds {largest:,} of"
                f" {counted(problems, 'problem')}, so limits are at best those of {problems / largest:.1f}"
                " clusters of its size; problems from more clusters, or fewer from it, would narrow them"
            )


def _points(share: float | None) -> str:
    # Adding zero turns -0.0 into 0.0.
    return "none" if share is None else f"{round(100 * steady(share), 1) + 0.0:+.1f}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{steady(value):.3g}"
