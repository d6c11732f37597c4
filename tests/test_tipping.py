"""Findings on pass@k with slips of the grader: bounds held against every count there can be."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy import stats
from study_factory import BASE, RL, all_claims, cases_of, drawn, judged, pair_study, write_study

from beyondbase import estimators
from beyondbase.inference.bounded import p_greater, values_of
from beyondbase.inference.graphical import Graph, Holm, adjusted_by
from beyondbase.inference.tipping import (
    NONE,
    ONE_IN,
    SHARES,
    greatest_share,
    p_with_slips,
    slip_limit,
    tipping_points,
)
from beyondbase.judging.case import Case
from beyondbase.judging.family import Judged
from beyondbase.judging.measure import Measure, greater
from beyondbase.judging.selection import pairs
from beyondbase.judging.slips import Counted, OftenSolved, PassSum, SeldomSolved, SolvedAlone, Source
from beyondbase.judging.thresholds import answers
from beyondbase.judging.tipping import Member, Tipping, fewest_wrong, shown, tippings
from beyondbase.judging.verdict import Outcome, Verdict, all_of, any_of, given, opposite

N = 5
Counts = NDArray[np.int64]
Truth = Callable[[float, float], float]


def arm(name: str, c: Counts, n: int = N) -> Counted:
    """An arm with counts of n answers."""
    return Counted(name, np.full(len(c), n), c)


def difference(a: Counts, b: Counts) -> Source:
    """pass@3 of a minus that of b."""
    return PassSum((arm("a", a), arm("b", b)), (1.0, -1.0), ((3,), (3,)))


def gap(a: Counts, b: Counts) -> Source:
    """pass@4 of a minus pass@1 of b."""
    return PassSum((arm("a", a), arm("b", b)), (1.0, -1.0), ((4,), (1,)))


def alone(a: Counts, b: Counts) -> Source:
    """Solved by a in 3 answers, and not by b."""
    return SolvedAlone(arm("a", a), arm("b", b), 3)


def always(a: Counts, b: Counts) -> Source:
    """Solved in all of 3 answers by a, minus by b."""
    return OftenSolved((arm("a", a), arm("b", b)), 3, 3)


def often(a: Counts, b: Counts) -> Source:
    """Solved in 2 or more of 4 answers by a, minus by b."""
    return OftenSolved((arm("a", a), arm("b", b)), 4, 2)


def seldom(a: Counts, b: Counts) -> Source:
    """Solved in 1 or none of 4 answers by a, minus by b."""
    return SeldomSolved((arm("a", a), arm("b", b)), 4, 1)


def never(a: Counts, b: Counts) -> Source:
    """Solved in none of 4 answers by a, minus by b."""
    return SeldomSolved((arm("a", a), arm("b", b)), 4, 0)


# Each source with its true value at the true chances of a right answer.
SOURCES: list[tuple[Callable[[Counts, Counts], Source], Truth]] = [
    (difference, lambda a, b: (1 - b) ** 3 - (1 - a) ** 3),
    (gap, lambda a, b: 1 - (1 - a) ** 4 - b),
    (alone, lambda a, b: (1 - (1 - a) ** 3) * (1 - b) ** 3),
    (never, lambda a, b: (1 - a) ** 4 - (1 - b) ** 4),
    (always, lambda a, b: a**3 - b**3),
    (often, lambda a, b: stats.binom.sf(1, 4, a) - stats.binom.sf(1, 4, b)),
    (seldom, lambda a, b: stats.binom.cdf(1, 4, a) - stats.binom.cdf(1, 4, b)),
]
ALL_COUNTS = np.array(list(product(range(N + 1), repeat=2))).T


def accepted(right: float, slip: float) -> float:
    """Chance that an answer is accepted, right or not."""
    return right + (1 - right) * slip


def weights(a: float, b: float) -> NDArray[np.float64]:
    """Chance of each pair of counts at chances to be accepted."""
    first, second = ALL_COUNTS
    return np.asarray(stats.binom.pmf(first, N, a) * stats.binom.pmf(second, N, b))


def situations(*, alike: bool) -> Iterator[tuple[float, float, float, float, float]]:
    """Shares, the chances of a right answer, and slips up to the share: the ends and some in between."""
    rng = np.random.default_rng(3)
    for share in (1e-7, 0.01, 0.2, 0.5):
        for right in [
            (0.0, 0.0),
            (0.0, 1.0),
            (1.0, 0.0),
            (0.0, 0.4),
            (0.4, 0.0),
            *rng.beta(0.5, 0.5, (12, 2)),
        ]:
            for part in [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0), *rng.random((4, 2))]:
                slips = (part[0], part[0]) if alike else part
                yield (share, *right, *(share * slip for slip in slips))


@pytest.mark.parametrize(("source", "truth"), SOURCES)
@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("alike", [True, False])
def test_the_mean_with_slips_is_never_above_the_truth(
    source: Callable[[Counts, Counts], Source], truth: Truth, *, up: bool, alike: bool
) -> None:
    """Over all counts there can be, whatever the slips were up to the share, and within the ends told."""
    effect = source(*ALL_COUNTS).effect
    for share, a, b, slip_a, slip_b in situations(alike=alike):
        found = effect.slipped(share, up=up, alike=alike)
        assert found.low - 1e-12 <= found.values.min() <= found.values.max() <= found.high + 1e-12
        mean = weights(accepted(a, slip_a), accepted(b, slip_b)) @ found.values[:, 0]
        true = truth(a, b) if up else -truth(a, b)
        assert mean <= true * found.scale[0] + 1e-12


@pytest.mark.parametrize(("source", "truth"), SOURCES[:4])
@pytest.mark.parametrize("up", [True, False])
def test_slips_of_the_arm_that_it_favours_alone_are_met_exactly(
    source: Callable[[Counts, Counts], Source], truth: Truth, *, up: bool
) -> None:
    """The bound is attained: with the full share there and none elsewhere, the mean is the truth."""
    made = source(*ALL_COUNTS)
    (favoured,) = made.favoured(up=up)
    for share, a, b, _, _ in situations(alike=True):
        slips = [share * (name == favoured.name) for name in ("a", "b")]
        found = made.effect.slipped(share, up=up, alike=False)
        mean = weights(accepted(a, slips[0]), accepted(b, slips[1])) @ found.values[:, 0]
        assert_allclose(mean, (truth(a, b) if up else -truth(a, b)) * found.scale[0], atol=1e-12)


@pytest.mark.parametrize(("source", "_truth"), SOURCES)
@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("alike", [True, False])
def test_values_fall_as_the_share_rises(
    source: Callable[[Counts, Counts], Source], _truth: Truth, *, up: bool, alike: bool
) -> None:
    """So a finding that is lost does not come back, and bisection finds where it is lost."""
    effect = source(*ALL_COUNTS).effect
    before = None
    for share in (0.0, 1e-6, 0.001, 0.1, 0.3, 0.5):
        found = effect.slipped(share, up=up, alike=alike)
        values = np.append(found.values[:, 0], found.low) / found.scale[0]
        assert before is None or (values <= before + 1e-12).all()
        before = values


def test_the_test_is_that_of_the_unscaled_values() -> None:
    """To tell values times (1 - share)^k, and the threshold too, changes nothing."""
    rng = np.random.default_rng(5)
    n, k, share, than = 64, 32, 0.004, 0.02
    a, b = rng.binomial(n, rng.beta(0.2, 0.5, (2, 80)))
    source = PassSum((arm("a", a, n), arm("b", b, n)), (1.0, -1.0), ((k,), (k,)))
    found = source.effect.slipped(share, up=True, alike=False)
    growth = (1 - share) ** -k
    fails = [1 - estimators.pass_at_k(n, c, k) for c in (a, b)]
    clusters = [str(problem // 3) for problem in range(80)]
    plain = values_of(fails[1] - growth * fails[0], support=(-growth, 1.0), clusters=clusters)
    assert_allclose(p_with_slips(found, than, clusters=clusters), p_greater(plain, than), rtol=1e-9)


def test_shares_are_told_as_one_in_so_many() -> None:
    """Two digits, rising, from one in ten million to one half."""
    assert list(SHARES) == sorted(SHARES)
    assert (ONE_IN[0], ONE_IN[-1], SHARES[-1]) == (10_000_000, 2, 0.5)
    assert all(len(str(number).rstrip("0")) <= 2 for number in ONE_IN)


@pytest.mark.parametrize("last", [NONE, 0, 1, 250, len(SHARES) - 2, len(SHARES) - 1])
def test_the_greatest_share_is_found(last: int) -> None:
    """Also where no share is borne, or every one."""

    def bears(share: float) -> bool:
        return last != NONE and share <= SHARES[last]

    assert greatest_share(bears) == last
    assert greatest_share(bears, least=min(last, 3)) == last
    assert greatest_share(bears, below=last + 1) == last
    assert greatest_share(bears, below=2) == min(last, 1)


@pytest.mark.parametrize("kind", ["holm", "graph"])
def test_tipping_points_are_what_is_rejected_at_each_share(kind: str) -> None:
    """What has its tipping point at a share or above is rejected by the procedure on the p-values there."""
    rng = np.random.default_rng(11)
    missed = total = 0
    for _ in range(60):
        size = int(rng.integers(2, 9))
        start, speed = 10 ** rng.uniform(-5, -1.2, size), 10 ** rng.uniform(0, 4, size)
        passes = rng.dirichlet(np.ones(size + 2), size + 2)
        np.fill_diagonal(passes, 0)
        graph = Graph(rng.dirichlet(np.ones(size + 2)), passes)
        procedure = Holm.over(size + 2) if kind == "holm" else graph

        def p(share: float, start: NDArray[np.float64] = start, speed: NDArray[np.float64] = speed) -> Counts:
            return np.minimum(start * (1 + speed * share), 1.0)

        findings = {i: lambda s, level, i=i: bool(p(s)[i] <= level) for i in range(size)}
        found = tipping_points(findings, 0.05, procedure)
        assert [*found] == [*range(size)]
        for place in (0, 100, 300, 400, 500, len(SHARES) - 1):
            rejected = adjusted_by(procedure, [*p(SHARES[place]), 1.0, 1.0])[:size] <= 0.05
            held = np.array([*found.values()]) >= place
            assert not (held & ~rejected).any()
            missed, total = missed + int((rejected & ~held).sum()), total + int(rejected.sum())
    assert missed <= 0.05 * total


@pytest.mark.parametrize(("n", "c"), [(128, 1), (128, 7), (128, 128), (5, 2), (1, 1)])
def test_the_slip_limit_is_that_of_a_binomial_count(n: int, c: int) -> None:
    """At the limit c or more of n wrong answers are accepted with just that chance."""
    limit = float(slip_limit(n, c, 0.01))
    assert_allclose(stats.binom.sf(c - 1, n, limit), 0.01, rtol=1e-9)
    assert slip_limit(n, 0, 0.01) == 0


def case(folder: Path, a: Counts, b: Counts, n: int, **tables: object) -> Case:
    """The pair of a study with these counts of RL and base."""
    (found,) = cases_of(pair_study(folder, (n, b), (n, a), **tables), pairs("rl"))
    return found


@pytest.mark.parametrize(
    "name", [name for name, claim in all_claims().items() if claim.over.needs == pairs("rl").needs]
)
def test_without_slips_it_is_the_verdict(tmp_path: Path, name: str) -> None:
    """Each claim of a pair is shown at share 0 just where its p is at most the level, on either side."""
    rng = np.random.default_rng(17)
    pair = case(tmp_path, *rng.binomial(64, rng.beta(0.4, 0.6, (2, 40))), 64, grid={"k_large_min": 16})
    verdict = all_claims()[name].test(pair)
    if any(leaf.slips is None for leaf in verdict.leaves()):
        assert name == "rl-covers-more-reliably"
        return
    for support, p in ((True, verdict.p_support), (False, verdict.p_refute)):
        for alike in (True, False) if p < 1 else ():
            assert shown(verdict, 0.0, min(p * (1 + 1e-6), 1.0), support=support, alike=alike)
            assert not shown(verdict, 0.0, p * (1 - 1e-6), support=support, alike=alike)


SIZE, PROBLEMS = 256, 200


def planted(folder: Path, slip: tuple[float, float], seed: int) -> dict[str, Judged]:
    """Judge a study in which the base solves no more than RL, and a grader accepts wrong answers."""
    rng = np.random.default_rng(seed)
    hard = rng.random(PROBLEMS) < 0.5
    base, rl = np.where(hard, 0.0, 0.3), np.where(hard, 0.0, 0.6)
    counts = {
        name: drawn(accepted(right, one), SIZE, seed + place)  # type: ignore[arg-type]
        for place, (name, right, one) in enumerate((("base", base, slip[0]), ("rl", rl, slip[1])))
    }
    judgement = judged(write_study(folder, {"base": BASE, "rl": RL}, counts))
    return {entry.claim.id: entry for entry in judgement.judged}


def tipping_of(entry: Judged) -> Tipping:
    """The tipping point of a verdict that has one."""
    assert entry.tipping is not None
    return entry.tipping


def test_planted_slips_make_a_verdict_whose_tipping_point_is_below_them(tmp_path: Path) -> None:
    """The base overtakes by slips alone, and the verdict says that it bears fewer than there are."""
    slip = 0.002
    entry = planted(tmp_path, (slip, 0.0), 19)["base-overtakes"]
    assert entry.outcome == "SUPPORTED"
    found = tipping_of(entry)
    assert 0 < found.anywhere < slip
    assert found.clause.startswith("Holds unless more than 1 wrong answer in ")
    assert found.fall is not None
    assert found.fall.arms == ("base",)
    # About 26 wrong answers of the base were accepted on each ten problems that nobody solves.
    assert 0 < found.fall.answers <= round(slip * SIZE * PROBLEMS / 2 * 1.5)


def test_tipping_points_do_not_hang_on_the_order_of_rows(tmp_path: Path) -> None:
    """Nor do the answers that would fell a verdict, or the problem that is solved alone."""
    rng = np.random.default_rng(37)
    counts = {name: (64, rng.binomial(64, rng.beta(0.3, 0.5, 60))) for name in ("base", "rl")}
    arms, grid = {"base": BASE, "rl": RL}, {"k_large_min": 16}
    found = [
        [
            entry.tipping
            for entry in judged(
                write_study(tmp_path / str(seed), arms, counts, shuffle=seed, grid=grid)
            ).judged
        ]
        for seed in (1, 2)
    ]
    assert found[0] == found[1]
    assert any(found[0])


def test_what_is_no_finding_on_large_k_has_no_tipping_point(tmp_path: Path) -> None:
    """RL's lead at k = 1 is supported and says nothing, nor does what is open."""
    found = planted(tmp_path, (0.0, 0.0), 23)
    assert found["rl-leads-at-1"].outcome == "SUPPORTED"
    assert found["rl-leads-at-1"].tipping is None
    assert found["base-overtakes"].outcome == "INCONCLUSIVE"
    assert found["base-overtakes"].tipping is None


