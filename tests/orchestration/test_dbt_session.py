"""dbt's artifacts outlive a killed run."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

from stayhouse.orchestration.dbt_session import ensure_manifest
from stayhouse.orchestration.private_api import forget_compilation
from stayhouse.orchestration.settings import Settings


def test_a_manifest_that_a_kill_left_half_written_is_written_again(tmp_path):
    # dbt writes it in place: after a kill at that moment every later start failed on broken JSON.
    settings = replace(Settings.resolve(warehouse=tmp_path / "w.duckdb"), target=tmp_path / "target")
    manifest = ensure_manifest(settings)
    whole = manifest.read_text()
    manifest.write_text(whole[: len(whole) // 2])
    assert json.loads(ensure_manifest(settings).read_text())["nodes"]


def test_a_second_run_of_a_session_compiles_ephemeral_models_again():
    # The second day of a range did not find them: dbt took their SQL for injected.
    node = SimpleNamespace(
        compiled=True, compiled_code="with e as (select 1) select * from e", _pre_injected_sql="select * from e",
        extra_ctes_injected=True, extra_ctes=["e"],
    )  # fmt: skip
    forget_compilation(SimpleNamespace(nodes={"model.m": node, "seed.s": SimpleNamespace()}))
    assert (node.compiled, node.compiled_code, node.extra_ctes_injected, node.extra_ctes) == (False, None, False, [])
