"""Lints over the dbt manifest. Each returns faults as `subject: what is wrong`; an empty list means clean.

Exceptions live with the tests that call the lints, each with its reason; `unexcepted` fails on one that is no longer
needed, so that the lists only shrink.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stayhouse.orchestration.graph import reached

Node = Mapping[str, Any]

LAYERS = ("staging", "core", "intermediate", "marts")
REQUIREMENT_ID = re.compile(r"(ACT|EXP|USE|CON|FBK|CXI|CHN|SVC|JRN|LOY|SAL|ORG|DQ)-\d\d")
GRAIN_SENTENCE = re.compile(r"One row per [^.]+\.$")


@dataclass(frozen=True)
class Project:
    """What lints read: nodes of this project by unique id, and the files they come from."""

    # Not in the representation, because pytest would print the whole manifest with a failure.
    nodes: Mapping[str, Node] = field(repr=False)
    sources: Mapping[str, Node] = field(default_factory=dict, repr=False)
    macros: Mapping[str, Node] = field(default_factory=dict, repr=False)
    unit_tests: Mapping[str, Node] = field(default_factory=dict, repr=False)
    exposures: Mapping[str, Node] = field(default_factory=dict, repr=False)
    metrics: Mapping[str, Node] = field(default_factory=dict, repr=False)
    semantic_models: Mapping[str, Node] = field(default_factory=dict, repr=False)
    root: Path = Path()

    @classmethod
    def read(cls, manifest: Path, root: Path) -> Project:
        content = json.loads(manifest.read_text())
        own = {
            part: {key: node for key, node in content[part].items() if node["package_name"] == "stayhouse"}
            for part in ("nodes", "sources", "macros", "unit_tests", "exposures", "metrics", "semantic_models")
        }
        return cls(**own, root=root)

    def of_type(self, kind: str) -> list[Node]:
        return [node for node in self.nodes.values() if node["resource_type"] == kind]

    @property
    def models(self) -> list[Node]:
        return self.of_type("model")

    @property
    def marts(self) -> list[Node]:
        return [node for node in self.models if layer(node) == "marts"]

    @property
    def singular_tests(self) -> list[Node]:
        return [node for node in self.of_type("test") if not node.get("test_metadata")]


def unexcepted(faults: Iterable[str], exceptions: Mapping[str, str] | None = None) -> list[str]:
    """Faults without an exception, and exceptions without a fault. An exception is named like the fault's subject."""
    exceptions = dict(exceptions or {})
    faults = list(faults)
    subjects = {fault.split(":")[0] for fault in faults}
    unknown = [fault for fault in faults if fault.split(":")[0] not in exceptions]
    return unknown + [
        f"{name}: exception is no longer needed, remove it" for name in exceptions if name not in subjects
    ]


def layer(node: Node) -> str:
    return node["fqn"][1]


def domain(node: Node) -> str:
    """Folder below the layer: a source system in staging, a domain in intermediate and marts."""
    return node["fqn"][2] if len(node["fqn"]) > 3 else ""


def parents(node: Node) -> list[str]:
    return list(node["depends_on"]["nodes"])


def meta(node: Node) -> Mapping[str, Any]:
    return node["config"].get("meta") or {}


# ---------------------------------------------------------------- layering

MAY_READ = {
    "staging": ("source",),
    # Policy is read from its seed; only combinations of seeds have a model.
    "core": ("staging", "core", "seed"),
    "intermediate": ("core", "intermediate", "seed"),
    "marts": ("core", "intermediate", "marts", "seed"),
}


# Domains that combine the others: they read the marts and signals of every domain.
ROOFS = ("alerts", "customer_360", "metrics")
SIGNALS = "int_signals__"
# Steps with a concept of the whole company, which no other domain may compute for itself.
HOMES = {
    "int_contacts__attempts": "outbound contacts with the names that all reports give to unknown values",
    "int_contacts__month_ends": "owners and do-not-disturb at the end of a month",
    "int_cx__cells": "the company's indices, such as its NPS",
    "int_risk__banded": "what was known of paying customers at a month end, as bands of precursors",
    "int_risk__frame": "what was known of paying customers at a month end",
    "int_usage__status_periods": "the health status of a customer on a day",
}


