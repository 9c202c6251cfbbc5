"""A company is a folder: where its things lie, what its stayhouse.toml may state, and what comes before it."""

from __future__ import annotations

import csv
import re
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import Landing, customer
from typer.testing import CliRunner

from stayhouse import demonstration
from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.cli import Pack, app
from stayhouse.orchestration.company import KEYS, ConfigurationError, as_table, read_company
from stayhouse.orchestration.erasure import _what_is_left
from stayhouse.orchestration.metric_definitions import _thresholds
from stayhouse.orchestration.policy import SEEDS_FOLDER, PolicyError, prepare_policy
from stayhouse.orchestration.settings import Settings, choose_company
from stayhouse.shaping.packaged import packaged_tools

pytestmark = pytest.mark.slow


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A company of this name; commands run beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DBT_TARGET_PATH")

    def made(toml: str = "", name: str = "acme") -> Path:
        folder = tmp_path / name
        Landing(folder / "landing").csv("customers", [customer(1)])
        (folder / "stayhouse.toml").write_text(toml)
        return folder

    return made


def test_everything_of_a_company_lies_in_its_folder(make) -> None:
    """Two companies shared dbt's artifacts and Dagster's history, and a run of one could disturb the other."""
    acme, other = make(), make(name="other")
    found = Settings.resolve(company=acme)
    places = [found.raw, found.warehouse, found.publish, found.target, found.work, found.erasure, found.history,
              found.policy_copies, found.policy_folder, found.exports, found.shapes]  # fmt: skip
    assert [place for place in places if place and not place.is_relative_to(acme)] == []
    assert len(set(places)) == len(places)
    assert found.raw == acme / "landing"
    assert found.warehouse == acme / "warehouse" / "acme.duckdb"
    assert found.publish == acme / "published"
    assert found.company == acme
    assert found.name == "acme"
    assert Settings.resolve(company=other).warehouse == other / "warehouse" / "other.duckdb"


def test_the_argument_comes_before_the_variable_and_the_working_folder(make, monkeypatch) -> None:
    acme, other, here = make(), make(name="other"), make(name="here")
    monkeypatch.chdir(here)
    assert Settings.resolve().company == here
    monkeypatch.setenv("STAYHOUSE_COMPANY", str(other))
    assert Settings.resolve().company == other
    assert Settings.resolve(company=Path("../acme")).company == acme


def test_options_come_before_variables_and_variables_before_the_file(make, monkeypatch, tmp_path) -> None:
    acme = make('timezone = "Europe/Berlin"\nlists_per_owner = true\nkept_releases = 7\n[paths]\npublished = "out"\n')
    found = Settings.resolve(company=acme)
    assert (found.business_timezone, found.source_timezone) == ("Europe/Berlin", "UTC")
    assert (found.lists_per_owner, found.kept_releases, found.publish) == (True, 7, acme / "out")
    monkeypatch.setenv("STAYHOUSE_TIMEZONE", "America/New_York")
    monkeypatch.setenv("STAYHOUSE_LISTS_PER_OWNER", "false")
    monkeypatch.setenv("STAYHOUSE_KEPT_RELEASES", "2")
    monkeypatch.setenv("STAYHOUSE_PUBLISH", str(tmp_path / "elsewhere"))
    found = Settings.resolve(company=acme)
    assert (found.business_timezone, found.lists_per_owner, found.kept_releases) == ("America/New_York", False, 2)
    assert found.publish == tmp_path / "elsewhere"
    assert Settings.resolve(publish=tmp_path / "third", company=acme).publish == tmp_path / "third"


def test_a_landing_folder_without_a_company_works_as_before(make, tmp_path) -> None:
    make()
    for landing in (tmp_path / "shop" / "raw", tmp_path / "shop" / "landing", tmp_path / "shop"):
        landing.mkdir(parents=True, exist_ok=True)
        found = Settings.resolve(raw=landing)
        assert (found.company, found.name, found.statements) == (None, None, ())
        assert found.warehouse == tmp_path / "warehouse" / "shop.duckdb"
        assert found.publish == tmp_path / "published" / "shop"
        assert found.target == tmp_path / "target"