def test_a_problem_solved_alone_names_the_slips_that_would_explain_it(tmp_path: Path) -> None:
    """Of problems that the base never solves, the surest one and the share at which it is no longer sure."""
    base, rl = np.full(60, 64), np.full(60, 64)
    base[:20], rl[:20] = 0, np.arange(20)
    entry = planted_counts(tmp_path, base, rl)
    sole = tipping_of(entry).sole
    assert entry.outcome == "REFUTED"
    assert sole is not None
    assert (sole.arm, sole.problem_id, sole.n, sole.c) == ("rl", "19", 128, 19)
    assert_allclose(20 * stats.binom.sf(18, 128, sole.share), 0.05, rtol=1e-9)
    assert (
        "rl has 19 of 128 accepted on 19, the base none: not all are slips unless" in tipping_of(entry).clause
    )


def planted_counts(folder: Path, base: Counts, rl: Counts) -> Judged:
    """The subset claim on given counts of 128."""
    study = write_study(folder, {"base": BASE, "rl": RL}, {"base": (128, base), "rl": (128, rl)})
    return next(entry for entry in judged(study).judged if entry.claim.id == "rl-solved-is-subset")


def led(seed: int, lead: float, k: int = 4) -> Verdict:
    """That the arm "a" is ahead at some k, on 40 problems."""
    rng = np.random.default_rng(seed)
    rates = rng.beta(0.5, 1, 40)
    a, b = rng.binomial(N, np.clip(rates + lead, 0, 1)), rng.binomial(N, rates)
    source = PassSum((arm("a", a), arm("b", b)), (1.0, -1.0), ((k,), (k,)))
    values = estimators.pass_at_k(N, a, k) - estimators.pass_at_k(N, b, k)
    return greater(Measure("a - b", values, slips=source), 0.0, "a ahead")