def layering(project: Project) -> list[str]:
    """Each layer reads only what it may; a domain reads no other domain; only staging reads a source."""
    faults = []
    for node in project.models:
        # What the materialization `changed_keys` asks for changed customers and days is not read into the model.
        asked = {source["relation"] for source in node["config"].get("change_sources") or ()}
        asked |= {f"{name}__superseded" for name in asked}
        for name in parents(node):
            kind = name.split(".")[0]
            if name.split(".")[-1] in asked and not reads_by_itself(node, name.split(".")[-1]):
                continue
            if kind == "model":
                parent = project.nodes[name]
                seen = layer(parent)
                crossing = seen in ("intermediate", "marts") and domain(parent) != domain(node)
                is_offered = seen == "marts" or parent["name"].startswith(SIGNALS)
                if parent["name"] in HOMES:
                    crossing = False
                if crossing and layer(node) in ("intermediate", "marts") and not (domain(node) in ROOFS and is_offered):
                    faults.append(f"{node['name']}: reads {parent['name']} of another domain")
                    continue
            else:
                seen = kind
            if seen not in MAY_READ[layer(node)]:
                faults.append(f"{node['name']}: {layer(node)} reads {seen} ({name.split('.', 2)[-1]})")
    return faults


def reads_by_itself(node: Node, name: str) -> bool:
    """True when the SQL of a model names a relation itself, not only for a macro that configures it."""
    return re.search(rf"\bref\(\s*'{name}'\s*\)", node["raw_code"]) is not None


HARD_CODED = re.compile(r"\b(?:from|join)\s+(?!jinja\b)([a-z_]+\.[a-z_]+)")


def hard_coded_relations(project: Project) -> list[str]:
    """Relations are named through ref() and source(), otherwise dbt builds them in the wrong order."""
    return [
        f"{node['name']}: names {match} directly"
        for node in [*project.models, *project.singular_tests]
        for match in HARD_CODED.findall(bare_sql(node["raw_code"]).lower())
    ]


# ---------------------------------------------------------------- names

PREFIXES = {
    "staging": ("stg_",),
    "core": ("dim_", "fct_", "state_"),
    "intermediate": ("int_",),
    "marts": ("mart_",),
}
# A core relation of half-open periods is named after them.
PERIODS = "_periods"


def model_names(project: Project) -> list[str]:
    """The prefix names the layer, a double underscore follows the system or entity, the schema is the folder."""
    faults = []
    for node in project.models:
        name, place = node["name"], layer(node)
        if place not in PREFIXES:
            faults.append(f"{name}: lies in the unknown folder {place}")
            continue
        if not name.startswith(PREFIXES[place]) and not (place == "core" and name.endswith(PERIODS)):
            faults.append(f"{name}: a model of {place} starts with {' or '.join(PREFIXES[place])}")
        if place == "staging" and not name.startswith(f"stg_{domain(node)}__"):
            faults.append(f"{name}: is named stg_{domain(node)}__<table>")
        if name.startswith("int_") and "__" not in name:
            faults.append(f"{name}: is named int_<entity>__<what was done>")
        schema = domain(node) if place == "marts" else place
        if node["schema"] != schema:
            faults.append(f"{name}: is in the schema {node['schema']}, not {schema}")
    return faults


