"""Cases and how they are found: arms side by side by problem, or the reason why they cannot be."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from study_factory import BASE, RL, cases_of, drawn, judged, pair_study, two_arms, write_study

from beyondbase import between_problems, estimators
from beyondbase.errors import InputError
from beyondbase.inference.bounded import p_greater, p_less
from beyondbase.inference.intraclass import intraclass, intraclass_limits
from beyondbase.judging.case import Case
from beyondbase.judging.selection import Selection, algorithms, contrasts, pairs, training_runs
from beyondbase.report import render_page
from beyondbase.report.markdown import render_summary
from beyondbase.report.terminal import asides
from beyondbase.results.build import results_of

SOME = (16, [4, 8, 0])


def found(folder: Path, selection: Selection, arms: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Base, other arms and label of each case of a study in which all arms have counts."""
    study = write_study(folder, arms, dict.fromkeys(arms, SOME))
    return [(case.base, *case.others, case.label) for case in cases_of(study, selection)]


def rl(**settings: Any) -> dict[str, Any]:
    """An RL arm with some settings."""
    return RL | settings


def only(folder: Path, base: tuple[Any, Any], other: tuple[Any, Any], **tables: Any) -> Case:
    """The one case of a study of two arms."""
    (case,) = cases_of(pair_study(folder, base, other, **tables), pairs("rl"))
    return case


def test_pairs_stand_each_beside_the_base(tmp_path: Path) -> None:
    """Every arm of the role makes a case with its base, in the order of the file, and no other arm does."""
    arms = {"z": rl(), "base": BASE, "a": rl(step=3), "d": {"role": "distilled", "model": "d"}}
    assert found(tmp_path, pairs("rl"), arms) == [("base", "z", "z"), ("base", "a", "a")]
    assert found(tmp_path, pairs("distilled"), arms) == [("base", "d", "d")]
    assert found(tmp_path, pairs("teacher"), arms) == []


def test_an_arm_that_is_not_paired_is_judged_with_others_only(tmp_path: Path) -> None:
    """With paired = false a checkpoint makes no pair, but still belongs to its run, and has its curves."""
    arms = {"base": BASE, "early": rl(step=1, paired=False), "late": rl(step=2)}
    assert found(tmp_path / "a", pairs("rl"), arms) == [("base", "late", "late")]
    assert len(found(tmp_path / "b", pairs("rl", every=True), arms)) == 2
    assert found(tmp_path / "c", training_runs(), arms) == [("base", "early", "late", "late")]


def test_what_is_not_judged_beside_its_base_is_said(tmp_path: Path) -> None:
    """A comparison that a study leaves out stands in its summary and on its page."""
    arms = {"base": BASE, "early": rl(step=1, paired=False), "late": rl(step=2)}
    results = results_of([judged(write_study(tmp_path, arms, dict.fromkeys(arms, SOME)))])
    assert "not judged beside their base (paired = false): early" in render_summary(results)
    assert "not beside their base, as the study asks (paired = false): early." in render_page(results)
    assert asides(results["studies"][0] | {"arms": []}) == []
    with pytest.raises(InputError, match="paired: found false on an arm with role base; use it on a trained"):
        write_study(tmp_path / "wrong", arms | {"base": BASE | {"paired": False}}, dict.fromkeys(arms, SOME))


@pytest.mark.parametrize(("largest", "told"), [(10, True), (1, False)])
def test_a_cluster_much_larger_than_the_others_is_told(tmp_path: Path, *, largest: int, told: bool) -> None:
    """Terminal and summary say of how few clusters at best the limits are where one holds most problems."""
    labels = ["a"] * largest + ["b", "b", "c", "d"]
    counts, clusters = (dict.fromkeys(("base", "rl"), of) for of in ((16, [8] * len(labels)), labels))
    study = write_study(tmp_path, {"base": BASE, "rl": RL}, counts, clusters=clusters)
    results = results_of([judged(study)])
    words = "T: the largest of 4 clusters holds 10 of 14 problems, so limits are at best those of 1.4"
    assert [words in line for line in asides(results["studies"][0])] == [True] * told
    assert (words in render_summary(results)) is told


