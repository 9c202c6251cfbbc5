"""Names of libraries that are not part of their public interface. Nothing else in the project imports such names.

tests/orchestration/test_private_api.py says of each what it is for and what breaks without it.
"""

from __future__ import annotations

from typing import Any

from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.base import AssetEntry, AssetRecord
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS

__all__ = [
    "INDEX_SHARD_NAME",
    "SQLITE_BUSY_TIMEOUT_SECONDS",
    "AssetEntry",
    "AssetRecord",
    "InstanceRef",
    "SqliteEventLogStorage",
    "forget_compilation",
]


def forget_compilation(manifest: Any) -> None:
    """Makes dbt compile every node again: it leaves ephemeral models out of one that it has compiled before."""
    for node in manifest.nodes.values():
        if getattr(node, "compiled", False):
            node.compiled, node.compiled_code, node._pre_injected_sql = False, None, None
            node.extra_ctes_injected, node.extra_ctes = False, []
