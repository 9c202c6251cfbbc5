"""dbt's artifacts outlive a killed run."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from parsing import settings_in

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.dbt_session import DbtSession, ensure_manifest
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


def test_dbt_writes_nothing_over_the_policy_of_a_company(tmp_path, monkeypatch):
    """dbt wrote SQL over the policy files where the project lay as deep as the company, as in a container."""
    monkeypatch.chdir(tmp_path)
    seeds = tmp_path / "copies" / "0123"
    session = DbtSession(settings_in(tmp_path / "acme"), seeds)
    written = Path(os.path.normpath(session.settings.target / "run" / "stayhouse" / session.seed_path / "plans.csv"))
    assert written.is_relative_to(session.settings.target)
    assert (session.project / session.seed_path).readlink() == seeds
    for name in ("dbt_project.yml", "models", "macros", "tests/dbt"):
        assert (session.project / name).exists()
    other = DbtSession(session.settings, tmp_path / "copies" / "4567")
    assert (other.project / other.seed_path).readlink() == other.seeds
    assert DbtSession(session.settings, REPO_ROOT / "seeds").seed_path == "seeds"
