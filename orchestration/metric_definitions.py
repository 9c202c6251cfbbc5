"""What a publication says of its own numbers: metrics, their rows, thresholds and the way through models.

Written beside the marts as definitions.json, so that a reader needs neither the project nor the policy of the run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stayhouse.orchestration.graph import reached
from stayhouse.orchestration.metric_catalogue import Facts, facts, metrics, parts_of
from stayhouse.orchestration.policy import STATED
from stayhouse.orchestration.policy_files import read_policy_file
from stayhouse.page.sql import marts_in
from stayhouse.publishing.reading import DEFINITIONS_NAME

OWN_MACRO = "macro.stayhouse."
THRESHOLD = re.compile(r"\bpolicy\.([a-z_0-9]+)")
LAYERS = {"source": "raw", "seed": "policy"}
WORDS = (
    "code", "title", "question", "formula", "numerator", "denominator", "unit", "better", "target", "version", "owner",
    "expression",
)  # fmt: skip


def write_definitions(release: Path, manifest: Mapping[str, Any], seeds: Path, policy: Path | None) -> None:
    """Writes definitions.json into a release; `policy` is the company's own folder, `seeds` what the run used."""
    (release / DEFINITIONS_NAME).write_text(json.dumps(definitions(manifest, seeds, policy), indent=1))


def definitions(manifest: Mapping[str, Any], seeds: Path, policy: Path | None) -> dict[str, Any]:
    """The document: metrics, facts, thresholds, targets and models by name."""
    thresholds = _thresholds(seeds, policy)
    models = _models(manifest, set(thresholds))
    # A project may leave out models, and with them what is counted in them.
    known = {name: one for name, one in facts().items() if one.model in models}
    measures = {name for one in known.values() for name in one.measures}
    found = [one for one in metrics() if one["published"]["mart"] in models and measures.issuperset(one["parts"])]
    return {
        "metrics": {metric["code"]: _metric(metric, known, models) for metric in found},
        "facts": {name: _facts(one, models) for name, one in known.items()},
        "thresholds": thresholds,
        "targets": read_policy_file(seeds / "metric_targets.csv").rows,
        "models": models,
    }


def _metric(metric: Mapping[str, Any], known: Mapping[str, Facts], models: Mapping[str, Any]) -> dict[str, Any]:
    published = metric["published"]
    parts = {
        part: _part(expression, known)
        for part, expression in zip(("numerator", "denominator"), parts_of(metric["expression"]), strict=True)
        if expression
    }
    return {word: metric[word] for word in WORDS} | {
        "mart": models[published["mart"]]["table"],
        "period_grain": published["period_grain"],
        "where": published.get("where"),
        "column": published.get("column"),
        "parts": parts,
        "thresholds": sorted(_named(metric, models)),
    }


def _part(expression: str, known: Mapping[str, Facts]) -> dict[str, Any]:
    """What one row of the facts adds to a part: each measure replaced by its expression."""
    (one,) = [one for one in known.values() if set(re.findall(r"\w+", expression)) & set(one.measures)]
    row = re.sub(
        r"[a-z]\w*", lambda word: f"({one.measures[word[0]]})" if word[0] in one.measures else word[0], expression
    )
    return {"facts": one.name, "expression": expression, "row": row, "is_distinct": expression in one.distinct}


def _named(metric: Mapping[str, Any], models: Mapping[str, Any]) -> set[str]:
    """Thresholds that the words of a metric name."""
    words = set(re.findall(r"\w+", f"{metric['formula']} {metric['numerator']} {metric['denominator']}"))
    return words & {code for model in models.values() for code in model["thresholds"]}


def _facts(one: Facts, models: Mapping[str, Any]) -> dict[str, Any]:
    model = models[one.model]
    own = f"select * from {model['table']}" if model["layer"] == "marts" else None
    sql = one.sql or (None if one.unpublished else own)
    return {
        "model": one.model,
        "sql": sql,
        "marts": sorted(marts_in(sql or "")),
        "time": one.time,
        "dimensions": one.dimensions,
        "unpublished": one.unpublished or (None if sql else f"{one.model} is a step between models and not published"),
    }


def _models(manifest: Mapping[str, Any], thresholds: set[str]) -> dict[str, Any]:
    """Every model, seed and raw table that a model reads: layer, meaning, parents, and the thresholds that it reads."""
    nodes = {
        key: node
        for kind in ("sources", "nodes")
        for key, node in manifest[kind].items()
        if node["resource_type"] in ("model", "seed", "source")
    }
    calls = {
        name: [called for called in macro["depends_on"]["macros"] if called.startswith(OWN_MACRO)]
        for name, macro in manifest["macros"].items()
        if name.startswith(OWN_MACRO)
    }
    return {
        _name(node): {
            "layer": LAYERS.get(node["resource_type"]) or node["path"].split("/")[0],
            "table": f"{node['schema']}.{node['name']}",
            "meaning": re.split(r"(?<=\.)\s", (node["description"] or "").strip(), maxsplit=1)[0].replace("\n", " "),
            "parents": sorted(
                _name(nodes[parent]) for parent in (node.get("depends_on") or {}).get("nodes", ()) if parent in nodes
            ),
            "thresholds": sorted(_read_thresholds(node, manifest["macros"], calls) & thresholds),
        }
        for key, node in sorted(nodes.items())
    }


def _name(node: Mapping[str, Any]) -> str:
    """Of a source that is not a raw table with its schema: superseded rows have tables of the same names."""
    is_other = node["resource_type"] == "source" and node["schema"] != "raw"
    return f"{node['schema']}.{node['name']}" if is_other else str(node["name"])


def _read_thresholds(
    node: Mapping[str, Any], macros: Mapping[str, Any], calls: Mapping[str, Sequence[str]]
) -> set[str]:
    """The thresholds that the code of a model names, and that of the project's macros which it calls."""
    called = [macro for macro in (node.get("depends_on") or {}).get("macros", ()) if macro in calls]
    texts = [node.get("raw_code") or "", *(macros[macro]["macro_sql"] for macro in reached(calls, called))]
    return {code for text in texts for code in THRESHOLD.findall(text)}


def _thresholds(seeds: Path, policy: Path | None) -> dict[str, dict[str, str]]:
    own = policy / "thresholds.csv" if policy else None
    stated = read_policy_file(own).rows if own and own.is_file() else []
    from_company = {row["threshold_code"] for row in stated}
    return {
        row["threshold_code"]: {
            "value": row["threshold_value"],
            "unit": row["unit"],
            "origin": row["origin"],
            "reason": row["reason"],
            "file": "company" if row["threshold_code"] in from_company or row["reason"] == STATED else "default",
        }
        for row in read_policy_file(seeds / "thresholds.csv").rows
    }
