"""Texts that would rather be markup, script, formulas or nothing at all are shown as what they are."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from reading import Visit, each, walk
from results_json import recorded
from test_charts import tips
from test_problems import table_of, with_texts

from beyondbase import report
from beyondbase.results.compare import compare
from beyondbase.visible import clean

Visitor = Callable[..., Visit]
Record = dict[str, Any]

PWN = "window.__pwned=1"
PAYLOADS = {
    "markup": f"</script><script>{PWN}</script><img src=x onerror={PWN}>'\"><svg/onload={PWN}></title>",
    "link": f"javascript:{PWN}//\u202e\u2066\0\x1b[31m\ud800\U0001f600\ufeff\r\n<!--",
    "template": f"{{{{ 7*7 }}}}${{7*7}}{{% raw %}}`{PWN}`\\u003cscript>=1+1&lt;&amp;]]>\u2028\u2029",
}
# What the page reads as one of a few known words, or as a hash or a day.
KNOWN = {"outcome", "expected", "role", "unit", "until", "sha256", "kind"}
AWKWARD = ["a/b", "#1", "50%", "%41", "a b", 'it\'s "so"', "größe 日本"]
AWKWARD += ["?x=1&y", "<b>", "..", "a/problem/b", "\\", "+"]


def poisoned(results: Record, payload: str) -> tuple[Record, dict[str, str]]:
    """Results with every text replaced, the same by the same; and what each text became."""
    became: dict[str, str] = {}

    def change(path: tuple[str, ...], text: str) -> str:
        if path[-1] in KNOWN or path[0] in {"suite", "versions"} or not text:
            return text
        return became.setdefault(text, f"{payload} {len(became)} end")

    changed = walk(results, change)
    for arm in changed["studies"][0]["arms"]:
        arm["labels"] = {f"{payload} {key}": value for key, value in arm["labels"].items()}
    return changed, became


def assert_unharmed(seen: Visit) -> None:
    """Nothing ran, and nothing but the page's own elements stands in it."""
    assert seen.complaints() == []
    assert seen.page.evaluate("window.__pwned") is None
    foreign = "img, iframe, object, embed, body style:not(svg > *), body link, base"
    assert seen.page.locator(foreign).count() == 0
    assert all(href.startswith("#") for href in each(seen.page.locator("a"), "node.getAttribute('href')"))
    handlers = "[...node.attributes].filter((one) => one.name.startsWith('on')).length"
    assert not any(each(seen.page.locator("body *"), handlers))


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_every_text_is_shown_as_text(visit: Visitor, small: Record, payload: str) -> None:
    """Titles, names, findings, reasons, ids and completions stand in the page letter by letter."""
    results, became = poisoned(with_texts(small), payload)
    before, _ = poisoned(with_texts(small), payload)
    before["studies"][0]["verdicts"][0]["outcome"] = "INCONCLUSIVE"
    seen = visit(results, comparison=compare(recorded(before), recorded(results)))
    seen.open_all()
    seen.page.get_by_role("button", name="3 completions").first.click()
    assert_unharmed(seen)
    text = seen.text()
    unseen = {old: new for old, new in became.items() if clean(new) not in text}
    assert sorted(unseen) == sorted(not_shown(small))
    title = clean(became[small["studies"][0]["title"]])
    assert " ".join(title.split()) in seen.page.title()
    for figure in seen.page.locator("figure[data-drawn]").all():
        words = figure.locator(".canvas").get_attribute("data-alt")
        assert figure.locator("svg").get_attribute("aria-label") == words


def not_shown(results: Record) -> set[str]:
    """Texts that the page has no place for: the id of a study with a title, names of parts' effects."""
    study = results["studies"][0]
    shown = [item for verdict in study["verdicts"] for item in (verdict["effect"], *verdict["details"])]
    parts = [part for verdict in study["verdicts"] for part in parts_of(verdict)]
    names = {part["effect"]["name"] for part in parts if part["effect"]}
    return {study["id"], *names} - {item["name"] for item in shown if item}


def parts_of(part: Record) -> Iterator[Record]:
    """All parts of a verdict or a part, however deep."""
    for inner in part["parts"]:
        yield inner
        yield from parts_of(inner)


