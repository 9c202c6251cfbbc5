"""What is made from what, read from the text of the models: enough to say which marts lack a raw table.

dbt knows it exactly, and takes seconds to start. A test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.graph import reached

# A macro of the project may be dispatched: its name then begins with that of an engine.
MACRO = re.compile(r"\{%-?\s*macro\s+(?:\w+__)?(\w+)\(.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)
CALLED = re.compile(r"\b(\w+)\(")
# References are not always written as ref('...'): macros take names of relations as texts.
TEXT = re.compile(r"'(\w+)'")
REFERENCE = re.compile(r"""\bref\(["'](\w+)["']\)""")
COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
SUPERSEDED = "__superseded"
JOINT = "__"
MART = "mart_"


@cache
def child_map() -> dict[str, set[str]]:
    """Name of a raw table or model -> models that read it."""
    models = {file.stem: _text(file.read_text()) for file in sorted((REPO_ROOT / "models").rglob("*.sql"))}
    macros: dict[str, str] = {}
    for file in sorted((REPO_ROOT / "macros").rglob("*.sql")):
        for found in MACRO.finditer(_text(file.read_text())):
            macros[found[1]] = macros.get(found[1], "") + found[0]
    calls = {macro: _called(text, macros) for macro, text in macros.items()}
    children: dict[str, set[str]] = {}
    for model, text in models.items():
        texts = [text, *(macros[macro] for macro in reached(calls, _called(text, macros)))]
        for name in _names(texts) - {model}:
            children.setdefault(name, set()).add(model)
    for file in sorted((REPO_ROOT / "models").rglob("*.py")):
        for name in REFERENCE.findall(file.read_text()):
            children.setdefault(name, set()).add(file.stem)
    return children


def marts_made_from(table: str) -> list[str]:
    """The marts that read a raw table, directly or through other models; the nearest ones come first."""
    return [name for name in reached(child_map(), [table]) if name.startswith(MART)]


def _text(sql: str) -> str:
    return COMMENT.sub("", sql)


def _called(text: str, macros: Mapping[str, str]) -> set[str]:
    return {name for name in CALLED.findall(text) if name in macros}


def _names(texts: Iterable[str]) -> set[str]:
    """Names of relations that texts in quotes may mean."""
    names = {name for text in texts for name in TEXT.findall(text)}
    # ref('int_signals__' ~ domain), and the rows of a relation that newer ones have replaced.
    composed = {start + end for start in names if start.endswith(JOINT) for end in names}
    return names | composed | {name + SUPERSEDED for name in names}
