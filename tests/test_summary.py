"""What the report shows of a pair beside its verdicts."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from study_factory import BASE, RL, drawn, write_study

from beyondbase.estimators import pass_at_k
from beyondbase.evidence.tallies import load_tallies
from beyondbase.inference.bounded import Floats
from beyondbase.judging.effects import efficiency_effect
from beyondbase.judging.family import gather, judge
from beyondbase.judging.measure import ratio_limits
from beyondbase.judging.selection import pairs
from beyondbase.report.terminal import effect_text
from beyondbase.results.build import results_of
from beyondbase.results.pairs import summaries
from beyondbase.study import Study

ARMS = {"base": BASE, "rl": RL}


def summary_of(study: Study) -> dict[str, Any]:
    """The only pair of a study, summarised without judging any claim."""
    (pair,) = summaries(judge(gather(study, ())))
    return pair


def by_hand(tmp_path: Path, base: list[int], other: list[int], n: int = 20) -> dict[str, Any]:
    """The summary of given counts."""
    return summary_of(write_study(tmp_path, ARMS, {"base": (n, base), "rl": (n, other)}))


def test_bins_are_the_papers(tmp_path: Path) -> None:
    """Accuracy 0 and 1 have bins of their own; edges fall into the lower bin, as 6 of 20 into (.2, .3]."""
    pair = by_hand(tmp_path, [0, 1, 2, 3, 6, 18, 19, 20], [0] * 8)
    assert pair["histogram"]["bins"][3] == "(0.2, 0.3]"
    assert pair["histogram"]["base"] == [1, 2, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1]
    assert pair["histogram"]["other"] == [8] + [0] * 11


def test_solved_problems_are_told_by_whom_strongest_first(tmp_path: Path) -> None:
    """The two by two table adds up, and its problems come by their two-sided Fisher p."""
    pair = by_hand(tmp_path, [3, 9, 0, 0, 5], [0, 0, 0, 7, 5])
    solved = pair["solved"]
    assert [solved[key] for key in ("both", "base_only", "other_only", "neither")] == [1, 2, 1, 1]
    assert [row["id"] for row in solved["base_only_problems"]] == ["1", "0"]
    exact = stats.fisher_exact([[9, 11], [0, 20]]).pvalue
    assert solved["base_only_problems"][0]["fisher_p"] == pytest.approx(exact)
    exact = stats.fisher_exact([[7, 13], [0, 20]]).pvalue
    assert solved["other_only_problems"][0]["fisher_p"] == pytest.approx(exact)
    assert solved["neither_problems"] == ["2"]
    named = {
        row["id"]: row["fisher_p"] for row in solved["base_only_problems"] + solved["other_only_problems"]
    }
    assert named == {name: pair["by_problem"]["fisher_p"][int(name)] for name in ("0", "1", "3")}


def test_the_p_of_a_problem_is_scipys_where_arms_have_equal_samples(tmp_path: Path) -> None:
    """With equal n the law is symmetric, so twice the smaller tail is scipy's two-sided Fisher p."""
    base, other = np.random.default_rng(5).integers(0, 31, (2, 200))
    base[:3], other[:3] = (0, 30, 0), (0, 30, 30)
    exact = [stats.fisher_exact([[b, 30 - b], [o, 30 - o]]).pvalue for b, o in zip(base, other, strict=True)]
    p = by_hand(tmp_path, base.tolist(), other.tolist(), n=30)["by_problem"]["fisher_p"]
    assert p == pytest.approx(exact, rel=1e-9)
    assert max(p) == 1


def test_the_p_of_a_problem_is_twice_the_smaller_tail(tmp_path: Path) -> None:
    """Unequal n by hand: 3 of 3 against 0 of 2 is one table in ten, whichever arm is ahead."""
    counts = {"base": ([3, 2, 3, 3], [3, 0, 2, 0]), "rl": ([2, 3, 2, 2], [0, 3, 1, 0])}
    p = summary_of(write_study(tmp_path, ARMS, counts))["by_problem"]["fisher_p"]
    # scipy's two-sided p of the first is .1: it adds tables as rare, not the other tail.
    assert p == pytest.approx([0.2, 0.2, 1, 1])
    assert stats.fisher_exact([[3, 0], [0, 2]]).pvalue == pytest.approx(0.1)