def test_two_bases_keep_their_own_arms(tmp_path: Path) -> None:
    """With two bases each arm stands beside the one it names, also where several share one."""
    arms = {"b1": BASE, "b2": BASE, "r1": rl(base="b1"), "r2": rl(base="b2"), "r3": rl(base="b1")}
    assert found(tmp_path, pairs("rl"), arms) == [("b1", "r1", "r1"), ("b2", "r2", "r2"), ("b1", "r3", "r3")]


def test_tasks_come_first_and_absent_arms_make_no_case(tmp_path: Path) -> None:
    """Cases go by task, and an arm or its base without counts on a task makes none there."""
    arms = {"b1": BASE, "b2": BASE, "r1": rl(base="b1"), "r2": rl(base="b2")}
    keys = [("T", "b1"), ("T", "r1"), ("T", "r2"), ("U", "b2"), ("U", "r2"), ("U", "b1")]
    study = write_study(tmp_path, arms, dict.fromkeys(keys, SOME))
    assert [case.id for case in cases_of(study, pairs("rl"))] == ["T/r1", "U/r2"]


def test_algorithms_group_arms_that_differ_in_nothing_else(tmp_path: Path) -> None:
    """Equal settings but the algorithm make a group; model names, notes and revisions do not count."""
    arms = {
        "base": BASE,
        "grpo": rl(algorithm="GRPO", step=150, note="one", revision="1"),
        "hot": rl(algorithm="PPO", step=150, temperature=1.0),
        "ppo": rl(algorithm="PPO", step=150, model="made/ppo"),
        "unnamed": rl(step=150),
        "rloo": rl(algorithm="RLOO", step=150),
        "late": rl(algorithm="RLOO", step=300),
    }
    assert found(tmp_path, algorithms(), arms) == [("base", "grpo", "ppo", "rloo", "grpo")]


def test_runs_of_an_algorithm_are_judged_together(tmp_path: Path) -> None:
    """Arms of one algorithm and equal settings are its runs, with a label seed or without, secondary too."""
    arms = {
        "base": BASE,
        "grpo": rl(algorithm="GRPO", labels={"data": "x"}),
        "grpo-2": rl(algorithm="GRPO", labels={"seed": "2", "data": "x"}),
        "ppo": rl(algorithm="PPO", labels={"seed": "1", "data": "x"}, secondary=True),
        "ppo-again": rl(algorithm="PPO", labels={"data": "x"}),
        "other-data": rl(algorithm="PPO", labels={"seed": "2", "data": "y"}),
    }
    assert found(tmp_path / "a", algorithms(), arms) == [
        ("base", "grpo", "grpo-2", "ppo", "ppo-again", "grpo")
    ]
    seeded = {"base": BASE, "one": rl(step=1, labels={"seed": "1"}), "two": rl(step=2, labels={"seed": "2"})}
    assert found(tmp_path / "b", training_runs(), seeded) == []


def test_algorithms_on_two_bases_are_not_compared(tmp_path: Path) -> None:
    """What starts from different bases differs in more than the algorithm, and so does what labels say."""
    two = {
        "b1": BASE,
        "b2": BASE,
        "r1": rl(base="b1", algorithm="PPO"),
        "r2": rl(base="b2", algorithm="GRPO"),
    }
    assert found(tmp_path, algorithms(), two) == []
    labelled = {
        "base": BASE,
        "r1": rl(algorithm="PPO", labels={"data": "x"}),
        "r2": rl(algorithm="GRPO", labels={"data": "y"}),
    }
    assert found(tmp_path, algorithms(), labelled) == []


def test_one_algorithm_twice_is_no_group(tmp_path: Path) -> None:
    """Two arms of one algorithm say nothing of algorithms."""
    assert (
        found(tmp_path, algorithms(), {"base": BASE, "a": rl(algorithm="PPO"), "b": rl(algorithm="PPO")})
        == []
    )


def test_a_base_named_or_implied_is_the_same_base(tmp_path: Path) -> None:
    """Whether an arm names its only base or leaves it out does not tell arms apart."""
    arms = {"base": BASE, "a": rl(algorithm="PPO", base="base"), "b": rl(algorithm="GRPO")}
    assert found(tmp_path, algorithms(), arms) == [("base", "a", "b", "a")]


