"""What the browser tests read off a page."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, expect

HEIGHT = 900
# Playwright's own patience, 5 and 30 s, ends early on a busy machine: this one ends only what hangs.
PATIENCE_MS = 300_000
expect.set_options(timeout=PATIENCE_MS)
WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
# Observers and listeners run between frames: at rest is a page that has not changed for ten of them, and in
# which no fold waits for its packed part. On a busy machine frames take longer, and so does this.
AT_REST = """() => new Promise((resolve) => {
  let still = 0;
  const changes = new MutationObserver(() => { still = 0; });
  changes.observe(document, { attributes: true, characterData: true, childList: true, subtree: true });
  const frame = () => {
    still = document.querySelector("details[open][data-packed]:not(:has(> :nth-child(2)))") ? 0 : still + 1;
    if (still < 10) return requestAnimationFrame(frame);
    changes.disconnect();
    return resolve();
  };
  requestAnimationFrame(frame);
})"""
# Without scripts and styles, whose text is not shown.
SHOWN_TEXT = """(root) => {
  const { SHOW_TEXT, FILTER_REJECT, FILTER_ACCEPT } = NodeFilter;
  const walker = document.createTreeWalker(root, SHOW_TEXT, (node) =>
    node.parentElement.closest("script, style, noscript") ? FILTER_REJECT : FILTER_ACCEPT);
  const found = [];
  while (walker.nextNode()) found.push(walker.currentNode.data);
  return found.join("");
}"""


@dataclass(frozen=True)
class Visit:
    """A page in the browser, with all that was heard of it.

    Attributes:
        page: Playwright's page.
        heard: console messages, errors, dialogs, and requests other than for the page itself.
        script: whether the page's scripts may run.
    """

    page: Page
    heard: list[str]
    script: bool

    def complaints(self) -> list[str]:
        """All that a quiet page does not say, and what its policy had to stop."""
        stopped: list[str] = self.page.evaluate("window.__violations") if self.script else []
        return [*self.heard, *stopped]

    def open_all(self) -> None:
        """Open every fold, and what shows up in it, and wait until the charts are drawn."""
        folds = self.page.locator("details:not([open])")
        while folds.count():
            folds.evaluate_all("(folds) => folds.forEach((fold) => { fold.open = true; })")
            self.settle()
        self.draw_all()

    def draw_all(self) -> None:
        """Scroll through the page until every chart that has room is drawn."""
        undrawn = self.page.locator("figure:not([data-drawn]):visible")
        while undrawn.count():
            undrawn.first.scroll_into_view_if_needed()
            self.settle()

    def settle(self) -> None:
        """Wait until the page has come to rest: observers have run, and what was folded stands in place."""
        self.page.evaluate(AT_REST)

    def width_beyond(self) -> int:
        """Pixels by which the page is wider than its window."""
        beyond: int = self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        return beyond

    def text(self, selector: str = "body") -> str:
        """The text below an element, shown or folded away."""
        found: str = self.page.locator(selector).first.evaluate(SHOWN_TEXT)
        return found

    def address(self) -> str:
        """What follows the # of the address."""
        return urldefrag(self.page.url).fragment

    def figure(self, title: str) -> Locator:
        """The first chart of a title."""
        return self.page.locator(f'figure[data-title="{title}"]').first


def room(browser: Browser, *, script: bool) -> BrowserContext:
    """A context without a network, with a page that keeps its process alive between tests.

    Args:
        browser: Chromium.
        script: whether scripts may run.
    """
    context = browser.new_context(java_script_enabled=script, offline=True)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(WATCH)
    context.new_page().goto(Path(__file__).as_uri())
    return context


def opened(
    context: BrowserContext,
    path: Path,
    *,
    script: bool,
    width: int = 1200,
    scheme: Any = "light",
    at: str = "",
) -> Visit:
    """Open a file and wait until its script is done.

    Args:
        context: of the page.
        path: the page.
        script: whether scripts may run in this context.
        width: of the window.
        scheme: light or dark.
        at: what follows the # of the address.
    """
    page, heard = context.new_page(), list[str]()
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.emulate_media(color_scheme=scheme)
    address = path.as_uri()
    page.on("console", lambda message: heard.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on("dialog", lambda dialog: _dismiss(dialog, heard))
    page.on("request", lambda asked: _listen(asked.url, address, heard))
    page.goto(f"{address}#{at}" if at else address)
    if script:
        expect(page.locator("html[data-ready]")).to_be_attached()
    return Visit(page, heard, script)


def _dismiss(dialog: Dialog, heard: list[str]) -> None:
    heard.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def _listen(url: str, address: str, heard: list[str]) -> None:
    # A download is a blob that the page itself made.
    if urldefrag(url).url != address and not url.startswith("blob:file:"):
        heard.append(f"request: {url[:200]}")


def downloaded(visit: Visit, button: Locator) -> tuple[str, list[list[str]]]:
    """Press a button that saves a file; return its name and its rows."""
    with visit.page.expect_download() as waiting:
        button.click()
    text = Path(waiting.value.path()).read_bytes().decode("utf-8")
    return waiting.value.suggested_filename, list(csv.reader(text.splitlines(keepends=True), strict=True))


def saved(visit: Visit, title: str) -> tuple[str, list[list[str]]]:
    """Save the CSV file of the first chart of a title; return its name and its rows."""
    return downloaded(visit, visit.figure(title).get_by_role("button", name="Download CSV"))


def columns(rows: list[list[str]]) -> dict[str, list[str]]:
    """The columns of a CSV file by name."""
    return {name: [row[at] for row in rows[1:]] for at, name in enumerate(rows[0])}


def numbers(cells: list[str]) -> list[float | None]:
    """Cells as numbers; None where they are empty."""
    return [float(cell) if cell else None for cell in cells]


def each(locator: Locator, read: str) -> list[Any]:
    """Read something off every element: a JavaScript expression of `node`."""
    found: list[Any] = locator.evaluate_all(f"(nodes) => nodes.map((node) => {read})")
    return found


def shown(locator: Locator) -> int:
    """How many elements a reader can see."""
    return sum(each(locator, "node.checkVisibility({ visibilityProperty: true })"))


def walk(value: Any, change: Callable[[tuple[str, ...], str], str], path: tuple[str, ...] = ()) -> Any:
    """Change every text of a results mapping.

    Args:
        value: the mapping, or a part of it.
        change: gets the keys that lead to a text, and the text.
        path: the keys that lead to `value`.
    """
    if isinstance(value, str):
        return change(path, value)
    if isinstance(value, Mapping):
        return {key: walk(item, change, (*path, key)) for key, item in value.items()}
    return [walk(item, change, path) for item in value] if isinstance(value, list) else value
