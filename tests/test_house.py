"""docs/house.md is a picture of the tree as it is: packages, modules and imports."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that draws it."""
    monkeypatch.syspath_prepend(DOCS)
    monkeypatch.delitem(sys.modules, "house", raising=False)
    return import_module("house")


def test_the_page_and_the_drawing_show_the_tree_as_it_is(house: ModuleType) -> None:
    """Whoever adds, moves or joins a module draws both anew: `python docs/house.py`."""
    assert house.page() == house.PAGE.read_text(encoding="utf-8")
    assert house.picture() == house.PICTURE.read_text(encoding="utf-8")


def test_no_import_between_packages_goes_upwards(house: ModuleType) -> None:
    """Packages import from floors below their own, or beside them where the contract says so."""
    level = {name: height for height, row in enumerate(house.floors()) for name in row} | {"ground": 99}
    upwards = [(a, b) for a, ends in house.imports().items() for b in ends if level[a] >= level[b]]
    assert upwards == []


def test_no_folder_imports_itself_through_another(house: ModuleType) -> None:
    """Folders within packages have no circle either: readers of formats, the comparison of graders."""
    arrows = house.imports(inner=True)

    def reached(start: str, seen: frozenset[str] = frozenset()) -> set[str]:
        steps = arrows.get(start, set()) - seen
        return steps.union(*(reached(step, seen | steps) for step in steps))

    assert [name for name in arrows if name in reached(name)] == []


def test_every_place_that_the_page_names_is_there(house: ModuleType) -> None:
    """The table of where something new goes names files and folders of today."""
    head = house.PAGE.read_text(encoding="utf-8").partition(house.MARK)[0]
    places = [part.split("`")[0] for part in head.split("`")[1::2] if "/" in part or part.endswith(".py")]
    assert len(places) > 15
    for place in places:
        roots = (house.SOURCE, house.ROOT)
        assert any(any(root.glob(place.rstrip("/"))) for root in roots), place
