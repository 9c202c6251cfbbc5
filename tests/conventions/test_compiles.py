"""dbt compiles everything without a warehouse: a misspelt macro or argument is found before anything is built."""

from __future__ import annotations

import pytest
from parsing import settings_in

from stayhouse.orchestration.dbt_session import DbtFailed, DbtSession
from stayhouse.orchestration.policy import SEEDS_FOLDER


def compile_all(folder, *selection: str) -> list:
    session = DbtSession(settings_in(folder), SEEDS_FOLDER)
    command = ["--log-level", "none", "--no-write-json", "compile", "--no-introspect", *selection]
    return session._invoke(command, None, lambda event: None)


def test_every_model_and_test_compiles(parsed_once, tmp_path):
    results = compile_all(tmp_path)
    assert {str(result.status) for result in results} == {"success"}
    assert {"model", "test", "seed"} <= {result.node.resource_type for result in results}
    assert len(results) > 300


def test_a_misspelt_macro_is_caught(parsed_once, tmp_path):
    with pytest.raises(DbtFailed, match="misspelt"):
        compile_all(tmp_path, "--inline", "select {{ misspelt() }}")