def test_training_runs_are_ordered_by_step(tmp_path: Path) -> None:
    """The arms of a run come earliest first and the last names it; a single step is no run."""
    arms = {
        "base": BASE,
        "late": rl(step=450),
        "early": rl(step=50),
        "middle": rl(step=150),
        "stepless": rl(),
        "lonely": rl(step=450, algorithm="PPO"),
    }
    assert found(tmp_path, training_runs(), arms) == [("base", "early", "middle", "late", "late")]


@pytest.mark.parametrize(("setting", "amounts"), [("kl", (0.0, 0.001, 0.01)), ("rollouts", (8, 16, 32))])
def test_contrasts_put_more_before_less(tmp_path: Path, setting: str, amounts: tuple[float, ...]) -> None:
    """Every arm stands beside the one with the least of the number, all else equal, the larger first."""
    a, b, c = ({setting: amount} for amount in amounts)
    arms = {
        "base": BASE,
        "c": rl(**c),
        "a": rl(**a),
        "b": rl(**b),
        "twin": rl(**a, note="again"),
        "later": rl(**b, step=9),
        "none": rl(),
    }
    assert sorted(found(tmp_path, contrasts(setting), arms)) == [
        ("base", "b", "a", "b"),
        ("base", "c", "a", "c"),
    ]


def test_contrasts_have_ids_of_their_own(tmp_path: Path) -> None:
    """Three amounts, one of them twice, make cases whose names in results must not be the same."""
    arms = {"base": BASE} | {f"kl{i}": rl(kl=amount) for i, amount in enumerate((0.0, 0.001, 0.001, 0.01))}
    study = write_study(tmp_path, arms, dict.fromkeys(arms, SOME))
    ids = [case.id for case in cases_of(study, contrasts("kl"))]
    assert sorted(ids) == ["T/kl1", "T/kl2", "T/kl3"]


@pytest.mark.parametrize("selection", [pairs("rl"), algorithms(), training_runs(), contrasts("kl")])
def test_a_base_alone_makes_no_case(tmp_path: Path, selection: Selection) -> None:
    """Where no arm has the role there is no case, and the selection says what it needs."""
    assert found(tmp_path, selection, {"base": BASE}) == []
    assert "arm" in selection.needs


def test_different_problems_are_named(tmp_path: Path) -> None:
    """Ids that only one arm has are named, with the arm, five at most."""
    ids = {"base": list("abcdefgh"), "rl": ["a", *"stuvwxy"]}
    case = only(tmp_path, (16, [1] * 8), (16, [1] * 8), ids=ids)
    (reason,) = case.mismatch
    assert reason.startswith("problem ids differ: arm 'rl' on 'T' lacks 'b', 'c', 'd', 'e', 'f' and 2 more")
    assert "and has 's', 't', 'u', 'v', 'w' and 2 more beside those of 'base'; sample all arms" in reason


def test_a_missing_problem_is_a_mismatch(tmp_path: Path) -> None:
    """Problems of one arm within those of the other are no less of a mismatch, and are not joined."""
    (reason,) = only(tmp_path, (16, [1, 2, 3]), (16, [1, 2])).mismatch
    assert "arm 'rl' on 'T' lacks '2' and has none beside those of 'base'" in reason


def test_rows_are_aligned_by_problem(tmp_path: Path) -> None:
    """The order of rows in the file does not matter, only the ids do."""
    case = only(
        tmp_path, (10, [1, 2, 3]), (10, [9, 8, 7]), ids={"base": ["x", "y", "z"], "rl": ["z", "y", "x"]}
    )
    assert case.mismatch == ()
    assert case.problem_ids == ("x", "y", "z")
    assert_allclose(case.difference(1).values, [0.6, 0.6, 0.6])


