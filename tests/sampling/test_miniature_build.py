"""Building one model of the miniature elsewhere: models of the plan's recipe are copied, others are not."""

import json
from pathlib import Path

import pytest
from build import borrow, place_in, with_needs
from making import RECORD, Place, digest, recipe_of
from models import Size, make_model, save_model
from plan import PLAN


@pytest.fixture
def lender(tmp_path: Path) -> Place:
    """A folder that holds a base of the plan's recipe, as far as its record says."""
    place = place_in(tmp_path / "lender")
    place.models.mkdir(parents=True)
    save_model(make_model(Size(hidden=64, layers=1, inner=64, heads=1), seed=1), place.models / "base")
    record = recipe_of("base", PLAN["base"], place) | {"weights": digest(place.models / "base")}
    (place.models / "base" / RECORD).write_text(json.dumps(record))
    return place


def test_what_a_model_is_made_from_is_copied(lender: Place, tmp_path: Path) -> None:
    """The whole folder, so that the build takes it for made."""
    place = place_in(tmp_path / "own")

    borrow(with_needs(["grpo"]), lender, place)

    assert {folder.name for folder in place.models.iterdir()} == {"base"}
    files = {file.name: file.read_bytes() for file in (lender.models / "base").iterdir()}
    assert {file.name: file.read_bytes() for file in (place.models / "base").iterdir()} == files


@pytest.mark.parametrize("spoiled", ["settings", "weights"])
def test_a_model_of_another_recipe_is_not_copied(spoiled: str, lender: Place, tmp_path: Path) -> None:
    """It would be trained anew."""
    record = lender.models / "base" / RECORD
    record.write_text(json.dumps(json.loads(record.read_text()) | {spoiled: "others"}))

    borrow(["base"], lender, place_in(tmp_path / "own"))

    assert not (tmp_path / "own").exists()


def test_what_is_there_is_left_alone(lender: Place, tmp_path: Path) -> None:
    """Such as a base of one's own."""
    place = place_in(tmp_path / "own")
    (place.models / "base").mkdir(parents=True)

    borrow(["base"], lender, place)

    assert list((place.models / "base").iterdir()) == []
