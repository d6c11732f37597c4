"""Two runs side by side: what changed, and whether it is more than noise."""

from copy import deepcopy
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from study_factory import BASE, RL, drawn, judged, write_study

from beyondbase.inference.bounded import lower_limit, upper_limit, values_of
from beyondbase.results.build import results_of
from beyondbase.results.compare import compare

PROBLEMS, N = 60, 32
KS = [1, 2, 4, 8, 16, 32]
EFFECT = {"name": "RL - base pass@1", "estimate": 0.03, "lower": 0.02, "upper": 0.04, "unit": "share"}


def pair(
    base: ArrayLike,
    other: ArrayLike,
    n: ArrayLike = N,
    *,
    arm: str = "rl",
    ids: list[str] | None = None,
    ks: list[int] = KS,
    clusters: list[str] | None = None,
) -> dict[str, Any]:
    """A pair of results.json, with the keys that a comparison reads."""
    counts = np.broadcast_arrays(n, base, n, other)
    keys = ("base_n", "base_c", "other_n", "other_c")
    table: dict[str, Any] = {key: column.tolist() for key, column in zip(keys, counts, strict=True)}
    table["id"] = ids or [str(i) for i in range(counts[0].size)]
    head = {"id": f"T/{arm}", "task": "T", "base": "base", "other": arm, "role": "rl"}
    table["cluster"] = clusters
    return head | {"invalid": [], "table_k": ks, "by_problem": table}


def verdict(outcome: str = "SUPPORTED", effect: dict[str, Any] | None = EFFECT) -> dict[str, Any]:
    """A verdict of results.json on the pair of base and rl."""
    names = {"id": "c[T/rl]", "case": "T/rl", "task": "T", "arms": ["base", "rl"]}
    return names | {"outcome": outcome, "effect": effect}


def results(*pairs: dict[str, Any], verdicts: Any = (), **settings: Any) -> dict[str, Any]:
    """A results.json of one study, with the keys that a comparison reads."""
    study = {
        "id": "made",
        "alpha": 0.05,
        "seed": 0,
        "draws": 10_000,
        "family_over": "claim",
        "margins": {"lead": 0.0},
        "grid": {"k": None},
        "arms": [{"id": "base", "model": "m"}, {"id": "rl", "model": "m-rl", "revision": "a", "top_p": 1.0}],
        "tasks": [{"id": "T", "dataset": "d"}],
        "pairs": list(pairs),
        "verdicts": list(verdicts),
    }
    suite = {"name": "beyondbase", "version": "1"}
    return {"suite": suite, "versions": {"numpy": "2"}, "studies": [study | settings]}


