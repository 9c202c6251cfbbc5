"""The documentation site builds strictly, asks no network, and has a page for every mart."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conventions.lints import Project

from stayhouse.contract import REPO_ROOT

# `make docs` builds it too.
of_the_built_site = pytest.mark.repetition
# What a browser loads by itself; links that a reader follows may lead elsewhere.
LOADED = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""")


def build(site: Path, *options: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "--strict", "--site-dir", str(site), *options]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "true"}
    return subprocess.run(command, cwd=REPO_ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@of_the_built_site
def test_every_mart_has_a_page_with_its_columns(site: Path, project: Project) -> None:
    marts = project.marts
    assert len(marts) > 20
    for mart in marts:
        page = (site / "marts" / mart["schema"] / f"{mart['name']}.html").read_text()
        missing = [name for name in mart["columns"] if f"<code>{name}</code>" not in page]
        assert missing == [], mart["name"]
        assert f"{mart['name']}.html" in (site / "marts" / mart["schema"] / "index.html").read_text()


@of_the_built_site
def test_every_published_metric_is_in_the_catalogue(site: Path, project: Project) -> None:
    catalogue = (site / "metrics.html").read_text()
    for metric in project.metrics.values():
        if metric["config"]["meta"].get("published"):
            assert f"<code>{metric['name']}</code>" in catalogue


@of_the_built_site
def test_every_raw_table_and_policy_file_is_described(site: Path, project: Project) -> None:
    raw, policy = (site / "raw-tables.html").read_text(), (site / "policy-files.html").read_text()
    for source in project.sources.values():
        if "key" in source["config"]["meta"]:
            assert f'id="{source["name"]}"' in raw
    for seed in project.of_type("seed"):
        assert f'id="{seed["name"]}csv"' in policy


@of_the_built_site
def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    loaded = {found for page in site.rglob("*.html") for found in LOADED.findall(page.read_text())}
    assert loaded == set()


def test_a_link_to_a_file_that_is_not_on_the_site_is_caught() -> None:
    sys.path.insert(0, str(REPO_ROOT / "docs"))
    try:
        import generate
    finally:
        sys.path.pop(0)

    class Page:
        class file:
            src_uri = "operations.md"

    assert generate.on_page_markdown("[x](../decisions/churn.md#a)", Page, None, None) == "[x](decisions/churn.md#a)"
    assert generate.on_page_markdown("[x](https://example.com)", Page, None, None) == "[x](https://example.com)"
    with pytest.raises(generate.PluginError, match=r"links to Makefile, which is not a page"):
        generate.on_page_markdown("[x](../Makefile)", Page, None, None)
    with pytest.raises(generate.PluginError, match="no docs block nothing"):
        generate.on_page_markdown("{{ doc('nothing') }}", Page, None, None)
