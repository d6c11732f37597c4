"""Algorithms end alike: runs as draws of their algorithm, by hand-computed samples and simulated ones."""

from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import optimize, stats
from study_factory import BASE, RL, all_claims, cases_of, judged, write_study

from beyondbase import (
    Verdict,
    algorithms,
    algorithms_alike,
    algorithms_within,
    distance_effects,
    opposite,
    spread_effects,
)
from beyondbase.inference.bounded import upper_limit, values_of
from beyondbase.inference.runs import (
    deviates,
    difference_limit,
    mean_variance,
    p_difference_less,
    variances_within,
)
from beyondbase.judging.algorithm_runs import AlgorithmRuns
from beyondbase.judging.case import Case
from beyondbase.judging.remedies import remedy_text
from beyondbase.study import Study

N = 1000


def case_of(folder: Path, rates: Mapping[str, Sequence[Any]], *, base: float = 0.9, n: int = N) -> Case:
    """One case: of each algorithm so many runs, each with its share of right answers, or one per problem."""
    arms: dict[str, dict[str, Any]] = {"base": BASE}
    counts: dict[str, Any] = {"base": (n, np.full(100, round(base * n)))}
    for name, runs in rates.items():
        for seed, rate in enumerate(runs):
            arms[f"{name}{seed}"] = RL | {"algorithm": name, "labels": {"seed": str(seed)}}
            counts[f"{name}{seed}"] = n, np.round(np.full(100, n) * rate).astype(int)
    (case,) = cases_of(write_study(folder, arms, counts), algorithms())
    return case


def constant_p(difference: float, margin: float, error: float, degrees: int, problems: int = 100) -> float:
    """The p where all problems have one difference: then Gaffke's limit is that of a beta variable."""

    def beyond(limit: float) -> float:
        return float(((1 - limit) / (1 - difference)) ** problems)

    def gap(limit: float) -> float:
        return beyond(limit) - float(stats.t.sf((margin - limit) / error, degrees))

    return 2 * beyond(optimize.brentq(gap, difference, margin, xtol=1e-14))


def test_a_hand_computed_example(tmp_path: Path) -> None:
    """Two algorithms with two runs: means .41 and .435, variances .0002 and .00045, 1 degree of freedom."""
    case = case_of(tmp_path, {"PPO": [0.40, 0.42], "GRPO": [0.42, 0.45]})
    verdict = algorithms_within(case, 1, 0.2)
    error = sqrt((0.0002 + 0.00045) / 2)
    assert_allclose(verdict.p_support, constant_p(0.025, 0.2, error, 1), rtol=1e-8)
    # No limit below: .025 is no more than .2, and to be shown on either side it is looked at twice.
    assert verdict.p_refute == 1
    apart = algorithms_within(case, 1, 0.0)
    assert_allclose(apart.p_refute, min(1, 2 * constant_p(-0.025, 0.0, error, 1)), rtol=1e-8)
    assert verdict.effect is not None
    assert_allclose(verdict.effect.estimate, 0.025)
    upper = 1 - (1 - 0.025) * 0.0125 ** (1 / 100) + stats.t.ppf(1 - 0.0125, 1) * error
    assert_allclose(verdict.effect.upper, min(upper, 1), rtol=1e-6)
    assert verdict.effect.lower == 0


def test_each_algorithm_has_a_variance_of_its_own(tmp_path: Path) -> None:
    """Three runs against two: the error is that of Welch, the degrees of freedom those of the fewer runs."""
    case = case_of(tmp_path, {"PPO": [0.40, 0.42, 0.44], "GRPO": [0.43, 0.53]})
    error = sqrt(0.0004 / 3 + 0.005 / 2)
    expected = constant_p(0.48 - 0.42, 0.6, error, 1)
    assert_allclose(algorithms_within(case, 1, 0.6).p_support, expected, rtol=1e-8)


