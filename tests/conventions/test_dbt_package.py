"""What the page about the dbt package says about domains and variables is so."""

from __future__ import annotations

import re

from conventions.lints import Project, layer

from stayhouse.contract import REPO_ROOT, contract

PAGE = (REPO_ROOT / "docs" / "dbt-package.md").read_text()


def domain(node: dict) -> str | None:
    return node["fqn"][2] if layer(node) in ("intermediate", "marts") else None


def needs(project: Project) -> dict[str, set[str]]:
    """Domain -> the other domains without which dbt cannot build it."""
    domains = {node["unique_id"]: domain(node) for node in project.models}
    read: dict[str, set[str]] = {name: set() for name in domains.values() if name}
    for node in project.models:
        for other in filter(None, map(domains.get, node["depends_on"]["nodes"])):
            read.get(domain(node) or "", set()).add(other)
    # The longest way leads through all domains.
    for _ in read:
        read = {name: others.union(*(read[other] for other in others)) for name, others in read.items()}
    return {name: others - {name} for name, others in read.items()}


def test_the_page_names_what_each_domain_needs(project: Project) -> None:
    rows = dict(
        re.findall(r"^\| `(\w+)` \| (nothing else|`[\w`, ]+) \|$", PAGE.split("## Choose domains")[1], re.MULTILINE)
    )
    assert {name: set(re.findall(r"`(\w+)`", text)) for name, text in rows.items()} == needs(project)


def test_every_raw_table_can_be_elsewhere(project: Project) -> None:
    # Not to be seen in the manifest: a name that no variable sets is that of the contract.
    for source in {table.source for table in contract().values()}:
        text = (REPO_ROOT / "models" / "staging" / source / f"_{source}__sources.yml").read_text()
        assert f"schema: \"{{{{ var('{source}_schema', var('raw_schema')) }}}}\"" in text
        assert f"database: \"{{{{ var('{source}_database', var('raw_database')) or target.database or '' }}}}\"" in text
        names = [table.name for table in contract().values() if table.source == source]
        missing = [
            name for name in names if f"identifier: \"{{{{ var('{name}_identifier', '{name}') }}}}\"" not in text
        ]
        assert names
        assert missing == []
        assert f"`{source}`" in PAGE