def compared(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The only study of two runs, compared."""
    (study,) = compare(old, new)["studies"].values()
    found: dict[str, Any] = study
    return found


def only_pair(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The only pair of two runs of one pair, compared."""
    (found,) = compared(results(old), results(new))["pairs"].values()
    entry: dict[str, Any] = found
    return entry


def counts(rates: NDArray[np.float64], rng: np.random.Generator, n: int = N) -> NDArray[np.int64]:
    """Counts of one run at given rates."""
    return rng.binomial(n, rates)


def test_the_estimate_is_the_mean_of_the_changes() -> None:
    """Both arms and their difference change as hand computation says, at k = 1 and beyond."""
    old, new = pair([1, 5, 7], [8, 2, 2], n=10, ks=[1, 3]), pair([2, 5, 9], [9, 9, 0], n=10, ks=[1, 3])
    entry = only_pair(old, new)
    assert entry["base"]["estimate"][0] == pytest.approx((0.1 + 0 + 0.2) / 3)
    assert entry["other"]["estimate"][0] == pytest.approx((0.1 + 0.7 - 0.2) / 3)
    assert entry["difference"]["estimate"][0] == pytest.approx(0.6 / 3 - 0.3 / 3)
    chances = [1 - comb(10 - c, 3) / comb(10, 3) for c in (2, 5, 9, 1, 5, 7)]
    assert entry["base"]["estimate"][1] == pytest.approx((sum(chances[:3]) - sum(chances[3:])) / 3)


def test_one_k_has_the_limits_of_one_mean_at_a_split_level() -> None:
    """With one k and three bands each is the limit of a plain mean, whose level is a third of alpha's."""
    rng = np.random.default_rng(1)
    base, other = (rng.binomial(N, 0.5, (2, PROBLEMS)) for _ in range(2))
    entry = only_pair(pair(base[0], other[0], ks=[1]), pair(base[1], other[1], ks=[1]))
    assert entry["level"] == pytest.approx(1 - 0.05 / 3)
    change = {"base": base[1] / N - base[0] / N, "other": other[1] / N - other[0] / N}
    change["difference"] = change["other"] - change["base"]
    for name, reach in (("base", 1.0), ("other", 1.0), ("difference", 2.0)):
        values, tail = values_of(change[name], support=(-reach, reach)), 0.05 / 3 / 2
        width = float((upper_limit(values, tail) - lower_limit(values, tail))[0])
        assert entry[name]["lower"] == pytest.approx(lower_limit(values, tail), abs=0.02 * width)
        assert entry[name]["upper"] == pytest.approx(upper_limit(values, tail), abs=0.02 * width)


def test_problems_are_aligned_by_id() -> None:
    """The order of problems in either file changes no estimate, and identical counts stay identical."""
    rng = np.random.default_rng(2)
    base, other, order = rng.binomial(N, 0.4, PROBLEMS), rng.binomial(N, 0.6, PROBLEMS), rng.permutation(60)
    shuffled = pair(base[order], other[order], ids=[str(i) for i in order])
    assert only_pair(shuffled, pair(base, other))["same_samples"] == {"base": True, "other": True}
    later = pair(rng.binomial(N, 0.5, PROBLEMS), other)
    turned, straight = only_pair(shuffled, later), only_pair(pair(base, other), later)
    assert turned == straight
    assert not straight["same_samples"]["base"]


def test_same_samples_change_by_exactly_nothing() -> None:
    """Identical runs have zeros for bands and nothing beyond noise, also where all is solved."""
    for solved in (N, 0, 7):
        same = pair([solved] * 5, [solved, 1, 2, 3, 4])
        entry = only_pair(same, deepcopy(same))
        for curve in ("base", "other", "difference"):
            assert entry[curve] == {"estimate": [0.0] * 6, "lower": [0.0] * 6, "upper": [0.0] * 6}
        assert not any(entry["beyond_noise"].values())
        assert entry["sentence"] == "Same samples in both runs."


def test_all_solved_with_more_samples_is_no_change() -> None:
    """Twice the samples, all right in both runs: the estimate is zero, and the band admits its ignorance."""
    entry = only_pair(pair([32] * 20, [32] * 20), pair([64] * 20, [64] * 20, n=64, ks=[1, 32, 64]))
    assert entry["same_samples"] == {"base": False, "other": False}
    assert entry["k"] == [1, 32]
    assert entry["base"]["estimate"] == [0.0, 0.0]
    assert max(entry["base"]["lower"]) < 0 < min(entry["base"]["upper"])
    assert not any(entry["beyond_noise"].values())


def test_one_problem_is_noise() -> None:
    """A single problem that flips from never to always is beyond no band."""
    base, other = [4] * PROBLEMS, [16] * (PROBLEMS - 1)
    entry = only_pair(pair(base, [*other, 0]), pair(base, [*other, N]))
    assert entry["other"]["estimate"][0] == pytest.approx(1 / PROBLEMS)
    assert not any(entry["beyond_noise"].values())
    assert entry["sentence"] == "RL shows no change beyond noise at any k. The base kept its samples."


def test_a_total_change_stands_at_the_end_of_the_support() -> None:
    """From nothing to everything is 100 points, up to which the band reaches."""
    entry = only_pair(pair([3] * 20, [0] * 20), pair([3] * 20, [N] * 20))
    assert entry["other"]["estimate"] == pytest.approx([1.0] * 6)
    assert entry["other"]["upper"] == pytest.approx([1.0] * 6)
    assert entry["beyond_noise"] == {"base": False, "other": True, "difference": True}


@pytest.mark.parametrize("moved", ["base", "other"])
def test_where_one_arm_moves_the_difference_moves_with_it(moved: str) -> None:
    """Arm and difference are one test then: the full level, and the same limits but for the sign."""
    rng = np.random.default_rng(3)
    fixed, old, new = rng.binomial(N, [[0.5] * PROBLEMS, [0.4] * PROBLEMS, [0.5] * PROBLEMS])
    sides = [{moved: arm, {"base": "other", "other": "base"}[moved]: fixed} for arm in (old, new)]
    entry = only_pair(*(pair(**side) for side in sides))
    assert entry["level"] == pytest.approx(0.95)
    assert entry["beyond_noise"][moved]
    assert entry["beyond_noise"]["difference"]
    lower, upper = ("lower", "upper") if moved == "other" else ("upper", "lower")
    assert np.abs(entry["difference"]["lower"]) == pytest.approx(np.abs(entry[moved][lower]))
    assert np.abs(entry["difference"]["upper"]) == pytest.approx(np.abs(entry[moved][upper]))


def test_the_level_counts_the_bands_that_can_err() -> None:
    """Three bands where both arms changed, one where one did, none where the samples are the same."""
    rng = np.random.default_rng(4)
    a, b, c, d = rng.binomial(N, 0.5, (4, PROBLEMS))
    old = results(pair(a, b, arm="x"), pair(a, b, arm="y"), pair(a, b, arm="z"))
    new = results(pair(c, d, arm="x"), pair(a, d, arm="y"), pair(a, b, arm="z"))
    levels = [entry["level"] for entry in compared(old, new)["pairs"].values()]
    assert levels == pytest.approx([1 - 0.05 / 4] * 3)
    alone = compared(results(pair(a, b)), results(pair(c, d)))["pairs"]["T/rl"]
    together = compared(old, new)["pairs"]["T/x"]
    assert together["other"]["upper"][0] > alone["other"]["upper"][0]


def flags(old: NDArray[np.float64], new: NDArray[np.float64], seed: int) -> dict[str, bool]:
    """What two runs of a pair flag, drawn from given rates of base and other."""
    rng = np.random.default_rng(seed)
    runs = [pair(*(counts(rates, rng) for rates in arms), ks=[1, 8, 32]) for arms in (old, new)]
    found: dict[str, bool] = only_pair(*runs)["beyond_noise"]
    return found


@pytest.mark.parametrize("law", ["same rates", "rates drawn anew"])
def test_noise_is_rarely_called_a_change(law: str) -> None:
    """Under no change the share of pairs with any flag is at most alpha, up to three Monte-Carlo errors.

    Rates drawn anew move every problem, but no mean: what a retrained model of equal strength does.
    """
    replicates, alpha, flagged = 200, 0.05, 0
    for seed in range(replicates):
        rates = np.random.default_rng([seed, 7]).beta(0.5, 0.5, (4, PROBLEMS))
        new = rates[2:] if law == "rates drawn anew" else rates[:2]
        flagged += any(flags(rates[:2], new, seed).values())
    assert flagged / replicates <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / replicates)


