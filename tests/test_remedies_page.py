"""The follow-up of remedies: its scenes, its rows, and the page that is committed."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from beyondbase.judging.measure import Measure, greater

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "calibration"))

import remedies  # noqa: E402 - the folder is no package
import remedy_page  # noqa: E402
import remedy_rules  # noqa: E402
import remedy_scenes  # noqa: E402

SCENES = [*remedy_scenes.scenes(), *remedy_scenes.noise_scenes()]
BY_KIND = {scene.kind: scene for scene in SCENES if scene.distance}


def scene_of(kind: str) -> remedy_scenes.Scene:
    """A scene of a kind."""
    found = BY_KIND[kind]
    assert isinstance(found, remedy_scenes.Scene)
    return found


@pytest.mark.parametrize(
    "kind", ["difference at k = 1", "McNemar, k = n", "clusters of 1 to 7", "slope at k = 1"]
)
def test_the_truth_is_as_far_from_its_threshold_as_the_scene_says(kind: str) -> None:
    """Over many units the mean lies so many standard errors of a pilot above it."""
    scene = scene_of(kind)
    sums, sizes = scene.draw(np.random.default_rng(1), 40_000)
    mean = sums.sum() / sizes.sum()
    error = (sums - sizes * mean).std() / sizes.mean() / np.sqrt(scene.units)
    score = (mean - scene.threshold) / error
    # Standard errors of the score over so many units, and of the truth that it is taken from.
    assert score == pytest.approx(scene.distance, abs=4 * np.sqrt(scene.units / 40_000) + 0.1)


@pytest.mark.parametrize("kind", ["difference at k = 1", "McNemar, k = n", "RL alone below 2 %"])
def test_pilots_are_tested_as_claims_are(kind: str) -> None:
    """A pilot's p on either side is that of the statement it would be the data of."""
    scene = scene_of(kind)
    sums, sizes = scene.draw(np.random.default_rng(2), scene.units)
    verdict = greater(Measure("d", sums, scene.support), scene.threshold, "x")
    pilot = scene.pilot(sums, sizes)
    assert remedies.p_of(pilot) == pytest.approx(verdict.p_support, rel=1e-6)
    assert remedies.p_of(scene.below(pilot)) == pytest.approx(verdict.p_refute, rel=1e-6)


def test_rows_of_a_scene_are_made_again() -> None:
    """Two runs count the same, and what comes true is among what is told."""
    scene = scene_of("McNemar, k = n")
    first, second = (remedies.run(scene, 6) for _ in range(2))
    assert [str(row) for row in first] == [str(row) for row in second]
    for row in first:
        assert row.pilots == 6 >= row.undecided >= row.promised + row.doubtful
        assert row.promised >= max(row.came_true, row.came_true_as_it_looks)


def test_samples_are_followed_up_too() -> None:
    """Problems that differ by sampling alone get more samples, and their rows count alike."""
    rows = remedies.run(remedy_scenes.Noise(60, 0.0, 2.25), 6)
    assert [row.level for row in rows] == list(remedies.LEVELS)
    assert any(row.undecided for row in rows)


@pytest.mark.parametrize("rule", list(remedy_rules.RULES))
def test_other_rules_keep_what_simulation_keeps(rule: str) -> None:
    """The quadrature is the share of simulated normal pilots whose promise comes true."""
    found, distance = remedy_rules.promises(rule, 0.01), 2.0
    rng = np.random.default_rng(3)
    scores = rng.normal(distance, 1, 100_000)
    inside = (scores >= found.scores[0]) & (scores <= found.scores[-1])
    growth = np.interp(scores[inside], found.scores, found.growths)
    more = rng.normal(distance * (growth - 1), np.sqrt(growth - 1))
    share = np.mean((scores[inside] + more) / np.sqrt(growth) >= stats.norm.isf(0.01))
    assert found.kept_at(distance) == pytest.approx(share, abs=0.01)


def test_shares_outside_the_range_are_bold_only_beyond_chance() -> None:
    """Two standard errors are granted, and few promises tell nothing."""
    assert remedy_page._share(61, 100) == "61 ± 5"  # noqa: SLF001
    assert remedy_page._share(60, 100) == "**60 ± 5**"  # noqa: SLF001
    assert remedy_page._share(19, 19) == "-"  # noqa: SLF001


def test_an_unknown_scene_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error in --only does not write an empty page."""
    with pytest.raises(SystemExit):
        remedies.main(["--only", "nowhere", "--out", str(tmp_path / "page.md")])
    assert "nowhere" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def committed() -> list[dict[str, str]]:
    """Rows of the committed table."""
    with (ROOT / "docs" / "remedies.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_committed_table_has_every_scene() -> None:
    """No kind, size, distance or level was left out of the committed run."""
    found = {(row["kind"], float(row["distance"]), round(float(row["level"]), 5)) for row in committed()}
    wanted = {(scene.kind, scene.distance, round(level, 5)) for scene in SCENES for level in remedies.LEVELS}
    assert found == wanted


def test_committed_promises_are_kept_as_the_page_of_statistics_says() -> None:
    """Of all promises 70 to 80 % came true by law, and at the threshold few pilots are promised anything."""
    rows = committed()
    promised, kept = (sum(int(row[name]) for row in rows) for name in ("promised", "came_true"))
    assert 0.7 < kept / promised < 0.8
    there = [row for row in rows if float(row["distance"]) == (0.02 if "RL alone" in row["kind"] else 0)]
    assert sum(int(row["promised"]) for row in there) < 0.2 * sum(int(row["pilots"]) for row in there)
