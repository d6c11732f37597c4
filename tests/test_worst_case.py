"""The worst cases: small places of the search, the two smallest cases end to end, and the committed rows."""

import csv
import sys
from fractions import Fraction
from itertools import product
from math import comb
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from study_factory import BASE, RL, all_claims, judged, write_study

from beyondbase.judging.verdict import Outcome

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "calibration"))

import worst_attack  # noqa: E402 - the folder is no package
import worst_case  # noqa: E402
import worst_clusters  # noqa: E402
import worst_curves  # noqa: E402
import worst_mean  # noqa: E402
import worst_noise  # noqa: E402
import worst_page  # noqa: E402
import worst_three  # noqa: E402
from worst_attack import Attack, Race, Shape  # noqa: E402
from worst_mean import DIFFERENCE, SHARE, TESTS, Place  # noqa: E402
from worst_rows import ERRORS, LEVELS, ROUNDING, Finding  # noqa: E402

SMALL = (12, 30, 60)


def within(rows: list[Finding]) -> None:
    """No row exceeds its level, but for rounding and Monte-Carlo error."""
    __tracebackhide__ = True
    for row in rows:
        assert row.rejected - ERRORS * row.error <= row.level * (1 + ROUNDING), row


@pytest.mark.parametrize("units", SMALL)
@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_no_law_of_two_values_is_rejected_beyond_the_level(test: worst_mean.MeanTest, units: int) -> None:
    """Exact worst probabilities of each test, at two levels."""
    within([row for level in (0.05, 0.0005) for row in worst_mean.findings(Place(test, units, level))])


@pytest.mark.parametrize("units", SMALL)
def test_the_level_is_reached_by_a_law_of_two_values(units: int) -> None:
    """The test of a difference is no stricter than it must be: some law is rejected exactly at the level."""
    for level in LEVELS:
        assert worst_mean.worst(Place(DIFFERENCE, units, level)).rejected == pytest.approx(level, rel=1e-6)


@pytest.mark.parametrize(
    ("units", "level", "error"), [(30, 0.05, 0.1442), (500, 0.05, 0.1464), (30, 0.001, 0.00426)]
)
def test_half_an_observation_would_be_found_out(units: int, level: float, error: float) -> None:
    """The same search shows what was wrong before: with exact tails, over 14 % at level 5 %."""
    found = worst_mean.worst(Place(DIFFERENCE, units, level), worst_mean.by_half, (1.0,))
    assert found.rejected == pytest.approx(error, rel=1e-3)


def test_a_found_law_is_rejected_as_often_as_it_says() -> None:
    """Samples drawn from a law are rejected with the probability told, and its mean is the threshold."""
    place = Place(SHARE, 300, 0.05)
    law = worst_mean.worst(place)
    rng = np.random.default_rng(8)
    lost = rng.random((place.units, 4000)) < law.chance
    gains = np.where(lost, -law.loss, law.gain * (1 + 1e-9))
    share = (place.test.p(gains) <= place.level).mean()
    assert (1 - law.chance) * law.gain == pytest.approx(law.chance * law.loss)
    assert abs(share - law.rejected) < 4 * np.sqrt(law.rejected / 4000)


@pytest.mark.parametrize("units", SMALL)
def test_no_law_of_three_values_is_rejected_beyond_the_level(units: int) -> None:
    """Laws with two losses, at two levels."""
    within([row for level in (0.05, 0.001) for row in worst_three.findings(Place(DIFFERENCE, units, level))])


@pytest.mark.parametrize("test", [DIFFERENCE, SHARE], ids=lambda test: test.name)
def test_clusters_are_not_rejected_beyond_the_level(test: worst_mean.MeanTest) -> None:
    """Pairs, unequal sizes, and larger ones that are harder."""
    place = Place(test, 20, 0.05)
    unequal = worst_clusters.unequal(place, worst_clusters.UNEQUAL[0])
    within([*worst_clusters.pairs(place), *worst_clusters.harder(place), *unequal])


def test_clusters_of_two_are_problems() -> None:
    """A cluster of two problems that go together counts as one problem, exactly."""
    place = Place(DIFFERENCE, 20, 0.05)
    assert worst_clusters.pairs(place)[0].rejected == pytest.approx(
        worst_mean.worst(place).rejected, rel=1e-7
    )


