"""Filters over verdicts, the state in the address, and links that open what they lead to."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from reading import Visit, each, shown

from beyondbase import report

Visitor = Callable[..., Visit]
Record = dict[str, Any]


def standing(verdict: Record) -> str:
    """How a verdict stands to what is expected; the waivers of these results last."""
    if verdict["as_expected"]:
        return "free" if verdict["expected"] == "ANY" else "met"
    if verdict["waiver"]:
        return "waived"
    return {"INCONCLUSIVE": "undecided", "INVALID": "unfit"}.get(verdict["outcome"], "unmet")


CHOICES: dict[str, tuple[Callable[[Record], str], tuple[str, ...]]] = {
    "outcome": (lambda verdict: verdict["outcome"], ("SUPPORTED", "INCONCLUSIVE", "INVALID")),
    "standing": (standing, ("unfit", "undecided", "free", "waived")),
    "claim": (lambda verdict: verdict["claim"], ("rl-expands",)),
    "task": (lambda verdict: verdict["task"], ("T", "U")),
}
IN_VIEW = """(node) => {
  const box = node.getBoundingClientRect();
  const found = document.elementFromPoint(box.left + 4, box.top + Math.min(box.height, 20) / 2);
  return found !== null && (node.contains(found) || found.contains(node) && found.tagName === "TR");
}"""
CHOSEN = [(name, value) for name, (_, values) in CHOICES.items() for value in values]


def cells_shown(seen: Visit) -> list[str]:
    """Anchors of the verdicts that the matrix shows."""
    cells = each(
        seen.page.locator("td[data-verdict]"),
        "[node.dataset.verdict, node.checkVisibility({ visibilityProperty: true })]",
    )
    return [anchor for anchor, visible in cells if visible]


@pytest.fixture
def anchors(small: Record) -> dict[str, str]:
    """The anchor of every verdict of the small study."""
    view = report.view.arrange(small, None)[0]
    return {shown.verdict["id"]: shown.anchor for claim in view.claims for shown in claim.verdicts}


def expect_only(seen: Visit, wanted: set[str], total: int) -> None:
    """Only the wanted verdicts are shown, in the matrix, as cards, and with their claims' sections."""
    assert set(cells_shown(seen)) == wanted
    cards = each(
        seen.page.locator("details.verdict"),
        "[node.id, [node, node.parentElement].every((one) => getComputedStyle(one).display !== 'none')]",
    )
    assert {anchor for anchor, visible in cards if visible} == wanted
    for section in seen.page.locator("section.claim").all():
        own = set(each(section.locator("details.verdict"), "node.id"))
        assert section.is_visible() == bool(own & wanted)
    for row in seen.page.locator("table.matrix tbody tr").all():
        assert row.is_visible() == bool(shown(row.locator("td[data-verdict]")))
    counted = f"{total} verdicts" if len(wanted) == total else f"{len(wanted)} of {total} verdicts"
    expect(seen.page.locator("#filters output")).to_have_text(counted)


def test_choices_show_the_verdicts_they_name(visit: Visitor, small: Record, anchors: dict[str, str]) -> None:
    """Each filter shows the verdicts of one value; the address holds it; Show all shows all again."""
    seen, verdicts = visit(small), small["studies"][0]["verdicts"]
    form = seen.page.locator("#filters")
    for name, value in CHOSEN:
        read = CHOICES[name][0]
        wanted = {anchors[verdict["id"]] for verdict in verdicts if read(verdict) == value}
        assert 0 < len(wanted) < len(verdicts), (name, value)
        form.locator(f"[name={name}]").select_option(value)
        expect_only(seen, wanted, len(verdicts))
        assert seen.address() == f"?{name}={value}"
        form.get_by_role("button", name="Show all").click()
        expect(form.get_by_role("button", name="Show all")).to_be_hidden()
        expect_only(seen, set(anchors.values()), len(verdicts))
        assert seen.address() == ""


def test_choice_of_a_task_shows_its_pairs(visit: Visitor, small: Record) -> None:
    """The filter of tasks covers pairs too."""
    seen = visit(small)
    seen.page.locator("#filters [name=task]").select_option("U")
    pairs = each(seen.page.locator("details.pair"), "[node.dataset.task, node.checkVisibility()]")
    assert pairs == [["T", False], ["U", True]]


def test_search_finds_words_of_claims_arms_and_outcomes(
    visit: Visitor, small: Record, anchors: dict[str, str]
) -> None:
    """A search looks through what the matrix says, without regard to case, and may find nothing."""
    seen, verdicts = visit(small), small["studies"][0]["verdicts"]
    search = seen.page.get_by_role("searchbox", name="Search").first
    search.fill("RL-EXPANDS")
    expect_only(seen, {anchors[v["id"]] for v in verdicts if v["claim"] == "rl-expands"}, len(verdicts))
    search.fill("no such words")
    expect_only(seen, set(), len(verdicts))