def test_limits_are_where_p_values_turn() -> None:
    """A margin at the upper limit has just the p-value that the limit errs with."""
    rng = np.random.default_rng(3)
    x = rng.random((80, 3)) - 0.45
    error, tail = np.array([0.01, 0.03, 0.0]), 0.02
    degrees = np.array([1, 3, 2])
    limits = difference_limit(values_of(x), tail, error, degrees)
    found = [p_difference_less(values_of(x), limit, error, degrees)[i] for i, limit in enumerate(limits)]
    assert_allclose(found, tail, rtol=1e-6)


def test_one_run_each_decides_nothing(tmp_path: Path) -> None:
    """Single runs, far apart or close, leave open whether algorithm or run makes it, and it is said."""
    apart = case_of(tmp_path / "apart", {"PPO": [0.2], "GRPO": [0.8], "RLOO": [0.5]})
    close = case_of(tmp_path / "close", {name: [0.5] for name in "ABCDEF"})
    for case in (apart, close):
        verdict = algorithms_alike(case, (1, 1000), 0.05)
        assert (verdict.p_support, verdict.p_refute) == (1, 1)
        assert "so that algorithm and run cannot be told apart" in verdict.statement
        assert verdict.effect is not None
        assert (verdict.effect.lower, verdict.effect.upper) == (0, 1)
        assert "train three of each or more (labels.seed)" in remedy_text(verdict, 0.05)
    assert "PPO, GRPO and RLOO have one run each" in algorithms_alike(apart, (1,), 0.05).statement


def test_one_algorithm_with_one_run_bars_support_alone(tmp_path: Path) -> None:
    """The repeated ones may be shown to be apart, over their own pairs; that all are alike may not."""
    rates = {"PPO": [0.5, 0.5, 0.5], "GRPO": [0.7, 0.7, 0.7]}
    case = case_of(tmp_path / "apart", rates | {"RLOO": [0.6]})
    verdict, without = (algorithms_within(one, 1, 0.05) for one in (case, case_of(tmp_path / "two", rates)))
    assert verdict.p_support == 1
    assert verdict.p_refute == without.p_refute < 0.001
    alike = case_of(tmp_path / "alike", {"PPO": [0.5, 0.5, 0.5], "GRPO": [0.5, 0.5, 0.5], "RLOO": [0.5]})
    told = algorithms_alike(alike, (1,), 0.2)
    assert (told.p_support, told.p_refute) == (1, 1)
    assert told.statement.endswith("(RLOO has one run, so that algorithm and run cannot be told apart)")
    assert "RLOO has one run" in remedy_text(told, 0.05)


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0])
def test_algorithms_without_any_difference(tmp_path: Path, rate: float) -> None:
    """Where all is solved, or nothing, or all counts are equal, problems alone limit what may differ."""
    case = case_of(tmp_path, {"A": [rate] * 2, "B": [rate] * 2}, n=20)
    verdict = algorithms_within(case, 1, 0.05)
    # That no more than a few of a hundred problems differ by 1, which none of them shows: .95^100, twice.
    assert_allclose(verdict.p_support, 2 * 0.95**100, rtol=1e-6)
    assert verdict.p_refute == 1
    assert [effect.estimate for effect in spread_effects(case, 1)] == [0, 0, 0]
    for effect in distance_effects(case, 1):
        assert effect.estimate is not None


def test_equal_means_by_chance_are_no_equal_runs(tmp_path: Path) -> None:
    """Runs that solve equally many problems, but others, differ by what the draw of problems adds."""
    halves = np.repeat([0.0, 1.0], 50)
    runs = {"A": [halves, 1 - halves], "B": [halves, 1 - halves]}
    case = case_of(tmp_path, runs)
    # Deviations of 1/2 and -1/2 from the average of 1/2: a variance of .25 * 100 / 99 for each of the two.
    assert_allclose(AlgorithmRuns(case, 1).variances, 2 * 0.25 / 99)
    assert algorithms_within(case, 1, 0.05).p_support > 0.1


def test_ten_algorithms_with_runs_of_unlike_size(tmp_path: Path) -> None:
    """Ten algorithms are 90 pairs; runs with other n are compared at the k that all allow."""
    rates = {f"A{place}": [0.5, 0.51, 0.5 + place / 100] for place in range(10)}
    case = case_of(tmp_path, rates)
    runs = AlgorithmRuns(case, 1)
    assert (len(runs.pairs), runs.differences.mean.shape) == (90, (90,))
    assert_allclose(runs.width, 0.09 / 3)
    assert 0 < algorithms_within(case, 1, 0.3).p_support < 1


