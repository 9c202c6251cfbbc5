"""The project with a quarter of its models: what a killed run can break (loads, incremental facts, gates, publication) is
there, and a run takes seconds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

# Marts on facts that a run continues; those about days, loads and checks; and what the summary of a run reads.
WANTED = (
    "mart_activation_customer", "mart_client_outcomes", "mart_event_taxonomy_health", "mart_raw_accounting", "mart_data_quality_results",
    "unconverted_money", "unknown_policy_codes",
)  # fmt: skip
ABOUT_ALL = ("exposures", "metrics", "semantic_models", "saved_queries", "unit_tests")


def needed(nodes: dict[str, Any], parents: Any) -> set[str]:
    """The wanted models with everything that they are made of, and the tests that read nothing else."""
    found = {key for key in nodes if key.split(".")[-1] in WANTED}
    waiting = list(found)
    while waiting:
        for parent in parents(nodes[waiting.pop()]):
            if parent in nodes and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found | {
        key
        for key, node in nodes.items()
        if key.startswith("test.") and all(parent in found or parent not in nodes for parent in parents(node))
    }


def shrink(parsed: Path, own: Path) -> None:
    """Makes every run of this process one of the small graph. To be called before Dagster's definitions are imported."""
    from stayhouse.demonstration.saas import POLICY_FOLDER
    from stayhouse.expectations import registry
    from stayhouse.orchestration.dbt_session import DbtSession
    from stayhouse.orchestration.policy import prepare_policy
    from tests.parsing import reader, settings_in

    gates = tuple(gate for gate in registry.mart_gates() if gate.asset_key[1] in WANTED)
    registry.mart_gates = lambda: gates
    seeds, _ = prepare_policy(replace(settings_in(own), policy=POLICY_FOLDER))
    manifest = reader(parsed)(DbtSession(settings_in(own), seeds))
    kept = needed(manifest.nodes, lambda node: node.depends_on_nodes)
    for key in manifest.nodes.keys() - kept:
        del manifest.nodes[key]
    for kind in ABOUT_ALL:
        getattr(manifest, kind).clear()
    DbtSession.parse = lambda session, write=False: manifest

    file = own / "target" / "manifest.json"
    file.parent.mkdir(exist_ok=True)
    document = json.loads((parsed / "target" / "manifest.json").read_text())
    document["nodes"] = {key: node for key, node in document["nodes"].items() if key in kept}
    document |= {kind: {} for kind in ABOUT_ALL}
    for relation in ("parent_map", "child_map"):
        document[relation] = {
            key: [other for other in others if other in kept or other.startswith("source.")]
            for key, others in document[relation].items()
            if key in kept or key.startswith("source.")
        }
    file.write_text(json.dumps(document))

    from stayhouse.orchestration.defs import publishing

    nothing = own / "nothing"
    nothing.mkdir()
    publishing.write_model_docs = lambda *arguments: nothing
    publishing.write_page = lambda *arguments: None
