"""Perplexity and entropy on the page: a table with every number, and a chart of the distribution."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reading import Visit, columns, numbers, saved
from results_json import content_of
from scored_study import likely, scored_study
from study_factory import BASE, RL, judged

Visitor = Callable[..., Visit]
TITLE = "Perplexity under base on T"


@pytest.fixture
def scored(tmp_path: Path) -> dict[str, Any]:
    """Results of a base, an RL arm and a distilled one, of which the last has no entropy."""
    values = {
        name: likely(20, 6, mean=mean, seed=seed)
        for seed, (name, mean) in enumerate({"base": -9, "rl": -8, "far": -14}.items())
    }
    scores: dict[str, Any] = {name: {"logprob": part} for name, part in values.items()}
    scores["far"]["own_logprob"] = values["far"] * float("nan")
    arms = {"base": BASE, "rl": RL, "far": {"role": "distilled", "model": "made/far"}}
    return content_of(judged(scored_study(tmp_path, arms, scores)))


def test_every_arm_has_its_numbers_in_the_table(visit: Visitor, scored: dict[str, Any]) -> None:
    """Medians and entropies with intervals, and "not known" where a number is missing."""
    table = visit(scored).page.get_by_role("region", name="Perplexity and entropy")
    rows = [row.inner_text().split("\t") for row in table.locator("tbody tr").all()]
    found = {item["arm"]: item for item in scored["studies"][0]["likelihoods"]}
    assert [row[:3] for row in rows] == [[name, "T", "120"] for name in ("base", "rl", "far")]
    for row in rows:
        under = found[row[0]]["perplexity_under_base"]
        assert row[3] == f"{under['estimate']:.4g} [{under['lower']:.4g}, {under['upper']:.4g}]"
    assert [row[5].startswith("not known") for row in rows] == [False, False, True]


def test_the_distribution_is_drawn_and_saved(visit: Visitor, scored: dict[str, Any]) -> None:
    """Each arm is a line; its CSV has the numbers of the results."""
    seen = visit(scored)
    chart = seen.figure(TITLE)
    chart.scroll_into_view_if_needed()
    seen.settle()
    assert chart.locator('svg [aria-label="line"] path, svg g[stroke] path').count() >= 3
    assert [text.strip() for text in chart.locator(".legend span bdi").all_inner_texts()] == [
        "base",
        "rl",
        "far",
    ]
    _, rows = saved(seen, TITLE)
    table = columns(rows)
    for item in scored["studies"][0]["likelihoods"]:
        here = [at for at, name in enumerate(table["series"]) if name == item["arm"]]
        assert [numbers(table["estimate"])[at] for at in here] == item["distribution"]["estimate"]


@pytest.mark.parametrize("width", [1200, 360])
def test_the_page_is_no_wider_than_its_window(visit: Visitor, scored: dict[str, Any], width: int) -> None:
    """The table scrolls within its place."""
    seen = visit(scored, width=width)
    seen.open_all()
    assert seen.width_beyond() <= 0
