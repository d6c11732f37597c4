"""The floor of guesses under the curves: dashed, muted, and in the colours of the scheme."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reading import Visit, columns, each, numbers, saved
from results_json import content_of
from study_factory import BASE, RL, drawn, judged, write_study

Visitor = Callable[..., Visit]
TITLE = "pass@k of both arms"


@pytest.fixture
def floored(tmp_path: Path) -> dict[str, Any]:
    """Results of one pair above exact chances."""
    rates = np.linspace(0.05, 0.5, 20)
    rows = [f"T,{row},{0.002 * row}" for row in range(20)]
    (tmp_path / "chance.csv").write_text("\n".join(["task,problem_id,chance", *rows]))
    arms = {"base": BASE, "rl": RL, "chance": {"role": "guess", "chance": "chance.csv"}}
    counts: Any = {arm: drawn(rates, 32, seed) for seed, arm in enumerate(("base", "rl"))}
    return content_of(judged(write_study(tmp_path, arms, counts)))


def test_the_floor_is_a_dashed_line_in_the_colours_of_the_scheme(
    visit: Visitor, floored: dict[str, Any]
) -> None:
    """By day and by night it has the grey of the style sheet, and so has its key in the legend."""
    seen = visit(floored)
    chart = seen.figure(TITLE)
    chart.scroll_into_view_if_needed()
    seen.settle()
    line = chart.locator('svg g[stroke="var(--floor)"][stroke-dasharray="4 5"]')
    key = chart.locator(".legend .key.floor")
    assert (line.count(), key.count()) == (1, 1)
    assert "chance (guesses, exact)" in chart.locator(".legend").inner_text()
    found = []
    for scheme in ("light", "dark"):
        seen.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of the two
        found.append(
            (
                *each(line, "getComputedStyle(node).stroke"),
                *each(key, "getComputedStyle(node).backgroundColor"),
            )
        )
    assert all(stroke == background for stroke, background in found)
    assert found[0] != found[1]


def test_the_floor_is_saved_with_the_curves(visit: Visitor, floored: dict[str, Any]) -> None:
    """The chart's CSV file has its numbers in full precision."""
    pair = floored["studies"][0]["pairs"][0]
    _, rows = saved(visit(floored), TITLE)
    found = columns(rows)
    here = [at for at, name in enumerate(found["series"]) if name == "chance"]
    for key in ("estimate", "lower", "upper"):
        assert [numbers(found[key])[at] for at in here] == pair["floors"][0][key]


@pytest.mark.parametrize("width", [1200, 360])
def test_a_page_with_a_floor_is_no_wider_than_its_window(
    visit: Visitor, floored: dict[str, Any], width: int
) -> None:
    """The further columns of the tables scroll within their place."""
    seen = visit(floored, width=width)
    seen.open_all()
    assert seen.width_beyond() <= 0