TEXT = ("varchar",)
WHOLE = ("bigint", "integer")
NUMBER = (*WHOLE, "double", "decimal")
# One list for all marts: suffix -> data types.
SUFFIXES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("_id", "_key", "_code", "_name", "_label", "_value", "_status", "_state", "_stage"), TEXT),
    **dict.fromkeys(
        ("_source", "_reason", "_reasons", "_rule", "_band", "_version", "_kind", "_tier", "_series"), TEXT
    ),
    **dict.fromkeys(("_count", "_num", "_den", "_order", "_change"), WHOLE),
    **dict.fromkeys(("_days", "_hours", "_seconds", "_avg", "_score", "_points"), NUMBER),
    **dict.fromkeys(("_pct", "_lo", "_hi", "_pp", "_health", "_risk"), ("double",)),
    "_amount": ("decimal", "double"),
    # A number of units that may be negative.
    "_change": WHOLE,
    **dict.fromkeys(("_date", "_month", "_week", "_quarter"), ("date",)),
    "_at": ("timestamp",),
    **dict.fromkeys(("_from", "_to"), ("date", "timestamp")),
}
PREFIX_TYPES = {"is_": ("boolean",), "has_": ("boolean",), "days_to_": WHOLE, "days_from_": WHOLE}
BANNED = {"date", "type", "name", "status", "timestamp", "value", "id", "count"}


def column_names(project: Project, plain: Mapping[str, str]) -> list[str]:
    """A mart's column ends with a suffix that matches its type. `plain` are names without a suffix -> their type."""
    faults = []
    for node in project.marts:
        for name, column in node["columns"].items():
            kind = (column["data_type"] or "").split("(")[0].lower()
            subject = f"{node['name']}.{name}"
            allowed = _promise(name, plain)
            if name in BANNED or name.endswith("_share"):
                faults.append(f"{subject}: say what it is of, and use _pct (0-100) for shares")
            elif allowed is None:
                faults.append(f"{subject}: has no suffix of the list")
            elif kind not in allowed:
                faults.append(f"{subject}: is {kind or 'untyped'}, its name promises {' or '.join(allowed)}")
    return faults


def _promise(name: str, plain: Mapping[str, str]) -> tuple[str, ...] | None:
    if name in plain:
        return (plain[name],)
    for prefix, kinds in PREFIX_TYPES.items():
        if name.startswith(prefix):
            return kinds
    return next((kinds for suffix, kinds in SUFFIXES.items() if name.endswith(suffix)), None)


def rate_parts(project: Project) -> list[str]:
    """A rate has `_num`, `_den` and `_pct` of one name; bounds come in pairs, of a rate or of a difference (`_pp`)."""
    faults = []
    for node in project.marts:
        names = set(node["columns"])
        for name in sorted(names):
            for suffix, others in (
                ("_num", ("_den", "_pct")),
                ("_den", ("_num", "_pct")),
                ("_ci_lo", ("_ci_hi", "_pct")),
            ):
                if name.endswith(suffix):
                    stem = name.removesuffix(suffix)
                    # An interval of points, of an amount or of a difference belongs to the value itself.
                    if suffix == "_ci_lo" and {stem, f"{stem}_pp"} & names:
                        others = ("_ci_hi",)
                    missing = [stem + other for other in others if stem + other not in names]
                    faults += [f"{node['name']}.{name}: has no {other}" for other in missing]
    return faults


def names_of_tests(project: Project) -> list[str]:
    """Unit tests are <model>__<behaviour>; singular tests are assert_<sentence> and open with what they prevent."""
    faults = [
        f"{test['name']}: a unit test is named {test['model']}__<behaviour>"
        for test in project.unit_tests.values()
        if not test["name"].startswith(f"{test['model']}__")
    ]
    for node in project.singular_tests:
        name = node["name"]
        if not name.startswith("assert_"):
            faults.append(f"{name}: a singular test is named assert_<sentence>")
        if not node["raw_code"].lstrip().startswith("-- Prevents "):
            faults.append(f"{name}: the first line is a comment that says what it prevents")
    return faults


# ---------------------------------------------------------------- documentation


