"""The calibration's laws, truths and replicates, and the table that is committed."""

import csv
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from beyondbase.estimators import crossover
from beyondbase.inference.band import simultaneous_band
from beyondbase.inference.bounded import values_of
from beyondbase.inference.typical import typical_limits
from beyondbase.judging import measure as measures
from beyondbase.judging.case import Case
from beyondbase.judging.likelihood_effects import entropy_logs
from beyondbase.study import Grid

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "calibration"))

import cells as units  # noqa: E402 - the folder is no package
import laws  # noqa: E402
import likelihoods  # noqa: E402
import replicates  # noqa: E402
import simulate  # noqa: E402
import table  # noqa: E402

PAPER = {
    "minerva-7b": ("Minerva", "Qwen2.5-7B"),
    "math500-7b": ("MATH500", "Qwen2.5-7B"),
    "aime24-32b": ("AIME24", "Qwen2.5-32B"),
    "gsm8k-14b": ("GSM8K", "Qwen2.5-14B"),
}
BETAS = {
    "uniform": ((1, 1, 0), (1, 1, 0)),
    "u-shaped": ((0.3, 0.3, 0), (0.15, 0.12, 0)),
    "zero-inflated": ((0.5, 2, 0.4), (0.6, 1, 0.5)),
    "saturated": ((8, 0.4, 0), (4, 0.1, 0)),
}
KS = np.arange(1, laws.SAMPLES + 1)
POWER = 16  # enough for 30 to 500 problems, and quick


