"""The table of all problems: sorted, searched, grouped, saved, and opened to the completions."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, expect
from reading import Visit, columns, downloaded, each

from beyondbase.results.numbers import points

Visitor = Callable[..., Visit]
Record = dict[str, Any]

LONG = 25_000
TEXTS = ("It is\n12.", "x" * LONG, "<b>13</b>")


def table_of(visit: Visitor, results: Record, **how: Any) -> tuple[Visit, Locator]:
    """Open the table of problems of the first pair."""
    seen = visit(results, **how)
    drill = seen.page.locator("details.drill").first
    if drill.get_attribute("open") is None:
        drill.locator("> summary").click()
    expect(drill.locator("tbody tr").first).to_be_visible()
    return seen, drill


def first_column(drill: Locator) -> list[str]:
    """The problems in the order of the rows."""
    found: list[str] = each(drill.locator("tbody tr[data-problem]"), "node.dataset.problem")
    return found


def with_texts(results: Record) -> Record:
    """Results whose first problem has completions of both arms."""
    study = results["studies"][0]
    pair = study["pairs"][0]
    head = {"task": pair["task"], "problem_id": pair["by_problem"]["id"][0]}
    arms = (pair["base"], pair["other"], pair["other"])
    study["examples"] = [
        head | {"arm": arm, "outcome": outcome, "text": text}
        for arm, outcome, text in zip(arms, ("correct", "truncated", "wrong"), TEXTS, strict=True)
    ]
    return results


def test_table_sorts_by_every_column_both_ways(visit: Visitor, builtin: Record) -> None:
    """Each head sorts by its column, and backwards when pressed again, and says so."""
    by = builtin["studies"][0]["pairs"][0]["by_problem"]
    by["level"] = [f"Level {index * 7 % 12}" for index in range(len(by["id"]))]
    _, drill = table_of(visit, builtin)
    share = {
        side: [c / n for c, n in zip(by[f"{side}_c"], by[f"{side}_n"], strict=True)]
        for side in ("base", "other")
    }
    base, other = share["base"], share["other"]
    group = [1 if b and o else 2 if b else 3 if o else 4 for b, o in zip(base, other, strict=True)]
    keys: list[list[Any]] = [
        [int(name) for name in by["id"]],
        [int(level.split()[1]) for level in by["level"]],
        base,
        other,
        [o - b for b, o in zip(base, other, strict=True)],
        by["fisher_p"],
        group,
    ]
    heads = drill.locator("thead th")
    assert heads.count() == len(keys)
    order = range(len(by["id"]))
    for at, key in enumerate(keys):
        for down in (False, True):
            heads.nth(at).get_by_role("button").click()
            wanted = sorted(order, key=lambda row: (-key[row] if down else key[row], row))
            assert first_column(drill) == [by["id"][row] for row in wanted[:100]]
            states = each(heads, "node.getAttribute('aria-sort')")
            assert states.pop(at) == ("descending" if down else "ascending")
            assert set(states) == {"none"}


def test_rows_have_counts_and_differences(visit: Visitor, small: Record) -> None:
    """A row has both counts, the difference in points and who solved the problem."""
    by = small["studies"][0]["pairs"][0]["by_problem"]
    _, drill = table_of(visit, small)
    cells = each(drill.locator("tbody tr"), "[node.dataset.problem, ...node.innerText.split('\\t')]")
    for problem, _, *counts, difference, _, who in cells:
        at = by["id"].index(problem)
        (n, c), (m, d) = ((by[f"{side}_n"][at], by[f"{side}_c"][at]) for side in ("base", "other"))
        assert counts == [f"{c}/{n}", f"{d}/{m}"]
        assert difference == points(d / m - c / n)
        assert who == {(True, True): "both", (True, False): "base", (False, True): "rl"}.get(
            (c > 0, d > 0), "neither"
        )


def test_table_shows_a_hundred_rows_until_asked(visit: Visitor, builtin: Record) -> None:
    """Past a hundred rows, a button shows the others."""
    _, drill = table_of(visit, builtin)
    assert len(first_column(drill)) == 100
    drill.get_by_role("button", name="Show all 500").click()
    assert len(first_column(drill)) == 500
    expect(drill.get_by_role("button", name="Show all")).to_be_hidden()


def test_table_is_searched_and_grouped(visit: Visitor, builtin: Record) -> None:
    """A search looks through ids and levels; a group is of problems that one arm, both or neither solve."""
    pair = builtin["studies"][0]["pairs"][0]
    pair["by_problem"]["level"] = ["Easy" if index < 20 else "Hard" for index in range(500)]
    _, drill = table_of(visit, builtin)
    count = drill.locator("output")
    drill.get_by_role("searchbox").fill("49")
    assert set(first_column(drill)) == {name for name in pair["by_problem"]["id"] if "49" in name}
    drill.get_by_role("searchbox").fill("easy")
    expect(count).to_have_text("20 of 500 problems")
    drill.get_by_role("searchbox").fill("")
    for label, key in (
        ("only qwen2.5-7b", "base_only_problems"),
        ("only simplerl-zoo", "other_only_problems"),
    ):
        drill.get_by_role("combobox").select_option(label=label)
        assert sorted(first_column(drill)) == sorted(row["id"] for row in pair["solved"][key])
    drill.get_by_role("combobox").select_option(label="neither")
    assert sorted(first_column(drill)) == sorted(pair["solved"]["neither_problems"])
    drill.get_by_role("searchbox").fill("no such problem")
    expect(count).to_have_text("0 of 500 problems")


def test_table_is_saved_whole_and_exact(visit: Visitor, builtin: Record) -> None:
    """The table's file has all problems, whatever is shown, with exact p-values; ids are no formulas."""
    by = builtin["studies"][0]["pairs"][0]["by_problem"]
    by["level"] = ["leicht, «1»"] * 500
    ids = by["id"] = ['=HYPERLINK("x")', "-1", "+1", "@a", 'größe "5"', "日本\n語", *by["id"][6:]]
    seen, drill = table_of(visit, builtin)
    drill.get_by_role("searchbox").fill("none of them")
    name, rows = downloaded(seen, drill.get_by_role("button", name="Download CSV"))
    found = columns(rows)
    assert name == "qwen2.5-7b-math500--MATH500--simplerl-zoo-problems.csv"
    assert found["problem"] == [f"'{one}" if one[0] in "=+-@" else one for one in ids]
    assert found["level"] == by["level"]
    assert [float(cell) for cell in found["Fisher p"]] == by["fisher_p"]
    assert [int(cell) for cell in found["simplerl-zoo c"]] == by["other_c"]


