"""What hangs on a margin: the outcome at half of it and at double, the rest of the family as it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from beyondbase.inference.graphical import Procedure, own_level
from beyondbase.judging.case import Case
from beyondbase.judging.verdict import Moved, Outcome, Verdict, invalid

HALF, DOUBLE = 0.5, 2.0


@dataclass(frozen=True)
class Sensitivity:
    """What a verdict would be at other values of a margin.

    Attributes:
        margin: name in [margins].
        value: of the study.
        half: the outcome at half of it.
        double: the outcome at twice of it; None where that is 1 or more, which is no margin.
    """

    margin: str
    value: float
    half: Outcome
    double: Outcome | None


def with_moved_margins(
    verdict: Verdict, case: Case, margins: Sequence[str], test: Callable[[Case], Verdict]
) -> Verdict:
    """The same verdict, with what it would be at half and double of some margins, if they are not zero.

    It is worked out with the verdict, because it takes as long; what it means hangs on the family.

    Args:
        verdict: on the case.
        case: judged.
        margins: names of those that the claim uses.
        test: the claim's statement, of any case.
    """
    used = [name for name in margins if getattr(case.margins, name) and not verdict.invalid]
    return replace(verdict, moved=tuple(_moved(case, name, test) for name in used)) if used else verdict


def sensitivities(
    verdicts: Sequence[Verdict], alpha: float, procedure: Procedure
) -> list[tuple[Sensitivity, ...]]:
    """How the outcome of each verdict of a family hangs on its margins; nothing where it is INVALID.

    Args:
        verdicts: of the family, before adjustment.
        alpha: of the study.
        procedure: that keeps the error over the family, at its start.
    """
    p = [verdict.p for verdict in verdicts]
    found: list[tuple[Sensitivity, ...]] = []
    for place, verdict in enumerate(verdicts):
        level = own_level(procedure, p, place, alpha) if verdict.moved else alpha
        found.append(tuple(_sensitivity(moved, level) for moved in verdict.moved))
    return found


def _moved(case: Case, name: str, test: Callable[[Case], Verdict]) -> Moved:
    value = float(getattr(case.margins, name))
    double = _at(case, name, DOUBLE * value, test) if DOUBLE * value < 1 else None
    return Moved(name, value, _at(case, name, HALF * value, test), double)


def _at(case: Case, name: str, value: float, test: Callable[[Case], Verdict]) -> Verdict:
    margins = case.margins.model_copy(update={name: value})
    study = case.study.model_copy(update={"margins": margins})
    try:
        found = test(replace(case, study=study, parts=()))
    except Exception as error:  # noqa: BLE001 - a claim may stand no such margin, and is no worse for it
        return invalid(f"{name} = {value:g}", repr(error))
    # Without what it was worked out from, which is large.
    return Verdict(found.statement, found.p_support, found.p_refute, invalid=found.invalid)


def _sensitivity(moved: Moved, level: float) -> Sensitivity:
    double = moved.double.outcome(level) if moved.double else None
    return Sensitivity(moved.margin, moved.value, moved.half.outcome(level), double)