def test_without_any_company_the_message_says_how_to_get_one(make) -> None:
    result = CliRunner().invoke(app, ["build"])
    assert result.exit_code == 2
    output = " ".join(result.output.split())
    assert "no company is named" in output
    assert "stayhouse init" in output
    assert "stayhouse demo" in output


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('timezone = "Europe/Berln"', "timezone: Europe/Berln: no such time zone; did you mean Europe/Berlin?"),
        ('time_zone = "UTC"', "time_zone: no such key; did you mean timezone"),
        ("timezone = 1", "timezone: 1 is not text in quotes"),
        ('lists_per_owner = "yes"', "lists_per_owner: 'yes' is not true or false"),
        ("kept_releases = true", "kept_releases: True is not a whole number"),
        ("kept_releases = 0", "kept_releases: 0: must be 1 or more"),
        ('reporting_currency = "euro"', "reporting_currency: euro: is not a currency; use an ISO 4217 code like EUR"),
        ('week_start = "mon"', "week_start: 'mon': is not known; did you mean monday"),
        ('target = "oracle"', "target: 'oracle': is not known; known are duckdb, postgres"),
        ('first_day = "soon"', "first_day: soon: is not a date; write it like 2015-01-01"),
        ("first_day = 2015-01-01T00:00:00", "first_day: 2015-01-01 00:00:00: is not a date"),
        ('name = " "', "name: is empty; give a value or remove the line"),
        ('paths = "landing"', "paths: is a section; write [paths] on a line of its own"),
        ('[paths]\nlandng = "x"', "paths.landng: no such key; did you mean paths.landing"),
        ("[budgets]\nalerts_per_owner = 0", "budgets.alerts_per_owner: 0: must be 1 or more"),
        ('[feeds.event]\nrule = "required"', "feeds.event: no such raw table; did you mean events"),
        ('[feeds.events]\nrule = "require"', "feeds.events.rule: 'require': is not known; did you mean required"),
        ("[feeds.events]\ndelay = 3", "feeds.events.delay: no such key; known are rule, tolerated_delay_days"),
        ("[feeds]\nevents = 3", "feeds.events: is a section; write [feeds.events], and rule and tolerated_delay_days"),
        ("name = Acme", "is not TOML"),
        ('name = "a"\nname = "b"', "is not TOML"),
    ],
)  # fmt: skip
def test_a_fault_of_the_file_names_file_key_value_and_way_out(make, toml: str, message: str) -> None:
    acme = make(toml)
    result = CliRunner().invoke(app, ["status", str(acme)])
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert str(acme / "stayhouse.toml") in result.output
    assert message in " ".join(result.output.split())


def test_every_fault_of_the_file_is_named_at_once(make) -> None:
    with pytest.raises(ConfigurationError) as found:
        read_company(make('timezone = "Mars"\nnme = "Acme"\n[feeds.events]\nrule = 1\n'))
    assert [line.split(", ", 1)[1].split(":")[0] for line in str(found.value).splitlines()] == [
        "timezone", "nme", "feeds.events.rule",
    ]  # fmt: skip


def test_a_company_without_its_file_or_its_folder_is_bad_input(make, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match=r"empty: has no stayhouse\.toml"):
        Settings.resolve(company=tmp_path / "empty")
    with pytest.raises(ConfigurationError, match="nowhere: no such company; name its folder"):
        Settings.resolve(company=tmp_path / "nowhere")
    acme = make('[paths]\npolicy = "rules"\n')
    with pytest.raises(ConfigurationError, match="rules: no such policy folder"):
        Settings.resolve(company=acme)


