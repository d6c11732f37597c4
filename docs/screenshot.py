"""Take the picture of the report that the README shows: `python docs/screenshot.py PAGE PNG`."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PAIR = "miniature--countdown--grpo"


def main(page: Path, png: Path) -> None:
    """Photograph one pair of a page in headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1120, "height": 1000}, color_scheme="light")
        tab.goto(f"{page.resolve().as_uri()}#{PAIR}")
        tab.wait_for_selector("html[data-ready]")
        tab.wait_for_selector(f'[id="{PAIR}"] svg')
        tab.screenshot(path=png)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
