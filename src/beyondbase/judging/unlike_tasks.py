"""What a verdict over all tasks would hide: how its tasks differ, and a task that carries it alone."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

from beyondbase.judging.case import Case
from beyondbase.judging.pool import pool, weighed
from beyondbase.judging.verdict import Effect, Verdict
from beyondbase.study.kinds import Pooled

Test = Callable[[Case], Verdict]


def with_tasks(verdict: Verdict, case: Case, test: Test) -> Verdict:
    """The same verdict, with further numbers on its tasks.

    These are: every task that leans the other way; without the task that carries most, where three or more
    are there; the other mean, over tasks or over problems; and by how much two tasks differ at most.

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
    details = (
        *verdict.details,
        *contrary,
        *_weakest(case, test, support=leans >= 0),
        _named(*_other_mean(case, test)),
        _unlike(verdict, case, test),
    )
    return replace(verdict, details=tuple(effect for effect in details if effect))


def _leaning(verdict: Verdict) -> int:
    """1 towards the statement, -1 away from it, 0 where the evidence is unfit or even."""
    if verdict.invalid or verdict.p_support == verdict.p_refute:
        return 0
    return 1 if verdict.p_support < verdict.p_refute else -1


def _weakest(case: Case, test: Test, *, support: bool) -> list[Effect | None]:
    if len(case.parts) < 3:
        return []
    mean: Pooled = "problems" if case.weights is None else "tasks"
    rest = [
        (part.task, test(pool([other for other in case.parts if other is not part], mean)))
        for part in case.parts
    ]
    task, found = max(rest, key=lambda item: item[1].p_support if support else item[1].p_refute)
    return [_named(f"without {task}", found)]


def _other_mean(case: Case, test: Test) -> tuple[str, Verdict]:
    mean: Pooled = "tasks" if case.weights is None else "problems"
    return f"mean over {mean}", test(weighed(case, mean))


def _unlike(verdict: Verdict, case: Case, test: Test) -> Effect | None:
    """The difference of the two tasks that are shown to differ most, or else of those that seem to.

    Its limits come from those of the tasks, each at alpha over their number: so all of them hold at once
    (Bonferroni), and with them the differences of all tasks. None where a task has no such effect.
    """
    if verdict.effect is None:
        return None
    name, alpha = verdict.effect.name, case.study.alpha / len(case.parts)
    tasks = [(part.task, _effect_of(test(_at(part, alpha)), name)) for part in case.parts]
    ends = {task: _ends(effect) for task, effect in tasks if effect and effect.unit != "k"}
    known = {task: found for task, found in ends.items() if found}
    if len(known) < len(case.parts):
        return None
    differences = {
        (task, less): (one[0] - two[0], one[1] - two[2], one[2] - two[1])
        for (task, one), (less, two) in permutations(known.items(), 2)
    }
    task, less = max(differences, key=lambda both: (max(differences[both][1], 0.0), differences[both][0]))
    title = f"{task} minus {less}, where tasks differ most: {name}"
    return Effect(title, *differences[task, less], 1 - case.study.alpha, verdict.effect.unit)


def _at(case: Case, alpha: float) -> Case:
    return replace(case, study=case.study.model_copy(update={"alpha": alpha}))


def _effect_of(verdict: Verdict, name: str) -> Effect | None:
    """The effect of a name among those of a verdict and its parts."""
    found = (one.effect for one in (verdict, *verdict.leaves()))
    return next((effect for effect in found if effect and effect.name == name), None)


def _ends(effect: Effect) -> tuple[float, float, float] | None:
    if effect.estimate is None or effect.lower is None or effect.upper is None:
        return None
    return effect.estimate, effect.lower, effect.upper


def _named(where: str, verdict: Verdict) -> Effect | None:
    return verdict.effect and replace(verdict.effect, name=f"{where}: {verdict.effect.name}")
