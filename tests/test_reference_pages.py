"""The generated pages of docs/ are those that the code makes today."""

import importlib.util
from pathlib import Path

import pytest

from beyondbase import Study

DOCS = Path(__file__).parents[1] / "docs"
SPEC = importlib.util.spec_from_file_location("docs_reference", DOCS / "reference.py")
assert SPEC is not None
assert SPEC.loader is not None
reference = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(reference)


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_is_of_today(name: str) -> None:
    """Whoever changes a key or a claim makes the page anew."""
    assert (DOCS / name).read_text(encoding="utf-8") == reference.PAGES[name](), "run docs/reference.py"


def test_every_key_of_the_top_has_its_row() -> None:
    """The page begins with the keys of a study, in their order."""
    top = (DOCS / "study-keys.md").read_text(encoding="utf-8").split("\n## ")[1]
    rows = [line.split("`")[1] for line in top.splitlines() if line.startswith("| `")]
    assert rows == [*Study.model_fields]


def test_every_claim_has_its_part() -> None:
    """Seventeen, each under its name."""
    lines = (DOCS / "claims-reference.md").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.startswith("### ")]) == 17
    assert len([line for line in lines if line.startswith("* **Tested**: ")]) == 17


def test_a_meaning_that_is_missing_or_doubled_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row of the page is without a meaning, and none has two."""
    meanings = dict(reference.MEANINGS)
    monkeypatch.setattr(reference, "MEANINGS", {k: v for k, v in meanings.items() if k != "alpha"})
    with pytest.raises(ValueError, match="alpha has no meaning"):
        reference.study_keys()
    monkeypatch.setattr(reference, "MEANINGS", meanings | {"title": "x"})
    with pytest.raises(ValueError, match="title has a meaning of its own"):
        reference.study_keys()