def test_different_clusters_are_a_mismatch(tmp_path: Path) -> None:
    """One problem cannot belong to two clusters; equal clusters reach the measure."""
    same, other = list("aabb"), list("abbb")
    (reason,) = only(tmp_path, (16, [1] * 4), (16, [1] * 4), clusters={"base": same, "rl": other}).mismatch
    assert reason.startswith("clusters differ: arm 'rl' on 'T' has others than 'base'; give every problem")
    case = only(tmp_path, (16, [1] * 4), (16, [1] * 4), clusters={"base": same, "rl": same})
    assert case.mismatch == ()
    assert case.difference(1).clusters == tuple(same)


def test_one_problem_says_nothing(tmp_path: Path) -> None:
    """A single problem is no sample of problems, whatever its counts; two are."""
    assert "1 problem says nothing" in only(tmp_path, (64, [1]), (64, [60])).mismatch[0]
    assert only(tmp_path, (64, [1, 2]), (64, [60, 61])).mismatch == ()


@pytest.mark.parametrize(("grid", "kept"), [({}, 16), ({"k_large": 16}, None)])
def test_a_k_that_grows_with_the_samples_is_told(
    tmp_path: Path, grid: dict[str, int], kept: int | None
) -> None:
    """Effects at the largest k would ask something else with more samples, unless the study sets that k."""
    (case, _) = cases_of(two_arms(tmp_path, grid=grid), pairs("rl"))
    large = (
        case.difference(16),
        case.often_difference(0.9),
        case.seldom_difference(0.1),
        case.sampling_gap(16),
    )
    assert {measure.kept_k for measure in large} == {kept}
    assert case.difference(8).kept_k is None


def test_the_largest_k_is_the_least_n(tmp_path: Path) -> None:
    """Unequal n are fine: every problem of every arm must allow the k."""
    case = only(tmp_path, ([64, 40, 64], [1, 2, 3]), ([128, 128, 32], [4, 5, 6]))
    assert case.k_max == case.k_large == 32
    assert case.undersampled == ()
    assert_allclose(case.pass_at_k("base", 32), estimators.pass_at_k([64, 40, 64], [1, 2, 3], 32))


def subsets(n: int, c: int, m: int) -> list[int]:
    """How many are correct in every choice of m of n samples."""
    return [sum(chosen) for chosen in combinations([1] * c + [0] * (n - c), m)]


def test_cover_is_that_of_every_choice_of_as_many_samples(tmp_path: Path) -> None:
    """With unequal n all choices of k_max samples are averaged over, problem by problem."""
    base, other = [(5, 0), (5, 2), (5, 3), (9, 4), (9, 8)], [(8, 0), (7, 3), (5, 5), (6, 1), (8, 7)]
    arms = [[list(column) for column in zip(*rows, strict=True)] for rows in (base, other)]
    case = only(tmp_path, (arms[0][0], arms[0][1]), (arms[1][0], arms[1][1]))
    assert (case.k_max, case.even) == (5, False)
    for tau in (0.05, 0.2, 0.21, 0.5, 0.6, 3 * 0.2, 0.75, 1.0):
        share = [
            [np.mean([hits / 5 >= tau - 1e-9 for hits in subsets(n, c, 5)]) for n, c in rows]
            for rows in (base, other)
        ]
        assert_allclose(case.cover("base", tau), share[0], rtol=1e-13)
        assert_allclose(case.cover_difference(tau).values, np.subtract(share[1], share[0]), atol=1e-13)


@pytest.mark.parametrize(("k", "tau", "least", "most"), [(5, 0.9, 5, 4), (5, 0.21, 2, 1), (4, 0.1, 1, 0)])
def test_ends_of_accuracy_are_those_of_every_choice_of_k_samples(
    tmp_path: Path, k: int, tau: float, least: int, most: int
) -> None:
    """All choices of k samples are averaged over, of each arm by its own n, problem by problem."""
    base, rl = [(5, 0), (5, 2), (6, 6), (9, 4), (9, 8)], [(8, 0), (7, 3), (5, 5), (6, 1), (8, 7)]
    arms = [[list(column) for column in zip(*rows, strict=True)] for rows in (base, rl)]
    case = only(tmp_path, (arms[0][0], arms[0][1]), (arms[1][0], arms[1][1]), grid={"k_large": k})
    hits = [[np.array(subsets(n, c, k)) for n, c in rows] for rows in (base, rl)]
    often = [[(found >= least).mean() for found in rows] for rows in hits]
    seldom = [[(found <= most).mean() for found in rows] for rows in hits]
    assert_allclose(case.often_difference(tau).values, np.subtract(often[1], often[0]), atol=1e-13)
    assert_allclose(case.seldom_difference(tau).values, np.subtract(seldom[1], seldom[0]), atol=1e-13)