def descriptions(project: Project) -> list[str]:
    """Everything is described; a model's description ends with its grain."""
    faults = []
    for node in project.models:
        text = " ".join(node["description"].split())
        if not text:
            faults.append(f"{node['name']}: has no description")
        elif not GRAIN_SENTENCE.search(text):
            faults.append(f"{node['name']}: the description must end with 'One row per <grain>.'")
    described = [*project.models, *project.of_type("seed"), *project.sources.values()]
    for node in described:
        for name, column in node["columns"].items():
            if not column["description"].strip():
                faults.append(f"{node['name']}.{name}: has no description")
    for node in [*project.of_type("seed"), *project.sources.values(), *project.exposures.values()]:
        if not node["description"].strip():
            faults.append(f"{node['name']}: has no description")
    for macro in project.macros.values():
        dispatched = macro["name"].startswith(("default__", "spark__", "postgres__", "duckdb__", "materialization_"))
        if not dispatched and not macro["description"].strip():
            faults.append(f"{macro['name']}: the macro has no description in macros/_macros.yml")
    return faults


def files_of_descriptions(project: Project) -> list[str]:
    """A model is described in the YAML of its own name beside its SQL; staging has one per source system."""
    return [
        f"{node['name']}: is described in {node['patch_path'].split('://')[1]}, not beside its SQL"
        for node in project.models
        if layer(node) != "staging"
        and Path(node["patch_path"].split("://")[1]) != Path(node["original_file_path"]).with_suffix(".yml")
    ]


def null_meanings(project: Project) -> list[str]:
    """A column that may be NULL says what NULL means: names of moments, periods and rates nearly always may."""
    doubtful = ("_pct", "_avg", "_at", "_to")
    return [
        f"{node['name']}.{name}: may be NULL, say what that means (or 'Never NULL')"
        for node in project.marts
        for name, column in node["columns"].items()
        if name.endswith(doubtful) and name != "registered_at" and "NULL" not in column["description"]
    ]


def seed_columns(project: Project) -> list[str]:
    """Every column of a policy file is typed and described (dbt would guess: 007 becomes 7), and nothing else is."""
    faults = []
    for node in project.of_type("seed"):
        header = (project.root / node["original_file_path"]).read_text().splitlines()[0].split(",")
        for where, found in (("column_types", node["config"]["column_types"]), ("columns", node["columns"])):
            faults += [f"{node['name']}.{name}: is missing in {where}" for name in header if name not in found]
            faults += [f"{node['name']}.{name}: is in {where}, not in the file" for name in found if name not in header]
        missing = [name for name in meta(node).get("key") or () if name not in header]
        if missing or not meta(node).get("key"):
            faults.append(f"{node['name']}: meta.key must name columns of the file")
    return faults


# ---------------------------------------------------------------- contracts


def mart_contracts(project: Project) -> list[str]:
    """A mart is public, typed, under contract, says its grain and the requirements it serves, and tests both."""
    tests: dict[str, dict[str, list[Node]]] = {}
    for test in project.of_type("test"):
        if test.get("test_metadata"):
            tests.setdefault(test["attached_node"], {}).setdefault(test["test_metadata"]["name"], []).append(test)
    exposed = {name for exposure in project.exposures.values() for name in parents(exposure)}
    faults = []
    for node in project.marts:
        name, grain, serves = node["name"], meta(node).get("grain"), meta(node).get("serves")
        own = tests.get(node["unique_id"], {})
        if not node["config"]["contract"]["enforced"]:
            faults.append(f"{name}: the contract is not enforced")
        faults += [f"{name}.{column}: has no data_type" for column, c in node["columns"].items() if not c["data_type"]]
        if node["access"] != "public":
            faults.append(f"{name}: is not public")
        if not grain or not set(grain) <= set(node["columns"]):
            faults.append(f"{name}: meta.grain must name columns of the mart")
        if not serves or not all(REQUIREMENT_ID.fullmatch(str(code)) for code in serves):
            faults.append(f"{name}: meta.serves must name requirements such as ACT-02")
        if len(own.get("rows_satisfy", ())) != 1 or own.get("unique_grain"):
            faults.append(f"{name}: needs one test rows_satisfy with what makes its rows true; it tests the grain too")
        if node["unique_id"] not in exposed:
            faults.append(f"{name}: no exposure reads it")
    return faults


