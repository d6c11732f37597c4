"""Studies judged on sample sets, which are made here of outcomes instead of models."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from study_factory import BASE, RL, write_tables

from beyondbase.completions import Completion, Finish, Grade, Graded
from beyondbase.evidence.graded_task import GradedTask, write_task
from beyondbase.evidence.sampled_arm import sampled_arm
from beyondbase.store import SampleSet, seed_of, set_folder
from beyondbase.store.sidecars import keep_prompts
from beyondbase.study import Study

GRADER = ("made", "1")
TABLES: Mapping[str, Any] = {
    "id": "made",
    "title": "A made study",
    "source": "made up",
    "evidence": {"samples": "drawn"},
    "sampling": {"n": 16, "max_tokens": 64},
    "tasks": {"T": {}},
    "problems": {"T": {"gym": "chain_sum", "size": 12}},
    "arms": {"base": BASE, "rl": RL},
}
Outcomes = Callable[[str, int, int], Grade]


def write_sampled(folder: Path, **tables: Any) -> Study:
    """Write a study file that is judged on samples, and load it."""
    return write_tables(folder, dict(TABLES) | tables)


def usual(arm: str, problem: int, index: int) -> Grade:
    """RL right always on two problems in three; the base right now and then on all."""
    if arm == "rl":
        return "correct" if problem % 3 else "wrong"
    return "correct" if (index + problem) % 4 == 0 else "wrong"


def draw(
    study: Study,
    arm: str,
    *,
    task: str = "T",
    problems: int = 12,
    n: int = 16,
    outcomes: Outcomes = usual,
    finish: Finish = "stop",
    text: Callable[[int, int], str] = lambda problem, index: f"{problem} is not {index}",
    prompt: str = "what?",
    graded: bool = True,
    identity: Mapping[str, Any] | None = None,
) -> SampleSet:
    """Fill the set of an arm with completions of given outcomes, and grade them."""
    identity = {"model": study.arms[arm].model, "weights": None, "engine": "made"} | dict(identity or {})
    kept = study.sampling.keep_tokens if study.sampling else 0
    if study.sampling is not None:
        identity |= sampled_arm(study, task, arm).settings
    assert study.samples is not None
    with SampleSet.open(set_folder(study.samples, task, arm), identity) as store:
        keep_prompts(store.folder, {str(problem): f"{prompt} {problem}" for problem in range(problems)})
        missing = list(store.wanted([str(problem) for problem in range(problems)], n))
        store.append(
            [
                Completion(
                    problem_id=name,
                    index=i,
                    seed=seed_of(store.fingerprint, name, i),
                    text=text(int(name), i),
                    tokens=5,
                    finish=finish,
                    logprob=-2.0,
                    token_ids=(7,) * 5 if i < kept else None,
                    token_logprobs=(-0.4,) * 5 if i < kept else None,
                )
                for name, i in missing
            ]
        )
        if graded:
            store.append_grades(
                *GRADER, [Graded(name, i, outcomes(arm, int(name), i), "42") for name, i in missing]
            )
    if graded:
        rows = tuple((str(problem), None, None) for problem in range(problems))
        source = study.problems[task].model_dump(mode="json") if task in study.problems else None
        write_task(study.samples, task, GradedTask(GRADER, rows, source, None))
    return store


def sampled(folder: Path, **tables: Any) -> Study:
    """A study of two arms whose sets are whole."""
    study = write_sampled(folder, **tables)
    for arm in study.arms:
        draw(study, arm)
    return study