def test_variance_between_problems_is_told_of_both_arms(tmp_path: Path) -> None:
    """Of base and RL by name, in this order; an arm that solves nothing has none, and clusters widen it."""
    base, rl = (16, [1, 2, 9, 4, 0, 8]), (16, [0, 0, 16, 15, 0, 16])
    first, second = between_problems(only(tmp_path, base, rl))
    assert (first.name, second.name) == tuple(
        f"variance of success between problems, {arm}" for arm in ("base", "RL")
    )
    assert first.estimate == intraclass([16] * 6, base[1])
    assert (second.lower, second.upper) == intraclass_limits([16] * 6, rl[1])
    (told,) = between_problems(only(tmp_path / "none", base, (16, [0] * 6)))
    assert told == first
    labels = list("aabbcc")
    grouped = between_problems(only(tmp_path / "c", base, rl, clusters={"base": labels, "rl": labels}))
    assert (grouped[1].lower, grouped[1].upper) == intraclass_limits([16] * 6, rl[1], clusters=labels)


def test_below_a_hundred_samples_one_in_a_hundred_is_none(tmp_path: Path) -> None:
    """The lower end is then 1 - pass@k, and a share that is a whole number of samples is read as it."""
    counts = np.arange(17)
    case = only(tmp_path, (16, counts), (16, counts[::-1]))
    assert_allclose(case.seldom_difference(0.01).values, -case.difference(16).values, atol=1e-15)
    large = only(tmp_path / "large", (300, [0, 3, 4, 269, 270]), (300, [0] * 5))
    assert large.seldom_difference(3 * 0.1 / 30).values.tolist() == [0, 0, 1, 1, 1]
    assert large.often_difference(3 * 0.3).values.tolist() == [0, 0, 0, 0, -1]


@pytest.mark.parametrize("n", [1, 10, 16, 30])
def test_cover_of_equal_samples_is_the_share_that_reaches_tau(tmp_path: Path, n: int) -> None:
    """Where every n is the same, each problem counts as 0 or 1, whether c/n >= tau."""
    counts = np.arange(n + 1)
    case = only(tmp_path, (n, counts), (n, counts[::-1]))
    assert case.even
    for tau in (0.05, 0.1, 0.25, 0.3, 1 / 3, 0.5, 3 * 0.2, 0.75, 0.9, 1.0):
        reached = estimators.cover_at_tau(n, counts, tau)
        assert (case.cover("base", tau) == reached).all()
        assert (case.cover_difference(tau).values == reached[::-1] - reached).all()


@pytest.mark.parametrize("tau", [0.25, 0.75, 1.0])
def test_more_samples_are_no_lead(tmp_path: Path, tau: float) -> None:
    """Arms of equal rates, one with 16 samples and one with 512, differ no oftener than the level says."""
    replicates, problems, level = 300, 60, 0.05
    rng = np.random.default_rng(7)
    case = only(tmp_path, (16, [1] * problems), (512, [1] * problems))
    errors = np.zeros(2)
    for _ in range(replicates):
        rates = rng.choice([0.1, 0.2, 0.45, 0.7, 0.95], problems)  # fewer samples pass thresholds by luck
        tallies = {arm: replace(tally, c=rng.binomial(tally.n, rates)) for arm, tally in case.tallies.items()}
        values = replace(case, tallies=tallies).cover_difference(tau).checked()
        errors += [p_greater(values)[0] <= level, p_less(values)[0] <= level]
    assert (errors <= stats.binom.ppf(0.999, replicates, level)).all()
    assert errors.sum() > 0