def grains(project: Project) -> list[str]:
    """Below the marts: a table that states its grain tests it once, and whatever tests a grain states it.

    A view may go without: a test of its own would compute it once more.
    """
    tests: dict[str, list[str]] = {}
    for test in project.of_type("test"):
        if (kind := (test.get("test_metadata") or {}).get("name")) in ("unique_grain", "rows_satisfy"):
            tests.setdefault(test["attached_node"], []).append(kind)
    faults = []
    for node in project.models:
        own = tests.get(node["unique_id"], [])
        is_view = node["config"].get("materialized") in ("view", "ephemeral") and not own
        missing = len(own) != 1 and not is_view if meta(node).get("grain") else "unique_grain" in own
        if layer(node) not in ("staging", "marts") and missing:
            faults.append(f"{node['name']}: needs its meta.grain and one test of it, unique_grain or rows_satisfy")
    return faults


def access_and_groups(project: Project) -> list[str]:
    """Steps of a domain are private to it, so that other domains cannot build on them; its signals are for the alerts."""
    faults = []
    for node in project.models:
        due = "protected" if node["name"].startswith(SIGNALS) or node["name"] in HOMES else "private"
        if layer(node) == "intermediate" and (node["access"], node["group"]) != (due, domain(node)):
            faults.append(
                f"{node['name']}: is {node['access']} in the group {node['group']}, not {due} in {domain(node)}"
            )
    return faults


# ---------------------------------------------------------------- SQL

COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}", re.S)
QUOTED = re.compile(r"'(?:[^']|'')*'")


def bare_sql(code: str) -> str:
    """SQL as it is written, with Jinja expressions as the word `jinja`, without comments and with empty strings."""
    return QUOTED.sub("''", COMMENT.sub(" ", _without_expressions(JINJA.sub(" ", code))))


def _without_expressions(code: str) -> str:
    # Braces are counted, because a config may contain mappings that end with `}}`.
    parts, rest = [], code
    while (start := rest.find("{{")) >= 0:
        depth, end = 0, start
        for end in range(start, len(rest)):
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            if depth == 0:
                break
        parts += [rest[:start], " jinja "]
        rest = rest[end + 1 :]
    return "".join([*parts, rest])


CLOCK_AND_CHANCE = re.compile(
    r"\b(current_date|current_timestamp|current_time|localtimestamp|now\s*\(|today\s*\(|getdate\s*\(|sysdate"
    r"|random\s*\(|rand\s*\(|uuid\s*\(|gen_random_uuid|newid\s*\(|invocation_id|run_started_at|modules\.datetime\.\w*\.?now)",
    re.I,
)
NOT_PORTABLE = {
    "qualify": r"\bqualify\b",
    ":: (use cast)": r"::",
    "// (use floor)": r"//",
    "* exclude or replace": r"\*\s*(exclude|except|replace)\s*\(",
    "group or order by all": r"\b(group|order)\s+by\s+all\b",
    "positional group by": r"\bgroup\s+by\s+\d",
    "asof join": r"\basof\b",
    "list or struct literal": r"[\[\]{}]",
    "quantile_cont (use percentile_cont)": r"\bquantile\w*\s*\(",
    "median( (use percentile_cont)": r"\bmedian\s*\(",
    "arg_min, arg_max, min_by, max_by": r"\b(arg_?(min|max)|(min|max)_by|first|last)\s*\(",
    "count_if": r"\bcount_?if\s*\(",
    "unnest, struct, list functions": r"\b(unnest|struct\w*|list\w*|array\w*|map)\s*\(",
    "ignore nulls": r"\bignore\s+nulls\b",
    "any or all over a list": r"\b(like|ilike|=|<>)\s+(any|all)\b",
    "try_cast": r"\btry_cast\b",
    "pivot": r"\b(un)?pivot\b",
    "recursive": r"\brecursive\b",
    "number of a weekday": r"\b(dow|isodow|dayofweek|weekday)\b",
    "own date function (use the macros)": r"\b(date_?(diff|sub|add|trunc|part)|strftime|epoch\w*|make_date)\s*\(",
    "arithmetic on a date (use days_between, add_days)": r"(_date|_day|\bdate\s*'')\s*[-+]",
    "interval without quotes": r"\binterval\s+\d",
    "range frame": r"\brange\s+between\b",
    "count distinct over a window": r"count\s*\(\s*distinct[^()]*\)\s*over",
    "distinct on": r"\bdistinct\s+on\b",
    "union by name": r"\bby\s+name\b",
    "concat( (NULL differs; use ||)": r"\bconcat(_ws)?\s*\(",
    "if(, ifnull(": r"\b(if|ifnull|nvl)\s*\(",
    "varchar without a length (use dbt.type_string)": r"\bas\s+(varchar|text|string)\b",
    "json function (use json_text)": r"\bjson\w*\s*\(|->",
    "regexp function": r"\bregexp\w*\s*\(",
    "split or string_agg": r"\b(string_split|split|string_agg|listagg|group_concat)\s*\(",
    "lambda": r"\blambda\b",
    # Spark resolves such a condition only over what the query selects.
    "grouping in a condition on groups (filter the next step)": r"\bhaving\b(?:(?!\bselect\b)[\s\S])*?\bgrouping\s*\(",
    # Spark reads `w - b` as the name of the window.
    "minus after a named window (put the window in brackets)": r"\bover\s+\w+\s*-\s*[a-z_]",
    # In an outer join DuckDB compares every pair for it: 14 minutes for the alerts of fifty thousand customers.
    "open end of a period by 'is null or' (use coalesce and end_of_time)":
        r"\(\s*\w+\.\w*(_to|_until|ended_at|closed_at|left_at|churned_date)\s+is\s+null\s+or\b",
}  # fmt: skip
PORTABILITY = {name: re.compile(pattern, re.I) for name, pattern in NOT_PORTABLE.items()}