def test_a_large_cluster_that_is_not_there_misleads() -> None:
    """The search can find an error: a sample may lack the large clusters that alone are lost, and does."""
    (row,) = worst_clusters.unseen(Place(DIFFERENCE, 50, 0.05))
    assert not row.decides
    assert row.rejected > 0.5


@pytest.mark.parametrize("columns", worst_curves.COLUMNS)
def test_curves_are_not_rejected_beyond_the_level(columns: int) -> None:
    """Above everywhere and below somewhere, at two levels."""
    for level in (0.05, 0.0005):
        within([*worst_curves.everywhere(30, level, columns), *worst_curves.somewhere(30, level, columns)])


def test_columns_counted_by_the_sample_would_be_found_out() -> None:
    """Bonferroni over the columns that differ in the sample errs by twice the level, on the same law."""
    one, all_but_one = worst_curves.somewhere(100, 0.05, 8)
    assert one.rejected <= 0.05
    assert all_but_one.before is not None
    assert all_but_one.before == pytest.approx(0.098, abs=0.001)


def test_a_band_errs_where_a_sample_shows_two_columns_of_eight() -> None:
    """The search can find an error of the band, which decides nothing: over 5 % are missed."""
    (row,) = worst_curves.band(100, 8)
    assert not row.decides
    assert row.rejected == pytest.approx(0.0552, abs=1e-4)


def test_chances_of_samples_that_spare_a_column_add_up() -> None:
    """By all samples of a small law: at most one kind of gaining problem, and one column without a gain."""
    law = worst_curves.Sparing(3, 4, 0.3)
    kinds = [1 - 3 * law.kind, *[law.kind] * 3]
    chances = {s: np.prod([kinds[kind] for kind in s]) for s in product(range(4), repeat=4)}
    spared = sum(chance for sample, chance in chances.items() if len(set(sample) - {0}) <= 1)
    assert sum(law.chance(number) for number in range(5)) == pytest.approx(spared)
    untouched = sum(chance for sample, chance in chances.items() if not set(sample) - {0, 1})
    assert untouched == pytest.approx(law.untouched)


def test_the_race_has_the_p_values_of_the_library() -> None:
    """Race and integral share nothing, and agree on every sample of random laws."""
    shape, rng = Shape(7, 2, 2), np.random.default_rng(3)
    losses, gains = rng.uniform(0, 1, (2, 5)), rng.uniform(0, 1, (2, 5))
    race = Race(shape)
    raced = race.p(losses, gains)
    for law in range(5):
        values = np.concatenate([-losses[:, law], gains[:, law]])
        samples = np.column_stack([np.repeat(values, count) for count in race.counts])
        assert_allclose(DIFFERENCE.p(samples), raced[:, law], rtol=1e-10)


def test_the_race_is_the_binomial_test_for_two_values() -> None:
    """In whole numbers: a loss of 1 and a gain of 1/3 are as many successes of 1/4 among the tries."""
    p = Race(Shape(5, 1, 1)).p(np.ones((1, 1)), np.full((1, 1), 1 / 3))[:, 0]
    chance = Fraction(1, 4)
    binomial = [comb(5, j) * chance**j * (1 - chance) ** (5 - j) for j in range(6)]
    assert_allclose(p, [float(sum(binomial[: lost + 1])) for lost in range(6)], rtol=1e-13)


@pytest.mark.parametrize("shape", [Shape(4, 2, 2), Shape(8, 2, 1), Shape(12, 1, 2)])
def test_a_short_attack_does_not_break_the_conjecture(shape: Shape) -> None:
    """No ratio of probability to p-value above 1, and one near it, so the search gets somewhere."""
    (row,) = worst_attack.findings(Attack(shape, 200, 25))
    assert 0.99 < row.ratio < 1 + 1e-9


