"""Draws the pictures of the README: `python docs/screenshots.py companies/saas/published/current`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 1320, 860
PICTURES = {
    "page-overview": ("#/overview", "light"),
    "page-churn": ("#/churn?grain=quarter&by=segment&value=shop", "dark"),
}
"""Name of the picture -> address inside the page, and theme."""


def main(release: Path) -> None:
    """Write every picture over the one that is there."""
    program = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, (address, theme) in PICTURES.items():
            tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme)
            # The age of the publication would be that of the picture.
            tab.clock.set_fixed_time("2025-07-01T06:00:00Z")
            tab.goto((release / "index.html").absolute().as_uri() + address)
            tab.wait_for_selector('body[data-ready="1"]')
            tab.screenshot(path=IMAGES / f"{name}.png")
            tab.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
