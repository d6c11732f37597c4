"""No placeholder, tag or unfilled name reaches what people read, however extreme the study."""

import re
from datetime import date
from typing import Any

import pytest
from extreme_results import HOSTILE, STUDIES, extreme_content, extreme_results, left_over
from results_json import recorded
from test_report import Page

from beyondbase import report
from beyondbase.report import render_page
from beyondbase.report.markdown import render_summary
from beyondbase.report.terminal import table_lines, verdicts_of
from beyondbase.results.compare import compare
from beyondbase.results.schema import check_results
from beyondbase.visible import clean

RUN = {"command": "pytest claims", "date": "2026-11-28T17:51:15Z", "results_sha256": "0" * 64}
# Attributes that people read, or hear.
READ = ("aria-label", "data-alt", "data-title", "placeholder", "title", "content")
every_study = pytest.mark.parametrize("name", STUDIES)


@pytest.fixture(autouse=True)
def _in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no part of a page travel packed, where it could not be read here."""
    monkeypatch.setattr(report, "PLACED_VERDICTS", 10**6)
    monkeypatch.setattr(report, "PLACED_PAIRS", 10**6)


def shown(markdown: str) -> str:
    """A summary as it is written, without what keeps texts from being markup, and without its own tags."""
    assert markdown.count("<details>") == markdown.count("</details>")
    plain = re.sub(r"^</?(details|summary)>|</summary>$", "", markdown, flags=re.MULTILINE)
    return re.sub(r"\\(?=[^\w\s])", "", plain)


@every_study
def test_results_are_what_the_schema_says(name: str) -> None:
    """The extreme studies give results that the report reads."""
    check_results(extreme_content(name), name)


@every_study
@pytest.mark.parametrize("run", [RUN, None], ids=["run", "no run"])
def test_page_has_nothing_left_over(name: str, run: Any) -> None:
    """The page as it comes says nothing that only a program would."""
    page = Page(render_page(extreme_results(name), run=run))
    assert left_over(page.text) == []
    words = [attributes.get(key) or "" for _, attributes in page.elements for key in READ]
    assert [found for text in words for found in left_over(text)] == []


@every_study
@pytest.mark.parametrize("run", [RUN, None], ids=["run", "no run"])
def test_summary_has_nothing_left_over(name: str, run: Any) -> None:
    """The summary as it is written says nothing that only a program would, and holds no tag."""
    assert left_over(shown(render_summary(extreme_results(name), run=run))) == []


@every_study
def test_terminal_has_nothing_left_over(name: str) -> None:
    """The table of verdicts says nothing that only a program would."""
    lines = table_lines(verdicts_of(extreme_results(name).studies), day=date(2026, 11, 28))
    assert [found for line, _ in lines for found in left_over(line)] == []


@every_study
def test_comparison_has_nothing_left_over(name: str) -> None:
    """What changed since an earlier run is told in words, also where a setting was not set before."""
    old, new = extreme_content(name), extreme_content(name)
    old["studies"][0]["grid"] |= {"k_large": None, "k": None}
    new["studies"][0]["grid"] |= {"k_large": 7, "k": [1, 2]}
    for verdict in old["studies"][0]["verdicts"]:
        verdict |= {"outcome": "REFUTED", "effect": None}
    compared = compare(recorded(old), recorded(new))
    assert left_over(Page(render_page(recorded(new), run=RUN, comparison=compared)).text) == []
    assert left_over(shown(render_summary(recorded(new), run=RUN, comparison=compared))) == []


@pytest.mark.parametrize(
    "text",
    ["None: a", "p = nan", "1 verdicts", "<b>", "{name}", "{{ x }}", "[object Object]", "&lt;", "a null b"],
)
def test_what_is_left_over_is_found(text: str) -> None:
    """The checks above see what they look for."""
    assert left_over(text)
    assert left_over(clean(HOSTILE)) == []