def test_results_name_the_level_of_the_bands(tmp_path: Path) -> None:
    """A reader of results.json sees which share of bands hold, and which shape of the file this is."""
    study = write_study(tmp_path, ARMS, {"base": (20, [3, 4]), "rl": (20, [5, 6])}, alpha=0.1)
    content = results_of([judge(gather(study, ()))])
    assert content["schema_version"] == 6
    assert content["studies"][0]["confidence"] == 0.9


def test_support_metrics_have_exact_intervals(tmp_path: Path) -> None:
    """SRR and NDR are shares with Clopper-Pearson limits; those of their harmonic mean split the level."""
    pair = by_hand(tmp_path, [1] * 40 + [0] * 5, [1] * 30 + [0] * 10 + [1] * 5)
    srr, ndr, sds = (pair["support"][key] for key in ("srr", "ndr", "sds"))
    assert (srr["lower"], srr["upper"]) == pytest.approx(
        tuple(stats.binomtest(30, 40).proportion_ci(0.95, "exact"))
    )
    assert (ndr["lower"], ndr["upper"]) == pytest.approx(
        tuple(stats.binomtest(5, 35).proportion_ci(0.95, "exact"))
    )
    low = [stats.binomtest(*count).proportion_ci(0.975, "exact").low for count in ((30, 40), (5, 35))]
    assert sds["lower"] == pytest.approx(2 * low[0] * low[1] / sum(low))
    assert sds["lower"] < sds["estimate"] < sds["upper"]


CELLS = ("both", "base_only", "other_only", "neither")
METRICS = ("srr", "ndr", "sds", "nscr")


def solved_in_every_choice(rows: list[tuple[int, int]], m: int) -> list[float]:
    """Share of all choices of m of n samples with a correct one among them, by problem."""
    return [float(np.mean([any(s) for s in combinations([1] * c + [0] * (n - c), m)])) for n, c in rows]


def test_solved_problems_of_unequal_samples_are_expected_ones(tmp_path: Path) -> None:
    """All choices of as many samples as the least has are averaged over, so more samples solve no more."""
    base = [(4, 0), (4, 1), (6, 1), (4, 4), (4, 0)]
    other = [(7, 0), (7, 0), (9, 1), (4, 2), (7, 5)]
    counts = {arm: tuple(map(list, zip(*rows, strict=True))) for arm, rows in (("base", base), ("rl", other))}
    pair = summary_of(write_study(tmp_path, ARMS, counts))
    b, o = (np.array(solved_in_every_choice(rows, 4)) for rows in (base, other))
    expected = [b @ o, b @ (1 - o), (1 - b) @ o, (1 - b) @ (1 - o)]
    solved = pair["solved"]
    assert solved["k"] == 4
    assert [solved[key] for key in CELLS] == pytest.approx(expected)
    assert sum(solved[key] for key in CELLS) == pytest.approx(5)
    both, lost, found, _ = expected
    assert pair["support"]["srr"]["estimate"] == pytest.approx(both / (both + lost))
    assert pair["support"]["nscr"]["estimate"] == pytest.approx((found - lost) / (both + lost + found))
    # The lists are evidence by all samples, and the histogram by c / n.
    assert [row["id"] for row in solved["base_only_problems"]] == ["1"]
    assert [row["id"] for row in solved["other_only_problems"]] == ["4"]
    assert solved["neither_problems"] == ["0"]
    assert pair["histogram"]["base"][0] == 2


def test_no_exact_test_is_given_where_none_is_valid(tmp_path: Path) -> None:
    """Expected counts, or problems that share clusters, have no exact p and limits; the net change has."""
    base, other = [3, 9, 0, 0, 5, 1], [0, 0, 0, 7, 5, 2]
    labels = {arm: list("aabbcc") for arm in ARMS}
    even = {"base": (20, base), "rl": (20, other)}
    uneven = {"base": (20, base), "rl": ([20] * 5 + [21], other)}
    for name, counts, clusters, exact in (
        ("plain", even, None, True),
        ("own", even, {arm: list("abcdef") for arm in ARMS}, True),
        ("shared", even, labels, False),
        ("uneven", uneven, None, False),
        ("both", uneven, labels, False),
    ):
        pair = summary_of(write_study(tmp_path / name, ARMS, counts, clusters=clusters))
        assert (pair["solved"]["mcnemar_p"] is not None) == exact
        for metric in METRICS:
            shown = pair["support"][metric]
            assert (shown["lower"] is not None) == (shown["upper"] is not None) == (exact or metric == "nscr")
            if shown["lower"] is not None:
                assert shown["lower"] < shown["estimate"] < shown["upper"]
        whole = [isinstance(pair["solved"][key], int) for key in CELLS]
        assert whole == [counts is even] * 4


