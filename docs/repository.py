"""A hook of mkdocs: files of the repository that pages link to become part of the site.

A page links to `../claims` or `../fixtures/README.md`, as GitHub wants it. In the site these stand under
`repository/`: a page as a page, a folder or a file of code as a page that shows it, all else as it is.
"""

import re
from pathlib import Path
from posixpath import dirname, normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
# What the navigation names, whether or not a page links to it.
FIRST = ("CHANGELOG.md", "CONTRIBUTING.md", "fixtures/README.md")
CODE = {".py": "python", ".toml": "toml"}
# A link, or a picture: its path, and the heading in it.
LINK = re.compile(r"(?<=\]\()(?P<path>[^)#\s:]+)(?P<heading>#[^)\s]*)?(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add to the pages of docs/ what they, and what is added, link to."""
    waiting = [*FIRST, *(f"docs/{file.src_uri}" for file in files if file.is_documentation_page())]
    seen = set(waiting)
    while waiting:
        place = waiting.pop()
        if not place.startswith("docs/"):
            files.append(_file(place, config))
        if place.endswith(".md"):
            text = (ROOT / place).read_text(encoding="utf-8")
            linked = {_target(place, found["path"]) for found in LINK.finditer(text)}
            new = {one for one in linked - seen if not one.startswith("docs/") and (ROOT / one).exists()}
            seen |= new
            waiting += sorted(new)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Lead the links of a page to where the files stand in the site."""
    here = page.file.src_uri
    place = here.removeprefix("repository/") if here.startswith("repository/") else f"docs/{here}"

    def lead(found: re.Match[str]) -> str:
        target = _target(place, found["path"])
        if not (ROOT / target).exists() or (place.startswith("docs/") and target.startswith("docs/")):
            return found[0]
        return relpath(_uri(target), dirname(here)) + (found["heading"] or "")

    return LINK.sub(lead, markdown)


def _target(place: str, link: str) -> str:
    return normpath(f"{dirname(place)}/{link}".lstrip("/"))


def _uri(place: str) -> str:
    if place.startswith("docs/"):
        return place.removeprefix("docs/")
    path = ROOT / place
    shown = path.is_dir() or path.suffix in CODE
    return f"repository/{place}.md" if shown else f"repository/{place}"


def _file(place: str, config: MkDocsConfig) -> File:
    path = ROOT / place
    if path.is_dir():
        text = "\n".join(_code(file, 2) for file in sorted(path.glob("*.py")))
        return File.generated(config, _uri(place), content=f"# {place}/\n\n{text}")
    if path.suffix in CODE:
        return File.generated(config, _uri(place), content=_code(path, 1))
    return File.generated(config, _uri(place), abs_src_path=str(path))


def _code(path: Path, level: int) -> str:
    text = path.read_text(encoding="utf-8").rstrip()
    return f"{'#' * level} {path.name}\n\n````{CODE[path.suffix]}\n{text}\n````\n"