@pytest.mark.parametrize("claim", worst_noise.CLAIMS, ids=lambda claim: claim.name)
def test_laws_with_noise_have_the_effect_that_they_say(claim: worst_noise.Claim) -> None:
    """Means of drawn problems of both kinds are the gain and the loss, within five standard errors."""
    law, rng = worst_noise.Law(claim, 0.01), np.random.default_rng(1)
    sign = 1.0 if claim.test.greater else -1.0
    for rates, mean in ((claim.gaining(law.gain), law.gain), (claim.collapsed, -claim.loss)):
        counts = rng.binomial(claim.samples, np.repeat(np.array(rates)[:, None, None], 40_000, axis=1))
        values = sign * (claim.values(counts) - claim.test.than)
        assert abs(values.mean() - mean) <= 5 * stats.sem(values, axis=None) + 1e-12


def test_a_claim_with_noise_is_not_rejected_beyond_the_level() -> None:
    """One place of the simulation, as the page has it."""
    within(worst_noise.findings(worst_noise.CLAIMS[0].name, 30, 0.05))


def test_a_sure_gain_of_three_in_128_is_inconclusive(tmp_path: Path) -> None:
    """98 problems, base right in 125 of 128, RL in all: a law with no lead draws this in 9.8 % of samples."""
    counts = {"base": (128, np.full(98, 125)), "rl": (128, np.full(98, 128))}
    study = write_study(tmp_path, {"base": BASE, "rl": RL}, counts)
    entry = judged(study, all_claims()["rl-leads-at-1"])["rl-leads-at-1[T/rl]"]
    assert entry.outcome is Outcome.INCONCLUSIVE
    assert entry.verdict.p_support == pytest.approx((1 + 3 / 128) ** -98, rel=1e-9)
    assert entry.verdict.p_support > (1 - 3 / 128) ** 98


def test_no_problem_of_98_pairs_solved_alone_is_inconclusive(tmp_path: Path) -> None:
    """A share of 2 % of clusters shows none among 98 in .98^98 = 13.8 % of samples, and p says so."""
    counts = {"base": (128, np.full(196, 64)), "rl": (128, np.full(196, 64))}
    pairs = [f"pair {i // 2}" for i in range(196)]
    study = write_study(tmp_path, {"base": BASE, "rl": RL}, counts, clusters={"base": pairs, "rl": pairs})
    entry = judged(study, all_claims()["rl-solved-is-subset"])["rl-solved-is-subset[T/rl]"]
    assert entry.outcome is Outcome.INCONCLUSIVE
    assert entry.verdict.p_support == pytest.approx(0.98**98, rel=1e-9)


def test_any_number_of_processes_finds_the_same() -> None:
    """One process and two make the same rows."""
    chosen = [job for job in worst_case.jobs() if job.block == "smallest"] * 3
    assert worst_case.search(chosen, 1) == worst_case.search(chosen, 2)


def test_an_unknown_part_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error in --only does not write an empty page."""
    with pytest.raises(SystemExit):
        worst_case.main(["--only", "nowhere", "--out", str(tmp_path / "page.md")])
    assert "nowhere" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_row_beyond_its_level_is_told() -> None:
    """The page names what is not met."""
    row = Finding("mean", "difference > 0", 30, 0.05, 0.06, 0.001, None, "some law")
    assert "- mean, difference > 0, 30: **6 ± 0.1** %, some law" in worst_page.page([row], "command")


def committed() -> list[dict[str, str]]:
    """Rows of the committed search."""
    with (ROOT / "docs" / "worst-case.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_committed_row_that_decides_keeps_its_level() -> None:
    """Whatever the page says, the numbers say it too."""
    deciding = [row for row in committed() if row["decides"] == "True"]
    assert len(deciding) > 500
    for row in deciding:
        level, granted = float(row["level"]), ERRORS * float(row["error"])
        # Told to six digits.
        assert float(row["rejected"]) - granted <= level * (1 + 1e-5), row


def test_the_committed_search_is_whole() -> None:
    """Every test, size and level of two values is there, and every part of the search."""
    rows = committed()
    places = {(row["test"], int(row["units"]), float(row["level"])) for row in rows if row["block"] == "mean"}
    sizes = [size for size in worst_case.SIZES if size < worst_mean.LARGE]
    assert {(test.name, size, level) for test in TESTS for size in sizes for level in LEVELS} < places
    assert {(test, size) for test, size, _ in places if size == 3000} == {
        (test.name, 3000) for test in (DIFFERENCE, SHARE)
    }
    assert {row["block"] for row in rows} == {job.block for job in worst_case.jobs()}
