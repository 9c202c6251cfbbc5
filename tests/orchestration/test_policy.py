"""Policy files are checked before anything is loaded; every fault names file, row and column."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from conftest import Landing, customer

from stayhouse.contract import REPO_ROOT
from stayhouse.demonstration.saas import POLICY_FOLDER
from stayhouse.orchestration.policy import SEEDS_FOLDER, PolicyError, prepare_policy
from stayhouse.orchestration.settings import ConfigurationError, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A company with the policy of the demonstration."""
    shutil.copytree(POLICY_FOLDER, tmp_path / "policy")
    return Settings(
        raw=tmp_path / "raw", policy=tmp_path / "policy", warehouse=tmp_path / "w.duckdb", publish=tmp_path / "p"
    )


def override(settings: Settings, seed: str, old: str = "", new: str = "", line: str = "") -> None:
    text = stated(settings, seed)
    assert old in text
    (settings.policy / f"{seed}.csv").write_text(text.replace(old, new, 1) + line)


def stated(settings: Settings, seed: str) -> str:
    """A policy file of the company, else the default."""
    own = settings.policy / f"{seed}.csv"
    return (own if own.exists() else SEEDS_FOLDER / own.name).read_text()


def test_without_own_files_the_seeds_are_used_as_they_are(settings):
    assert prepare_policy(replace(settings, policy=None)) == (SEEDS_FOLDER, [])


def test_own_files_stand_in_for_the_seeds_of_the_same_name(settings):
    folder, _ = prepare_policy(settings)
    assert (folder / "segments.csv").read_text() == (POLICY_FOLDER / "segments.csv").read_text()
    assert (folder / "playbooks.csv").read_text() == (SEEDS_FOLDER / "playbooks.csv").read_text()


def test_a_column_with_a_default_may_be_missing(settings):
    """A seed gained a column, and the policy folders of companies that had been written before were refused."""
    rows = stated(settings, "survey_metrics").replace(",headline_programme", "", 1).splitlines()
    cells = [line.replace(",true,relational,", ",true,").replace(",false,relational,", ",false,") for line in rows]
    cells = [line.replace(",false,transactional,", ",false,") for line in cells]
    (settings.policy / "survey_metrics.csv").write_text(
        "\n".join([*cells, "own,Own,mean,false,,,false,,ours,own"]) + "\n"
    )
    folder, _ = prepare_policy(settings)
    with (folder / "survey_metrics.csv").open(newline="") as stream:
        found = {row["metric_code"]: row["headline_programme"] for row in csv.DictReader(stream)}
    assert (found["nps"], found["csat"], found["own"]) == ("relational", "transactional", "")


HEADER = "threshold_code,threshold_value,unit,origin,reason\n"


def test_a_threshold_that_is_not_stated_keeps_its_value(settings):
    (settings.policy / "thresholds.csv").write_text(HEADER + "min_reliable_count,50,customers,ours,our own\n")
    folder, _ = prepare_policy(settings)
    with (folder / "thresholds.csv").open(newline="") as stream:
        found = {row["threshold_code"]: row["threshold_value"] for row in csv.DictReader(stream)}
    assert (found["min_reliable_count"], found["churn_grace_days"]) == ("50", "7")
    assert len(found) == len((SEEDS_FOLDER / "thresholds.csv").read_text().splitlines()) - 1


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            "chrun_grace_days,7,days,ours,a slip",
            "thresholds.csv, row 3, column threshold_code: nothing reads 'chrun_grace_days'; did you mean churn_grace_days",
        ),
        (
            "churn_grace_days,7.5,days,ours,half a day",
            "thresholds.csv, row 3, column threshold_value: 7.5 is not a whole number of days",
        ),
        (
            "churn_grace_days,1,weeks,ours,another unit",
            "thresholds.csv, row 3, column unit: 'weeks' must be 'days'; convert the value to it",
        ),
        (
            "churn_grace_days,nan,days,ours,no number",
            "thresholds.csv, row 3, column threshold_value: 'nan' is not of type double",
        ),
        (
            "churn_top_value_pct,120,percent,ours,too much",
            "thresholds.csv, row 3, column threshold_value: a percentage must be at most 100",
        ),
        (
            "activation_window_medium_days,31,days,ours,longer than the long one",
            "thresholds.csv, row 3, column threshold_value: the long window must be longer than the medium one "
            "(activation_window_medium_days is 31, activation_window_long_days is 30)",
        ),
        (
            "usage_run_gap_days,14,days,ours,as long as the default unit",
            "thresholds.csv, row 3, column threshold_value: shorter gaps are not stored, so the unit must be longer "
            "(usage_default_recency_unit_days is 14, usage_run_gap_days is 14)",
        ),
        (
            "usage_run_gap_days,14,days,ours,as long as the unit of a segment",
            "segments.csv, row 2, column recency_unit_days: shorter gaps are not stored, so the unit must be "
            "longer (recency_unit_days is 14, usage_run_gap_days is 14)",
        ),
    ],
)
def test_a_threshold_that_cannot_be_meant_is_named(settings, row, fault):
    """Row 2 is empty: rows count as they do in a spreadsheet."""
    (settings.policy / "thresholds.csv").write_text(f"{HEADER},,,,\n{row}\n")
    with pytest.raises(PolicyError) as raised:
        prepare_policy(settings)
    assert any(found.startswith(fault) for found in raised.value.faults), raised.value.faults


