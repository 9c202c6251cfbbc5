"""dbt's artifacts outlive a killed run."""

from __future__ import annotations

import json
from dataclasses import replace

from orchestration.dbt_session import ensure_manifest
from orchestration.settings import Settings


def test_a_manifest_that_was_cut_off_by_a_kill_is_written_again(tmp_path):
    # dbt writes it in place: after a kill at that moment every later start failed on broken JSON.
    settings = replace(Settings.resolve(warehouse=tmp_path / "w.duckdb"), target=tmp_path / "target")
    manifest = ensure_manifest(settings)
    whole = manifest.read_text()
    manifest.write_text(whole[: len(whole) // 2])
    assert json.loads(ensure_manifest(settings).read_text())["nodes"]