@pytest.mark.parametrize(("problems", "least", "most"), [(30, 0.0, 0.1), (60, 0.1, 0.5), (120, 0.95, 1.0)])
def test_ten_points_more_are_found_given_problems_enough(problems: int, least: float, most: float) -> None:
    """Ten points more of one arm: missed with 30 problems, mostly with 60, and found in nearly all of 120."""
    replicates = 30
    found = []
    for seed in range(replicates):
        rates = np.random.default_rng([seed, 8]).uniform(0.1, 0.8, (2, problems))
        found.append(flags(rates, rates + np.array([[0.0], [0.1]]), seed))
    assert least <= np.mean([flag["other"] for flag in found]) <= most
    assert not any(flag["base"] for flag in found)


def test_many_pairs_of_noise_share_one_alpha() -> None:
    """Ten pairs of pure noise raise a flag in few studies, as one pair would."""
    flagged = 0
    for seed in range(20):
        rng = np.random.default_rng([seed, 9])
        rates = rng.beta(0.5, 0.5, (2, 2, 10, PROBLEMS))
        runs = [
            results(
                *(
                    pair(counts(b, rng), counts(o, rng), arm=f"a{i}", ks=[1])
                    for i, (b, o) in enumerate(zip(*arms, strict=True))
                )
            )
            for arms in rates
        ]
        entries = compared(*runs)["pairs"].values()
        flagged += any(any(entry["beyond_noise"].values()) for entry in entries)
    assert flagged <= 20 * 0.05 + 3 * np.sqrt(20 * 0.05 * 0.95)