def test_completions_are_opened_below_their_problem(visit: Visitor, small: Record) -> None:
    """A problem with completions has a button; each completion is text, and long ones are whole on demand."""
    problem = small["studies"][0]["pairs"][0]["by_problem"]["id"][0]
    _, drill = table_of(visit, with_texts(small))
    row = drill.locator(f'tr[data-problem="{problem}"]')
    row.get_by_role("button", name="3 completions").click()
    texts = drill.locator("tr.completions details")
    assert each(texts.locator("summary"), "node.textContent") == [
        "base: correct",
        "rl: truncated",
        "rl: wrong",
    ]
    for summary in texts.locator("summary").all():
        summary.click()
    found = each(texts.locator("pre"), "node.textContent")
    assert [found[0], found[2]] == [TEXTS[0], TEXTS[2]]
    assert 0 < len(found[1]) < LONG
    texts.get_by_role("button", name="Show all 25,000 characters").click()
    assert texts.locator("pre").nth(1).text_content() == TEXTS[1]
    row.get_by_role("button").click()
    expect(texts).to_have_count(0)


def test_completions_of_other_arms_stay_out(visit: Visitor, small: Record) -> None:
    """A pair shows the completions of its two arms alone."""
    results = with_texts(small)
    results["studies"][0]["examples"][0]["arm"] = "another"
    _, drill = table_of(visit, results)
    expect(drill.get_by_role("button", name="2 completions")).to_have_count(1)
    expect(drill.get_by_role("button", name="3 completions")).to_have_count(0)


def test_table_of_lone_problems_leads_to_the_row(visit: Visitor, builtin: Record) -> None:
    """A problem that one arm alone solves links to its row among all problems."""
    solved = builtin["studies"][0]["pairs"][0]["solved"]["base_only_problems"]
    seen = visit(builtin)
    fold = seen.page.locator("details", has_text="Only qwen2.5-7b: 19 problems").last
    fold.locator("> summary").click()
    fold.get_by_role("link", name=solved[-1]["id"], exact=True).click()
    expect(seen.page.locator("tr.found th")).to_have_text(solved[-1]["id"])