def test_every_unit_of_a_threshold_has_a_type_and_every_threshold_a_column():
    entries = yaml.safe_load((SEEDS_FOLDER / "_seeds.yml").read_text())["seeds"]
    units = next(entry for entry in entries if entry["name"] == "thresholds")["config"]["meta"]["units"]
    folder = REPO_ROOT / "models" / "core" / "policy"
    columns = {
        column["name"]: (column["data_type"], column["description"])
        for column in yaml.safe_load((folder / "policy.yml").read_text())["models"][0]["columns"]
    }
    with (SEEDS_FOLDER / "thresholds.csv").open(newline="") as stream:
        rows = {row["threshold_code"]: row for row in csv.DictReader(stream)}
    assert list(columns) == list(rows)
    for code, row in rows.items():
        kind, description = columns[code]
        assert kind == units[row["unit"]], code
        assert row["reason"][1:] in description, code


@pytest.mark.parametrize(
    ("seed", "kept", "fault"),
    [
        (
            "next_steps",
            1,
            "next_steps.csv, column step_code: a row is missing for keep_promise, close_case, work_alert,",
        ),
        ("contact_channels", 1, "contact_channels.csv, column channel_code: a row is missing for email, sms, push,"),
        ("plans", 1, "plan_components.csv, row"),
        ("event_catalogue", 1, "key_actions.csv, row"),
        ("surveys", 1, "survey_questions.csv, row"),
        ("playbooks", 1, "alert_rules.csv (default), row"),
        ("hour_bands", 1, "hour_bands.csv, column from_hour: the bands must cover each hour of the day once"),
        ("tenure_bands", 0, "tenure_bands.csv, column months_from: exactly one band must begin with month 0"),
        (
            "rfm_bands",
            4,
            "rfm_bands.csv, row 5, column to_value: exactly one band of the measure must begin where this one ends",
        ),
        (
            "tenure_bands",
            1,
            "tenure_bands.csv, row 2, column months_to: exactly one band must begin where this one ends",
        ),
    ],
)
def test_a_file_of_a_few_rows_is_refused_with_what_is_missing(settings, seed, kept, fault):
    lines = stated(settings, seed).splitlines()
    (settings.policy / f"{seed}.csv").write_text("\n".join(lines[: 1 + kept]) + "\n")
    with pytest.raises(PolicyError) as raised:
        prepare_policy(settings)
    assert any(found.startswith(fault) for found in raised.value.faults), raised.value.faults


