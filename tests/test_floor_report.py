"""The floor of guesses as a reader meets it: on the page, in its tables and words, and in the summary."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from study_factory import BASE, RL, drawn, judged, write_study
from test_report import Page

from beyondbase.report import render_page
from beyondbase.report.markdown import render_summary
from beyondbase.report.wording import floor_words
from beyondbase.results.build import results_of
from beyondbase.results.numbers import estimate

ARMS = {
    "base": BASE,
    "rl": RL,
    "rl-2": RL | {"step": 2},
    "blind": {"role": "guess", "chance": "blind.csv"},
    "lucky <b>": {"role": "guess", "chance": "lucky.csv"},
}
COUNTED = ("base", "rl", "rl-2")


@pytest.fixture
def results(tmp_path: Path) -> dict[str, Any]:
    """Results of two tasks with two floors; one arm of the first task has fewer completions."""
    rates = np.linspace(0.05, 0.5, 20)
    for name, chance in (("blind", 0.01), ("lucky", 0.02)):
        rows = [f"{task},{row},{chance}" for task in "TU" for row in range(20)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["task,problem_id,chance", *rows]))
    counts: Any = {
        (task, arm): drawn(rates, 16 if (task, arm) == ("T", "rl") else 32, seed)
        for task in "TU"
        for seed, arm in enumerate(COUNTED)
    }
    return results_of([judged(write_study(tmp_path, ARMS, counts, pooled="none"))])


def pair_of(results: dict[str, Any], name: str) -> dict[str, Any]:
    """A pair of the results."""
    found: dict[str, Any] = next(pair for pair in results["studies"][0]["pairs"] if pair["id"] == name)
    return found


def test_every_curve_has_the_floor_under_it(results: dict[str, Any]) -> None:
    """Charts of pairs and of all arms of a task draw each guess, by its name and in its own style."""
    page = Page(render_page(results))
    pair = pair_of(results, "U/rl-2")
    charts = [page.charts["pass@k of both arms"], page.charts["pass@k of all arms on T"]]
    for chart, most in zip(charts, (pair["k_max"], 32), strict=True):
        floors = [one for one in chart["series"] if one["style"] == "floor"]
        assert [one["name"] for one in floors] == ["blind", "lucky <b>"]
        for one, p in zip(floors, (0.01, 0.02), strict=True):
            assert one["x"][-1] == most
            assert one["estimate"] == pytest.approx([1 - (1 - p) ** k for k in one["x"]])
    assert [one["name"] for one in page.charts["Difference of pass@k"]["series"]] == ["rl-2 minus base"]
    legend = [name for name in ("blind (guesses, exact)", "lucky <b> (guesses, exact)") if name in page.text]
    assert len(legend) == 2


def test_the_floor_can_be_read_without_sight(results: dict[str, Any]) -> None:
    """Tables of pass@k have a column for each guess, and words of charts and pairs say what it reaches."""
    page = Page(render_page(results))
    pair = pair_of(results, "U/rl")
    columns = next(row for row in page.rows if row[:1] == ["k"] and "blind" in row)
    assert columns == ["k", "base", "rl", "Difference, points", "blind", "lucky <b>"]
    for k in pair["table_k"]:
        at = pair["curve"]["k"].index(k)
        cells = [
            estimate({name: floor[name][at] for name in ("estimate", "lower", "upper")})
            for floor in pair["floors"]
        ]
        assert any(row[0] == str(k) and row[4:] == cells for row in page.rows if len(row) == 6)
    words = list(floor_words(pair))
    assert words[0].startswith("Guesses (blind) reach 1.0% [")
    assert " at k = 32." in words[0]
    texts = [attrs["data-alt"] or "" for attrs in page.all("div") if attrs.get("class") == "canvas"]
    for sentence in words:
        assert sentence in page.text
        assert sum(sentence in text for text in texts) >= 2


def test_the_summary_names_the_floor_of_each_task_once(results: dict[str, Any]) -> None:
    """By the pair with the most completions, whose floor goes furthest."""
    lines = [line for line in render_summary(results).splitlines() if "Guesses" in line]
    assert len(lines) == 4
    assert lines[0].startswith("- T: Guesses (blind) reach 1.0% ")
    assert all("k = 1 and " in line and line.endswith("at k = 32.") for line in lines)


def test_without_guesses_nothing_is_said_of_them(results: dict[str, Any]) -> None:
    """No line, no column, no word."""
    for pair in results["studies"][0]["pairs"]:
        pair["floors"] = []
    results["studies"][0]["verdicts"] = []
    page = Page(render_page(results))
    assert "Guesses" not in page.text
    assert "grey line" not in page.text
    assert "Guesses" not in render_summary(results)
