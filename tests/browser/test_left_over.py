"""What the page's script adds to it holds no placeholder, tag or cut name either, with all of it open."""

from collections.abc import Callable
from typing import Any

import pytest
from extreme_results import STUDIES, extreme_content, left_over
from reading import Visit, each, saved

Visitor = Callable[..., Visit]
Record = dict[str, Any]

# Numbers of drawings, and what is said of them to those who cannot see them.
WORDS = "aria-label|data-alt|data-title|title|placeholder|[xyrd]|[cr][xy]|[xy][12]|transform|width|height"
ATTRIBUTES = f"""[...node.attributes].filter((one) => /^({WORDS})$/.test(one.name))
  .map((one) => one.value).join("\\n")"""
# Texts of drawings that are cut: by their own box, or by the letters that stand for the rest of a name.
CUT = """(figure) => {
  const room = figure.getBoundingClientRect();
  return [...figure.querySelectorAll(".canvas text")].filter((text) => {
    const box = text.getBoundingClientRect();
    const right = Math.max(room.right, innerWidth);
    const out = box.left < room.left - 1 || box.right > right + 1 || box.top < room.top - 1;
    return text.textContent.includes("\\u2026") || (box.width && out);
  }).map((text) => text.textContent);
}"""


@pytest.mark.parametrize("name", [name for name in STUDIES if name != "miniature"])
def test_nothing_is_left_over_in_the_open_page(visit: Visitor, name: str) -> None:
    """With every fold open and every chart drawn, no word of a program stands in the page."""
    seen = visit(extreme_content(name))
    seen.open_all()
    assert left_over(seen.text()) == []
    assert [
        found for text in each(seen.page.locator("main *"), ATTRIBUTES) for found in left_over(text)
    ] == []


@pytest.mark.parametrize("name", ["one_sample", "uneven", "partly_scored"])
def test_nothing_is_left_over_in_saved_tables(visit: Visitor, name: str) -> None:
    """A cell that has no number is empty in the CSV files."""
    seen = visit(extreme_content(name))
    seen.open_all()
    for title in set(each(seen.page.locator("figure[data-drawn]"), "node.dataset.title")):
        _, rows = saved(seen, title)
        assert left_over("\n".join(cell for row in rows for cell in row)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [340, 700, 1200])
@pytest.mark.parametrize("name", ["qwen2.5-7b-math500", "many_arms"])
def test_no_label_of_a_chart_is_cut(visit: Visitor, name: str, width: int, scheme: str) -> None:
    """Names of rows and numbers of axes are whole at every width, beside their rows or above them."""
    seen = visit(extreme_content(name), width=width, scheme=scheme)
    seen.open_all()
    assert seen.page.locator("figure[data-kind=intervals][data-drawn]").count() > 0
    cut = {
        figure.get_attribute("data-title"): figure.evaluate(CUT)
        for figure in seen.page.locator("figure[data-drawn]").all()
    }
    assert {title: texts for title, texts in cut.items() if texts} == {}
