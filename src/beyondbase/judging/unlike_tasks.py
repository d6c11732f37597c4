"""What a verdict over all tasks would hide: a task that goes the other way, and one that carries it alone."""

from collections.abc import Callable
from dataclasses import replace

from beyondbase.judging.case import Case
from beyondbase.judging.pool import pool
from beyondbase.judging.verdict import Effect, Verdict


def with_tasks(verdict: Verdict, case: Case, test: Callable[[Case], Verdict]) -> Verdict:
    """The same verdict, with further numbers: of every task that leans the other way, and without one task.

    The task that is left out is the one without which the evidence would be weakest.

    Args:
        verdict: on the case.
        case: over several tasks.
        test: the claim's statement, of any case.
    """
    if verdict.invalid:
        return verdict
    leans = _leaning(verdict)
    alone = [(part.task, test(part)) for part in case.parts]
    contrary = [_named(task, found) for task, found in alone if _leaning(found) == -leans]
    details = (*verdict.details, *contrary, *_weakest(case, test, support=leans >= 0))
    return replace(verdict, details=tuple(effect for effect in details if effect))


def _leaning(verdict: Verdict) -> int:
    """1 towards the statement, -1 away from it, 0 where the evidence is unfit or even."""
    if verdict.invalid or verdict.p_support == verdict.p_refute:
        return 0
    return 1 if verdict.p_support < verdict.p_refute else -1


def _weakest(case: Case, test: Callable[[Case], Verdict], *, support: bool) -> list[Effect | None]:
    if len(case.parts) < 3:
        return []
    rest = [
        (part.task, test(pool([other for other in case.parts if other is not part]))) for part in case.parts
    ]
    task, found = max(rest, key=lambda item: item[1].p_support if support else item[1].p_refute)
    return [_named(f"without {task}", found)]


def _named(where: str, verdict: Verdict) -> Effect | None:
    return verdict.effect and replace(verdict.effect, name=f"{where}: {verdict.effect.name}")
