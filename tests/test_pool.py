"""All tasks of a study as one case: which pairs have it, what it holds, and how often it errs."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom
from study_factory import BASE, RL, all_claims, cases_of, drawn, judged, write_study

from beyondbase.errors import InputError
from beyondbase.inference.bounded import Floats, lower_limit, p_greater, upper_limit, values_of
from beyondbase.judging.case import Case
from beyondbase.judging.selection import pairs, training_runs
from beyondbase.judging.verdict import Outcome
from beyondbase.study.kinds import Pooled

ARMS = {"base": BASE, "rl": RL}
# On A the base is far ahead, on B it is a little behind.
COUNTS = {
    ("A", "base"): drawn([0.9] * 60, 32, 1),
    ("A", "rl"): drawn([0.2] * 60, 32, 2),
    ("B", "base"): drawn([0.50] * 20, 32, 3),
    ("B", "rl"): drawn([0.60] * 20, 32, 4),
}


def all_tasks(cases: list[Case]) -> Case:
    """The one case over all tasks among some."""
    (found,) = [case for case in cases if case.parts]
    return found


def test_it_holds_every_problem_of_every_task_once(tmp_path: Path) -> None:
    """A mean of it is the mean over problems, a task weighing as much as it has of them."""
    cases = cases_of(write_study(tmp_path, ARMS, COUNTS), pairs("rl"))
    assert [case.id for case in cases] == ["all-tasks/rl", "A/rl", "B/rl"]
    pooled = all_tasks(cases)
    assert pooled.problem_ids == (*(f"A/{i}" for i in range(60)), *(f"B/{i}" for i in range(20)))
    one, other = (case.difference(4).effect().estimate for case in cases[1:])
    mean = pooled.difference(4).effect().estimate
    assert one is not None
    assert other is not None
    assert mean == pytest.approx((60 * one + 20 * other) / 80, abs=1e-12)


def test_a_pair_that_lacks_a_task_has_none(tmp_path: Path) -> None:
    """Its mean would be over other problems than that of its neighbour."""
    arms = {**ARMS, "late": RL | {"step": 2}}
    counts = {**COUNTS, ("B", "late"): drawn([0.4] * 20, 32, 5)}
    found = [case.id for case in cases_of(write_study(tmp_path, arms, counts), pairs("rl"))]
    assert found == ["all-tasks/rl", "A/rl", "B/rl", "B/late"]


def test_one_task_and_pooled_none_and_other_questions_have_none(tmp_path: Path) -> None:
    """Only pairs are pooled, where there are two tasks or more and the study lets them."""
    one = write_study(tmp_path / "one", ARMS, {key: value for key, value in COUNTS.items() if key[0] == "A"})
    off = write_study(tmp_path / "off", ARMS, COUNTS, pooled="none")
    steps = {"base": BASE, "rl": RL | {"step": 1}, "late": RL | {"step": 2}}
    late = {(task, "late"): COUNTS[task, "rl"] for task in "AB"}
    run = write_study(tmp_path / "run", steps, COUNTS | late)
    assert not any(case.parts for study in (one, off) for case in cases_of(study, pairs("rl")))
    assert not any(case.parts for case in cases_of(run, training_runs()))


def test_clusters_stay_within_their_task(tmp_path: Path) -> None:
    """The same label on two tasks is two clusters."""
    counts = {("A", arm): drawn([0.5] * 3, 32, 1) for arm in ARMS}
    counts |= {("B", arm): drawn([0.5] * 3, 32, 2) for arm in ARMS}
    clusters = dict.fromkeys(ARMS, ("x", "x", "y"))
    cases = cases_of(write_study(tmp_path, ARMS, counts, clusters=clusters), pairs("rl"))
    assert all_tasks(cases).clusters == ("A/x", "A/x", "A/y", "B/x", "B/x", "B/y")


def test_what_makes_one_task_unfit_makes_all_of_them_unfit(tmp_path: Path) -> None:
    """A problem that one arm lacks is told in the words of its task."""
    counts = COUNTS | {("B", "rl"): drawn([0.60] * 19, 32, 4)}
    claim = all_claims()["rl-leads-at-1"]
    pooled = judged(write_study(tmp_path, ARMS, counts), claim)["rl-leads-at-1[all-tasks/rl]"]
    assert pooled.outcome is Outcome.INVALID
    assert "arm 'rl' on 'B' lacks '19'" in pooled.verdict.invalid[0]


def test_too_few_samples_are_told_of_the_tasks_that_have_them(tmp_path: Path) -> None:
    """The case over all tasks is as short of samples as the shortest task, and is not named for it."""
    counts = COUNTS | {("B", arm): drawn([0.5] * 20, 8, 4) for arm in ARMS}
    found = judged(write_study(tmp_path, ARMS, counts), all_claims()["base-overtakes"])
    assert [entry.outcome for entry in found.judged] == [Outcome.INVALID, Outcome.REFUTED, Outcome.INVALID]
    (reason,) = {reason for entry in found.judged for reason in entry.verdict.invalid}
    assert "n = 8 in 'base' on 'B', 'rl' on 'B';" in reason


def test_a_task_that_goes_the_other_way_is_told(tmp_path: Path) -> None:
    """RL is behind on all problems, and ahead on those of B."""
    claim = all_claims()["rl-leads-at-1"]
    pooled = judged(write_study(tmp_path, ARMS, COUNTS), claim)["rl-leads-at-1[all-tasks/rl]"]
    assert pooled.outcome is Outcome.REFUTED
    contrary, mean, unlike = pooled.verdict.details
    assert contrary.name == "B: RL - base pass@1"
    assert mean.name == "mean over tasks: RL - base pass@1"
    assert unlike.name == "B minus A, where tasks differ most: RL - base pass@1"
    assert contrary.estimate is not None
    assert contrary.estimate > 0
    assert mean.estimate == pytest.approx(sum(_limits("AB", 0.05)[:, 0]) / 2, abs=1e-9)
    (_, a_low, a_high), (_, b_low, b_high) = _limits("AB", 0.025)
    assert (unlike.lower, unlike.upper) == pytest.approx((b_low - a_high, b_high - a_low), abs=1e-9)


def _limits(tasks: str, alpha: float) -> Floats:
    """RL's lead at pass@1 on tasks, with limits, from the counts themselves, shape (tasks, 3)."""
    found = []
    for task in tasks:
        (n, rl), (_, base) = COUNTS[task, "rl"], COUNTS[task, "base"]
        values = values_of((np.array(rl) - np.array(base)) / n)
        limits = lower_limit(values, alpha / 2), upper_limit(values, alpha / 2)
        found.append([values.mean[0], *(float(limit[0]) for limit in limits)])
    return np.array(found)


