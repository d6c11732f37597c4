"""What an arm solves alone beyond luck: the two bounds, their estimates, and verdicts by them."""

from fractions import Fraction
from math import comb
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from study_factory import BASE, RL, all_claims, cases_of, drawn, judged, pair_study, write_study

from beyondbase import pairs
from beyondbase.inference.bounded import p_greater
from beyondbase.inference.luck import least_excess
from beyondbase.judging.alone import alone_excess, draw_size, solves_alone
from beyondbase.judging.case import Case
from beyondbase.judging.effects import superior_range
from beyondbase.judging.verdict import Outcome


def pair_of(folder: Path, n: int, base: object, rl: object, **tables: object) -> Case:
    """The case of two arms with counts."""
    (case,) = cases_of(pair_study(folder, (n, base), (n, rl), **tables), pairs("rl"))
    return case


def fails(n: int, c: int, k: int) -> Fraction:
    """fail@k by the definition: the share of subsets without a right answer."""
    return Fraction(comb(n - c, k), comb(n, k))


def test_what_is_beyond_luck_lies_between_the_two_means() -> None:
    """For all chances to fail, and the plain share at k to 2k."""
    b, r, t = np.meshgrid(np.linspace(0, 1, 51), np.linspace(0, 1, 51), np.linspace(1, 2, 11))
    beyond = b * np.maximum(b - r, 0)
    assert (b**2 - b * r <= beyond + 1e-15).all()
    assert (beyond <= (1 - r**t) * b**t + 1e-15).all()


def test_the_excess_is_estimated_without_bias() -> None:
    """Its mean over all counts of two arms is b^2 - b r, by exact binomial sums."""
    n, k, p, q = 8, 3, Fraction(1, 5), Fraction(1, 3)

    def chance(c: int, p: Fraction) -> Fraction:
        return comb(n, c) * p**c * (1 - p) ** (n - c)

    mean = sum(
        chance(c, p) * chance(d, q) * (fails(n, c, 2 * k) - fails(n, c, k) * fails(n, d, k))
        for c in range(n + 1)
        for d in range(n + 1)
    )
    b, r = (1 - p) ** k, (1 - q) ** k
    assert mean == b**2 - b * r


def test_the_measure_has_the_values_of_the_definition(tmp_path: Path) -> None:
    """Problem by problem, with unlike counts in both arms."""
    base, rl = [0, 1, 5, 40, 2], [3, 0, 60, 1, 0]
    pair = pair_of(tmp_path, 64, base, rl)
    k = draw_size(pair)
    assert k == 32
    wanted = [
        float(fails(64, c, 2 * k) - fails(64, c, k) * fails(64, d, k)) for c, d in zip(base, rl, strict=True)
    ]
    assert_allclose(alone_excess(pair).values, wanted, atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 0.7, 0.0])
@pytest.mark.parametrize(("n", "k"), [(8, 4), (9, 3), (40, 16), (64, 32)])
def test_the_least_excess_is_that_of_an_arm_that_solves_nothing(n: int, k: int, scale: float) -> None:
    """And no count of it, nor more answers of the base, goes below."""
    every = [Fraction(scale) * fails(n, c, 2 * k) - fails(n, c, k) for c in range(n + 1)]
    assert least_excess(n, k, scale) == pytest.approx(float(min(every)), abs=1e-12)
    assert least_excess(n + 1, k, scale) >= least_excess(n, k, scale) - 1e-12


def test_two_draws_of_one_model_are_not_beyond_luck(tmp_path: Path) -> None:
    """Where the plain share shows much solved alone, the excess of equal arms errs as often as its level."""
    rng = np.random.default_rng(20)
    errors, replicates = 0, 200
    for number in range(replicates):
        rates = rng.beta(0.3, 12, 80)
        counts = rng.binomial(32, rates, (2, 80))
        pair = pair_of(tmp_path / str(number), 32, *counts)
        errors += bool(p_greater(alone_excess(pair).checked(), 0.0)[0] <= 0.05)
    assert stats.binom.sf(errors - 1, replicates, 0.05) > 1e-3
    plain = pair.alone_share()
    assert float(p_greater(plain.checked(), 0.02)[0]) < 0.01
    assert solves_alone(pair).outcome(0.05) is not Outcome.SUPPORTED


def test_what_the_base_never_solves_is_beyond_luck(tmp_path: Path) -> None:
    """One problem in four, half of whose answers of RL are right and none of the base."""
    pair = pair_of(
        tmp_path, 64, drawn([0.9] * 90 + [0] * 30, 64, 1)[1], drawn([0.9] * 90 + [0.5] * 30, 64, 2)[1]
    )
    verdict = solves_alone(pair)
    assert verdict.outcome(0.05) is Outcome.SUPPORTED
    names = [effect.name for effect in verdict.details]
    assert names[:2] == [
        "share that only RL solves at k = 32",
        "share that only a second draw of base solves at k = 32",
    ]


def test_few_samples_of_the_base_show_nothing_alone(tmp_path: Path) -> None:
    """With less than two draws of the least large k, what RL solves alone cannot be told from speed."""
    pair = pair_of(tmp_path, 24, [0] * 60, [24] * 60)
    verdict = solves_alone(pair)
    assert draw_size(pair) == 0
    assert verdict.p_support == 1
    assert "fewer than 32 samples of the base" in str(verdict.gap)


@pytest.mark.parametrize(
    ("grid", "chance", "wanted"),
    [
        ({}, None, (1, 64)),
        ({"k_superior": 8}, None, (1, 8)),
        ({"k_superior": 500}, 0.1, (5, 64)),
        ({}, 0.1, (5, 6)),
        ({}, 0.9, (1, 1)),
        ({}, 0.001, (64, 64)),
        ({"k_superior": 2}, 0.1, (2, 2)),
    ],
)
def test_where_a_lead_is_asked(
    tmp_path: Path, grid: dict[str, int], chance: float | None, wanted: tuple[int, int]
) -> None:
    """Guesses of chance .1 solve less than half up to k = 6, and from k = 5 on what 9 problems can show.

    Of 9 problems that all gain d the test says (1 + d)^-9, which is .05 at d = .395: 1 - .9^4 is .344 and
    1 - .9^5 is .410.
    """
    arms, counts = {"base": BASE, "rl": RL}, {"base": (64, [3] * 9), "rl": (64, [5] * 9)}
    if chance is not None:
        arms["guess"] = {"role": "guess", "chance": "chance.csv"}
        rows = [f"T,{i},{chance}" for i in range(9)]
        (tmp_path / "chance.csv").write_text("\n".join(["task,problem_id,chance", *rows, ""]))
    study = write_study(tmp_path, arms, counts, grid=grid)
    entry = judged(study, all_claims()["rl-expands"]).judged[0]
    first, last = superior_range(entry.case)
    assert (first, last) == wanted
    where = f"from {first} to {last}" if first > 1 else f"up to {last}"
    assert f"RL above the base at every k {where}" in entry.verdict.statement
    assert ("not more than 5 points below it" in entry.verdict.statement) == (wanted != (1, 64))
