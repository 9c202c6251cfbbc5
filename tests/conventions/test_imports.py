"""Packages import downwards only, no module imports in a circle, and private names of libraries have one home."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from stayhouse.contract import REPO_ROOT

# What each package may import.
LAYERS: dict[str, set[str]] = {
    "contract": set(),
    "loading": {"contract"},
    "shaping": {"contract", "loading"},
    "sources": {"contract"},
    "expectations": {"contract"},
    "publishing": {"contract", "expectations"},
    "targets": {"contract"},
    "postgres": {"contract", "targets"},
    "spark": {"contract", "targets"},
    "page": {"contract"},
    "demonstration": {"contract"},
    "orchestration": {
        "contract",
        "loading",
        "shaping",
        "sources",
        "expectations",
        "publishing",
        "targets",
        "postgres",
        "spark",
        "page",
        "demonstration",
    },
    "benchmarks": {"contract", "loading", "expectations", "publishing", "page", "demonstration", "orchestration"},
}
PRIVATE_HOME = "orchestration.private_api"
# Submodules of libraries whose documented names are all at the top.
CLOSED = ("dagster.", "dagster_dbt.")


def module_name(file: Path) -> str:
    parts = file.relative_to(REPO_ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file): file for package in LAYERS for file in sorted((REPO_ROOT / package).rglob("*.py"))}


def named(source: str) -> Iterator[tuple[str, str]]:
    """Every import as it is written, also inside functions: the module, and the same with the name taken from it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, f"{node.module}.{alias.name}") for alias in node.names)


def imported(source: str, modules: set[str]) -> Iterator[str]:
    """Every module that the source imports; of this project the most exact name, without `stayhouse.`."""
    for module, inner in named(source):
        name = inner.removeprefix("stayhouse.")
        yield name if name in modules else module.removeprefix("stayhouse.")


def generic(source: str) -> list[str]:
    """Imports of a package of this project by a name that an installed package does not have."""
    return [module for module, _ in named(source) if module.split(".")[0] in LAYERS]


def graph(sources: dict[str, str]) -> dict[str, set[str]]:
    """Module -> modules of this project that it imports."""
    known = set(sources)
    return {name: {other for other in imported(text, known) if other in known} for name, text in sources.items()}


def circle(imports: dict[str, set[str]]) -> list[str]:
    """A circle of imports; empty when there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def upward(imports: dict[str, set[str]]) -> list[str]:
    return [
        f"{name} imports {other}"
        for name, others in sorted(imports.items())
        for other in sorted(others)
        if (package := other.split(".")[0]) != name.split(".")[0] and package not in LAYERS[name.split(".")[0]]
    ]


def private(name: str, source: str) -> list[str]:
    """Private names of libraries that a module imports or reads from a module or class."""
    if name == PRIVATE_HOME:
        return []
    found = [
        f"{name} imports {other}"
        for other in imported(source, set(MODULES))
        if other.split(".")[0] not in LAYERS
        and (
            other.startswith(CLOSED) or any(part.startswith("_") and part != "__future__" for part in other.split("."))
        )
    ]
    classes = {alias.asname or alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)
               and node.module and node.module.split(".")[0] != "stayhouse" for alias in node.names}  # fmt: skip
    return found + [
        f"{name} reads {node.value.id}.{node.attr}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and isinstance(node.value, ast.Name)
        and node.value.id in classes
    ]


SOURCES = {name: file.read_text() for name, file in MODULES.items()}


def test_no_module_imports_in_a_circle() -> None:
    assert circle(graph(SOURCES)) == []


def test_packages_import_downwards_only() -> None:
    assert upward(graph(SOURCES)) == []


def test_packages_are_imported_by_their_one_name() -> None:
    tests = {str(file): file.read_text() for file in (REPO_ROOT / "tests").rglob("*.py")}
    assert {name: found for name, text in (SOURCES | tests).items() if (found := generic(text))} == {}


def test_private_names_of_libraries_have_one_home() -> None:
    assert [line for name, text in SOURCES.items() for line in private(name, text)] == []


def test_the_environment_is_read_by_the_settings_only() -> None:
    readers = {name for name, text in SOURCES.items() if "os.environ.get" in text or "os.getenv" in text}
    assert readers - {"orchestration.settings"} == {"orchestration.dbt_session"}, (
        "dbt_session puts back what it has set"
    )


def test_quotes_of_sql_are_doubled_in_one_module() -> None:
    doubling = ("""replace("'", "''")""", """replace('"', '""')""")
    assert {name for name, text in SOURCES.items() if any(part in text for part in doubling)} == {"contract.sql"}


def test_a_circle_an_import_upwards_and_a_private_name_are_caught() -> None:
    sources = {
        "contract.a": "def f():\n    from stayhouse.loading import b",
        "loading.b": "from stayhouse.contract import a\nfrom dagster._core.x import Y\nfrom dagster_dbt.core import Z\nZ._ENV",
    }
    assert set(circle(graph(sources))) == {"contract.a", "loading.b"}
    assert upward(graph(sources)) == ["contract.a imports loading.b"]
    assert generic("import page\nfrom stayhouse import page as p\nfrom contract.sql import literal") == [
        "page",
        "contract.sql",
    ]
    assert private("loading.b", sources["loading.b"]) == [
        "loading.b imports dagster._core.x",
        "loading.b imports dagster_dbt.core",
        "loading.b reads Z._ENV",
    ]