def test_what_does_not_match_is_said_with_names() -> None:
    """Other problems, an invalid pair and k without overlap give a reason, no bands and no flag."""
    old, new = pair([1] * 9, [2] * 9), pair([1] * 3, [2] * 3, ids=["0", "1", "new"])
    entry = only_pair(old, new)
    assert entry["reason"] == (
        "problem ids differ: 7 (2, 3, 4, 5, 6, ...) only in the old run, 1 (new) only in the new run"
    )
    assert set(entry) == set(only_pair(old, old))
    assert entry["k"] is entry["base"] is entry["other"] is entry["difference"] is None
    assert entry["beyond_noise"] == {"base": False, "other": False, "difference": False}
    broken = old | {"invalid": ["ids differ"], "by_problem": None, "table_k": None}
    assert only_pair(broken, old)["reason"] == "invalid in the old run: ids differ"
    assert only_pair(old, broken)["reason"] == "invalid in the new run: ids differ"
    assert only_pair(pair([], []), pair([], []))["reason"] == "no problems"
    apart = only_pair(pair([1] * 3, [2] * 3, n=4), pair([1] * 3, [2] * 3, ks=[8, 16]))
    assert apart["reason"] == "no k in common: the new run shows k from 8, both allow k up to 4"


def test_clusters_are_the_unit_of_noise() -> None:
    """Sixty problems in ten clusters that moved together make a wider band than sixty on their own."""
    rng = np.random.default_rng(6)
    move = np.repeat(rng.integers(-6, 9, 10), 6)
    groups = np.repeat(np.arange(10), 6).astype(str).tolist()
    alone = only_pair(pair([9] * 60, [10] * 60), pair([9] * 60, 10 + move))
    grouped = only_pair(
        pair([9] * 60, [10] * 60, clusters=groups), pair([9] * 60, 10 + move, clusters=groups)
    )
    assert grouped["other"]["estimate"] == pytest.approx(alone["other"]["estimate"])
    widths = [entry["other"]["upper"][0] - entry["other"]["lower"][0] for entry in (alone, grouped)]
    assert widths[1] > 1.5 * widths[0]


def test_other_clusters_are_not_compared() -> None:
    """Runs that group the same problems in another way are not put side by side."""
    old, new = pair([0] * 4, [0] * 4, clusters=list("aabb")), pair([0] * 4, [N] * 4, clusters=list("abab"))
    assert only_pair(old, new)["reason"] == "problems are clustered in another way than in the old run"
    assert only_pair(old, old)["sentence"] == "Same samples in both runs."


def test_settings_that_changed_are_named() -> None:
    """Numbers, arms, tasks and versions are named with both values; the order of keys says nothing."""
    old = results()
    new = deepcopy(old)
    reordered = {key: old[key] for key in reversed(old)}
    assert compared(old, reordered)["notes"] == []
    study = new["studies"][0]
    study |= {"alpha": 0.1, "margins": {"lead": 0.01}, "grid": {"k": [1, 2]}}
    study["arms"][1]["revision"] = "b"
    study["arms"].append({"id": "late", "model": "m"})
    study["tasks"] = []
    new["suite"] = {"version": "2", "name": "beyondbase"}
    new["versions"] = {"numpy": "3"}
    assert compared(old, new)["notes"] == [
        "alpha: 0.05 before, 0.1 now",
        "arms.late: only in the new run",
        'arms.rl.revision: "a" before, "b" now',
        "grid.k: not set before, [1, 2] now",
        "margins.lead: 0.0 before, 0.01 now",
        "tasks.T: only in the old run",
        'suite.version: "1" before, "2" now',
        'versions.numpy: "2" before, "3" now',
    ]


