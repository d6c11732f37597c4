"""Building the miniature: what is made, what is copied, what is left alone, and what the manifest tells."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from build import borrow, place_in, ready, with_needs, write_manifest
from making import RECORD, Place, checkpoint, digest, is_of_plan, recipe_of
from miniature_texts import MINIATURE, TINY
from models import make_model, save_model
from plan import PLAN, STEPS

from beyondbase.errors import InputError


@pytest.fixture
def lender(tmp_path: Path) -> Place:
    """A folder that holds a base of the plan's recipe, as far as its record says."""
    place = place_in(tmp_path / "lender")
    place.models.mkdir(parents=True)
    save_as("base", place)
    return place


def save_as(name: str, place: Place, steps: tuple[int, ...] = ()) -> None:
    """Put a model there that is the plan's, as far as its record says."""
    folder = place.models / name
    save_model(make_model(TINY, seed=1), folder)
    for step in steps:
        save_model(make_model(TINY, seed=step), checkpoint(folder, step))
    record = recipe_of(name, PLAN[name], place) | {
        "weights": digest(folder),
        "checkpoints": {step: digest(checkpoint(folder, step)) for step in steps},
    }
    (folder / RECORD).write_text(json.dumps(record))


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


@pytest.mark.parametrize("spoiled", [None, "made.json", "model.safetensors"])
def test_another_model_is_neither_used_nor_written_over(
    spoiled: str | None, lender: Place, tmp_path: Path
) -> None:
    """The build stops before any work, and says what to do."""
    place = place_in(tmp_path / "own")
    shutil.copytree(lender.models, place.models)
    if spoiled is None:
        save_model(make_model(TINY, seed=2), place.models / "base")
    else:
        (place.models / "base" / spoiled).unlink()
    before = {file.name: file.read_bytes() for file in (place.models / "base").iterdir()}

    with pytest.raises(
        InputError, match=r"base is not the base that plan\.py makes here; name it with --only"
    ):
        ready(["base"], place, lender)

    assert {file.name: file.read_bytes() for file in (place.models / "base").iterdir()} == before


def test_a_base_of_the_plan_is_used(lender: Place) -> None:
    """Nothing is said of it."""
    ready(["base"], lender, lender)


def test_the_build_stops_plainly_at_a_base_of_ones_own(tmp_path: Path) -> None:
    """Without a traceback, a drawn problem, or a manifest."""
    (tmp_path / "models" / "base").mkdir(parents=True)
    script = MINIATURE / "recipe" / "build.py"

    ended = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, script, "--only", "grpo", "--into", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "is not the base that plan.py makes" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


@pytest.mark.parametrize("spoiled", ["deleted", "another"])
def test_a_model_without_its_checkpoints_is_not_made(spoiled: str, lender: Place) -> None:
    """A study that samples them would find none, or another."""
    save_as("grpo", lender, STEPS)
    assert is_of_plan("grpo", lender)

    folder = lender.models / f"grpo-step-{STEPS[1]}"
    if spoiled == "deleted":
        shutil.rmtree(folder)
    else:
        save_model(make_model(TINY, seed=99), folder)

    assert not is_of_plan("grpo", lender)


def test_checkpoints_are_copied_with_their_model(lender: Place, tmp_path: Path) -> None:
    """Without them it would not count as made."""
    save_as("grpo", lender, STEPS)
    place = place_in(tmp_path / "own")

    borrow(["base", "grpo"], lender, place)

    assert is_of_plan("grpo", place)


def test_the_manifest_leaves_out_what_is_not_made(lender: Place, tmp_path: Path) -> None:
    """Such as a model whose parent is absent, beside those that were never begun."""
    save_as("ppo", lender)
    write_manifest(lender, tmp_path / "all.json")
    shutil.rmtree(lender.models / "base")

    write_manifest(lender, tmp_path / "manifest.json")

    assert set(json.loads((tmp_path / "all.json").read_text())["models"]) == {"base", "ppo"}
    assert json.loads((tmp_path / "manifest.json").read_text()) == {"models": {}}