@pytest.mark.parametrize(("clusters", "independent"), [(None, True), ("abcd", True), ("abca", False)])
def test_problems_are_independent_unless_two_share_a_cluster(
    tmp_path: Path, clusters: str | None, *, independent: bool
) -> None:
    """A cluster for each problem changes nothing."""
    tables = {"clusters": {arm: list(clusters) for arm in ("base", "rl")}} if clusters else {}
    case = only(tmp_path, (16, [1] * 4), (16, [1] * 4), **tables)
    assert case.independent == independent
    assert case.clusters == (tuple(clusters) if clusters else None)


def test_the_trend_is_the_least_squares_slope_over_the_range(tmp_path: Path) -> None:
    """Each problem's value is numpy's fitted slope over the steps, times the range of the steps."""
    steps = {"s1": 100, "s2": 150, "s3": 450, "s4": 1000}
    counts = {arm: drawn(np.linspace(0.1, 0.9, 12), 16, seed) for seed, arm in enumerate(["base", *steps])}
    arms = {"base": BASE} | {name: rl(step=step) for name, step in steps.items()}
    (case,) = cases_of(write_study(tmp_path, arms, counts), training_runs())
    for k in (1, 7, 16):
        table = np.array([case.pass_at_k(name, k) for name in steps])
        slope = np.polyfit(list(steps.values()), table, 1)[0]
        trend = case.trend(k)
        assert_allclose(trend.values, slope * 900, atol=1e-12)
        assert trend.name == f"change of pass@{k} from step 100 to 1000"
        # The steepest that a problem can be: never solved before the mean step, always after it.
        steepest = np.polyfit(list(steps.values()), [0, 0, 1, 1], 1)[0] * 900
        assert_allclose(trend.support, (-steepest, steepest))


def test_two_steps_make_a_plain_difference(tmp_path: Path) -> None:
    """With two steps the trend is the later minus the earlier, between -1 and 1."""
    arms = {"base": BASE, "early": rl(step=10), "late": rl(step=20)}
    counts = {"base": SOME, "early": (16, [0, 8, 16]), "late": (16, [16, 8, 0])}
    (case,) = cases_of(write_study(tmp_path, arms, counts), training_runs())
    assert_allclose(case.trend(1).values, [1, 0, -1])
    assert_allclose(case.trend(1).support, (-1, 1))


def test_bands_stand_on_a_dense_grid(tmp_path: Path) -> None:
    """All k up to 16, then about eight per octave, with k_max and the study's own k, none beyond."""
    case = only(tmp_path, (200, [1, 2]), (100, [1, 2]), grid={"k": [1, 50, 61, 150]})
    grid = case.grid()
    assert grid[:16] == tuple(range(1, 17))
    assert grid[-1] == case.k_max == 100
    assert {50, 61} <= set(grid)
    assert list(grid) == sorted(set(grid))
    assert max(np.diff(np.log2(grid[16:]))) <= 1 / 8 + 0.05
    assert len(grid) < 45


@pytest.mark.parametrize(
    ("n", "tables", "expected"),
    [
        (100, {}, (1, 2, 4, 8, 16, 32, 64, 100)),
        (64, {}, (1, 2, 4, 8, 16, 32, 64)),
        (1, {}, (1,)),
        (100, {"grid": {"k": [1, 10, 100, 1000]}}, (1, 10, 100)),
    ],
)
def test_tables_show_powers_of_two_or_the_studys_k(
    tmp_path: Path, n: int, tables: dict[str, Any], expected: tuple[int, ...]
) -> None:
    """Without a choice the powers of two and k_max are shown, else the choice, as far as the samples go."""
    case = only(tmp_path, (n, [0, 1]), (n, [1, 1]), **tables)
    assert case.table_grid() == expected
    assert set(expected) <= set(case.grid())
    assert case.grid()[-1] == case.k_max


def test_arms_are_called_by_role_where_that_is_enough(tmp_path: Path) -> None:
    """A pair reads "RL - base"; several RL arms go by their names."""
    assert only(tmp_path, SOME, SOME).difference(8).name == "RL - base pass@8"
    arms = {"base": BASE, "x": rl(algorithm="PPO"), "y": rl(algorithm="GRPO")}
    (group,) = cases_of(write_study(tmp_path, arms, dict.fromkeys(arms, SOME)), algorithms())
    assert group.difference(8, arm="x", minus="y").name == "x - y pass@8"
