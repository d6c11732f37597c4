"""Planted slips: the scenes' truth, their rows, and the page that is committed."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "calibration"))

import tipping  # noqa: E402 - the folder is no package
import tipping_page  # noqa: E402
import tipping_scenes  # noqa: E402
from tipping_scenes import Claim, Floats, Scene  # noqa: E402

# True effects of each claim, of the chances of the arm that slips speak for and of the other.
TRUTHS = dict(
    zip(
        (claim.name for claim in tipping_scenes.CLAIMS),
        (
            lambda one, two: (1 - two) ** 128 - (1 - one) ** 128,
            lambda one, two: (1 - two) ** 32 - (1 - one) ** 32,
            lambda one, two: 1 - (1 - one) ** 128 - two,
            lambda rl, base: (1 - (1 - rl) ** 128) * (1 - base) ** 128,
            lambda base, rl: (1 - (1 - rl) ** 128) * (1 - base) ** 128,
            lambda one, two: one**32 - two**32,
        ),
        strict=True,
    )
)


@pytest.mark.parametrize("claim", tipping_scenes.CLAIMS, ids=lambda claim: claim.name)
def test_each_law_puts_its_finding_at_the_threshold(claim: Claim) -> None:
    """Over many problems the true effect is the threshold, but for their spread."""
    effects: Floats = TRUTHS[claim.name](*claim.law(np.random.default_rng(1), (40_000, 1)))
    assert effects.mean() == pytest.approx(claim.than, abs=4 * effects.std() / 200)


@pytest.mark.parametrize("spread", tipping_scenes.SPREADS)
def test_slips_are_as_many_as_the_scene_says(spread: str) -> None:
    """At most the share of the wrong answers of an arm, but for chance; heaped ones as many on average."""
    scene = Scene(tipping_scenes.CLAIMS[0], 300, spread, 0.01)
    (one, _), slips = scene.draw(np.random.default_rng(2), 50)
    wrong = tipping_scenes.N * one.size - one.sum() + slips.sum()
    assert 0 < slips.sum() <= wrong * 0.01 + 4 * np.sqrt(tipping_scenes.CROWD * wrong * 0.01)
    assert (slips <= one).all()


def test_a_scene_is_the_same_twice_and_keeps_its_promise() -> None:
    """Seeds are names; what slips alone make of it is seldom said to bear as many of them."""
    scene = Scene(tipping_scenes.CLAIMS[0], 60, "favoured arm", 0.001)
    place = tipping_scenes.scenes().index(scene)
    first, second = tipping.run(scene, 200), tipping.run_at(place, 200)
    assert first == second
    assert first.given > 4 * first.borne
    assert not first.beyond
    assert 0 < first.tipping < 1
    assert 0 < first.fall < 1


def test_an_unknown_scene_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error in --only does not write an empty page."""
    with pytest.raises(SystemExit):
        tipping.main(["--only", "nowhere", "--out", str(tmp_path / "page.md")])
    assert "nowhere" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def committed() -> list[tipping_page.Row]:
    """Rows of the committed table."""
    with (ROOT / "docs" / "tipping.csv").open(encoding="utf-8", newline="") as file:
        kinds = tipping_page.Row.__annotations__
        return [
            tipping_page.Row(**{name: kinds[name](value) for name, value in row.items()})
            for row in csv.DictReader(file)
        ]


def test_the_committed_table_has_every_scene_and_keeps_the_promise() -> None:
    """No claim, size, spread or share was left out, and no row within the promise is beyond its level."""
    rows = committed()
    assert [(row.spread, row.claim, row.problems, row.share) for row in rows] == [
        (scene.spread, scene.claim.name, scene.problems, scene.share) for scene in tipping_scenes.scenes()
    ]
    assert not any(row.beyond for row in rows if row.spread != "heaped")
    assert all(row.studies == rows[0].studies for row in rows)


def test_the_committed_page_is_that_of_the_committed_table() -> None:
    """Page and rows are of one run."""
    rows = committed()
    text = (ROOT / "docs" / "tipping.md").read_text(encoding="utf-8")
    command = f"python calibration/tipping.py --replicates {rows[0].studies} --out docs/tipping.md"
    assert tipping_page.page(rows, command, tipping_scenes.N, tipping.CLOSER) == text


def test_a_row_beyond_its_level_is_told() -> None:
    """The summary counts what is above 5 % by more than chance, and nothing that is not."""
    row = committed()[0]
    values = dict(vars(row), studies=2000)
    bad, good = (tipping_page.Row(**(values | {"borne": count, "given": 500})) for count in (180, 110))
    assert bad.beyond
    assert not good.beyond
    assert "Of 2 rows within the promise 1 are above 5 %" in tipping_page.page([bad, good], "made", 128, 60)
