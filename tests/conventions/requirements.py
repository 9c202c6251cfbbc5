"""Which models and columns serve each requirement, and which tests prove it; read from the dbt manifest.

A model says what it serves in its YAML (`config: {meta: {serves: [...]}}`); a column or a singular test may say so of
itself. What is served outside dbt is in `served_elsewhere.csv` with the test that proves it. `make coverage` shows it.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REQUIREMENTS = Path(__file__).with_name("requirements.csv")
ELSEWHERE = Path(__file__).with_name("served_elsewhere.csv")
BASELINE = Path(__file__).with_name("served.txt")
MARKS = ("CORE", "STRONG", "NICE")


@dataclass
class Requirement:
    """One row of the requirements, and what serves it."""

    code: str
    mark: str
    title: str
    columns: dict[str, list[str]] = field(default_factory=dict)
    """Serving columns by model; all of them when the model serves it as a whole."""
    tests: set[str] = field(default_factory=set)
    elsewhere: list[str] = field(default_factory=list)

    @property
    def is_served(self) -> bool:
        return bool(self.columns or self.elsewhere)

    @property
    def is_tested(self) -> bool:
        return bool(self.tests)


def requirements() -> dict[str, Requirement]:
    """Every row of the requirements by its id."""
    with REQUIREMENTS.open(newline="", encoding="utf-8") as file:
        return {
            row["requirement_id"]: Requirement(row["requirement_id"], row["mark"], row["title"])
            for row in csv.DictReader(file)
        }


def served_elsewhere() -> list[dict[str, str]]:
    """What is served outside dbt: requirement_id, what serves it, the test that proves it."""
    with ELSEWHERE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _serves(node: Mapping[str, Any]) -> list[str]:
    return [str(code) for code in ((node.get("config") or {}).get("meta") or {}).get("serves") or ()]


class Coverage:
    """Collects what serves and tests each requirement."""

    def __init__(self) -> None:
        self.found = requirements()
        self.unknown: set[str] = set()

    def of(self, code: str, where: str) -> Requirement:
        """The requirement with this id; an id that does not exist is remembered with the place that names it."""
        if code not in self.found:
            self.unknown.add(f"{where} serves {code}, which does not exist")
            return Requirement(code, "", "")
        return self.found[code]

    def add_model(self, node: Mapping[str, Any], tests: set[str]) -> None:
        """What a model serves as a whole, and by single columns."""
        whole = _serves(node)
        for code in whole:
            requirement = self.of(code, node["name"])
            requirement.columns[node["name"]] = list(node["columns"])
            requirement.tests |= tests
        for name, column in node["columns"].items():
            for code in _serves(column):
                requirement = self.of(code, f"{node['name']}.{name}")
                if code not in whole:
                    requirement.columns.setdefault(node["name"], []).append(name)
                requirement.tests |= tests

    def add_test(self, test: Mapping[str, Any]) -> None:
        """What a test serves by itself."""
        for code in _serves(test):
            requirement = self.of(code, test["name"])
            requirement.tests.add(test["name"])
            requirement.elsewhere.append(test["name"])

    def add_elsewhere(self, row: Mapping[str, str]) -> None:
        """A row of `served_elsewhere.csv`."""
        requirement = self.of(row["requirement_id"], row["served_by"])
        requirement.elsewhere.append(row["served_by"])
        requirement.tests.add(row["proved_by"])


def _tested_nodes(test: Mapping[str, Any]) -> list[str]:
    """The models that a test is about."""
    # A generic test belongs to the model that states it, not to the one it compares with.
    if test.get("attached_node"):
        return [test["attached_node"]]
    nodes: list[str] = test["depends_on"]["nodes"]
    return nodes[:1] if test["resource_type"] == "unit_test" else nodes


def coverage(manifest: Mapping[str, Any], elsewhere: Iterable[Mapping[str, str]] = ()) -> dict[str, Requirement]:
    """Requirements with what serves and tests them. Raises ValueError for an id that does not exist."""
    collected = Coverage()
    tests: dict[str, set[str]] = {}
    for test in [*manifest["nodes"].values(), *manifest["unit_tests"].values()]:
        if test["resource_type"] in ("test", "unit_test"):
            for name in _tested_nodes(test):
                tests.setdefault(name, set()).add(test["name"])
            collected.add_test(test)
    for key, node in manifest["nodes"].items():
        if node["resource_type"] == "model":
            collected.add_model(node, tests.get(key, set()))
    for row in elsewhere:
        collected.add_elsewhere(row)
    if collected.unknown:
        raise ValueError("\n".join(sorted(collected.unknown)))
    return collected.found


def served(found: Mapping[str, Requirement]) -> list[str]:
    """Ids that are served and tested."""
    return sorted(code for code, requirement in found.items() if requirement.is_served and requirement.is_tested)


def read_baseline() -> list[str]:
    """Ids that were served when the baseline was last written."""
    return BASELINE.read_text().split() if BASELINE.exists() else []


def write_baseline(found: Mapping[str, Requirement]) -> None:
    """Remembers what is served now; the convention test fails when one of them is lost."""
    BASELINE.write_text("\n".join(served(found)) + "\n")


def show(found: Mapping[str, Requirement]) -> None:
    """Prints id -> models and columns -> tests, then what is open, then the sums."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    table = Table("id", "mark", "requirement", "served by (columns)", "tests", title="served requirements")
    for code, requirement in found.items():
        if requirement.is_served:
            models = [f"{name} ({len(columns)})" for name, columns in sorted(requirement.columns.items())]
            number = str(len(requirement.tests)) if requirement.is_tested else "[red]none[/red]"
            table.add_row(
                code,
                requirement.mark,
                requirement.title,
                "\n".join([*models, *sorted(set(requirement.elsewhere))]),
                number,
            )
    console.print(table)
    for mark in MARKS[:2]:
        missing = [r for r in found.values() if r.mark == mark and not (r.is_served and r.is_tested)]
        if missing:
            console.print(f"\n{mark} rows not served yet:")
            for requirement in missing:
                console.print(f"  {requirement.code}  {requirement.title}")
    console.print()
    for mark in MARKS:
        rows = [r for r in found.values() if r.mark == mark]
        console.print(f"{mark:6} {sum(r.is_served and r.is_tested for r in rows):3} of {len(rows)} served and tested")


def main() -> int:
    """`python -m tests.conventions.requirements [--update] [--manifest FILE]`."""
    import argparse

    from stayhouse.orchestration.dbt_session import ensure_manifest
    from stayhouse.orchestration.settings import Settings

    parser = argparse.ArgumentParser(description="Requirement -> models and columns -> tests.")
    parser.add_argument("--manifest", type=Path, help="manifest.json of dbt; parsed if not given")
    parser.add_argument("--update", action="store_true", help="remember what is served now as the baseline")
    arguments = parser.parse_args()
    manifest = json.loads((arguments.manifest or ensure_manifest(Settings.resolve())).read_text())
    found = coverage(manifest, served_elsewhere())
    show(found)
    lost = sorted(set(read_baseline()) - set(served(found)))
    if lost:
        print(f"served before, and not any more: {', '.join(lost)}", file=sys.stderr)
    if arguments.update:
        write_baseline(found)
        return 0
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