def clock_and_chance(sources: Mapping[str, str]) -> list[str]:
    """Same rows, same as-of date, same numbers: nothing may depend on a clock or on random numbers. Jinja is checked
    too."""
    return [
        f"{name}: uses {match.group(0).strip()}"
        for name, code in sources.items()
        for match in CLOCK_AND_CHANCE.finditer(QUOTED.sub("''", COMMENT.sub(" ", JINJA_COMMENT.sub(" ", code))))
    ]


JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.S)

CASTS = re.compile(r"\bcast\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*?)\sas\s+(date|timestamp)\s*\)", re.I)
TIME_ZONE = re.compile(r"\bat\s+time\s+zone\b", re.I)

DOUBLE = re.compile(r"\bas\s+double\b", re.I)


def doubles(sources: Mapping[str, str]) -> list[str]:
    """PostgreSQL has no type `double`, so casts take the name of the type from a macro, texts of Jinja too."""
    return [
        f"{name}: as double (use type_double)"
        for name, code in sources.items()
        if DOUBLE.search(COMMENT.sub("", JINJA_COMMENT.sub("", code)))
    ]


def zones(sources: Mapping[str, str]) -> list[str]:
    """Moments are UTC, days are business days: only the macros of time.sql convert between them."""
    faults = []
    for name, code in sources.items():
        plain = COMMENT.sub(" ", JINJA_COMMENT.sub(" ", code))
        casts = {(kind.lower(), inner) for inner, kind in CASTS.findall(plain) if "business_date(" not in inner}
        if any(kind == "date" and re.search(r"_at\b", inner) for kind, inner in casts):
            faults.append(f"{name}: casts a moment to a date (use business_date)")
        if any(kind == "timestamp" and re.search(r"_(date|day|month)\b", inner) for kind, inner in casts):
            faults.append(f"{name}: casts a day to a moment (use day_start_at)")
        if TIME_ZONE.search(plain):
            faults.append(f"{name}: converts a time zone (use a macro of time.sql)")
    return faults


