"""Draws the packages and their imports, and lists every module, for docs/house.md: `python docs/house.py`."""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/beyondbase"
PAGE, PICTURE = ROOT / "docs/house.md", ROOT / "docs/house.svg"
MARK = "<!-- From here on this page is written by `python docs/house.py`. -->"
GROUND = "ground"
# In pixels: a room, the distance of two columns, and a floor.
WIDTH, COLUMN, HEIGHT, FLOOR, MARGIN = 130, 170, 34, 78, 14
# In columns, so that no line runs behind a room.
COLUMNS = {
    "cli": 1.2,
    "estimator_suite": 4,
    "plugin": 2,
    "notebook": 3.2,
    "formats": 0.6,
    "report": 2.6,
    "results": 2.6,
    "judging": 3,
    "sampling": 1,
    "evidence": 2.4,
    "graders": 0,
    "engines": 0.9,
    "store": 1.8,
    "study": 2.2,
    "tasks": 1.6,
    "inference": 3.1,
    "estimators": 4,
}


def floors() -> list[list[str]]:
    """The packages from the top floor down, as the contract in pyproject.toml has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return [[name.strip() for name in layer.replace(":", "|").split("|")] for layer in layers]


def imports(*, inner: bool = False) -> dict[str, set[str]]:
    """Which packages each package imports, with the modules of the ground floor as one.

    Args:
        inner: whether a folder within a package is a room of its own.
    """
    level = {name: height for height, row in enumerate(floors()) for name in row}
    graph = grimp.build_graph("beyondbase", cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        here = _room(module, level, inner=inner)
        for other in graph.find_modules_directly_imported_by(module):
            there = _room(other, level, inner=inner)
            if here and there and here != there:
                found.setdefault(here, set()).add(there)
    return found


def _room(module: str, level: Mapping[str, int], *, inner: bool) -> str | None:
    """The package that a module stands in; None for what is in none, such as `beyondbase` itself."""
    _, top, *below = *module.split("."), ""
    if top not in level or level[top] == max(level.values()):
        return GROUND if top in level else None
    folder = below[0] if below else ""
    return f"{top}/{folder}" if inner and (SOURCE / top / folder).is_dir() and folder else top


def direct(arrows: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The arrows that follow from no others, which are enough to draw."""

    def reached(start: str) -> set[str]:
        return {end for step in arrows.get(start, ()) for end in (step, *reached(step))}

    return {
        start: {end for end in ends if not any(end in reached(other) for other in ends - {end})}
        for start, ends in arrows.items()
    }


def picture() -> str:
    """The floors as a drawing in SVG; all rooms stand on the ground, so no line shows it."""
    rows = floors()[:-1]
    width = 2 * MARGIN + WIDTH + COLUMN * max(COLUMNS.values())
    left = {name: MARGIN + COLUMN * COLUMNS[name] for row in rows for name in row}
    top = {name: MARGIN + FLOOR * level for level, row in enumerate(rows) for name in row}
    bottom = MARGIN + FLOOR * len(rows)
    size = f'viewBox="0 0 {width:g} {bottom + FLOOR:g}" font-family="system-ui, sans-serif" font-size="14"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        "<title>Packages of beyondbase, and the imports between them that follow from no others</title>",
        *(
            f'<line x1="{left[start] + WIDTH / 2:g}" y1="{top[start] + HEIGHT}"'
            f' x2="{left[end] + WIDTH / 2:g}" y2="{top[end]}" stroke="#7a8794" stroke-width="1.5"/>'
            for start, ends in sorted(direct(imports()).items())
            for end in sorted(ends - {GROUND})
        ),
        *(_box(name, left[name], top[name], WIDTH) for name in left),
        _box(", ".join(floors()[-1]), MARGIN, bottom, width - 2 * MARGIN),
    ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _box(text: str, left: float, top: float, width: float) -> str:
    return (
        f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{HEIGHT}" rx="6" fill="#2f6fa7"/>'
        f'<text x="{left + width / 2:g}" y="{top + 22:g}" text-anchor="middle" fill="#fff">{text}</text>'
    )


def lists() -> Iterator[str]:
    """Every package with its modules, a sentence each, as Markdown."""
    arrows = imports()
    count = sum(len(ends) for ends in arrows.values())
    rooms = len({*arrows, *(end for ends in arrows.values() for end in ends)})
    yield f"{rooms} rooms, {count} imports between them, all downwards; those that follow are not drawn.\n"
    yield "![Floors of packages, from the command line down to the ground](house.svg)\n"
    for level in floors()[:-1]:
        for name in level:
            yield from _package(name)
    yield f"## {GROUND}\n\nWhat every package may use.\n"
    yield from _table(path for name in sorted(floors()[-1]) for path in _of_ground(name))


def _package(name: str) -> Iterator[str]:
    folder = SOURCE / name
    if not folder.is_dir():
        yield f"## {name}\n\n{_sentence(folder.with_suffix('.py'))}\n"
        return
    yield f"## {name}\n\n{_sentence(folder / '__init__.py')}\n"
    yield from _table(path for path in _modules(folder))


def _of_ground(name: str) -> Iterator[Path]:
    folder = SOURCE / name
    yield from (folder / "__init__.py", *_modules(folder)) if folder.is_dir() else [SOURCE / f"{name}.py"]


def _modules(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            yield path
    for inner in sorted(folder.glob("*/__init__.py")):
        yield inner
        yield from _modules(inner.parent)


def _table(paths: Iterator[Path]) -> Iterator[str]:
    rows = [f"| `{_name(path)}` | {_sentence(path)} |" for path in paths]
    yield "\n".join(["| module | what it is |", "|---|---|", *rows]) + "\n"


def _name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    inner = parts if parts[0] in floors()[-1] else parts[1:]
    return "/".join(inner[:-1]) + "/" if inner[-1] == "__init__" else "/".join(inner)


def _sentence(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].replace("|", "\\|")


def page() -> str:
    """docs/house.md: what is written by hand, and below it the lists."""
    head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    return "\n".join([f"{head}{MARK}\n", *lists()])


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