def test_filters_combine(visit: Visitor, small: Record, anchors: dict[str, str]) -> None:
    """Two filters show the verdicts that fit both."""
    seen, verdicts = visit(small), small["studies"][0]["verdicts"]
    seen.page.locator("#filters [name=task]").select_option("T")
    seen.page.locator("#filters [name=outcome]").select_option("SUPPORTED")
    fit = {anchors[v["id"]] for v in verdicts if (v["task"], v["outcome"]) == ("T", "SUPPORTED")}
    expect_only(seen, fit, len(verdicts))
    assert seen.address() == "?outcome=SUPPORTED&task=T"


def test_page_opens_with_the_filters_of_its_address(
    visit: Visitor, small: Record, anchors: dict[str, str]
) -> None:
    """Opened with filters in its address, a page shows what it showed to the one who copied it."""
    seen, verdicts = visit(small, at="?outcome=INVALID&q=expands"), small["studies"][0]["verdicts"]
    fit = {anchors[v["id"]] for v in verdicts if (v["claim"], v["outcome"]) == ("rl-expands", "INVALID")}
    expect_only(seen, fit, len(verdicts))
    assert seen.page.locator("#filters [name=outcome]").input_value() == "INVALID"
    assert seen.page.locator("#filters [name=q]").input_value() == "expands"


@pytest.mark.parametrize("asked", ["?outcome=NONSENSE", "?%E0%A4%A=1", "?constructor=1", "?"])
def test_page_with_unknown_filters_shows_all(
    visit: Visitor, small: Record, anchors: dict[str, str], asked: str
) -> None:
    """A filter that the page does not know is no filter, and its control says so."""
    seen = visit(small, at=asked)
    expect_only(seen, set(anchors.values()), len(small["studies"][0]["verdicts"]))
    assert each(seen.page.locator("#filters select"), "node.selectedIndex") == [0, 0, 0, 0]


def test_filter_of_a_single_task_can_be_left(visit: Visitor, builtin: Record) -> None:
    """Where all verdicts have one task, a filter by another, from an address, can be undone."""
    seen, total = visit(builtin, at="?task=AIME24"), len(builtin["studies"][0]["verdicts"])
    undo = seen.page.get_by_role("button", name="Show all").first
    if undo.is_visible():
        undo.click()
    expect(seen.page.locator("#filters output")).to_have_text(f"{total} verdicts")


def test_verdicts_link_to_their_cards(visit: Visitor, small: Record) -> None:
    """A verdict in the matrix opens its card, brings it into view and moves the focus there."""
    seen = visit(small)
    links = seen.page.locator("td[data-verdict] a")
    for link in (links.first, links.last):
        anchor = (link.get_attribute("href") or "")[1:]
        link.click()
        card = seen.page.locator(f"id={anchor}")
        expect(card).to_have_attribute("open", "")
        seen.settle()
        assert card.locator("> summary").evaluate(IN_VIEW)
        assert card.locator("> summary").evaluate("(node) => node === document.activeElement")


@pytest.mark.parametrize("results", ["small", "large"])
def test_address_of_a_verdict_opens_its_card(
    visit: Visitor, request: pytest.FixtureRequest, results: str
) -> None:
    """Opened at a verdict, a page shows its card, also where it comes packed."""
    content = request.getfixturevalue(results)
    last = report.view.arrange(content, None)[0].claims[-1].verdicts[-1]
    seen = visit(content, at=last.anchor)
    card = seen.page.locator(f"id={last.anchor}")
    expect(card.locator(".body")).to_be_visible()
    seen.settle()
    assert card.locator("> summary").evaluate(IN_VIEW)
    assert last.verdict["id"] in seen.text(f"id={last.anchor}")


@pytest.mark.parametrize(("results", "width"), [("builtin", 1200), ("large", 360)])
def test_address_of_a_pair_opens_its_section(
    visit: Visitor, request: pytest.FixtureRequest, results: str, width: int
) -> None:
    """Opened at a pair, a page shows its section, with its charts, also where it comes packed."""
    content = request.getfixturevalue(results)
    pair = report.view.arrange(content, None)[0].pairs[-1]
    seen = visit(content, at=pair.anchor, width=width)
    section = seen.page.locator(f"id={pair.anchor}")
    expect(section.locator("figure svg").first).to_be_visible()
    seen.settle()
    assert section.locator("> summary").evaluate(IN_VIEW)