def committed() -> list[dict[str, str]]:
    """Rows of the committed table."""
    with (ROOT / "docs" / "calibration.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def difference_of(one: units.Observed) -> NDArray[np.float64]:
    """Per-problem differences on the powers of two."""
    return np.column_stack([one.passes("rl", k) - one.passes("base", k) for k in laws.KS])


@pytest.fixture(scope="module")
def minerva() -> laws.Truth:
    """Truth of a cell of the paper, which every module-wide test reads."""
    return units.truth_under("minerva-7b", POWER)


@pytest.mark.parametrize("arm", ["base", "rl"])
@pytest.mark.parametrize("name", PAPER)
def test_quantiles_reproduce_the_papers_histogram(name: str, arm: str) -> None:
    """As many of the problems, spread evenly, fall into each bin as Fig. 13 has there."""
    counts = laws.histogram(*PAPER[name], arm)
    total = int(counts.sum())
    p = getattr(laws.LAWS[name], arm)((np.arange(total) + 0.5) / total)
    found = [(p == 0).sum(), *np.histogram(p[(p > 0) & (p < 1)], np.arange(11) / 10)[0], (p == 1).sum()]
    assert found == counts.tolist()


def test_histogram_holds_the_papers_numbers() -> None:
    """Minerva, 7B, base: 93 of 272 problems never solved, 3 always."""
    counts = laws.histogram("Minerva", "Qwen2.5-7B", "base")
    assert (counts.sum(), counts[0], counts[-1], len(counts)) == (272, 93, 3, 12)


@pytest.mark.parametrize("name", BETAS)
def test_truth_of_beta_laws_is_exact(name: str) -> None:
    """E(1-p)^k = z + (1-z) B(a, b+k) / B(a, b); crossings and effects follow."""
    truth = units.truth_under(name, POWER)
    exact = [1 - z - (1 - z) * special.beta(a, b + KS) / special.beta(a, b) for a, b, z in BETAS[name]]
    always = [(1 - z) * special.beta(a + laws.SAMPLES, b) / special.beta(a, b) for a, b, z in BETAS[name]]
    assert truth.error < 1e-3
    assert truth.base == pytest.approx(exact[0], abs=2e-5)
    assert truth.difference == pytest.approx(exact[1] - exact[0], abs=2e-5)
    assert truth.effects["difference@16"] == pytest.approx(exact[1][15] - exact[0][15], abs=1e-4)
    assert truth.effects["gap"] == pytest.approx(exact[0][-1] - exact[1][0], abs=1e-4)
    assert truth.effects["perfect"] == pytest.approx(always[1] - always[0], abs=1e-4)
    if name != "uniform":
        assert crossover(truth.difference) == crossover(exact[1] - exact[0])


def test_truth_of_the_uniform_law_is_known_by_heart() -> None:
    """E[1 - (1-p)^k] = k / (k+1), and two equal arms differ by nothing."""
    truth = units.truth_under("uniform", POWER)
    assert truth.base == pytest.approx(KS / (KS + 1), abs=1e-8)
    assert not truth.difference.any()
    assert crossover(truth.difference) is None


def test_truth_is_what_many_draws_average_to(minerva: laws.Truth) -> None:
    """Every effect's mean over 60 replicates of 500 problems lies within 5 of its standard errors."""
    drawn = [units.draw(units.Cell("bands", "minerva-7b", 500), i) for i in range(60)]
    for name, effect in units.EFFECTS.items():
        means = [effect(one).mean() for one in drawn]
        error = np.std(means, ddof=1) / np.sqrt(len(means))
        assert abs(np.mean(means) - minerva.effects[name]) < 5 * error, name


def test_grid_is_the_one_of_the_suite() -> None:
    """The dense block stands on what `Case.grid` makes of as many samples."""
    case = SimpleNamespace(k_max=laws.SAMPLES, study=SimpleNamespace(grid=Grid()))
    case.table_grid = lambda: Case.table_grid(case)
    assert units.dense_grid() == Case.grid(case)


def test_verdicts_are_those_of_the_claims_functions(minerva: laws.Truth) -> None:
    """Columns judged together give the p-values that `measures` gives one by one."""
    drawn = [units.draw(units.Cell("bands", "minerva-7b", 30), i) for i in range(3)]
    found = units.verdicts(units.Tails(units.Cell("bands", "minerva-7b", 30), minerva, drawn))
    for i, one in enumerate(drawn):
        for effect, claim in (("difference@1", "rl-leads-at-1"), ("gap", "sampling-gap")):
            measure = measures.Measure(effect, units.EFFECTS[effect](one))
            alone = measures.greater(measure, minerva.effects[effect], "")
            assert found[claim][i].p_support == pytest.approx(alone.p_support, rel=1e-6)
            assert found[claim][i].p_refute == pytest.approx(alone.p_refute, rel=1e-6)
        difference = measures.Measure("", units.EFFECTS["difference@1"](one))
        tost = measures.alike(difference, abs(minerva.effects["difference@1"]), "")
        assert found["alike-at-1"][i].p_support == pytest.approx(tost.p_support, rel=1e-6)


@pytest.mark.parametrize("law", ["minerva-7b", "saturated"])
def test_band_covers_at_thirty_problems(law: str) -> None:
    """Coverage is at least .94 less three Monte-Carlo standard errors, the hard case of the design."""
    cell, count = units.Cell("bands", law, 30), 200
    truth = units.truth_under(law, POWER).difference[np.array(laws.KS) - 1]
    bands = [simultaneous_band(values_of(difference_of(units.draw(cell, i))), seed=i) for i in range(count)]
    hits = sum(bool(np.all((band.lower <= truth) & (truth <= band.upper))) for band in bands)
    assert hits / count >= 0.94 - 3 * np.sqrt(0.94 * 0.06 / count)


def test_replicates_do_not_depend_on_the_chunk(minerva: laws.Truth) -> None:
    """A replicate's seed is its own number: two chunks add up to one."""
    cell, truths = units.Cell("clusters", "minerva-7b", 60), {"minerva-7b": minerva}
    whole = replicates.run_chunk(cell, truths, 0, 6)
    parts = replicates.add({}, (replicates.run_chunk(cell, truths, *ends) for ends in pairwise((0, 2, 6))))
    assert {key: value for key, (_, value) in parts.items()} == pytest.approx(
        {key: value for key, (_, value) in whole.items()}
    )


def test_table_does_not_depend_on_the_number_of_processes() -> None:
    """One process and two write the same rows."""
    chosen = [cell for cell in simulate.cells() if cell.name == "clusters/rare-collapse/m=60"]
    one, two = (simulate.simulate(chosen, 26, processes, power=10) for processes in (1, 2))
    assert one == two


def test_clusters_are_what_the_page_says() -> None:
    """60 problems in 20 clusters, the larger problems' scores strongly alike within one."""
    cell = units.Cell("clusters", "uniform", 60)
    labels = units.clusters_of(cell)
    counts = np.array([units.draw(cell, i).base for i in range(300)]) / laws.SAMPLES
    inside, outside = (stats.pearsonr(counts[:, -1], counts[:, j]).statistic for j in (-2, 0))
    assert (len(labels), len(set(labels))) == (60, 20)
    assert inside > 0.5 > abs(outside)


@pytest.mark.parametrize("law", likelihoods.ENTROPIES)
def test_the_typical_ratio_of_a_law_is_where_bounded_logs_average_zero(law: str) -> None:
    """A lattice over the scores finds that mean zero, and another scrambling the same truth."""
    truth, again = (likelihoods.ratios_under(law, seed) for seed in (3, 4))
    assert (truth.typical, truth.log, truth.base) == pytest.approx(
        (again.typical, again.log, again.base), abs=2e-3
    )

    scores = special.ndtri((np.arange(1000) + 0.5) / 1000)
    logs = likelihoods.ENTROPIES[law].ratio(*np.meshgrid(scores, scores))
    assert np.tanh(logs - np.log(truth.typical)).mean() == pytest.approx(0, abs=2e-4)


def test_truths_of_entropies_and_chances_are_known_by_hand() -> None:
    """Geometric means, means of lognormal entropies and normal chances have closed forms."""
    geometric = {"even": 0, "lognormal": 0, "skewed": -0.3, "heavy-tailed": 0}
    geometric |= {"rare-tenfold": 0.05 * np.log(10), "rare-nil": -0.01 * np.log(1000)}
    for law, mean in geometric.items():
        found, sigma = likelihoods.ratios_under(law), 0.9 if law == "lognormal" else 0.3
        assert found.log == pytest.approx(mean, abs=1e-4)
        assert found.base == pytest.approx(10 * np.exp(sigma**2 / 2), rel=1e-3)
    apart = np.sqrt(2)
    far = 0.95 * special.ndtr(0.1 / apart) + 0.05 * special.ndtr(-5 / apart)
    chances = {"alike": 0.5, "scattered": special.ndtr(-0.1 / np.sqrt(3)), "polarised": 0.5, "rare-far": far}
    assert {law: likelihoods.chance_under(law) for law in chances} == pytest.approx(chances, abs=1e-5)


@pytest.mark.parametrize("law", likelihoods.LAWS)
def test_cells_of_likelihoods_judge_as_the_claims_do(law: str) -> None:
    """An interval covers where the library's own limits do; the truth is what many draws average to."""
    cell, (kind, name) = units.Cell("likelihoods", law, 500), law.split("/")
    covers = [bool(sample["interval"]) for sample in likelihoods.samples(cell, 0, 12)]
    if kind == "entropy":
        logs = [entropy_logs(*likelihoods.draw_arms(cell, name, i))[0] for i in range(12)]
        true = likelihoods.ratios_under(name).typical
        limits = [typical_limits(values) for values in logs]
        drawn, middle, goal = np.tanh(np.array(logs) - np.log(true)), 0.0, true
    else:
        drawn = np.array([likelihoods.draw_chances(cell, name, i) for i in range(12)])
        effects = [measures.Measure("", values, (0.0, 1.0)).effect() for values in drawn]
        limits = [(effect.lower, effect.upper) for effect in effects]
        middle = goal = likelihoods.chance_under(name)
    assert covers == [lower <= goal <= upper for lower, upper in limits]
    assert abs(drawn.mean() - middle) < 4 * drawn.std() / np.sqrt(drawn.size)


def test_likelihoods_do_not_depend_on_the_chunk() -> None:
    """With clusters too, two chunks add up to one."""
    for law in ("entropy/rare-nil", "perplexity/scattered"):
        cell = units.Cell("likelihoods", law + units.IN_CLUSTERS, 60)
        assert likelihoods.samples(cell, 0, 5) == [
            *likelihoods.samples(cell, 0, 2),
            *likelihoods.samples(cell, 2, 5),
        ]


def test_a_page_of_likelihoods_alone_has_their_tables(tmp_path: Path) -> None:
    """Their cells have laws of their own, and targets that the summary counts."""
    out = tmp_path / "page.md"
    simulate.main(["--only", "likelihoods/entropy/even/m=30", "--replicates", "4", "--out", str(out)])
    page = out.read_text(encoding="utf-8")
    assert "## Entropy against the base's" in page
    assert "| entropy/even | 30 | " in page
    assert "| their one-sided limits <= 0.05 | 2 |" in page
    assert "## Perplexity under the base" not in page


def test_targets_grant_two_standard_errors() -> None:
    """A coverage or an error rate is short only where Monte-Carlo error does not explain it."""
    cell = units.Cell("bands", "uniform", 30)
    totals = {"coverage": (2000, 1865.0), "SUPPORTED: a": (2000, 118.0), "SUPPORTED: b": (2000, 125.0)}
    rows = {row.quantity: row for row in table.rows_of(cell, totals)}
    assert [row.meets for row in rows.values()] == ["yes", "yes", "no"]
    assert rows["coverage"].error == pytest.approx(np.sqrt(0.9325 * 0.0675 / 2000))


@pytest.mark.parametrize(("published", "binds"), [(1990.0, True), (1800.0, False)])
def test_width_target_binds_where_the_published_band_covers(published: float, *, binds: bool) -> None:
    """A narrower band that misses is no yardstick."""
    totals = {
        "width": (2000, 400.0),
        "published width": (2000, 320.0),
        "width where spread": (2000, 400.0),
        "published width where spread": (2000, 320.0),
        "published coverage": (2000, published),
    }
    ratios = [
        row for row in table.rows_of(units.Cell("bands", "uniform", 30), totals) if "ratio" in row.quantity
    ]
    assert [(row.value, row.meets) for row in ratios] == [(1.25, "no" if binds else "")] * 2


def test_an_unknown_cell_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error in --only does not write an empty page."""
    with pytest.raises(SystemExit):
        simulate.main(["--only", "nowhere", "--out", str(tmp_path / "page.md")])
    assert "nowhere" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_committed_table_has_every_cell() -> None:
    """No law, size or block was left out of the committed run."""
    found = {(row["block"], row["law"], int(row["problems"])) for row in committed()}
    assert found == {(cell.block, cell.law, cell.problems) for cell in simulate.cells()}


def test_committed_rows_are_judged_by_their_own_numbers() -> None:
    """Each "yes" and each "no" follows from value, standard error and target."""
    judged = [row for row in committed() if row["target"]]
    assert judged
    for row in judged:
        value, error, (sign, goal) = float(row["value"]), float(row["error"]), row["target"].split()
        met = value + 2 * error >= float(goal) if sign == ">=" else value - 2 * error <= float(goal)
        assert row["meets"] == ("yes" if met else "no"), row


def test_committed_page_names_every_short_row() -> None:
    """The page's list of what is short is the table's."""
    page = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    for row in committed():
        if row["meets"] == "no":
            assert f"- {row['block']}/{row['law']}/m={row['problems']}, {row['quantity']}: " in page
