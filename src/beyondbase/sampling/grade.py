"""From sample sets to grades: whatever is not graded by grader and answers of now is, without new samples."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.evidence.accepts import Accepts
from beyondbase.evidence.graded_task import GradedTask, read_task, task_path, told_apart, write_task
from beyondbase.evidence.problems import defaults_of, load_problems
from beyondbase.evidence.sampled_arm import SampledArm, samples_of
from beyondbase.graders import Grader, grade_batches
from beyondbase.messages import place, quote
from beyondbase.sampling.draw import Progress, Tell
from beyondbase.sampling.false_accepts import false_accepts
from beyondbase.sampling.task_grader import named, task_grader
from beyondbase.store import SampleSet
from beyondbase.study import Study
from beyondbase.study.arms import Key
from beyondbase.study.tables import Problems
from beyondbase.tasks import problems_digest


def grade(arms: Sequence[SampledArm], *, tell: Tell) -> dict[Key, Accepts]:
    """Grade what a grader of this version has not seen; completions are left as they are.

    Args:
        arms: Of one study, as `sampled_arms` lists them; those without a sample set are left out.
        tell: Called after every batch.

    Returns:
        By task and arm, how often the grader accepted answers to other problems.

    Raises:
        InputError: An extra is missing, or a completion is of a problem that the task has not, or of which
            the question changed since.
    """
    found = dict[Key, Accepts]()
    for task in dict.fromkeys(arm.task for arm in arms):
        there = [arm for arm in arms if arm.task == task and arm.there]
        if there:
            accepts = _grade_task(there[0].study, task, there, tell)
            found |= {arm.key: accepts[arm.arm] for arm in there if arm.arm in accepts}
    return found


def _grade_task(study: Study, task: str, arms: Sequence[SampledArm], tell: Tell) -> Mapping[str, Accepts]:
    _check_trusted(study, task)
    samples, problems, grader = samples_of(study), load_problems(study, task), task_grader(study, task)
    by_id, by = {problem.id: problem for problem in problems}, named(grader, problems)
    with ExitStack() as stack:
        sets, fresh = dict[str, SampleSet](), set[str]()
        for arm in arms:
            store = sets[arm.arm] = stack.enter_context(closing(arm.read()))
            arm.check_asked(store, problems)
            if grade_set(store, grader, by, by_id, arm.key, tell):
                fresh.add(arm.arm)
        table = study.problems.get(task, Problems()).model_dump(mode="json")
        digest, known = problems_digest(problems), defaults_of(study, task)
        before = _accepts_known(study, task, by)
        accepts = {name: some for name, some in before.items() if name not in fresh}
        graded = GradedTask(by, told_apart(problems), table, digest, known, accepts)
        # Before the check, so that nothing hangs on whether it comes to its end.
        write_task(samples, task, graded)
        unchecked = {name: store for name, store in sets.items() if name not in accepts}
        if unchecked:
            told = partial(_tell_check, tell, task)
            accepts |= false_accepts(grader, problems, unchecked, by, seed=study.seed, tell=told)
            write_task(samples, task, replace(graded, accepts=accepts))
    return accepts


def _tell_check(tell: Tell, task: str, arm: str, done: int, wanted: int) -> None:
    tell(Progress("check", task, arm, done, wanted))


def _accepts_known(study: Study, task: str, by: tuple[str, str]) -> dict[str, Accepts]:
    """What was found before of this version of the grader."""
    samples = samples_of(study)
    if not task_path(samples, task).exists():
        return {}
    try:
        before = read_task(samples, task)
    except InputError:
        # It is written anew.
        return {}
    return dict(before.accepts) if before.grader == by else {}


def _check_trusted(study: Study, task: str) -> None:
    """Refuse to put our verdicts in the place of another tool's, unless the study says that it wants them."""
    path = task_path(samples_of(study), task)
    if task in study.problems or not path.exists():
        return
    known = read_task(samples_of(study), task)
    if known.source is None:
        found = f"has the verdicts of {known.grader[0]}, which graded what was imported"
        use = f"add a table {place('problems', task, 'grader')} if you want others"
        raise InputError(f"{study.path}: task {quote(task)} {found}; {use}")


def grade_set(  # noqa: PLR0913, PLR0917 - a grader, its name, what it grades, and who is told
    store: SampleSet,
    grader: Grader,
    by: tuple[str, str],
    problems: Mapping[str, Problem],
    key: Key,
    tell: Tell,
) -> int:
    """Grade what a grader of this name and version has not seen of a set, and say how much that was.

    Raises:
        InputError: A completion is of a problem that is not there, or the disk refuses.
    """
    bare, done = int((store.rows(*by).outcome < 0).sum()), 0
    # Closed here, whatever happens: the grader has processes.
    with closing(grade_batches(grader, problems, store.ungraded(*by))) as batches:
        for graded in batches:
            store.append_grades(*by, graded)
            done += len(graded)
            tell(Progress("grade", *key, done, bare))
    return done
