"""What a stayhouse.toml may state about sources, and what it says when something is wrong."""

from __future__ import annotations

import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import Landing, customer
from pulling import VARIABLE, Company
from typer.testing import CliRunner

from stayhouse.orchestration.cli import app
from stayhouse.orchestration.company import as_file, read_company
from stayhouse.orchestration.settings import ConfigurationError, Settings
from stayhouse.orchestration.stated_sources import COMMENT
from stayhouse.sources import Source, SourceTable

TOML = """
[sources.app]
url_env = "ACME_DATABASE_URL"
[sources.app.tables.users]
to = "landing/customers"
"""


def test_a_source_is_read_with_its_defaults(company: Company) -> None:
    company.states(TOML)
    assert company.settings.sources == (
        Source("app", "ACME_DATABASE_URL", None, (SourceTable("users", "landing/customers"),)),
    )


def test_the_comment_of_a_new_company_states_a_source_that_is_read(tmp_path: Path) -> None:
    """What people uncomment must work."""
    assert COMMENT in as_file("acme")
    lines = [
        line.removeprefix("# ")
        for line in COMMENT.splitlines()
        if line.startswith(("# [", "# ")) and ("=" in line or "[sources" in line)
    ]
    (tmp_path / "stayhouse.toml").write_text("\n".join(lines))
    assert set(tomllib.loads("\n".join(lines))) == {"sources"}
    (source,) = read_company(tmp_path).sources
    assert source.tables[0].columns == (("customer_id", "id"), ("registered_at", "created_at"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[sources.app]", "[sources.App]", "sources.App: a source has a name of lower-case letters"),
        ('url_env = "ACME_DATABASE_URL"', "", "sources.app.url_env: is missing"),
        ("ACME_DATABASE_URL", "postgresql://me:s3cr3t-word@host/db", "sources.app.url_env: is not the name of an environment variable"),
        ("url_env", "url_evn", "sources.app.url_evn: no such key; did you mean url_env?"),
        ("url_env", 'schema = 3\nurl_env', "sources.app.schema: 3 is not text in quotes"),
        ("[sources.app.tables.users]", "[sources.app.users]", "sources.app.users: no such key"),
        ('[sources.app.tables.users]\nto = "landing/customers"', "", "sources.app: has no tables"),
        ("landing/customers", "landing/custmers", "no raw table is called custmers; did you mean customers"),
        ("landing/customers", "/etc", "says where rows go: landing/<raw table>, or exports/<folder>"),
        ("landing/customers", "exports/../landing", "says where rows go"),
        ("landing/customers", "landing/customers/_x", "says where rows go"),
        ('to = "landing/customers"', 'to = "landing/customers"\ncursr = "x"', "sources.app.tables.users.cursr: no such key; did you mean cursor?"),
        ('to = "landing/customers"', 'to = "landing/customers"\ncolumns = {customer = "id"}', "the raw table customers has no column customer; did you mean customer_id"),
        ('to = "landing/customers"', 'to = "landing/customers"\ncolumns = "id"', 'takes names: ["id", "email"]'),
        ('to = "landing/customers"', 'to = "landing/customers"\noverlap_minutes = -1', "-1 is not a whole number of minutes"),
    ],
)  # fmt: skip
def test_a_wrong_statement_is_one_line_with_file_and_key(company: Company, old: str, new: str, said: str) -> None:
    company.states(TOML.replace(old, new))
    with pytest.raises(ConfigurationError) as raised:
        read_company(company.folder)
    assert f"{company.folder / 'stayhouse.toml'}, sources." in str(raised.value)
    assert said in str(raised.value)
    assert "s3cr3t-word" not in str(raised.value)


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ('landing = "ftp://host/x"', "ftp://: is not an object store; use s3://, gs://, az:// or a folder"),
        ('landing = "s3://key:s3cr3t-word@bucket/x"', "credentials do not belong into this file"),
        ('landing = "s3://"', "names no bucket"),
        ('published = "s3://bucket/x"', "only landing files and exports are read from object stores"),
    ],
)
def test_only_object_stores_that_are_read_can_be_stated(company: Company, paths: str, said: str) -> None:
    company.states(f"[paths]\n{paths}\n")
    with pytest.raises(ConfigurationError) as raised:
        read_company(company.folder)
    assert said in str(raised.value)
    assert "s3cr3t-word" not in str(raised.value)


def test_the_copy_of_a_store_lies_in_the_folder_of_the_company(company: Company) -> None:
    company.states('[paths]\nlanding = "s3://bucket/raw/"\nexports = "az://box/exports"\n')
    found = company.settings
    assert found.raw == company.folder / "warehouse" / "copies" / "landing"
    assert {store.url: store.folder for store in found.stores} == {
        "s3://bucket/raw": found.raw,
        "az://box/exports": found.exports,
    }
    assert found.without_pulling().raw == found.raw


def test_a_landing_folder_that_is_named_comes_before_the_store(company: Company, tmp_path: Path) -> None:
    company.states('[paths]\nlanding = "s3://bucket/raw/"\n')
    (tmp_path / "raw").mkdir()
    found = Settings.resolve(raw=tmp_path / "raw", company=company.folder)
    assert (found.raw, found.stores) == (tmp_path / "raw", ())
    with pytest.raises(ConfigurationError, match=r"object stores are named in stayhouse.toml"):
        Settings.resolve(raw=Path("s3://bucket/raw"), company=company.folder)


def test_without_sources_there_is_nothing_to_pull(company: Company) -> None:
    done = CliRunner().invoke(app, ["pull", "acme"])
    assert (done.exit_code, "states no sources" in done.output) == (2, True)


def test_before_anything_is_pulled_the_command_is_named(company: Company) -> None:
    """validate looks at files only, and said that the landing folder is missing."""
    company.states(TOML)
    done = CliRunner().invoke(app, ["validate", "acme"])
    assert (done.exit_code, "stayhouse pull brings them" in " ".join(done.output.split())) == (2, True), done.output


@pytest.mark.skipif(find_spec("dlt") is not None, reason="dlt is installed here")
def test_without_the_extra_the_way_to_install_it_is_said(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "sqlite:///app.db")
    company.states(TOML)
    done = CliRunner().invoke(app, ["pull", "acme"])
    assert done.exit_code == 2
    assert "databases are read by dlt, which is not installed; pip install 'stayhouse[sources]'" in done.output


def test_files_at_hand_are_enough_when_nothing_is_to_be_pulled(company: Company) -> None:
    """Neither the database nor its address is needed by build --no-pull."""
    from stayhouse.orchestration.preflight import check_settings

    company.states(TOML)
    Landing(company.folder / "landing").csv("customers", [customer(1)])
    with pytest.raises(ConfigurationError, match="ACME_DATABASE_URL is not set"):
        check_settings(company.settings)
    check_settings(company.settings.without_pulling())