def test_a_whole_is_shown_with_slips_as_its_parts_are() -> None:
    """All of, any of at its share of the level, given a premise, and the opposite of each."""
    strong, weak = led(1, 0.4), led(2, 0.12)
    for share in (1e-7, 0.01, 0.05, 0.2):
        for level in (0.001, 0.05, 0.3):
            one, other = (shown(part, share, level, support=True, alike=False) for part in (strong, weak))
            halves = [shown(part, share, level / 2, support=True, alike=False) for part in (strong, weak)]
            for whole, wanted in (
                (all_of("both", strong, weak), one and other),
                (any_of("either", strong, weak), any(halves)),
                (given("if", strong, weak), one and other),
                (given("if not", strong, opposite("weak is not", weak)), False),
            ):
                assert shown(whole, share, level, support=True, alike=False) == wanted
                turned = opposite("not so", whole)
                assert shown(turned, share, level, support=False, alike=False) == wanted


def test_a_whole_falls_with_the_part_that_falls_first() -> None:
    """Of all parts the cheapest; of any, those that are shown, and nothing where two arms would be in it."""
    level = 0.1
    strong, weak, against = led(1, 0.4), led(2, 0.25), opposite("b ahead", led(3, -0.4))
    first, second = (fewest_wrong(part, level, support=True) for part in (strong, weak))
    assert first is not None
    assert second is not None
    assert answers(first) > answers(second) > 0
    both = fewest_wrong(all_of("both", strong, weak), level, support=True)
    assert both is not None
    assert answers(both) == answers(second)
    either = fewest_wrong(any_of("either", strong, weak), 2 * level, support=True)
    assert either is not None
    assert (either["a"] == np.maximum(first["a"], second["a"])).all()
    assert against.p_support < level / 2
    assert fewest_wrong(any_of("either", strong, against), level, support=True) is None


def test_a_verdict_with_p_values_of_its_own_says_nothing() -> None:
    """A claim may change what its parts give; then nobody knows what slips do to it. An unknown part too."""
    strong, unknown = led(1, 0.4), Verdict("by other means", 1e-9, 1.0)
    whole = all_of("both", strong, led(2, 0.3))
    kept = (whole, replace(whole, p_support=whole.p_support / 2), all_of("both", strong, unknown), unknown)
    members = [Member(verdict, Outcome.SUPPORTED, told=True, problem_ids=()) for verdict in kept]
    assert [bool(found) for found in tippings(members, 0.05, Holm.over(4))] == [True, False, False, False]