def change_sources(project: Project) -> list[str]:
    """When a row of a change source becomes visible is said by its own columns.

    dbt reads the configuration of a model before it knows other relations: a ref() in it, and so a threshold(), is the
    model itself, and only an incremental run shows it.
    """
    return [
        f"{node['name']}: the change source {source['relation']} reads a relation for `{key}`; give it a column"
        for node in project.models
        for source in node["config"].get("change_sources") or []
        for key in ("as_of", "changed_from")
        if re.search(r"\bselect\b", str(source.get(key, "")), re.I)
    ]


# Models whose rows follow from those of every customer together.
COMPANY_WIDE = ("dim_observation_starts",)


def company_wide_state(project: Project) -> list[str]:
    """What is built by changed customers names what the rows of all customers decide, so that it is built again as a whole.

    A file that made a company's records begin later once left rows of customers who did not change.
    """
    edges = {node["unique_id"]: parents(node) for node in project.models}
    faults = []
    for node in project.models:
        if node["config"].get("materialized") == "changed_keys":
            made_from = {name.split(".")[-1] for name in reached(edges, parents(node))}
            decided_by = node["config"].get("decided_by") or {}
            faults += [
                f"{node['name']}: is made from {name}, which all rows of the company decide (name it in decided_by)"
                for name in COMPANY_WIDE
                if name in made_from and name not in decided_by
            ]
    return faults


# What depends on a variable, in the value of a key of a change source.
CONVERTED = re.compile(
    r"'(as_of|changed_from)':[^'}\n]*?\b(var|utc_moment|business_date|business_clock|local_time|day_start_at|clock_moment)\("
)


def converted_change_sources(sources: Mapping[str, str]) -> list[str]:
    """A run converts the moments of its change sources itself: configurations keep the zone that dbt parsed them with."""
    return [
        f"{name}: `{found[1]}` of a change source uses {found[2]} (use as_of_moment)"
        for name, code in sources.items()
        for found in CONVERTED.finditer(JINJA_COMMENT.sub(" ", code))
    ]


def portability(sources: Mapping[str, str]) -> list[str]:
    """SQL that PostgreSQL and Spark also read, with the same result. Features of one engine belong in a macro."""
    faults = []
    for name, code in sources.items():
        sql = bare_sql(code)
        faults += [f"{name}: {construct}" for construct, pattern in PORTABILITY.items() if pattern.search(sql)]
    return faults


OUTER_JOIN = re.compile(r"\bleft\s+join\s+(?P<relation>\{\{.*?\}\}|\w+)(?:\s+as\s+(?P<alias>\w+))?\s+on\b", re.I)
END_OF_JOIN = re.compile(r"(left|right|inner|cross|full|join|where|group|order|having|union|window)|\)", re.I)
# The macro gets the name of the relation with the period.
HOLDS_AT = re.compile(r"\bholds_at\(\s*'(\w+)'")
BETWEEN = re.compile(r"\bbetween\b.*?\band\b", re.I | re.S)


def one_sided_joins(sources: Mapping[str, str]) -> list[str]:
    """Every condition of an outer join names the joined table. For one that does not DuckDB compares every pair: a
    million answers took minutes. Make it part of the key, `case when ... then id end = other.id`, or filter before."""
    faults = []
    for name, code in sources.items():
        sql = COMMENT.sub(" ", re.sub(r"\{%.*?%\}", " ", JINJA_COMMENT.sub(" ", code), flags=re.S))
        sql = HOLDS_AT.sub(r"holds_at(\1.valid_from", sql)
        for join in OUTER_JOIN.finditer(sql):
            joined = join["alias"] or join["relation"]
            faults += [
                f"{name}: {joined} is joined on {' '.join(condition.split())}"
                for condition in _conditions(sql[join.end() :])
                if not re.search(rf"\b{joined}\.", condition)
            ]
    return faults


def _conditions(sql: str) -> list[str]:
    """What is joined by `and` at the beginning of the text, up to the next clause."""
    found, depth, start = [], 0, 0
    # The `and` of a range joins no conditions.
    for token in re.finditer(r"[()]|\b\w+\b", BETWEEN.sub(lambda match: match[0][:-3] + "...", sql)):
        if depth == 0 and END_OF_JOIN.fullmatch(token[0]):
            return [*found, sql[start : token.start()]]
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token[0].lower() == "and":
            found.append(sql[start : token.start()])
            start = token.end()
    return [*found, sql[start:]]


