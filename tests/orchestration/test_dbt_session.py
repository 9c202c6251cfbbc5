"""dbt's artifacts outlive a killed run."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

from parsing import settings_in

from stayhouse.orchestration.dbt_session import ensure_manifest
from stayhouse.orchestration.private_api import forget_compilation


def test_a_manifest_that_a_kill_left_half_written_is_written_again(parsed, tmp_path):
    # dbt writes it in place: after a kill at that moment every later start failed on broken JSON.
    settings = replace(settings_in(parsed), target=tmp_path / "target")
    shutil.copytree(parsed / "target", settings.target)
    manifest = settings.target / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text(whole[: len(whole) // 2])
    assert ensure_manifest(settings) == manifest
    assert json.loads(manifest.read_text())["nodes"]


def test_a_second_run_of_a_session_compiles_ephemeral_models_again():
    # The second day of a range did not find them: dbt took their SQL for injected.
    node = SimpleNamespace(
        compiled=True, compiled_code="with e as (select 1) select * from e", _pre_injected_sql="select * from e",
        extra_ctes_injected=True, extra_ctes=["e"],
    )  # fmt: skip
    forget_compilation(SimpleNamespace(nodes={"model.m": node, "seed.s": SimpleNamespace()}))
    assert (node.compiled, node.compiled_code, node.extra_ctes_injected, node.extra_ctes) == (False, None, False, [])
