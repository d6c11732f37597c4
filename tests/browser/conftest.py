"""Pages made of real results, opened in Debian's Chromium without a network."""

import os
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from large_results import large_results
from made_results import made_content
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from reading import Visit, opened, room
from results_json import content_of, recorded
from study_factory import BASE, RL, ROOT, all_claims, drawn, judged, write_study

from beyondbase import report
from beyondbase.judging.family import gather, judge
from beyondbase.study import load_study

ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
RUN = {"command": "pytest claims", "date": "2026-11-23T03:04:05Z", "results_sha256": "ab" * 32}
ARMS: dict[str, dict[str, Any]] = {
    "base": BASE,
    "ppo-100": RL | {"step": 100, "algorithm": "PPO"},
    "grpo-200": RL | {"step": 200, "algorithm": "GRPO"},
    "größer «300»": RL | {"step": 300, "algorithm": "RLOO", "labels": {"data": "8k"}},
    "=taught()": {"role": "distilled", "model": "made/distilled"},
}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, from BEYONDBASE_CHROMIUM or the path."""
    program = os.environ.get("BEYONDBASE_CHROMIUM") or shutil.which("chromium")
    if not program:
        pytest.fail("no chromium on the path: install Debian's chromium or set BEYONDBASE_CHROMIUM")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def _builtin() -> dict[str, Any]:
    family = gather(load_study(ROOT / "fixtures" / "qwen2.5-7b-math500"), tuple(all_claims().values()))
    return content_of(judge(family))


@pytest.fixture(scope="session")
def _several(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    rates = np.linspace(0.01, 0.7, 40)
    counts: Any = {
        (task, arm): drawn(np.clip(rates + 0.06 * index - 0.05, 0, 1), 32, 10 * index + number)
        for number, task in enumerate(("T", "@U"))
        for index, arm in enumerate(ARMS)
    }
    return content_of(judged(write_study(tmp_path_factory.mktemp("several"), ARMS, counts)))


@pytest.fixture(scope="session")
def _large(_builtin: dict[str, Any]) -> dict[str, Any]:
    return large_results(_builtin, arms=13, tasks=2, claims=9)


@pytest.fixture(scope="session")
def _small() -> dict[str, Any]:
    return made_content()


@pytest.fixture
def builtin(_builtin: dict[str, Any]) -> dict[str, Any]:
    """Results of the built-in study: one pair on 500 problems."""
    return deepcopy(_builtin)


@pytest.fixture
def several(_several: dict[str, Any]) -> dict[str, Any]:
    """Results of four arms on two tasks: charts across arms, a matrix by case."""
    return deepcopy(_several)


@pytest.fixture
def small(_small: dict[str, Any]) -> dict[str, Any]:
    """Results with every outcome, a waiver, an invalid pair and a completion."""
    return deepcopy(_small)


@pytest.fixture
def large(_large: dict[str, Any]) -> dict[str, Any]:
    """Results of 26 pairs and 234 verdicts, enough for the page to pack what is folded away."""
    return deepcopy(_large)


@pytest.fixture(scope="session")
def _rooms(browser: Browser) -> dict[bool, BrowserContext]:
    return {script: room(browser, script=script) for script in (True, False)}


@pytest.fixture(scope="session")
def _pages() -> dict[str, str]:
    return {}


@pytest.fixture
def visit(
    _rooms: dict[bool, BrowserContext], _pages: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., Visit]]:
    """Open the page of a results mapping; each page must stay quiet until its end."""
    visits: list[Visit] = []

    def open_page(results: Any, *, comparison: Any = None, script: bool = True, **how: Any) -> Visit:
        asked = repr((results, comparison, report.PLACED_PAIRS))
        if asked not in _pages:
            _pages[asked] = report.render_page(recorded(results), run=RUN, comparison=comparison)
        path = tmp_path / f"{len(visits)}.html"
        path.write_text(_pages[asked], encoding="utf-8")
        visits.append(opened(_rooms[script], path, script=script, **how))
        return visits[-1]

    yield open_page
    complaints = [complaint for one in visits for complaint in one.complaints()]
    for one in visits:
        one.page.close()
    assert complaints == []