def portable_sources(project: Project) -> dict[str, str]:
    """SQL that every engine must read: models, singular tests, and macros except those of one engine."""
    own = {
        node["name"]: node["raw_code"]
        for node in [*project.models, *project.singular_tests]
        # The few steps that SQL cannot do are Python on every engine.
        if node.get("language") != "python"
    }
    macros = {
        macro["name"]: macro["macro_sql"]
        for macro in project.macros.values()
        if not macro["name"].startswith(("spark__", "postgres__", "duckdb__"))
    }
    return own | macros


# ---------------------------------------------------------------- policy

# Codes that a company chooses. Roles, states and kinds that the contract or a seed lists by `accepted` are ours.
COMPANY_CODES = (
    "survey_code", "question_code", "option_code", "seniority", "purpose", "purpose_code", "outcome_code",
    "outcome_reason", "end_reason_code", "reason_code", "event_name", "component_code", "plan_code", "topic_code",
    "segment_code", "usage_segment_code", "value_segment_code", "campaign_code", "region", "team", "team_code",
    "acquisition_channel", "trigger_key", "key_action_code", "anomaly_code", "currency", "currency_code",
)  # fmt: skip
# Values that we use ourselves if there is no code.
OWN_VALUES = {"", "*", "all", "none", "(none)", "unknown", "unassigned", "unlisted", "untagged", "other"}
_COLUMN = rf"(?:\b\w+\.)?\b(?P<column>{'|'.join(COMPANY_CODES)})\b(?:\s*,\s*'[^']*'\s*\))?"
CODE_TESTS = (
    re.compile(rf"{_COLUMN}\s*(?:=|<>|!=|(?:not\s+)?in\s*\(|like)\s*(?P<values>'[^']*'(?:\s*,\s*'[^']*')*)"),
    re.compile(rf"\bcase\s+{_COLUMN}\s+when\s+(?P<values>'[^']*')"),
)
SCORE_LIMIT = re.compile(r"\b(\w*score)\s*(?:[<>]=?|=|between)\s*\d")
WINDOW = re.compile(r"(?<![\w.'])-?(14|21|28|30|42|56|84|90|91|120|180|182|360|364|365)(?:\.0)?(?![\w.'])")


def vocabulary(sources: Mapping[str, str]) -> list[str]:
    """Codes, score limits and windows that a company chooses are read from its policy, never written into SQL."""
    faults = []
    for name, code in sources.items():
        sql = COMMENT.sub(" ", re.sub(r"\{#.*?#\}", " ", code, flags=re.S))
        for match in (found for pattern in CODE_TESTS for found in pattern.finditer(sql)):
            values = [value for value in re.findall(r"'([^']*)'", match["values"]) if value not in OWN_VALUES]
            # Braces: the value is an expression of Jinja.
            faults += [f"{name}: compares {match['column']} with '{value}'" for value in values if "{" not in value]
        faults += [f"{name}: has a limit of {column}" for column in SCORE_LIMIT.findall(sql)]
        faults += [f"{name}: has a window of {days}" for days in WINDOW.findall(sql)]
    return faults


def thresholds(sources: Mapping[str, str], known: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Every threshold is read, and under the one name by which incremental models know what they read."""
    # Rules of rows have no join: they read `(select churn_grace_days from policy)`.
    reading = re.compile(r"\bpolicy\.([a-z_0-9]+)|\bselect ([a-z_0-9]+) from (?:core\.)?policy\b")
    read = {code for text in (*sources.values(), *others) for codes in reading.findall(text) for code in codes}
    renamed = re.compile(r"ref\('policy'\)(?! (?:\}\}|~ ['\"]) as policy\b)")
    return [
        *(f"{code}: is in the policy, but nothing reads it" for code in sorted(set(known) - read)),
        *(f"{name}: reads policy under another name" for name, sql in sources.items() if renamed.search(sql)),
    ]