def test_what_stands_in_one_run_only_is_added_or_removed() -> None:
    """Studies, pairs and verdicts of one run carry their status and no comparison."""
    full, empty = results(pair([1, 2], [2, 3]), verdicts=[verdict()]), results()
    for old, new, word in ((empty, full, "added"), (full, empty, "removed")):
        study = compared(old, new)
        assert study["status"] == "both"
        assert study["pairs"]["T/rl"]["status"] == study["verdicts"]["c[T/rl]"]["status"] == word
        assert study["verdicts"]["c[T/rl]"]["beyond_noise"] is None
        assert study["pairs"]["T/rl"]["k"] is None
    gone = compare(full, full | {"studies": []})["studies"]["made"]
    assert (gone["status"], gone["notes"]) == ("removed", [])
    assert gone["verdicts"]["c[T/rl]"]["outcome"] == "SUPPORTED"
    fresh = compare(full | {"studies": []}, full)["studies"]["made"]
    assert fresh["status"] == fresh["pairs"]["T/rl"]["status"] == "added"
    assert fresh["verdicts"]["c[T/rl]"]["outcome"] is None


def judged_twice(old: dict[str, Any], new: dict[str, Any], *, samples: int = 2) -> dict[str, Any]:
    """A verdict of two runs on samples that differ by less than noise, or on the same for samples = 1."""
    first, second = pair([9] * 20, [10] * 20), pair([9] * 20, [*[10] * 19, 11] if samples == 2 else [10] * 20)
    study = compared(results(first, verdicts=[old]), results(second, verdicts=[new]))
    entry: dict[str, Any] = study["verdicts"]["c[T/rl]"]
    return entry


def test_effects_whose_intervals_overlap_show_no_more_than_noise() -> None:
    """A verdict may change while its interval barely moves, and the reader is told so."""
    later = EFFECT | {"estimate": 0.011, "lower": -0.005, "upper": 0.027}
    entry = judged_twice(verdict(), verdict("INCONCLUSIVE", later))
    assert (entry["status"], entry["outcome"], entry["effect"]) == ("changed", "SUPPORTED", EFFECT)
    assert entry["beyond_noise"] is False
    assert entry["why"] == (
        "SUPPORTED before, INCONCLUSIVE now; the effect went from +3.0 points [+2.0, +4.0] to +1.1 points"
        " [\N{MINUS SIGN}0.5, +2.7] and the intervals overlap: no more than noise is shown"
    )
    assert (
        judged_twice(verdict(), verdict())["why"]
        == "SUPPORTED in both; the effect is +3.0 points [+2.0, +4.0]"
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_effects_whose_intervals_lie_apart_are_beyond_noise(sign: int) -> None:
    """Either way round; intervals that only touch overlap."""
    apart = EFFECT | {"estimate": 0.055, "lower": 0.05, "upper": 0.06}
    touching = apart | {"lower": 0.04}
    for later, beyond in ((apart, True), (touching, False)):
        runs = [verdict(), verdict(effect=later)][::sign]
        entry = judged_twice(*runs)
        assert (entry["status"], entry["beyond_noise"]) == ("same", beyond)


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (None, "there are no two effects to compare"),
        (
            EFFECT | {"name": "RL - base pass@2"},
            'different quantities, "RL - base pass@1" and "RL - base pass@2"',
        ),
        (EFFECT | {"unit": "k"}, "different quantities"),
        (EFFECT | {"upper": None}, "an interval without an end"),
    ],
)
def test_effects_that_cannot_be_compared_are_left_open(later: dict[str, Any] | None, why: str) -> None:
    """No effect, another quantity, another unit or an open interval: neither yes nor no."""
    entry = judged_twice(verdict(), verdict(effect=later))
    assert entry["beyond_noise"] is None
    assert why in entry["why"]