def test_hostile_parts_may_be_packed(visit: Visitor, small: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed parts become elements only where they were escaped before."""
    monkeypatch.setattr(report, "PLACED_PAIRS", 0)
    results, became = poisoned(small, PAYLOADS["markup"])
    seen = visit(results)
    assert seen.page.locator("#packed").count() == 1
    seen.open_all()
    assert_unharmed(seen)
    text = seen.text()
    for verdict in small["studies"][0]["verdicts"]:
        texts = (verdict["finding"], verdict["hypothesis"], *verdict["invalid"])
        assert all(became[key] in text for key in texts)


def test_hostile_names_are_text_in_tips(visit: Visitor, small: Record) -> None:
    """Names of arms and problems are text in the charts' tips too."""
    results, became = poisoned(small, PAYLOADS["markup"])
    seen = visit(results)
    found = tips(seen, seen.page.locator("figure[data-kind=lines]").first, 6)
    assert any(line.startswith(became["rl"][:30]) for lines in found for line in lines)
    found = tips(seen, seen.page.locator("figure[data-kind=dumbbells], figure[data-kind=scatter]").last, 12)
    assert any(PAYLOADS["markup"][:20] in " ".join(lines) for lines in found)
    assert_unharmed(seen)


def test_awkward_problem_ids_have_links_that_work(visit: Visitor, small: Record) -> None:
    """Problems named by slashes, percent signs, quotes or in other scripts are found by their links."""
    pair = small["studies"][0]["pairs"][0]
    old = pair["by_problem"]["id"]
    names = dict(zip(old, [*AWKWARD, *old[len(AWKWARD) :]], strict=True))
    ids = {"id", "neither_problems"}
    results = walk(small, lambda path, text: names.get(text, text) if path[-1] in ids else text)
    pair = results["studies"][0]["pairs"][0]
    columns = {key: column for key, column in pair["by_problem"].items() if column}
    pair["solved"]["base_only_problems"] = [
        {key: column[row] for key, column in columns.items()} for row in range(len(AWKWARD))
    ]
    anchor = report.view.arrange(results, None)[0].pairs[0].anchor
    seen, _ = table_of(visit, results)
    links = seen.page.locator("th a[href*='/problem/']")
    assert links.count() >= len(AWKWARD)
    found = seen.page.locator("tr.found")
    for name in AWKWARD:
        links.and_(seen.page.get_by_text(name, exact=True)).first.evaluate("(link) => link.click()")
        expect(found).to_have_attribute("data-problem", name)
    again = visit(results, at=f"{anchor}/problem/{quote(AWKWARD[2], safe='')}")
    expect(again.page.locator("tr.found")).to_have_attribute("data-problem", AWKWARD[2])


def test_endless_lines_break(visit: Visitor, small: Record) -> None:
    """A line of a million letters is shown in parts and never makes a narrow page wider."""
    results = with_texts(small)
    study = results["studies"][0]
    study["examples"][1]["text"] = "x" * 1_000_000
    study["title"] = study["verdicts"][0]["finding"] = study["verdicts"][0]["remedy"] = "y" * 5_000
    for item in study["verdicts"]:
        item["invalid"] = ["z" * 5_000] if item["outcome"] == "INVALID" else []
    seen, drill = table_of(visit, results, width=360)
    drill.get_by_role("button", name="3 completions").click()
    texts = drill.locator("tr.completions details")
    texts.nth(1).locator("summary").click()
    texts.nth(1).get_by_role("button", name="Show all 1,000,000 characters").click()
    assert texts.nth(1).locator("pre").evaluate("(node) => node.textContent.length") == 1_000_000
    assert seen.width_beyond() <= 0


def test_long_names_do_not_spread_a_narrow_page(visit: Visitor, small: Record) -> None:
    """Arms and problems with names of hundreds of letters fit a narrow page and its charts."""
    changed = walk(small, lambda path, text: text if path[-1] in KNOWN else f"{text}{'w' * 300}")
    seen = visit(changed, width=360)
    seen.open_all()
    assert seen.width_beyond() <= 0
    boxes = each(seen.page.locator("figure svg"), "[node.getBoundingClientRect().width, node.clientWidth]")
    assert all(outer <= 360 for outer, _ in boxes)
