"""What a company says of its server, and what dbt makes of the models there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from parsing import settings_in
from servers import asked, client, free_port

from stayhouse.contract.sql import connect, literal
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import SEEDS_FOLDER
from stayhouse.orchestration.server import check_server, forget_built
from stayhouse.orchestration.settings import ConfigurationError, Settings
from stayhouse.postgres import Server, attached
from stayhouse.postgres.server import NAME


def test_every_model_and_test_compiles_for_the_server(server, tmp_path) -> None:
    """A macro that PostgreSQL needs of its own is missed before anything is built."""
    session = DbtSession(replace(settings_in(tmp_path), server=server), SEEDS_FOLDER)
    command = ["--log-level", "none", "--no-write-json", "compile", "--no-introspect"]
    results = session._invoke(command, None, lambda event: None)
    assert {str(result.status) for result in results} == {"success"}
    assert len(results) > 300
    compiled = {result.node.name: result.node.compiled_code for result in results}
    assert "double precision" in compiled["policy"]
    assert "round(100.0 * exp" not in compiled["mart_customer_contact_status"]


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for variable in ("STAYHOUSE_TARGET", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "acme" / "landing").mkdir(parents=True)
    return tmp_path / "acme"


def test_the_environment_comes_before_the_file_and_the_option_before_both(company, monkeypatch) -> None:
    (company / "stayhouse.toml").write_text('target = "postgres"\n[postgres]\nhost = "db"\nport = 6000\n')
    assert Settings.resolve(company=company).server == Server("db", 6000, "stayhouse", "stayhouse")
    monkeypatch.setenv("PGHOST", "other")
    monkeypatch.setenv("PGDATABASE", "acme")
    assert Settings.resolve(company=company).server == Server("other", 6000, "stayhouse", "acme")
    assert Settings.resolve(company=company, target="duckdb").server is None


def test_without_a_word_about_it_dbt_builds_in_the_file(company) -> None:
    (company / "stayhouse.toml").write_text('[postgres]\nhost = "db"\n')
    assert Settings.resolve(company=company).server is None


def test_a_target_that_is_not_known_is_named(company, monkeypatch) -> None:
    (company / "stayhouse.toml").write_text("")
    monkeypatch.setenv("STAYHOUSE_TARGET", "postgrs")
    with pytest.raises(ConfigurationError, match=r"postgrs: STAYHOUSE_TARGET takes .* did you mean postgres"):
        Settings.resolve(company=company)


def test_a_database_that_sorts_by_a_language_is_refused_before_anything_is_loaded(server, tmp_path) -> None:
    """Minima and ranks of texts would differ from those of every other company."""
    owner = client(server)
    owner.autocommit = True
    with owner.cursor() as cursor:
        # Its `lc_collate` says C all the same.
        cursor.execute("create database sorted template template0 locale_provider icu icu_locale 'de' locale 'C'")
    owner.close()
    settings = replace(settings_in(tmp_path), server=replace(server, database="sorted"))
    with pytest.raises(ConfigurationError, match=r"has encoding UTF8 and collation .*create database sorted"):
        check_server(settings)


def test_a_server_that_does_not_answer_is_refused_before_anything_is_loaded(tmp_path) -> None:
    nowhere = Server("127.0.0.1", free_port(), "nobody", "nothing")
    with pytest.raises(ConfigurationError, match=r"cannot be reached: .*see \[postgres\] in stayhouse\.toml"):
        check_server(replace(settings_in(tmp_path), server=nowhere))


def test_after_an_erasure_everything_is_built_again(server, tmp_path) -> None:
    """Incremental models would keep what they were built from."""
    settings = replace(settings_in(tmp_path), server=server)
    assert "still holds the erased rows" in forget_built(settings)[0]
    asked(server, "create schema ops; create table ops.model_watermarks as select 'fct_contacts' as model_name")
    forget_built(settings)
    assert asked(server, "select count(*) from ops.model_watermarks") == [(0,)]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_business_days_begin_at_the_same_moment_as_in_a_file(server, zone) -> None:
    """Also where clocks change and a time occurs twice or not at all."""
    moments = "generate_series(timestamp '2023-01-01', timestamp '2025-12-31', interval '15 minutes')"
    converted = (
        f"t, (t at time zone '{zone}') at time zone 'UTC' as utc, (t at time zone 'UTC') at time zone '{zone}' as local"
    )
    with connect() as db, attached(db, server):
        db.execute(f"create table here as select {converted} from (select unnest({moments}) as t)")
        there = f"select {converted} from {moments} as moments (t)"
        db.execute(f"create table there as from postgres_query({literal(NAME)}, {literal(there)})")
        different = (
            "from here full join there using (t) where (here.utc, here.local) is distinct from (there.utc, there.local)"
        )
        assert db.execute(f"select count(*) {different}").fetchone() == (0,)
        assert db.execute("select count(*) from there").fetchone()[0] > 100_000