def test_a_verdict_on_the_same_samples_changes_by_settings_alone() -> None:
    """However far the effects lie apart, samples that did not change cannot have caused it."""
    apart = EFFECT | {"lower": 0.5, "upper": 0.6, "estimate": 0.55}
    entry = judged_twice(verdict(), verdict("REFUTED", apart), samples=1)
    assert entry["beyond_noise"] is False
    assert entry["why"].endswith("same samples: the change comes from settings, versions or the claim itself")
    assert judged_twice(verdict(), verdict(), samples=1)["why"] == "SUPPORTED in both; same samples"
    more_arms = verdict("REFUTED", apart) | {"arms": ["base", "rl", "late"]}
    for runs in ((verdict(), more_arms), (more_arms, verdict())):
        assert judged_twice(*runs, samples=1)["beyond_noise"] is True


def test_sharper_curves_are_not_talked_down() -> None:
    """Where the intervals overlap but the paired curves moved, the verdict's sentence says so."""
    later = EFFECT | {"lower": 0.03, "upper": 0.09, "estimate": 0.06}
    old, new = (pair([9] * 40, [c] * 40) for c in (10, 14))
    study = compared(results(old, verdicts=[verdict()]), results(new, verdicts=[verdict(effect=later)]))
    assert study["pairs"]["T/rl"]["beyond_noise"]["difference"]
    entry = study["verdicts"]["c[T/rl]"]
    assert entry["beyond_noise"] is False
    assert entry["why"].endswith("overlap: the curves of the pair did change by more than noise")


def test_a_sentence_tells_direction_size_and_where() -> None:
    """The ends of the curve are told; a fall has no sign; a middle k is told if it alone moved."""
    rng = np.random.default_rng(5)
    base, low, high = (rng.binomial(N, p, 200) for p in (0.3, 0.45, 0.55))
    rise, fall = only_pair(pair(base, low), pair(base, high)), only_pair(pair(base, high), pair(base, low))
    size = {key: f"{100 * rise['other'][key][0]:.1f}" for key in ("estimate", "lower", "upper")}
    told = f"by {size['estimate']} points [{size['lower']}, {size['upper']}]"
    tail = "; at k = 32 no change shown beyond noise. The base kept its samples."
    assert rise["sentence"] == f"RL at k = 1 rose {told}{tail}"
    assert fall["sentence"] == f"RL at k = 1 fell {told}{tail}"
    # As many succeed once more often as lose what leaves pass@1 alone: only the middle of the curve moves.
    wide, narrow = np.tile([2, 2], 100), np.tile([0, 4], 100)
    middle = only_pair(pair(base, wide, ks=[1, 8]), pair(base, narrow, ks=[1, 8]))
    assert "at k = 1 no change shown beyond noise; at k = 8 fell by" in middle["sentence"]


def test_real_results_compare(tmp_path: Path) -> None:
    """What a run writes can be compared as it is: a better checkpoint is told from the one before."""
    arms = {"base": BASE, "rl": RL}
    rates = np.random.default_rng(6).uniform(0.1, 0.7, PROBLEMS)
    base, old, new = drawn(rates, N, 1), drawn(rates, N, 2), drawn(rates + 0.2, N, 3)
    runs = [
        results_of(
            [
                judged(
                    write_study(
                        tmp_path / name,
                        arms | {"rl": RL | {"revision": name}},
                        {"base": base, "rl": rl},
                        shuffle=seed,
                    )
                )
            ]
        )
        for seed, (name, rl) in enumerate({"old": old, "new": new}.items())
    ]
    study = compared(*runs)
    assert study["notes"] == ['arms.rl.revision: "old" before, "new" now']
    assert study["pairs"]["T/rl"]["same_samples"] == {"base": True, "other": False}
    assert study["pairs"]["T/rl"]["sentence"].startswith("RL at k = 1 rose by ")
    entry = study["verdicts"]["rl-leads-at-1[T/rl]"]
    assert (entry["status"], entry["beyond_noise"]) == ("changed", True)
    again = compared(runs[1], runs[1])
    assert {entry["why"].split("; ")[1] for entry in again["verdicts"].values()} == {"same samples"}
