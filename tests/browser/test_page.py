"""The page as it opens: quiet, drawn, narrow, small, printed, and without its script."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from reading import Visit, each, shown, walk

from beyondbase.report import render_page
from beyondbase.results.numbers import effect

Visitor = Callable[..., Visit]
Record = dict[str, Any]


@pytest.mark.parametrize(
    ("study", "width", "scheme"),
    [
        ("builtin", 1200, "light"),
        ("builtin", 360, "dark"),
        ("several", 360, "light"),
        ("small", 1200, "dark"),
        ("small", 360, "light"),
    ],
)
def test_page_is_quiet_drawn_and_no_wider_than_its_window(
    visit: Visitor, request: pytest.FixtureRequest, study: str, width: int, scheme: str
) -> None:
    """With everything opened, nothing is logged or fetched, all charts stand, nothing sticks out."""
    seen = visit(request.getfixturevalue(study), width=width, scheme=scheme)
    assert seen.width_beyond() <= 0
    seen.open_all()
    figures, drawings = seen.page.locator("figure"), seen.page.locator(".canvas > [role]")
    assert figures.count() == drawings.count() > 0
    assert set(each(drawings, "node.tagName + node.getAttribute('role')")) == {"svgimg"}
    assert all(len(label) > 20 for label in each(drawings, "node.getAttribute('aria-label')"))
    assert seen.width_beyond() <= 0
    assert seen.complaints() == []


def test_builtin_page_is_small(builtin: Record) -> None:
    """The page of the built-in study is below 3 MiB."""
    assert len(render_page(builtin).encode()) < 3 * 2**20


def test_print_has_charts_texts_and_no_buttons(visit: Visitor, small: Record) -> None:
    """A printed page has every chart of what was folded away, and nothing to press."""
    seen = visit(small)
    page = seen.page
    page.emulate_media(media="print")
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert page.locator("figure svg").count() >= page.locator("figure").count() > 0
    assert shown(page.locator("button, #filters, noscript, .controls")) == 0
    assert shown(page.locator("table.matrix")) == 1
    assert shown(page.locator("details.verdict .body")) == len(small["studies"][0]["verdicts"])


def test_without_script_all_verdicts_and_tables_are_there(visit: Visitor, builtin: Record) -> None:
    """Where scripts do not run, verdicts, effects, reasons, tables and the charts' words can be read."""
    seen = visit(builtin, script=False)
    page, study = seen.page, builtin["studies"][0]
    expect(page.locator("noscript p")).to_be_visible()
    assert shown(page.locator("#filters, button")) == 0
    cells = each(page.locator("td[data-verdict]"), "node.innerText")
    assert len(cells) == len(study["verdicts"])
    for verdict, cell in zip(study["verdicts"], cells, strict=True):
        assert verdict["outcome"] in cell
        assert effect(verdict["effect"]) in cell
    closed = page.locator("details:not([open]) > summary:visible")
    while closed.count():
        closed.first.click()
    assert all(len(text) > 20 for text in each(page.locator("figure .canvas"), "node.innerText"))
    tables = page.locator("table:visible").count()
    assert tables == page.locator("table").count() > 10


def test_packed_page_without_script_does_not_promise_what_it_packed(visit: Visitor, large: Record) -> None:
    """Where the folded parts are packed, the note for browsers without scripts does not promise them."""
    seen = visit(large, script=False)
    page = seen.page
    assert page.locator("#packed").count() == 1
    assert page.locator("td[data-verdict]").count() == len(large["studies"][0]["verdicts"])
    assert "all verdicts and tables are here" not in page.locator("noscript").inner_text()


def test_studies_may_be_named_like_parts_of_the_page(visit: Visitor, small: Record) -> None:
    """No id of the page itself is taken by a study's anchor."""
    bare = small["studies"][0] | {"pairs": []}
    named = [bare | {"id": name} for name in ("main", "filters", "provenance", "Filters")]
    ids = each(visit(small | {"studies": named}).page.locator("[id]"), "node.id.toLowerCase()")
    assert len(ids) == len(set(ids))


def test_study_of_a_packed_page_may_be_named_packed(visit: Visitor, large: Record) -> None:
    """The packed parts are found, whatever the study is called."""
    large["studies"][0]["id"] = "packed"
    seen = visit(large)
    seen.page.locator("details.fold > summary").first.click()
    seen.page.locator("details.pair > summary").first.click()
    expect(seen.page.locator("details.pair figure").first).to_be_visible()


def test_page_is_quiet_without_studies_claims_or_pairs(visit: Visitor, small: Record) -> None:
    """Results that hold nothing, or a study without verdicts and pairs, still make a page."""
    visit(small | {"studies": []})
    study = small["studies"][0] | {
        "verdicts": [],
        "pairs": [],
        "samples": [],
        "examples": [],
        "not_applicable": [],
    }
    seen = visit(small | {"studies": [study]})
    assert "No claim of this study was tested" in seen.text()


def test_two_studies_share_a_page(visit: Visitor, small: Record) -> None:
    """Anchors of two studies differ, even where both have the same names, and so does what they lead to."""
    other = small["studies"][0] | {"title": "Another"}
    page = visit(small | {"studies": [*small["studies"], other]}).page
    ids = each(page.locator("[id]"), "node.id")
    assert len(ids) == len(set(ids))
    links = each(page.locator(".study").last.locator("td[data-verdict] a, .body a"), "node.hash.slice(1)")
    own = set(each(page.locator(".study").last.locator("[id]"), "node.id"))
    assert set(links) <= own


def test_texts_in_an_empty_study_title_fall_back_to_the_id(visit: Visitor, small: Record) -> None:
    """A study without a title is named by its id, also in the window's title."""
    untitled = walk(small, lambda path, text: "" if path == ("studies", "title") else text)
    seen = visit(untitled)
    assert seen.page.locator(".study > h2").inner_text() == small["studies"][0]["id"]
    assert small["studies"][0]["id"] in seen.page.title()
