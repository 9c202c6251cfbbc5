"""A publication of a small company, its page, and a browser to open it with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from stayhouse.orchestration.settings import Settings
from stayhouse.publishing.release import DATABASE_NAME

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def release(published) -> Path:
    """The publication of the small company, as a reader finds it."""
    return published.publish / "current"


def release_of(settings: Settings, as_of: date, missing: Iterable[str]) -> Path:
    """Publishes a transformed warehouse without the frame around it; returns the release."""
    from stayhouse.orchestration.dbt_session import read_manifest
    from stayhouse.orchestration.defs.publishing import marts, write_page
    from stayhouse.orchestration.warehouse import open_warehouse
    from stayhouse.publishing.release import publish

    details = {"missing_tables": dict.fromkeys(missing, ())}
    published = marts(read_manifest(Settings.resolve()))
    with open_warehouse(settings.warehouse) as warehouse:
        publish(warehouse, settings.publish, published, as_of, "test", details, companions=[write_page])
    return settings.publish / "current"


@pytest.fixture
def publish_company(company) -> Callable[..., Path]:
    """Loads, transforms and publishes a landing folder; returns the release."""

    def make(raw: Path, as_of: date, missing: Iterable[str] = ()) -> Path:
        built = company(raw)
        built.run_day(as_of)
        return release_of(built.settings, as_of, missing)

    return make


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser on the PATH (looked for {', '.join(BROWSERS)}); the page cannot be opened here")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Opened:
    """A page in the browser, with everything it asked for and complained about."""

    def __init__(self, browser, file: Path, wait_for_charts: bool = True, at: str = "", **options):
        self.context = browser.new_context(accept_downloads=True, **options)
        self.tab = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.tab.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.address = file.as_uri()
        self.tab.goto(self.address + at)
        if wait_for_charts:
            self.ready()

    def ready(self) -> None:
        self.tab.wait_for_selector('body[data-ready="1"]', timeout=120_000)

    def go(self, view: str, **filters: str) -> None:
        """Opens a view with filters, as a shared address does."""
        query = "&".join(f"{name}={quote(value)}" for name, value in filters.items())
        # The page draws when it hears of its new address, so the old drawing must not pass for the new one.
        self.tab.evaluate(
            "address => { if (location.hash !== address) { document.body.removeAttribute('data-ready');"
            " location.hash = address; } }",
            f"#/{view}{'?' + query if query else ''}",
        )
        self.ready()

    def views(self) -> list[str]:
        """The views of the page, in their order."""
        return self.tab.evaluate("() => window.stayhouse.data.sections.map(section => section.key)")

    def rows(self, panel: str) -> list[dict]:
        """The rows that a panel shows at this moment, or would show if its view were open."""
        return self.tab.evaluate("key => window.stayhouse.chosenRows(key)", panel)

    def all_rows(self, panel: str) -> list[dict]:
        """The rows that a panel has, whatever is chosen."""
        return self.tab.evaluate("key => window.stayhouse.allRows(key)", panel)


@pytest.fixture
def open_page(browser):
    opened: list[Opened] = []

    def make(file: Path, **options) -> Opened:
        opened.append(Opened(browser, file, **options))
        return opened[-1]

    yield make
    for page in opened:
        page.context.close()


@pytest.fixture
def database(release):
    with duckdb.connect(release / DATABASE_NAME, read_only=True) as db:
        yield db
