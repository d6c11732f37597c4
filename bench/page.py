"""Size, loading and filtering of the report in headless Chromium: the built-in study, and a large one.

Run by `nox -s bench`. Loading is the time from the address to a page whose filters answer; filtering
that from the change of a filter to the next frame on screen.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from large_results import large_results
from playwright.sync_api import Browser, Page, sync_playwright

from beyondbase.judging.claim import load_claims
from beyondbase.judging.family import gather, judge
from beyondbase.report import render_page
from beyondbase.results.build import results_of
from beyondbase.results.schema.studies import Results
from beyondbase.study import load_study

ROOT = Path(__file__).parent.parent
FILTERS = ({"outcome": "INCONCLUSIVE"}, {"task": "TASK7"}, {"q": "arm-7"}, {"q": ""})
# The handler runs at once; a message after the next frame says that the result is on screen.
FILTER = """([name, value]) => new Promise((done) => {
  const form = document.getElementById("filters");
  const start = performance.now();
  form.elements[name].value = value;
  form.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
})"""
OPEN = """(anchor) => new Promise((done) => {
  const start = performance.now();
  location.hash = anchor;
  const wait = () => (document.getElementById(anchor)?.querySelector("dl")
    ? done(performance.now() - start) : setTimeout(wait, 1));
  wait();
})"""


def main() -> None:
    """Print a line per page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="loads per page; medians are printed")
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("found no chromium: install Debian's package chromium, or put one on the PATH")
    study = load_study(ROOT / "fixtures" / "qwen2.5-7b-math500")
    real = results_of([judge(gather(study, load_claims([ROOT / "claims"])))])
    with _browser(chromium) as browser, tempfile.TemporaryDirectory() as folder:
        measure("built-in study", real, browser, Path(folder), options.runs)
        large = large_results(real, arms=50, tasks=10, claims=15)
        measure("50 pairs x 10 tasks x 15 claims", large, browser, Path(folder), options.runs)


@contextmanager
def _browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


def measure(name: str, results: Results, browser: Browser, folder: Path, runs: int) -> None:
    """Render a page, load it several times, filter it, and open a verdict."""
    start = time.perf_counter()
    text = render_page(results)
    rendered = time.perf_counter() - start
    path = folder / "index.html"
    path.write_text(text, encoding="utf-8")
    loads = [_timed(lambda: _load(browser, path)) for _ in range(runs)]
    page = _load(browser, path)
    filters = [page.evaluate(FILTER, list(pair)) for some in FILTERS for pair in some.items()]
    anchor = page.locator("td[data-verdict]").last.get_attribute("data-verdict")
    opened = page.evaluate(OPEN, anchor)
    elements = page.evaluate("document.getElementsByTagName('*').length")
    page.close()
    print(
        f"{name}: rendered in {rendered:.1f} s, {len(text.encode()) / 2**20:.2f} MiB, {elements:,} elements"
    )
    print(f"{'':4}loads in {statistics.median(loads):.2f} s (greatest {max(loads):.2f} s)")
    shown = ", ".join(f"{value:.0f}" for value in filters)
    print(f"{'':4}filters in {shown} ms; opens a verdict in {opened:.0f} ms")


def _timed(work: Callable[[], Page]) -> float:
    start = time.perf_counter()
    page = work()
    seconds = time.perf_counter() - start
    page.close()
    return seconds


def _load(browser: Browser, path: Path) -> Page:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(path.as_uri(), timeout=120_000)
    page.wait_for_selector("html[data-ready]", timeout=120_000)
    return page


if __name__ == "__main__":
    main()
