"""One build in a process of its own, with the cost of each stage. Prints one JSON object."""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from stayhouse.benchmarks.runs import CPU_NOW, NodeClock
from stayhouse.orchestration import progress
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.runner import build
from stayhouse.orchestration.settings import Settings

# How many models a benchmark names.
DEAREST = 10


class StageClock:
    """Wall and CPU seconds by stage, from the progress that a run reports."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._stage = "start"
        self._mark = (time.monotonic(), CPU_NOW())

    def __call__(self, stage: str, item: str, share: float) -> None:
        self.close()
        self._stage = stage

    def close(self) -> None:
        now = (time.monotonic(), CPU_NOW())
        spent = self.seconds[self._stage]
        spent[0] += now[0] - self._mark[0]
        spent[1] += now[1] - self._mark[1]
        self._mark = now


class SqlClock:
    """Seconds that dbt waits for DuckDB, without dbt's own overhead. Two statements at a time count twice."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.statements = 0
        self._lock = threading.Lock()

    def install(self) -> None:
        from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper

        genuine = DuckDBCursorWrapper.execute

        def timed(cursor, sql, bindings=None):
            begun = time.monotonic()
            try:
                return genuine(cursor, sql, bindings)
            finally:
                with self._lock:
                    self.seconds += time.monotonic() - begun
                    self.statements += 1

        DuckDBCursorWrapper.execute = timed  # type: ignore[method-assign]


class FolderClock:
    """CPU seconds of dbt's nodes by folder: a domain's marts and steps together, each with its tests.

    Needs one dbt thread (STAYHOUSE_THREADS=1; DuckDB still uses every core).
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.nodes: dict[str, int] = defaultdict(int)
        self.models: dict[str, tuple[float, bool]] = {}
        """Seconds of a model, and whether its SQL is all that was run: not where only changed keys were."""

    def install(self) -> None:
        genuine: Any = DbtSession.build

        def timed(session, *arguments, on_event=lambda event: None, **options):
            manifest = session.parse()
            clock = NodeClock()

            def pass_on(event):
                spent, is_start = clock.lap()
                unique_id = event["data"]["node_info"]["unique_id"]
                folder = "(start of dbt)" if is_start else folder_of(manifest, unique_id)
                if unique_id.startswith("model.") and not is_start:
                    config = manifest.nodes[unique_id].config
                    self.models[unique_id.split(".")[-1]] = (spent, config.materialized == "table")
                self.seconds[folder] += spent
                self.nodes[folder] += 1
                on_event(event)

            return genuine(session, *arguments, on_event=pass_on, **options)

        DbtSession.build = timed  # type: ignore[method-assign,assignment]


def folder_of(manifest, unique_id: str) -> str:
    """The domain of a model or of a test's model; the layer if that belongs to no domain; `policy` for seeds."""
    node = manifest.nodes[unique_id]
    tested = getattr(node, "attached_node", None)
    if tested:
        return folder_of(manifest, tested)
    if node.resource_type == "seed":
        return "policy"
    # fqn: stayhouse, layer, domain, ..., name; of a singular test: stayhouse, folder, name.
    folders = node.fqn[1:-1]
    return folders[1] if folders[0] in ("marts", "intermediate") else folders[0]


def main() -> None:
    """Arguments: landing folder, warehouse file, publication folder, as-of date."""
    raw, warehouse, publish, as_of = sys.argv[1:5]
    settings = Settings.resolve(Path(raw), None, Path(warehouse), Path(publish))
    stages, sql, folders = StageClock(), SqlClock(), FolderClock()
    sql.install()
    folders.install()
    progress.listen(stages)
    begun = time.monotonic()
    outcome = build(settings, date.fromisoformat(as_of), date.fromisoformat(as_of))
    stages.close()
    load = outcome.log.get("load", {}).get("tables", {})
    print(
        json.dumps({
            "exit_code": outcome.exit_code,
            "withheld": outcome.log.get("withheld") or outcome.log.get("bad_input"),
            "wall": time.monotonic() - begun,
            "cpu": CPU_NOW(),
            "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
            "rows_in_files": sum(counts["rows_in_files"] for counts in load.values()),
            "stages": dict(stages.seconds),
            "sql_seconds": sql.seconds,
            "sql_statements": sql.statements,
            "dearest": dict(sorted(folders.models.items(), key=lambda model: -model[1][0])[:DEAREST]),
            "folders": {name: (folders.nodes[name], seconds) for name, seconds in folders.seconds.items()},
        })
    )  # fmt: skip


if __name__ == "__main__":
    main()