def rows(settings: Settings, seed: str, key: str) -> dict[str, dict[str, str]]:
    folder, _ = prepare_policy(settings)
    with (folder / f"{seed}.csv").open(newline="") as stream:
        return {row[key]: row for row in csv.DictReader(stream)}


POLICY = """
week_start = "sunday"
[budgets]
alerts_per_owner = 9
[feeds.events]
tolerated_delay_days = 10
[feeds.contacts]
rule = "optional"
"""


def test_policy_of_the_file_lies_over_the_defaults(make) -> None:
    settings = Settings.resolve(company=make(POLICY))
    thresholds, feeds = rows(settings, "thresholds", "threshold_code"), rows(settings, "feeds", "table_name")
    assert thresholds["week_starts_on"]["threshold_value"] == "7"
    assert thresholds["alert_budget_owner"]["threshold_value"] == "9"
    assert thresholds["alert_budget_queue"]["threshold_value"] == "10"
    assert (feeds["events"]["feed_rule"], feeds["events"]["tolerated_delay_days"]) == ("expected", "10")
    assert (feeds["contacts"]["feed_rule"], feeds["contacts"]["tolerated_delay_days"]) == ("optional", "14")
    assert prepare_policy(settings)[0].is_relative_to(settings.company)


def test_an_explanation_says_that_the_company_has_stated_a_threshold(make) -> None:
    """A threshold of stayhouse.toml was shown as a default."""
    settings = Settings.resolve(company=make(POLICY))
    shown = _thresholds(prepare_policy(settings)[0], settings.policy)
    assert (shown["week_starts_on"]["file"], shown["week_starts_on"]["value"]) == ("company", "7")
    assert shown["alert_budget_queue"]["file"] == "default"


def test_policy_of_the_file_lies_over_files_that_state_other_rows(make) -> None:
    acme = make(POLICY)
    (acme / "policy").mkdir()
    (acme / "policy" / "thresholds.csv").write_text(
        "threshold_code,threshold_value,unit,origin,reason\nalert_budget_queue,20,alerts per working day,ours,a team\n"
    )
    thresholds = rows(Settings.resolve(company=acme), "thresholds", "threshold_code")
    assert thresholds["alert_budget_queue"]["threshold_value"] == "20"
    assert thresholds["alert_budget_owner"]["threshold_value"] == "9"


def test_policy_that_is_stated_twice_names_both_places(make) -> None:
    acme = make(POLICY)
    (acme / "policy").mkdir()
    (acme / "policy" / "feeds.csv").write_text(
        "table_name,feed_rule,tolerated_delay_days,origin,reason\nevents,required,5,ours,daily\n"
    )
    with pytest.raises(PolicyError) as found:
        prepare_policy(Settings.resolve(company=acme))
    assert found.value.faults == [
        "stayhouse.toml, feeds.events: feeds.csv, row 2 states events as well; remove one of the two"
    ]


def test_a_value_that_policy_does_not_allow_names_the_key(make) -> None:
    """Limits between numbers are those of policy files, and the message names the place where the number is stated."""
    with pytest.raises(PolicyError, match=r"stayhouse\.toml, budgets\.alerts_per_owner, column threshold_value"):
        prepare_policy(Settings.resolve(company=make("[budgets]\nalerts_per_owner = 99999999999\n")))


def test_defaults_of_keys_are_those_of_the_policy(make) -> None:
    settings = Settings.resolve(company=make())
    assert prepare_policy(settings)[0] == SEEDS_FOLDER
    thresholds = rows(settings, "thresholds", "threshold_code")
    stated = {key.name: key.default for key in KEYS if key.threshold and key.name != "week_start"}
    assert {key.name: thresholds[key.threshold]["threshold_value"] for key in KEYS if key.name in stated} == stated
    assert len(stated) == 4
    assert thresholds["week_starts_on"]["threshold_value"] == "1"


