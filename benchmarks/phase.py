"""One build in a process of its own, with what each stage cost. Prints one JSON object."""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from collections import defaultdict
from datetime import date
from pathlib import Path

from orchestration import progress
from orchestration.runner import build
from orchestration.settings import Settings

CPU_NOW = lambda: sum(os.times()[:2])  # noqa: E731


class StageClock:
    """Wall and CPU seconds by stage, taken from the progress that a run reports."""

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
    """Seconds that dbt waits for DuckDB: the same SQL without the frame. Two statements at a time count twice."""

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

        DuckDBCursorWrapper.execute = timed


def main() -> None:
    """Arguments: landing folder, warehouse file, publication folder, as-of date."""
    raw, warehouse, publish, as_of = sys.argv[1:5]
    settings = Settings.resolve(Path(raw), None, Path(warehouse), Path(publish))
    stages, sql = StageClock(), SqlClock()
    sql.install()
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
        })
    )  # fmt: skip


if __name__ == "__main__":
    main()