def test_one_outlier_refutes(tmp_path: Path) -> None:
    """One of three algorithms far off, and runs that hardly differ, refute by Bonferroni over pairs."""
    case = case_of(tmp_path, {"PPO": [0.5, 0.5], "GRPO": [0.5, 0.502], "RLOO": [0.7, 0.7]})
    verdict = algorithms_within(case, 1, 0.05)
    assert verdict.p_refute < 0.001
    assert verdict.p_support == 1
    # Of the 6 ordered pairs the surest is the one of the two algorithms furthest apart.
    sure = algorithms_within(case_of(tmp_path / "two", {"A": [0.5, 0.5], "B": [0.7, 0.7]}), 1, 0.05)
    assert_allclose(verdict.p_refute, 3 * sure.p_refute)
    # Runs that do not differ take none of the room, and both orders were looked at.
    assert_allclose(sure.p_refute, 2 * 2 * (1.05 / 1.2) ** 100, rtol=1e-6)
    assert opposite("apart", verdict).p_support == verdict.p_refute


@pytest.mark.parametrize("tail", [1e-20, 5e-301, 5e-324])
def test_no_tail_is_too_small(tail: float) -> None:
    """Student's t is a finite and great number, where scipy has minus infinity too."""
    found = deviates(tail, np.array([1, 2, 20, 199]))
    assert np.isfinite(found).all()
    assert (found > 10).all()


SPREADS = {"alike": (1.0, 1.0, 1.0), "unlike": (0.25, 1.0, 0.25)}
PAIRS = np.array([(a, b) for a in range(3) for b in range(3) if a != b])
REPEATS = np.array([3, 2, 2])
GROUPS = np.repeat([0, 1, 2], REPEATS)
MINE = (GROUPS[:, None] == np.arange(3)) / REPEATS


def boundary(rng: np.random.Generator, noise: Any, *, binary: bool) -> tuple[Any, Any]:
    """Differences of three algorithms that are .3 apart, per problem, and their errors by the runs."""
    rates = np.array([0.35, 0.65, 0.5])[GROUPS] + noise[GROUPS] * rng.standard_normal(len(GROUPS))
    values = (rng.random((100, len(GROUPS))) < rates).astype(float) if binary else np.tile(rates, (100, 1))
    averages = values @ MINE
    variances = variances_within(values.mean(axis=0), GROUPS)
    error = np.sqrt((variances / REPEATS)[PAIRS].sum(axis=1))
    return averages[:, PAIRS[:, 0]] - averages[:, PAIRS[:, 1]], error


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize(("noise", "binary"), [(0.05, True), (0.1, False)])
def test_errors_at_the_boundary_keep_their_level(noise: float, spread: str, *, binary: bool) -> None:
    """With a range of just the margin neither side is shown in more than 5 % of studies."""
    rng, studies, degrees = np.random.default_rng(11), 300, REPEATS[PAIRS].min(axis=1) - 1
    size = noise * np.array(SPREADS[spread])
    found, errors = zip(*(boundary(rng, size, binary=binary) for _ in range(studies)), strict=True)
    values, error = values_of(np.column_stack(found)), np.concatenate(errors)
    degrees = np.tile(degrees, studies)
    within = difference_limit(values, 0.05, error, degrees) < 0.3
    beyond = difference_limit(values.flipped(), 0.05 / len(PAIRS), error, degrees) < -0.3
    shown = [within.reshape(studies, -1).all(axis=1), beyond.reshape(studies, -1).any(axis=1)]
    assert np.max([one.sum() for one in shown]) <= studies * 0.05 + 3 * sqrt(studies * 0.05 * 0.95)
    # Without the error of runs, far more studies than that would be wrong where runs make most of the noise.
    ignored = upper_limit(values, 0.05).reshape(studies, -1) < 0.3
    assert binary or ignored.all(axis=1).mean() > 0.1


