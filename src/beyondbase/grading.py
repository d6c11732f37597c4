"""From sample sets to grades: whatever is not graded by grader and answers of now is, without new samples."""

from collections.abc import Mapping, Sequence
from contextlib import closing

from beyondbase.completions import Problem
from beyondbase.graders import Grader, grade_batches
from beyondbase.recipe import Problems
from beyondbase.sampling import Key, Progress, Tell, check_asked, samples_of
from beyondbase.sources import load_problems, task_grader
from beyondbase.store import SampleSet, set_folder
from beyondbase.store.layout import SET_FILE
from beyondbase.study import Study
from beyondbase.taskfile import GradedTask, told_apart, write_task
from beyondbase.tasks import problems_digest


def grade(study: Study, keys: Sequence[Key], *, tell: Tell) -> None:
    """Grade what a grader of this version has not seen; completions are left as they are.

    Args:
        study: With [problems] and sample sets.
        keys: Which of its sets, as `chosen` lists them; those that are not there yet are left out.
        tell: Called after every batch.

    Raises:
        InputError: An extra is missing, or a completion is of a problem that the task has not, or of which
            the question changed since.
    """
    samples = samples_of(study)
    for task in dict.fromkeys(task for task, _ in keys):
        arms = [arm for name, arm in keys if name == task]
        there = [arm for arm in arms if (set_folder(samples, task, arm) / SET_FILE).exists()]
        if not there:
            continue
        problems, grader = load_problems(study, task), task_grader(study, task)
        by_id, digest = {problem.id: problem for problem in problems}, problems_digest(problems)
        # Verdicts hang on the right answers too: a corrected one must not be judged by old grades.
        by = (grader.name, f"{grader.version}-{digest[:8]}")
        for arm in there:
            with closing(SampleSet.read(set_folder(samples, task, arm))) as store:
                check_asked(study, arm, store, problems)
                _grade_set(store, grader, by, by_id, (task, arm), tell)
        table = study.problems.get(task, Problems()).model_dump(mode="json")
        write_task(samples, task, GradedTask(by, told_apart(problems), table, digest))


def _grade_set(  # noqa: PLR0913, PLR0917 - a grader, its name, what it grades, and who is told
    store: SampleSet,
    grader: Grader,
    by: tuple[str, str],
    problems: Mapping[str, Problem],
    key: Key,
    tell: Tell,
) -> None:
    bare, done = int((store.rows(*by).outcome < 0).sum()), 0
    for graded in grade_batches(grader, problems, store.ungraded(*by)):
        store.append_grades(*by, graded)
        done += len(graded)
        tell(Progress("grade", *key, done, bare))