@pytest.mark.parametrize("results", ["builtin", "large"])
def test_address_of_a_problem_marks_its_row(
    visit: Visitor, request: pytest.FixtureRequest, results: str
) -> None:
    """Opened at a problem, a page opens the table of problems and marks the row, though it came late."""
    content = request.getfixturevalue(results)
    pair = report.view.arrange(content, None)[0].pairs[-1]
    problem = pair.pair["by_problem"]["id"][333]
    seen = visit(content, at=f"{pair.anchor}/problem/{problem}")
    row = seen.page.locator(f"id={pair.anchor}").locator("tr.found")
    expect(row.locator("th")).to_have_text(problem)
    seen.settle()
    assert row.locator("th").evaluate(IN_VIEW)


def test_one_problem_is_marked_at_a_time(visit: Visitor, builtin: Record) -> None:
    """A second link to a problem marks its row alone."""
    seen = visit(builtin)
    anchor = report.view.arrange(builtin, None)[0].pairs[0].anchor
    for problem in ("7", "8"):
        seen.page.evaluate(f"location.hash = '{anchor}/problem/{problem}'")
        expect(seen.page.locator("tr.found")).to_have_count(1)
        expect(seen.page.locator("tr.found th")).to_have_text(problem)


@pytest.mark.parametrize(
    "at", ["no-such-thing", "{pair}/problem/none", "{pair}/problem/100%", "%", "{pair}/x/y"]
)
def test_address_that_leads_nowhere_is_no_error(visit: Visitor, builtin: Record, at: str) -> None:
    """An old or broken link opens the page as it is."""
    seen = visit(builtin, at=at.format(pair=report.view.arrange(builtin, None)[0].pairs[0].anchor))
    seen.settle()
    assert seen.complaints() == []
    assert seen.page.locator("tr.found").count() == 0


@pytest.mark.parametrize("results", ["small", "large"])
def test_link_to_what_a_filter_hides_shows_it(
    visit: Visitor, request: pytest.FixtureRequest, results: str
) -> None:
    """A link to a verdict that does not fit the filters takes them away."""
    content = request.getfixturevalue(results)
    verdicts = report.view.arrange(content, None)[0].claims[-1].verdicts
    hidden = next(one for one in verdicts if one.verdict["outcome"] != "SUPPORTED")
    seen = visit(content, at="?outcome=SUPPORTED")
    seen.page.evaluate(f"location.hash = '{hidden.anchor}'")
    seen.settle()
    assert seen.complaints() == []
    expect(seen.page.locator(f"id={hidden.anchor}")).to_be_visible()
    expect(seen.page.locator("#filters output")).to_have_text(
        f"{len(content['studies'][0]['verdicts'])} verdicts"
    )


def test_way_back_leads_to_the_filters(visit: Visitor, small: Record) -> None:
    """After a link to a card that fits the filters, the browser's way back has them still."""
    seen = visit(small, at="?outcome=SUPPORTED")
    seen.page.locator("td[data-verdict]:not(.filtered) a").first.click()
    seen.page.go_back()
    assert seen.address() == "?outcome=SUPPORTED"
    assert seen.page.locator("#filters [name=outcome]").input_value() == "SUPPORTED"
    assert shown(seen.page.locator("td[data-verdict][data-outcome=INVALID]")) == 0


def test_packed_parts_read_like_those_in_place(
    visit: Visitor, large: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card and a pair that came packed have the texts of those that stand in the page."""
    packed = visit(large)
    monkeypatch.setattr(report, "PLACED_VERDICTS", 10_000)
    monkeypatch.setattr(report, "PLACED_PAIRS", 10_000)
    placed = visit(large)
    view = report.view.arrange(large, None)[0]
    for anchor in (view.claims[3].verdicts[5].anchor, view.pairs[-2].anchor):
        texts = []
        for seen in (packed, placed):
            seen.page.evaluate(f"location.hash = '{anchor}'")
            part = seen.page.locator(f"id={anchor}")
            expect(part.locator("p").first).to_be_visible()
            expect(part.locator("figure:not([data-drawn])")).to_have_count(0)
            texts.append(" ".join(seen.text(f"id={anchor}").split()))
        assert texts[0] == texts[1]
        assert len(texts[0]) > 300


def test_filters_reach_cards_that_are_unpacked_later(visit: Visitor, large: Record) -> None:
    """Cards that are put in place while a filter is on follow it."""
    seen = visit(large, at="?outcome=REFUTED")
    claims = seen.page.locator("details.fold > summary").last
    claims.click()
    seen.page.locator("details.cases > summary:visible").first.click()
    cards = seen.page.locator("details.cases").first.locator("details.verdict")
    expect(cards.first).to_be_attached()
    visible = each(cards, "[node.innerText.includes('REFUTED'), node.checkVisibility()]")
    assert len(visible) == len(large["studies"][0]["pairs"])
    assert all(fits == seen for fits, seen in visible if seen)
    outcomes = [v["outcome"] for v in large["studies"][0]["verdicts"][: len(visible)]]
    assert [seen for _, seen in visible] == [outcome == "REFUTED" for outcome in outcomes]