def test_components_of_variance(tmp_path: Path) -> None:
    """Runs without problem noise: F's mean squares."""
    rates = {"PPO": [0.40, 0.42, 0.44], "GRPO": [0.52, 0.50, 0.54], "RLOO": [0.45, 0.46, 0.41]}
    case = case_of(tmp_path, rates)
    algorithms_, runs, draw = spread_effects(case, 1)
    within = np.mean([np.var(some, ddof=1) for some in rates.values()])
    between = np.var([np.mean(some) for some in rates.values()], ddof=1)
    assert_allclose(stats.f_oneway(*rates.values()).statistic, 3 * between / within)
    assert_allclose(algorithms_.estimate, sqrt(between - within / 3))
    assert_allclose(runs.estimate, sqrt(within))
    assert {effect.upper for effect in (algorithms_, runs, draw)} == {None}
    assert_allclose(draw.estimate, 0, atol=1e-12)


def test_noise_of_problems_is_told_apart_from_that_of_runs() -> None:
    """The draw of problems has the variance of a mean: a sample's over its size, or of clusters."""
    x = np.random.default_rng(5).random((60, 2))
    assert_allclose(mean_variance(values_of(x)), x.var(axis=0, ddof=1) / 60)
    pairs = x.reshape(30, 2, 2).mean(axis=1)
    clusters = np.repeat(np.arange(30), 2)
    assert_allclose(mean_variance(values_of(x, clusters=clusters)), pairs.var(axis=0, ddof=1) / 30)


def test_equal_runs_on_other_samples_have_no_spread_of_their_own(tmp_path: Path) -> None:
    """Where all runs have one chance on every problem, less is told as theirs than what they differ by."""
    rng = np.random.default_rng(1)
    chances = rng.random(100)
    runs = {name: [rng.binomial(20, chances) / 20 for _ in range(4)] for name in "ABCDEF"}
    case = case_of(tmp_path, runs, n=20)
    _, repeated, _ = spread_effects(case, 1)
    assert repeated.estimate is not None
    # A binomial share of 20 has variance p (1 - p) / 20, and the observed one is about a hundredth of it.
    drawn_alone = (chances * (1 - chances)).mean() / 2000
    assert_allclose(AlgorithmRuns(case, 1).variances.mean(), drawn_alone, rtol=0.7)
    assert repeated.estimate**2 < 0.7 * drawn_alone


def test_the_range_stands_beside_the_distance_to_the_base(tmp_path: Path) -> None:
    """A base at .9 and algorithms at .41 and .435: 47.75 points away, of which 2.5 are the 19th part."""
    runs_of = {"PPO": [0.40, 0.41, 0.42], "GRPO": [0.42, 0.435, 0.45]}
    case = case_of(tmp_path, runs_of, base=0.9)
    distance, ratio = distance_effects(case, 1)
    assert_allclose([distance.estimate, ratio.estimate], [0.4775, 0.025 / 0.4775])
    assert distance.lower is not None
    assert distance.upper is not None
    assert distance.lower < 0.4775 < distance.upper
    runs = AlgorithmRuns(case, 1)
    near, far = runs.limits_to_base(0.0125) or (0, 0)
    low, high = runs.limits(0.0125)
    assert_allclose([ratio.lower, ratio.upper], [low / far, high / near])
    behind = distance_effects(case_of(tmp_path / "behind", {"A": [0.95], "B": [0.96]}), 1)
    assert [(effect.lower, effect.upper) for effect in behind] == [(None, None)]


def advised(folder: Path, rates: Mapping[str, Sequence[float]], margin: float, **settings: Any) -> str:
    """The remedy of a verdict that is open at level .01."""
    verdict: Verdict = algorithms_within(case_of(folder, rates, **settings), 1, margin)
    assert verdict.p > 0.01
    return remedy_text(verdict, 0.01)


