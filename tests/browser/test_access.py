"""The page for readers with a keyboard or a screen reader."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from reading import Visit
from results_json import recorded
from test_problems import table_of, with_texts

from beyondbase.results.compare import compare

Visitor = Callable[..., Visit]
Record = dict[str, Any]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
FOCUSED = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  return [node.matches("body") ? "" : node.tagName.toLowerCase() + (node.name ? `[${node.name}]` : "") +
    (node.closest("td[data-verdict]") ? " of the matrix" : ""),
    style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== "none"];
}"""


@pytest.mark.parametrize(("study", "scheme"), [("small", "light"), ("small", "dark"), ("several", "light")])
def test_page_keeps_the_accessibility_guidelines(
    visit: Visitor, request: pytest.FixtureRequest, study: str, scheme: str
) -> None:
    """With everything opened, axe finds no violation of WCAG 2.1 at levels A and AA."""
    results = with_texts(request.getfixturevalue(study))
    if study == "several":
        seen = visit(results | {"studies": [first_pair(results["studies"][0])]}, scheme=scheme)
        seen.draw_all()
    else:
        seen = visit(
            results, scheme=scheme, comparison=compare(recorded(earlier(results)), recorded(results))
        )
        seen.open_all()
        seen.page.get_by_role("button", name="3 completions").first.click()
        seen.open_all()
    # The contrast of every colour is seen to with the small study; it takes long.
    contrast = {"rules": {"color-contrast": {"enabled": study != "several"}}}
    violations = Axe().run(seen.page, options=RULES | contrast).response["violations"]
    found = {one["id"]: [node["html"][:200] for node in one["nodes"][:3]] for one in violations}
    assert found == {}


def first_pair(study: Record) -> Record:
    """A study with charts across arms and a row per case, but the evidence of one pair."""
    unfit = [pair | {"curve": None} for pair in study["pairs"][1:]]
    named = list(dict.fromkeys(verdict["claim"] for verdict in study["verdicts"]))[:3]
    some = [verdict for verdict in study["verdicts"] if verdict["claim"] in named]
    return study | {"pairs": [study["pairs"][0], *unfit], "verdicts": some}


def earlier(results: Record) -> Record:
    """Results of an earlier run, with one other verdict."""
    before = deepcopy(results)
    before["studies"][0]["verdicts"][0]["outcome"] = "INCONCLUSIVE"
    return before


def test_tab_key_reaches_filters_verdicts_and_folds(visit: Visitor, small: Record) -> None:
    """The tab key goes from the skip link over the filters and the matrix to the folds; focus shows."""
    page = visit(small).page
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name, marked = page.evaluate(FOCUSED)
        assert marked or not name, name
        reached.append(name)
    wanted = ["a", "select[outcome]", "select[claim]", "input[q]", "a of the matrix", "summary"]
    places = [reached.index(name) for name in wanted]
    assert places == sorted(places)


def test_enter_key_opens_a_verdict(visit: Visitor, small: Record) -> None:
    """Enter on a verdict opens its card and moves there; Enter on the card closes it."""
    page = visit(small).page
    link = page.locator("td[data-verdict] a").first
    card = page.locator(f"id={(link.get_attribute('href') or '')[1:]}")
    link.focus()
    page.keyboard.press("Enter")
    expect(card).to_have_attribute("open", "")
    expect(card.locator("> summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card).not_to_have_attribute("open", "")


def test_skip_link_leads_past_the_filters(visit: Visitor, small: Record) -> None:
    """The skip link shows when it has the focus, and the next stop is behind the filters."""
    page = visit(small).page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the results")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def test_table_of_problems_works_by_keyboard(visit: Visitor, small: Record) -> None:
    """Heads sort by Enter and by space and keep the focus; completions open and close by Enter."""
    seen, drill = table_of(visit, with_texts(small))
    head = drill.locator("thead th").first
    head.get_by_role("button").focus()
    for key, state in (("Enter", "ascending"), ("Space", "descending"), ("Enter", "ascending")):
        seen.page.keyboard.press(key)
        expect(head).to_have_attribute("aria-sort", state)
        expect(head.get_by_role("button")).to_be_focused()
    reveal = drill.get_by_role("button", name="3 completions")
    reveal.focus()
    for expanded in ("true", "false"):
        seen.page.keyboard.press("Enter")
        expect(reveal).to_have_attribute("aria-expanded", expanded)
        expect(reveal).to_be_focused()


def test_focus_stays_in_the_table_when_all_rows_are_shown(visit: Visitor, builtin: Record) -> None:
    """The button that shows all rows goes; the focus does not fall back to the top of the page."""
    seen, drill = table_of(visit, builtin)
    drill.get_by_role("button", name="Show all 500").focus()
    seen.page.keyboard.press("Enter")
    expect(drill.locator("tbody tr")).to_have_count(500)
    assert drill.evaluate("(node) => node.contains(document.activeElement)")
