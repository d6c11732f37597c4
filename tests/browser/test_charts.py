"""Charts: drawn at their width in the colours of the scheme, read by hovering, saved as CSV."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator
from reading import Visit, columns, each, numbers, saved, walk

from beyondbase.results.numbers import percent, points

Visitor = Callable[..., Visit]
Record = dict[str, Any]

TIP_LINES = """(svg) => [...svg.querySelectorAll("text")]
  .map((text) => [...text.querySelectorAll("tspan")].map((line) => line.textContent))
  .find((lines) => lines.length > 1) ?? []"""
MINUS = "\N{MINUS SIGN}"
# The files of a pair carry its address.
PAIR = "qwen2.5-7b-math500--MATH500--simplerl-zoo"


def tips(seen: Visit, chart: Locator, steps: int = 40) -> list[list[str]]:
    """The lines of every tip that shows up while the mouse crosses a chart."""
    chart.scroll_into_view_if_needed()
    seen.settle()
    svg = chart.locator("svg").first
    box = svg.bounding_box()
    assert box is not None
    found = []
    for step in range(steps + 1):
        seen.page.mouse.move(box["x"] + box["width"] * step / steps, box["y"] + box["height"] / 2)
        lines = svg.evaluate(TIP_LINES)
        # An invisible character ends some lines, for selecting text.
        found.append([line.strip("\u200b\u00ad ") for line in lines])
    return [lines for lines in found if lines]


def reading(show: Callable[[float], str], band: Record, at: int) -> str:
    """An estimate with its limits, as a tip has it."""
    value, lower, upper = (show(band[key][at]) for key in ("estimate", "lower", "upper"))
    return f"{value} [{lower}, {upper}]"


def test_chart_is_redrawn_at_its_width(visit: Visitor, builtin: Record) -> None:
    """A chart follows the width of its place, and keeps its role and words."""
    seen = visit(builtin)
    drawing = seen.figure("pass@k of both arms").locator("svg").first
    drawing.scroll_into_view_if_needed()
    widths = []
    for width in (1200, 500, 360):
        seen.page.set_viewport_size({"width": width, "height": 900})
        seen.settle()
        widths.append(int(drawing.get_attribute("width") or 0))
        place = drawing.evaluate("(node) => node.parentElement.clientWidth")
        assert abs(widths[-1] - place) <= 5
        assert drawing.get_attribute("role") == "img"
    assert widths == sorted(set(widths), reverse=True)


def test_colours_follow_the_scheme(visit: Visitor, builtin: Record) -> None:
    """Lines, words and paper have other colours in the dark, without a new drawing."""
    seen = visit(builtin)
    lines = seen.figure("pass@k of both arms").locator("svg g[fill=none] path")
    lines.first.scroll_into_view_if_needed()
    seen.settle()
    read = "[getComputedStyle(node).stroke, getComputedStyle(node.closest('svg')).color]"
    inks = ["getComputedStyle(document.body).backgroundColor", "getComputedStyle(document.body).color"]
    found = []
    for scheme in ("light", "dark"):
        seen.page.emulate_media(color_scheme=scheme)
        found.append([*each(lines, read), *(seen.page.evaluate(ink) for ink in inks)])
    light, dark = found
    assert len(light) > 2
    assert all(one != other for one, other in zip(light, dark, strict=True))


def test_arms_differ_in_more_than_colour(visit: Visitor, several: Record) -> None:
    """Each arm has a dash or a symbol of its own."""
    seen = visit(several)
    chart = seen.figure("pass@k of all arms on T")
    chart.scroll_into_view_if_needed()
    seen.settle()
    dashes = each(
        chart.locator("svg [stroke-dasharray], svg g[stroke]"),
        "node.getAttribute('stroke') + node.getAttribute('stroke-dasharray')",
    )
    assert len(set(dashes)) >= 5


def test_hovering_reads_the_values_of_both_arms(visit: Visitor, builtin: Record) -> None:
    """At each k, the tip has the estimates and limits of both arms that results.json has."""
    curve = builtin["studies"][0]["pairs"][0]["curve"]
    seen = visit(builtin)
    found = tips(seen, seen.figure("pass@k of both arms"))
    ks = {int(lines[0].removeprefix("k = ")) for lines in found}
    assert len(ks) >= 15
    assert {1, 128} <= ks
    for head, *lines in found:
        at = curve["k"].index(int(head.removeprefix("k = ")))
        assert sorted(lines) == sorted(
            f"{name}: {reading(percent, curve[side], at)}"
            for side, name in (("base", "qwen2.5-7b"), ("other", "simplerl-zoo"))
        )


def test_hovering_reads_the_difference(visit: Visitor, builtin: Record) -> None:
    """At each k, the tip has the difference in points with its sign."""
    difference = builtin["studies"][0]["pairs"][0]["curve"]
    seen = visit(builtin)
    found = tips(seen, seen.figure("Difference of pass@k"), steps=12)
    assert len(found) > 5
    for head, *lines in found:
        at = difference["k"].index(int(head.removeprefix("k = ")))
        assert lines == [reading(points, difference["difference"], at)]


@pytest.mark.parametrize("share", [0.5625, 0.0625, 0.1875])
def test_tip_and_table_round_alike(visit: Visitor, small: Record, share: float) -> None:
    """A share halfway between two decimals, such as 9 of 16, reads the same in a tip as in a table."""
    pair = small["studies"][0]["pairs"][0]
    for column in pair["curve"]["base"].values():
        column[0] = share
    seen = visit(small)
    lines = next(lines for lines in tips(seen, seen.figure("pass@k of both arms"), 10) if lines[0] == "k = 1")
    shown = next(line for line in lines if line.startswith("base: ")).split()[1]
    row = (
        seen.page.locator("table", has_text="pass@k with simultaneous bands").first.locator("tbody tr").first
    )
    assert row.locator("td").first.text_content() == f"{shown} [{shown.rstrip('%')}, {shown.rstrip('%')}]"


def test_scatter_tip_names_problems(visit: Visitor, small: Record) -> None:
    """A dot of the scatter names its problems and their shares in both arms."""
    rows = small["studies"][0]["pairs"][0]["by_problem"]
    seen = visit(small)
    chart = seen.figure("Every problem: right completions of both arms")
    found = tips(seen, chart, 20)
    assert found
    for head, base, other in found:
        at = rows["id"].index(head.split(": ", 1)[1].split(",")[0])
        assert base.startswith("base: ")
        assert float(base.split()[1][:-1]) == pytest.approx(
            100 * rows["base_c"][at] / rows["base_n"][at], abs=0.051
        )
        assert float(other.split()[1][:-1]) == pytest.approx(
            100 * rows["other_c"][at] / rows["other_n"][at], abs=0.051
        )


def test_saved_curves_have_full_precision(visit: Visitor, builtin: Record) -> None:
    """The CSV files of curves, differences and covers hold the very numbers of results.json."""
    pair = builtin["studies"][0]["pairs"][0]
    seen = visit(builtin)
    both = (("base", pair["base"]), ("other", pair["other"]))
    charts = [
        ("pass@k of both arms", "pass@k-of-both-arms.csv", "curve", "k", both),
        (
            "Difference of pass@k",
            "Difference-of-pass@k.csv",
            "curve",
            "k",
            (("difference", f"{pair['other']} minus {pair['base']}"),),
        ),
        ("Cover@tau of both arms", "Cover@tau-of-both-arms.csv", "cover", "tau", both),
    ]
    for title, file, key, axis, series in charts:
        name, rows = saved(seen, title)
        found = columns(rows)
        assert name == f"{PAIR}-{file}"
        assert list(found)[2:] == ["estimate", "lower", "upper"]
        assert found["series"] == [name for _, name in series for _ in pair[key][axis]]
        assert numbers(list(found.values())[1]) == pair[key][axis] * len(series)
        for column in ("estimate", "lower", "upper"):
            assert numbers(found[column]) == [
                value for side, _ in series for value in pair[key][side][column]
            ]


def test_saved_counts_of_problems(visit: Visitor, builtin: Record) -> None:
    """The CSV files of the histogram, the parts and the lone problems hold the numbers of results.json."""
    pair = builtin["studies"][0]["pairs"][0]
    solved, bars = pair["solved"], pair["histogram"]
    seen = visit(builtin)
    name, rows = saved(seen, "Problems by accuracy")
    assert name == f"{PAIR}-Problems-by-accuracy.csv"
    assert rows[0] == ["share of right completions", pair["base"], pair["other"]]
    assert rows[1:] == [
        list(map(str, row)) for row in zip(bars["bins"], bars["base"], bars["other"], strict=True)
    ]
    _, rows = saved(seen, f"Problems solved at least once in {solved['k']} completions")
    assert numbers(columns(rows)["problems"]) == [
        solved[key] for key in ("both", "base_only", "other_only", "neither")
    ]
    _, rows = saved(seen, "Problems that one arm alone solves")
    alone = sorted(
        [*solved["base_only_problems"], *solved["other_only_problems"]], key=lambda row: row["fisher_p"]
    )
    assert columns(rows)["problem"] == [row["id"] for row in alone]
    assert numbers(columns(rows)["fisher_p"]) == [row["fisher_p"] for row in alone]
    assert numbers(columns(rows)["base"]) == [row["base_c"] / row["base_n"] for row in alone]


def test_saved_effects_and_problems(visit: Visitor, builtin: Record) -> None:
    """The CSV files of all effects and of every problem hold the numbers of results.json."""
    study = builtin["studies"][0]
    seen = visit(builtin)
    _, rows = saved(seen, "Effects with their intervals")
    effects = [v["effect"] for v in study["verdicts"] if v["effect"] and v["effect"]["unit"] == "share"]
    for key in ("estimate", "lower", "upper"):
        assert numbers(columns(rows)[key]) == [effect[key] for effect in effects]
    _, rows = saved(seen, "Every problem: right completions of both arms")
    found, by = columns(rows), study["pairs"][0]["by_problem"]
    assert found["problem"] == by["id"]
    assert numbers(found["Fisher p"]) == by["fisher_p"]
    for side, arm in (("base", "qwen2.5-7b"), ("other", "simplerl-zoo")):
        assert [int(cell) for cell in found[f"{arm} n"]] == by[f"{side}_n"]
        assert [int(cell) for cell in found[f"{arm} c"]] == by[f"{side}_c"]


def test_saved_charts_across_arms(visit: Visitor, several: Record) -> None:
    """The CSV files of charts across arms name every arm, letter by letter, and no cell is a formula."""
    study = several["studies"][0]
    pairs = [pair for pair in study["pairs"] if pair["task"] == "T"]
    # One run of training: arms that differ in the step only.
    first = next(arm for arm in study["arms"] if arm["role"] == "rl") | {"algorithm": "GRPO"}
    study["arms"] = [
        first | {"id": arm["id"], "step": arm["step"]} if arm["role"] == "rl" else arm
        for arm in study["arms"]
    ]
    seen = visit(several)
    name, rows = saved(seen, "pass@k of all arms on T")
    assert name == f"{study['id']}-pass@k-of-all-arms-on-T.csv"
    found = columns(rows)
    arms = ["base", *(pair["other"] for pair in pairs)]
    assert list(dict.fromkeys(found["series"])) == [f"'{arm}" if arm.startswith("=") else arm for arm in arms]
    wanted = [
        *pairs[0]["curve"]["base"]["estimate"],
        *(v for pair in pairs for v in pair["curve"]["other"]["estimate"]),
    ]
    assert numbers(found["estimate"]) == wanted
    stepped = [pair for pair in pairs if pair["role"] == "rl"]
    _, rows = saved(seen, f"Training steps up to {stepped[-1]['other']} on T")
    found = columns(rows)
    assert numbers(found["training step"]) == [100, 200, 300] * 2
    ends = [pair["curve"]["other"]["estimate"][at] for at in (0, -1) for pair in stepped]
    assert numbers(found["estimate"]) == ends
    _, rows = saved(seen, "Sampling-efficiency gap by algorithm")
    gaps = [v for v in study["verdicts"] if v["claim"] == "sampling-gap-stays-large"]
    assert numbers(columns(rows)["estimate"]) == [v["effect"]["estimate"] for v in gaps]


@pytest.mark.parametrize("name", ["__proto__", "7", "share of right completions"])
def test_saved_columns_survive_awkward_arm_names(visit: Visitor, small: Record, name: str) -> None:
    """A chart's file has a column for each arm, also where an arm is named like a column or a number."""
    renamed = walk(small, lambda path, text: name if text == "rl" and path[-1] != "role" else text)
    bars = renamed["studies"][0]["pairs"][0]["histogram"]
    _, rows = saved(visit(renamed), "Problems by accuracy")
    assert rows[0] == ["share of right completions", "base", name]
    wanted = zip(bars["bins"], bars["base"], bars["other"], strict=True)
    assert rows[1:] == [list(map(str, row)) for row in wanted]