def test_a_remedy_names_what_stands_in_the_way(tmp_path: Path) -> None:
    """Runs that differ much want more runs, runs that do not want more problems."""
    noisy = {"PPO": [0.40, 0.44], "GRPO": [0.42, 0.46]}
    told = advised(tmp_path / "noisy", noisy, 0.15)
    assert (
        "about 6 runs of each algorithm (labels.seed), if they go on as these would probably decide" in told
    )
    assert "; more problems alone would not" in told
    steady = {"PPO": [0.40, 0.40], "GRPO": [0.40, 0.401]}
    assert advised(tmp_path / "steady", steady, 0.05).endswith("more problems would probably decide.")
    assert "takes more runs of each algorithm and more problems" in advised(tmp_path / "both", noisy, 0.05)


TASKS = {"long": 300, "short": 40}


def on_two_tasks(folder: Path, *, leave_out: str = "", **tables: Any) -> Study:
    """Three runs of two algorithms that differ on the short task alone; the later ones are secondary."""
    arms: dict[str, dict[str, Any]] = {"base": BASE}
    counts: dict[Any, Any] = {(task, "base"): (N, np.full(size, 900)) for task, size in TASKS.items()}
    for name, rates in {"PPO": (0.4, 0.4), "GRPO": (0.4, 0.6)}.items():
        for seed in range(3):
            arm = f"{name}{seed}"
            arms[arm] = RL | {"algorithm": name, "labels": {"seed": str(seed)}, "secondary": arm != "PPO0"}
            for (task, size), rate in zip(TASKS.items(), rates, strict=True):
                if f"{task}/{arm}" != leave_out:
                    counts[task, arm] = N, np.full(size, round(rate * N))
    return write_study(folder, arms, counts, **tables)


def test_all_runs_are_one_case_over_all_tasks_with_a_share_of_its_own(tmp_path: Path) -> None:
    """Its mean is that which the study asks for, and secondary runs neither split it nor make it wait."""
    claim = all_claims()["algorithms-end-alike"]
    study = on_two_tasks(tmp_path / "problems")
    pooled, *tasks = judged(study, claim).judged
    assert [one.case.id for one in (pooled, *tasks)] == ["all-tasks/PPO0", "long/PPO0", "short/PPO0"]
    assert_allclose([one.alpha_share for one in (pooled, *tasks)], [0.8, 0.1, 0.1])
    assert [str(one.outcome) for one in tasks] == ["SUPPORTED", "REFUTED"]
    alike = AlgorithmRuns(judged(on_two_tasks(tmp_path / "tasks", pooled="tasks"), claim).judged[0].case, 1)
    assert_allclose(AlgorithmRuns(pooled.case, 1).width, 0.2 * 40 / 340)
    assert_allclose([alike.width, alike.differences.mean.max(), alike.to_base.mean[0]], [0.1, 0.1, 0.45])


def test_a_run_that_lacks_a_task_leaves_each_task_to_itself(tmp_path: Path) -> None:
    """There is no case over all tasks then, as its runs would not be the same on all of them."""
    found = judged(on_two_tasks(tmp_path, leave_out="short/GRPO2"), all_claims()["algorithms-end-alike"])
    assert [one.case.id for one in found.judged] == ["long/PPO0", "short/PPO0"]
    assert [len(one.case.others) for one in found.judged] == [6, 5]


def test_runs_at_the_margin_are_decided_by_no_amount(tmp_path: Path) -> None:
    """A range that is the margin leans to neither side."""
    verdict = algorithms_within(case_of(tmp_path, {"A": [0.40], "B": [0.45]}), 1, 0.05)
    assert "where no amount of data decides" in remedy_text(verdict, 0.05)


def test_enough_runs_are_enough(tmp_path: Path) -> None:
    """The number told does what it says where further runs have the same averages and the same spread."""
    verdict = algorithms_within(case_of(tmp_path, {"PPO": [0.40, 0.44], "GRPO": [0.42, 0.46]}), 1, 0.15)
    variance, level = 0.0008, 0.01
    limits = [
        1 - 0.98 * (level / 2) ** (1 / 100) + stats.t.isf(level / 2, runs - 1) * sqrt(variance * 2 / runs)
        for runs in range(2, 9)
    ]
    least = 2 + [limit < 0.15 for limit in limits].index(True)
    assert f"about {least} runs" in remedy_text(verdict, level)