def test_the_mean_over_tasks_is_of_all_tasks_alike(tmp_path: Path) -> None:
    """Where the study says so it is what is judged, and the mean over problems stands beside it."""
    claim = all_claims()["rl-leads-at-1"]
    by_problem, by_task = (
        judged(write_study(tmp_path / mean, ARMS, COUNTS, pooled=mean), claim)["rl-leads-at-1[all-tasks/rl]"]
        for mean in ("problems", "tasks")
    )
    assert by_task.verdict.effect is not None
    assert by_task.verdict.effect.estimate == pytest.approx(_limits("AB", 0.05)[:, 0].mean(), abs=1e-9)
    for one, other, name in ((by_problem, by_task, "tasks"), (by_task, by_problem, "problems")):
        (shown,) = [effect for effect in one.verdict.details if effect.name.startswith(f"mean over {name}:")]
        assert other.verdict.effect is not None
        assert (shown.estimate, shown.lower, shown.upper) == (
            other.verdict.effect.estimate,
            other.verdict.effect.lower,
            other.verdict.effect.upper,
        )
    (curve,) = [case for case in cases_of(by_task.case.study, pairs("rl")) if case.parts]
    parts = np.mean([part.curve("rl").mean(axis=0) for part in curve.parts], axis=0)
    np.testing.assert_allclose(curve.mean_curve("rl"), parts, rtol=1e-12)