def test_the_default_of_every_key_can_be_written(make) -> None:
    """A key whose shown default is refused misleads; the file with every key is the company with none."""
    lines: dict[str, list[str]] = {"": []}
    for key in KEYS:
        section, _, name = key.name.rpartition(".")
        lines.setdefault(section, []).append(f"{name} = {key.default.replace('<name of the folder>', 'acme')}")
    text = "\n".join([*lines.pop(""), *(f"[{name}]\n" + "\n".join(body) for name, body in lines.items())])
    assert len(tomllib.loads(text)) > 8
    acme = make(text)
    (acme / "policy").mkdir()
    every, none = Settings.resolve(company=acme), Settings.resolve(company=make(name="none"))
    assert (every.raw, every.warehouse, every.publish) == (
        acme / "landing", acme / "warehouse" / "acme.duckdb", acme / "published",
    )  # fmt: skip
    for name in ("business_timezone", "source_timezone", "first_day", "kept_releases", "lists_per_owner"):
        assert getattr(every, name) == getattr(none, name)


def test_messages_of_a_company_name_its_file(make) -> None:
    """A summary named an environment variable to people who keep their settings in a file."""
    acme = Settings.resolve(company=make())
    assert acme.where_to_set("reporting_currency", "X") == f"reporting_currency in {acme.company / 'stayhouse.toml'}"
    assert Settings.resolve(raw=acme.raw).where_to_set("reporting_currency", "X") == "X"


def test_the_documentation_has_every_key_with_its_default() -> None:
    assert as_table() in (REPO_ROOT / "docs" / "company.md").read_text(), (
        "docs/company.md: replace the table of keys by this\n" + as_table()
    )


@pytest.mark.parametrize("pack", [pack.value for pack in Pack])
def test_a_demonstration_pack_is_a_company(tmp_path: Path, pack: str) -> None:
    """Nothing of the demonstration may apply to another company, so its policy and settings lie in its folder."""
    policy = demonstration.write_company(pack, tmp_path / pack)
    settings = Settings.resolve(company=tmp_path / pack)
    assert settings.name != pack
    assert settings.reporting_currency
    assert settings.policy == policy
    assert {file.name for file in policy.iterdir()} == {file.name for file in demonstration.policy_of(pack).iterdir()}
    prepare_policy(settings)
    (tmp_path / pack / "stayhouse.toml").write_text('name = "Mine"\n')
    demonstration.write_company(pack, tmp_path / pack)
    assert Settings.resolve(company=tmp_path / pack).name == "Mine"


def init(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["init", *arguments])
    return result.exit_code, " ".join(result.output.split())