@pytest.mark.parametrize(
    ("seed", "old", "new", "line", "words"),
    [
        ("segments", "scheme,title", "schema,title", "", ["segments.csv, row 1, column schema", "no such column"]),
        ("segments", "scheme,title", "schema,title", "", ["segments.csv, row 1, column scheme", "missing"]),
        ("segments", "sender,usage,", "sender,usages,", "", ["segments.csv, row 2, column scheme", "'usages'"]),
        ("segments", "false,7,14,3,90", "false,0,14,3,90", "", ["row 2, column expected_usage_interval_days", "below 1"]),
        ("segments", "false,7,14,3,90", "false,weekly,14,3,90", "", ["'weekly' is not of type integer"]),
        ("segments", "sender,usage,", ",usage,", "", ["segments.csv, row 2, column segment_code", "is empty but required"]),
        ("segments", "", "", "sender,usage,Again,false,false,7,14,2,90,,,,,,,,,ours,twice\n", ["repeats the key of segments.csv, row 2"]),
        ("segments", "usage,Sends bulk mailings,false", "usage,Sends bulk mailings,true", "own,usage,Own,true,false,7,14,3,90,,,,,,,,,ours,own\n",
            ["segments.csv, row 2, column is_default: only one segment of a scheme can be its default"]),
        ("segments", "long_tail,value,", "all,value,", "", ["row 7, column segment_code: the marts use this code for all customers"]),
        ("thresholds", "usage,0,switch", "usage,2,switch", "", ["column threshold_value: a switch is 1 (on) or 0 (off)"]),
        ("segments", "", "", "new,usage,Short\n", ["segments.csv, row 8", "cells"]),
        ("segment_components", "sender,contacts,", "sendr,contacts,", "", ["column segment_code: 'sendr' is not in segments"]),
        ("segment_components", ",80,ours", ",180,ours", "", ["column target_adoption_pct: 180 is above 100"]),
        ("key_actions", "mailing_created|template_edited", "mailing_created|tempalte", "", ["'tempalte' is not in event_cat"]),
        ("key_actions", "2020-01-01,2025-01-01", "2020-01-01,2019-01-01", "", ["column valid_to: 2019-01-01 does not lie after"]),
        ("key_actions", "2020-01-01,2025-01-01", "2020-01-01,2025-06-01", "", ["column valid_from", "inside the period of key_actions.csv, row"]),
        ("metric_targets", "*,>=,60", "*,=>,60", "", ["column comparator: '=>'"]),
        ("contact_channels", "true,20,9", "true,20,", "", ["row 2, column quiet_to_hour: quiet hours need both ends"]),
        ("hour_bands", "Early morning,7,10", "Early morning,6,10", "", ["row 3, column from_hour: the band overlaps another"]),
        ("rfm_bands", "recency,1,rank", "recency,1,value", "", ["column basis: all bands of a measure must have one basis"]),
        ("rfm_bands", "recency,1,rank,0", "recency,1,rank,5", "", ["column from_value: the first band of the measure must begin with 0"]),
        ("rfm_segments", "Loyal,2,3,5", "Loyal,1,3,5", "", ["column priority: another segment has the same priority"]),
        ("rfm_segments", "loyal,", "unassigned,", "", ["column rfm_segment_code: all and unassigned are names of rows"]),
        ("cx_audit_criteria", "metric,usable_channel_pct,", "metric,,", "", ["column metric_code: a criterion by metric names one"]),
        ("cx_audit_criteria", "1,client_safety", "2,client_safety", "", ["column part_code: a part has one number"]),
        ("cx_audit_scores", "", "", "nothing,2025-01-01,50,ours,seen\n", ["column criterion_code: 'nothing' is not in cx_audit"]),
        ("opening_hours", "", "", "chat,1,12,20,false,ours,twice\n", ["column from_hour: the hours overlap others of the chan"]),
        ("contact_effectiveness", "email,clicked,10,,,", "email,clicked,10,,true,", "", ["only openings can be by a robot"]),
        ("contact_effectiveness", "30,conversation", "30,talk", "", ["column required_outcome: 'talk' is not in contact_outc"]),
        ("segment_components", "true,true,", "false,true,", "", ["column is_critical: a critical component must be relevant"]),
        ("alert_rules", "events,29,25,0,", "events,29,25,60,", "", ["row 4, column holdout_pct: 60 is above 50"]),
        ("alert_rules", "billing,0,90,0,", "billing,0,90,10,", "", ["column holdout_pct: a notice says that a churn was announced"]),
        ("survey_questions", ",0,10,9,6,", ",10,0,9,6,", "", ["column scale_max: the highest score must lie above the lowest"]),
    ],
)  # fmt: skip
def test_faults_are_named_with_file_row_and_column(settings, seed, old, new, line, words):
    override(settings, seed, old, new, line)
    with pytest.raises(PolicyError) as raised:
        prepare_policy(settings)
    assert any(all(word in fault for word in words) for fault in raised.value.faults), raised.value.faults


