"""Data Docs open from a folder, complete and without a network."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser

import duckdb
import pytest

from stayhouse.expectations.data_docs import external_references
from stayhouse.expectations.registry import raw_gates
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.runner import validate

pytestmark = pytest.mark.slow

LOADING_ATTRIBUTES = {"src", "href", "srcset", "action", "data", "poster", "background", "formaction"}


class References(HTMLParser):
    """Everything in a page that a browser would fetch or could follow."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in LOADING_ATTRIBUTES]
        self.found += re.findall(r"url\(([^)]*)\)", " ".join(value or "" for name, value in attrs if name == "style"))


@pytest.fixture(scope="module")
def site(good_warehouse, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    spoiled = folder / "spoiled.duckdb"
    spoiled.write_bytes(good_warehouse.read_bytes())
    with duckdb.connect(spoiled) as connection:
        connection.execute(
            """
            update raw.customers set customer_type = '<script src="https://example.com/x.js"></script>';
            update raw.contact_points set value_hash = 'jane.doe@example.com';
            update raw.dnd_flags set valid_to = valid_from;
            alter table raw.tickets drop column wait_seconds;
            drop table raw.reviews;
            """
        )
    reports = validate(spoiled, raw_gates(), Parameters(date(2025, 6, 30), 0, "run 7"), folder / "docs")
    return folder / "docs", reports


def test_there_is_a_page_for_each_table_and_an_index(site):
    folder, reports = site
    assert {page.name for page in folder.iterdir()} == {"index.html", *(f"{report.table}.html" for report in reports)}


def test_no_page_needs_the_network(site):
    folder, _ = site
    for page in folder.iterdir():
        text = page.read_text()
        references = References(text)
        assert not [r for r in references.found if "//" in r], page.name
        assert not references.tags & {"script", "link", "img", "iframe", "object", "embed"}, page.name
        assert not re.search(r"url\(|@import", "".join(re.findall(r"<style>.*?</style>", text, re.S))), page.name


def test_links_lead_somewhere(site):
    folder, _ = site
    for page in folder.iterdir():
        text = page.read_text()
        for link in References(text).found:
            if link.startswith("#"):
                assert re.search(rf"""id=["']?{re.escape(link[1:])}["' >]""", text), (page.name, link)
            else:
                assert (folder / link).exists(), (page.name, link)


def test_pages_tell_what_failed_and_what_to_do(site):
    folder, _ = site
    index, customers = (folder / "index.html").read_text(), (folder / "raw.customers.html").read_text()
    for page in (index, customers):
        assert "customer_type is none of b2b, b2c" in page
        assert "The loader quarantines such rows" in page
        assert "Business day 2025-06-30" in page
    assert "raw.reviews does not exist" in index
    assert "could not be evaluated" in (folder / "raw.tickets.html").read_text()
    assert "Observed value" in customers
    assert "Every expectation holds." in (folder / "raw.employees.html").read_text()


def test_personal_data_is_on_no_page(site):
    folder, _ = site
    assert not [page.name for page in folder.iterdir() if "jane" in page.read_text()]


@pytest.mark.parametrize(
    "page",
    [
        '<img src="https://x/y.png">', "<link href='//x/y.css'>", "<style>@import 'http://x'</style>",
        "<p style='background: url( \"https://x\")'>", "<a href=https://x>y</a>", "<form action='HTTP://x'>",
    ],
)  # fmt: skip
def test_external_references_are_seen(page):
    assert external_references(page)
    assert not external_references("<a href='raw.customers.html'>https://is-only-text url(http://too)</a>")