def test_init_makes_a_company_that_states_only_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new company that begins with the policy of another shows components and currencies that it does not have."""
    monkeypatch.chdir(tmp_path)
    code, output = init("acme")
    assert code == 0
    assert "stayhouse build acme" in output
    settings = Settings.resolve(company=tmp_path / "acme")
    assert (settings.name, settings.business_timezone, settings.reporting_currency) == ("acme", "UTC", None)
    assert settings.raw.is_dir()
    assert settings.policy
    assert prepare_policy(settings)[0] == SEEDS_FOLDER


def test_every_comment_of_a_new_company_can_be_taken_in(tmp_path: Path) -> None:
    """A line that somebody takes the sign of a comment from must be right as it is."""
    assert init(str(tmp_path / "acme"))[0] == 0
    file = tmp_path / "acme" / "stayhouse.toml"
    text = re.sub(r"(?m)^# (\w+ = |\[)", r"\1", file.read_text())
    file.write_text(text)
    company = read_company(file.parent)
    assert {key.name for key in KEYS} == set(company.values)
    assert [statement.seed for statement in company.policy].count("feeds") == 1


def test_init_names_the_company_after_a_folder_with_any_name(tmp_path: Path) -> None:
    folder = tmp_path / 'Bäcker "& Söhne"'
    assert init(str(folder))[0] == 0
    assert Settings.resolve(company=folder).name == folder.name


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "notes.txt").write_text("mine")
    code, output = init(str(tmp_path / "acme"))
    assert (code, "acme: is not empty; choose another folder" in output) == (2, True)
    assert [file.name for file in (tmp_path / "acme").iterdir()] == ["notes.txt"]


def test_init_says_what_it_cannot_do(tmp_path: Path) -> None:
    """A file was called a folder that is not empty, and examples of no tool were ignored."""
    (tmp_path / "notes").write_text("mine")
    code, output = init(str(tmp_path / "notes"))
    assert (code, "notes: is a file; choose another folder" in output) == (2, True)
    assert (tmp_path / "notes").read_text() == "mine"
    code, output = init(str(tmp_path / "acme"), "--with-examples")
    assert (code, "add --from" in output, (tmp_path / "acme").exists()) == (2, True, False)


def test_init_copies_the_shapes_of_the_named_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = tmp_path / "package"
    for tool in ("stripe", "zendesk"):
        (shapes / tool / "example").mkdir(parents=True)
        (shapes / tool / "customers.sql").write_text(f"select * from {tool}")
        (shapes / tool / "README.md").write_text("Fields.")
    module = sys.modules["stayhouse.orchestration.commands.init"]
    monkeypatch.setattr(module, "packaged_tools", lambda: packaged_tools(shapes))
    code, output = init(str(tmp_path / "acme"), "--from", "stripe, ZENDESK")
    assert code == 0
    assert "exports/stripe/" in output
    assert (tmp_path / "acme" / "shapes" / "zendesk" / "_customers.sql").read_text() == "select * from zendesk"
    assert (tmp_path / "acme" / "shapes" / "stripe" / "README.md").exists()
    assert not (tmp_path / "acme" / "shapes" / "stripe" / "example").exists()
    assert (tmp_path / "acme" / "exports" / "zendesk").is_dir()
    code, output = init(str(tmp_path / "other"), "--from", "strip")
    assert (code, "--from strip: no shapes" in output, "did you mean stripe" in output) == (2, True, True)
    assert not (tmp_path / "other").exists()


def test_init_copies_examples_to_try_the_shapes_with(tmp_path: Path) -> None:
    for arguments in ([], ["--with-examples"]):
        folder = tmp_path / f"company{len(arguments)}"
        code, output = init(str(folder), "--from", "stripe,mixpanel,stripe", *arguments)
        assert code == 0
        assert ("put your files into" in output) == (not arguments)
        assert any((folder / "exports" / "mixpanel").iterdir()) == bool(arguments)


def test_dev_names_the_company_to_what_it_starts(make, monkeypatch) -> None:
    """The daemon would look for a company in the folder that it was started in."""
    monkeypatch.setenv("STAYHOUSE_COMPANY", "")
    settings = Settings.resolve(company=make())
    choose_company(settings)
    assert Settings.resolve() == settings


def test_an_erasure_names_exports_that_still_hold_the_customer(make) -> None:
    """Exports are the tools' own files, so nothing rewrites them; without a word about them the erasure would look complete."""
    acme = make()
    (acme / "exports" / "billing").mkdir(parents=True)
    (acme / "exports" / "billing" / "customers.csv").write_text("id\nc0000042\n")
    left = _what_is_left(Settings.resolve(company=acme), acme / "warehouse" / ".dagster", {"c0000042"})
    assert [line.split(": ")[0] for line in left] == [str(acme / "exports" / "billing" / "customers.csv")]


def test_a_company_without_its_landing_folder_names_the_key(make) -> None:
    acme = make('[paths]\nlanding = "files"\n')
    result = CliRunner().invoke(app, ["build", str(acme)])
    assert result.exit_code == 2
    assert f"give the right one with [paths] landing in {acme / 'stayhouse.toml'}" in " ".join(result.output.split())