def test_clusters_widen_the_net_change(tmp_path: Path) -> None:
    """Six copies of each problem give nearly the interval of one copy, also with expected counts."""
    rng = np.random.default_rng(3)
    base, other = rng.integers(0, 3, (2, 40))
    labels = {arm: [str(i // 6) for i in range(240)] for arm in ARMS}
    for name, n in (("even", 20), ("uneven", 40)):
        alone = {"base": (20, base), "rl": (n, other)}
        copied = {"base": (20, np.repeat(base, 6)), "rl": (n, np.repeat(other, 6))}
        widths = {}
        for kind, counts, clusters in (
            ("alone", alone, None),
            ("copied", copied, labels),
            ("naive", copied, None),
        ):
            study = write_study(tmp_path / name / kind, ARMS, counts, clusters=clusters)
            shown = summary_of(study)["support"]["nscr"]
            widths[kind] = shown["upper"] - shown["lower"]
        assert widths["copied"] == pytest.approx(widths["alone"], rel=0.1)
        assert widths["naive"] < 0.55 * widths["copied"]


def test_more_samples_change_no_support(tmp_path: Path) -> None:
    """Arms of equal rates, with 16 and with 512 samples: as many lost as found, where counts say 0 lost."""
    rates = np.random.default_rng(1).beta(0.3, 2, 400)
    pair = summary_of(write_study(tmp_path, ARMS, {"base": drawn(rates, 16, 1), "rl": drawn(rates, 512, 2)}))
    solved, net = pair["solved"], pair["support"]["nscr"]
    assert len(solved["other_only_problems"]) > 10 * len(solved["base_only_problems"])
    assert solved["other_only"] == pytest.approx(solved["base_only"], rel=0.3)
    assert net["lower"] < 0 < net["upper"]


def test_the_net_change_covers_with_unequal_samples() -> None:
    """Over problems drawn anew its interval misses the truth no oftener than the level says."""
    replicates, problems = 120, 60
    rng = np.random.default_rng(11)
    truth = [1 - (1 - p) ** 8 for p in _rates(rng, 10**6)]
    either = truth[0] + truth[1] - truth[0] * truth[1]
    net = (truth[1] - truth[0]).mean() / either.mean()
    missed = np.zeros(2)
    for _ in range(replicates):
        base, other = _rates(rng, problems)
        solved = [pass_at_k(n, rng.binomial(n, p), 8) for n, p in ((8, base), (64, other))]
        lower, upper = ratio_limits(solved[1] - solved[0], solved[0] + solved[1] - solved[0] * solved[1])
        missed += [lower > net, upper < net]
    assert (missed <= stats.binom.ppf(0.999, replicates, 0.025)).all()


def _rates(rng: np.random.Generator, problems: int) -> tuple[Floats, Floats]:
    base = rng.beta(0.4, 2, problems)
    return base, np.where(rng.random(problems) < 0.2, 0.0, np.sqrt(base))


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_ratio_at_its_end_has_that_end_as_its_limit(sign: int) -> None:
    """Where all that is solved is lost, or found, one limit is the end and the other is not."""
    wholes = np.array([1.0, 0.5, 0.25, 1.0])
    limits = ratio_limits(sign * wholes, wholes)
    assert limits[(sign + 1) // 2] == sign
    assert -1 < limits[(1 - sign) // 2] < 1


def test_a_pair_that_solves_nothing_has_no_support(tmp_path: Path) -> None:
    """Where no problem is solved the metrics are undefined, and everything else is still there."""
    pair = by_hand(tmp_path, [0] * 6, [0] * 6)
    assert np.isnan(pair["support"]["srr"]["estimate"])
    assert pair["support"]["nscr"]["lower"] is None
    assert pair["solved"]["mcnemar_p"] == 1
    assert pair["crossover"] == {"k": None, "lower": 1, "upper": None}


def test_the_parts_of_the_variance_add_up(tmp_path: Path) -> None:
    """At every k shown, problem part and sampling part make the whole."""
    rates = np.linspace(0.05, 0.95, 60)
    study = write_study(tmp_path, ARMS, {"base": drawn(rates, 32, 1), "rl": drawn(rates, 32, 2)})
    rows = summary_of(study)["variance"]
    assert [row["k"] for row in rows] == [1, 2, 4, 8, 16, 32]
    for row in rows:
        assert row["between"] + row["within"] == pytest.approx(row["total"])
    # Equal rates: what differs at k = 1 is sampling, up to its own noise.
    assert rows[0]["within"] > 0.6 * rows[0]["total"]


def test_likeness_within_clusters_counts_as_variance(tmp_path: Path) -> None:
    """Ten copies of each problem say no more than one, so the variance per problem is ten times as large."""
    base, other = np.arange(20), np.arange(20)[::-1]
    alone = summary_of(write_study(tmp_path / "a", ARMS, {"base": (20, base), "rl": (20, other)}))
    labels = [str(i // 10) for i in range(200)]
    copied = {"base": (20, np.repeat(base, 10)), "rl": (20, np.repeat(other, 10))}
    study = write_study(tmp_path / "b", ARMS, copied, clusters={"base": labels, "rl": labels})
    copies = summary_of(study)
    assert (copies["clusters"], copies["largest_cluster"]) == (20, 10)
    for one, ten in zip(alone["variance"], copies["variance"], strict=True):
        assert ten["total"] == pytest.approx(10 * one["total"])


def test_what_a_sample_is_worth_lies_where_the_curves_meet(tmp_path: Path) -> None:
    """The base at .1 reaches RL's .34 with four samples; with an interval around it on the grid."""
    m = 400
    counts = {"base": drawn(np.full(m, 0.1), 32, 1), "rl": drawn(np.full(m, 1 - 0.9**4), 32, 2)}
    study = write_study(tmp_path, ARMS, counts)
    (pair,) = pairs("rl").cases(study, load_tallies(study))
    worth = efficiency_effect(pair)
    assert worth.estimate == pytest.approx(4, abs=0.2)
    assert worth.lower is not None
    assert worth.upper is not None
    assert worth.lower <= 4 <= worth.upper < 8


def test_a_base_that_never_reaches_rl_has_no_worth(tmp_path: Path) -> None:
    """Where the base stays below RL's pass@1 up to n there is no such k, and no upper end."""
    counts = {"base": drawn(np.full(40, 0.001), 32, 1), "rl": drawn(np.full(40, 0.9), 32, 2)}
    study = write_study(tmp_path, ARMS, counts)
    (pair,) = pairs("rl").cases(study, load_tallies(study))
    worth = efficiency_effect(pair)
    assert worth.estimate is None
    assert worth.upper is None
    assert worth.lower == 32


def test_a_base_that_is_ahead_at_once_makes_a_sample_worth_less_than_one(tmp_path: Path) -> None:
    """Where one sample of the base does more than one of RL, that is worth less than a sample of the base."""
    counts = {"base": drawn(np.full(400, 0.6), 32, 1), "rl": drawn(np.full(400, 0.3), 32, 2)}
    study = write_study(tmp_path, ARMS, counts)
    (pair,) = pairs("rl").cases(study, load_tallies(study))
    worth = efficiency_effect(pair)
    base, rl = (float(pair.pass_at_k(arm, 1).mean()) for arm in ("base", "rl"))
    assert worth.estimate == pytest.approx(rl / base)
    assert (worth.lower, worth.upper) == (0, 1)
    assert effect_text(worth) == "below 1 [below 1]"


def test_problems_of_one_p_stay_in_their_order(tmp_path: Path) -> None:
    """One right completion among n against none has p = 1 at every n, on some machines but for rounding."""
    n = [3, 5, 8, 9, 20, 4]
    counts = {"base": (n, [1] * len(n)), "rl": (n, [0] * len(n))}
    found = summary_of(write_study(tmp_path, ARMS, counts))["solved"]["base_only_problems"]
    assert [row["fisher_p"] for row in found] == pytest.approx([1.0] * len(n))
    assert [row["id"] for row in found] == [str(row) for row in range(len(n))]


def test_a_tie_but_for_rounding_is_a_tie(tmp_path: Path) -> None:
    """Means that are equal at k = 1, computed from unlike n, leave nobody ahead there."""
    counts = {"base": (10, [3, 9, 5]), "rl": (20, [12, 20, 2])}
    pair = summary_of(write_study(tmp_path, ARMS, counts))
    assert pair["curve"]["difference"]["estimate"][0] == pytest.approx(0, abs=1e-12)
    assert pair["crossover"]["k"] == 2