def test_of_three_tasks_the_one_that_carries_most_is_left_out(tmp_path: Path) -> None:
    """What is left without A stands beside the verdict."""
    counts = COUNTS | {("C", arm): drawn([0.5] * 10, 32, seed) for seed, arm in enumerate(ARMS)}
    pooled = judged(write_study(tmp_path, ARMS, counts), all_claims()["rl-leads-at-1"])
    names = [effect.name for effect in pooled["rl-leads-at-1[all-tasks/rl]"].verdict.details]
    assert "without A: RL - base pass@1" in names


def test_an_expectation_of_all_tasks_is_understood_only_where_there_are_several(tmp_path: Path) -> None:
    """Elsewhere it is a mistake, with the names that are there."""
    wanted = {"rl-leads-at-1[all-tasks/rl]": {"verdict": "REFUTED", "reason": "as seen"}}
    found = judged(write_study(tmp_path / "two", ARMS, COUNTS, expect=wanted))
    assert found["rl-leads-at-1[all-tasks/rl]"].as_expected
    with pytest.raises(InputError, match=r"found the task \"all-tasks\"; use one of A, B"):
        write_study(tmp_path / "off", ARMS, COUNTS, pooled="none", expect=wanted)


def test_no_task_has_the_name_of_all_of_them(tmp_path: Path) -> None:
    """Its cases could not be told from those over all tasks."""
    with pytest.raises(InputError, match=r'all-tasks: found "all-tasks", which means all tasks'):
        write_study(tmp_path, ARMS, {("all-tasks", arm): (4, [1, 2]) for arm in ARMS})


def _error(
    sizes: tuple[int, int], laws: tuple[tuple[float, float, float], ...], level: float, mean: Pooled
) -> float:
    """Exact chance that tasks of some sizes seem ahead of 0, each with a law: low, high, chance of high."""
    weights = None if mean == "problems" else np.repeat([1 / size for size in sizes], sizes)
    chances = [binom.pmf(range(size + 1), size, law[2]) for size, law in zip(sizes, laws, strict=True)]
    total = 0.0
    for highs in product(*(range(size + 1) for size in sizes)):
        parts = zip(sizes, laws, highs, strict=True)
        values = np.concatenate([np.repeat(law[:2], (size - high, high)) for size, law, high in parts])
        chance = float(np.prod([some[high] for some, high in zip(chances, highs, strict=True)]))
        known = values_of(values, weights=weights)
        if chance > 1e-9 and known.mean[0] > 0 and p_greater(known)[0] <= level:
            total += chance
    return total


@pytest.mark.parametrize("mean", ["problems", "tasks"])
@pytest.mark.parametrize("sizes", [(6, 6), (4, 20), (2, 30)])
def test_tasks_of_fixed_size_and_unlike_laws_keep_the_level(sizes: tuple[int, int], mean: Pooled) -> None:
    """The mean over problems or tasks is 0 in every pair of laws, so whatever is found is an error."""
    weights = sizes if mean == "problems" else (1, 1)
    rng = np.random.default_rng(sizes)
    tried = 0
    while tried < 12:
        (low, high), (other_low, other_high) = np.sort(rng.choice([-1, -0.5, -0.1, 0, 0.1, 0.5, 1], (2, 2)))
        chance = rng.uniform()
        wanted = -weights[0] * (low + chance * (high - low)) / weights[1]
        other = (wanted - other_low) / (other_high - other_low) if other_high > other_low else -1.0
        if 0 <= other <= 1:
            tried += 1
            laws = ((low, high, chance), (other_low, other_high, other))
            assert _error(sizes, laws, 0.05, mean) <= 0.05 * (1 + 1e-6), laws