def test_a_file_that_is_no_seed_is_an_error(settings):
    (settings.policy / "segmets.csv").write_text("segment_code\n")
    with pytest.raises(PolicyError, match=r"segmets\.csv: no policy seed has this name"):
        prepare_policy(settings)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("segments.csv", "segment_code,scheme\n".encode("utf-16"), "segments.csv: is UTF-16; save it as CSV UTF-8"),
        ("segments.csv", "segment_code,scheme\n".encode("utf-16-le"), "segments.csv: is UTF-16; save it as CSV UTF-8"),
        ("segments.csv", "segment_code\nM\xfcller\n".encode("latin-1"), "segments.csv: is not UTF-8 (byte 15); save it"),
        ("segments.csv", b"segment_code;scheme;title\na;usage;A\n", "segments.csv: its cells are separated by semicolons;"),
        ("segments.csv", b"segment_code\tscheme\ttitle\n", "segments.csv: its cells are separated by tabs;"),
        ("segments.csv", b'segment_code\n"open\n', "segments.csv, line 2: is not CSV (unexpected end of data); check its"),
        ("segments.xlsx", b"PK", "segments.xlsx: policy files are CSV, so this one would not be read; save it as segments.csv"),
        ("Segments.CSV", b"", "Segments.CSV: no policy seed has this name; did you mean segments"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_as_policy_is_named(settings, name, content, fault):
    """A workbook beside the policy was passed over, and a UTF-16 file stopped the run with a traceback."""
    (settings.policy / "segments.csv").unlink()
    (settings.policy / name).write_bytes(content)
    with pytest.raises(PolicyError) as raised:
        prepare_policy(settings)
    assert [found for found in raised.value.faults if found.startswith(fault)], raised.value.faults


def test_a_link_to_nowhere_in_the_policy_is_named(settings):
    (settings.policy / "segments.csv").unlink()
    (settings.policy / "segments.csv").symlink_to("/nowhere/segments.csv")
    with pytest.raises(PolicyError, match=r"segments\.csv: is a link to /nowhere/segments\.csv, which does not exist"):
        prepare_policy(settings)


def test_a_workbook_whose_csv_is_there_too_is_no_fault(settings):
    override(settings, "segments")
    for name in ("segments.xlsx", "~$segments.xlsx", "notes.txt"):
        (settings.policy / name).write_bytes(b"PK")
    assert prepare_policy(settings)[0] != SEEDS_FOLDER


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "1_000", "\u0663", "99999999999"])
def test_a_number_that_only_python_understands_is_refused(settings, value):
    """`nan` passed every comparison with a bound."""
    (settings.policy / "thresholds.csv").write_text(f"{HEADER}min_reliable_count,{value},customers,ours,mine\n")
    override(settings, "segments", "false,7,14,3,90", f"false,{value},14,3,90")
    with pytest.raises(PolicyError) as raised:
        prepare_policy(settings)
    places = {fault.split(",")[0] for fault in raised.value.faults}
    assert "segments.csv" in places, raised.value.faults
    assert value == "99999999999" or "thresholds.csv" in places, raised.value.faults


def test_a_date_that_only_python_understands_is_refused(settings):
    override(settings, "key_actions", "2020-01-01,2025-01-01", "20200101,2025-01-01")
    with pytest.raises(PolicyError, match="'20200101' is not of type date"):
        prepare_policy(settings)


def test_a_segment_without_customers_is_named(settings, tmp_path):
    landing = Landing(settings.raw)
    landing.csv("customers", [customer(1)])
    row = {"customer_id": "c1", "scheme": "usage", "valid_from": "2025-01-01", "ingested_at": "2025-03-31"}
    landing.csv("customer_segments", [row | {"segment_code": "sender"}, row | {"segment_code": "baker"}])
    _, warnings = prepare_policy(settings)
    assert "segments.csv, row 3, column segment_code: no customer is in segment 'shop'; check its spelling" in warnings
    assert not any("'sender'" in warning or "'baker'" in warning for warning in warnings)


def test_the_default_segment_needs_no_customer_in_the_data(settings):
    """The source never names it: it holds where the source gives a customer no segment."""
    landing = Landing(settings.raw)
    landing.csv("customers", [customer(1)])
    row = {"customer_id": "c1", "scheme": "usage", "valid_from": "2025-01-01", "ingested_at": "2025-03-31"}
    landing.csv("customer_segments", [row | {"segment_code": "sender"}])
    override(settings, "segments", "usage,Agency that works for several brands,false", "usage,Agency,true")
    _, warnings = prepare_policy(settings)
    assert any("'shop'" in warning for warning in warnings)
    assert not any("'agency'" in warning for warning in warnings)


def test_settings_name_the_warehouse_after_the_landing_folder(tmp_path, monkeypatch):
    (tmp_path / "shop" / "raw").mkdir(parents=True)
    (tmp_path / "shop" / "policy").mkdir()
    settings = Settings.resolve(raw=tmp_path / "shop" / "raw")
    assert (settings.warehouse.name, settings.publish.name) == ("shop.duckdb", "shop")
    assert settings.policy == tmp_path / "shop" / "policy"
    monkeypatch.setenv("STAYHOUSE_WAREHOUSE", str(tmp_path / "w.duckdb"))
    assert Settings.resolve(raw=tmp_path / "shop" / "raw").warehouse == tmp_path / "w.duckdb"
    monkeypatch.setenv("STAYHOUSE_TIMEZONE", "Europe/Nowhere")
    with pytest.raises(ConfigurationError, match="Europe/Nowhere: no such time zone"):
        Settings.resolve(raw=tmp_path)
    with pytest.raises(ConfigurationError, match=": no such policy folder"):
        Settings.resolve(raw=tmp_path, policy=tmp_path / "elsewhere")
