"""Policy files are checked before anything is loaded; every fault names file, row and column."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Landing, customer

from orchestration.policy import SEEDS_FOLDER, PolicyError, prepare_policy
from orchestration.settings import ConfigurationError, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "policy").mkdir()
    return Settings(
        raw=tmp_path / "raw", policy=tmp_path / "policy", warehouse=tmp_path / "w.duckdb", publish=tmp_path / "p"
    )


def override(settings: Settings, seed: str, old: str = "", new: str = "", line: str = "") -> None:
    text = (SEEDS_FOLDER / f"{seed}.csv").read_text()
    assert old in text
    (settings.policy / f"{seed}.csv").write_text(text.replace(old, new, 1) + line)


def test_without_own_files_the_seeds_are_used_as_they_are(settings):
    assert prepare_policy(replace(settings, policy=None)) == (SEEDS_FOLDER, [])


def test_own_files_stand_in_for_the_seeds_of_the_same_name(settings):
    override(settings, "thresholds", "min_reliable_count,30,", "min_reliable_count,50,")
    folder, _ = prepare_policy(settings)
    assert "min_reliable_count,50," in (folder / "thresholds.csv").read_text()
    assert (folder / "segments.csv").read_text() == (SEEDS_FOLDER / "segments.csv").read_text()


def test_a_column_with_a_default_may_be_missing(settings):
    """A seed gained a column, and the policy folders of companies that had been written before were refused."""
    rows = (SEEDS_FOLDER / "survey_metrics.csv").read_text().replace(",headline_programme", "", 1).splitlines()
    cells = [line.replace(",true,relational,", ",true,").replace(",false,relational,", ",false,") for line in rows]
    cells = [line.replace(",false,transactional,", ",false,") for line in cells]
    (settings.policy / "survey_metrics.csv").write_text("\n".join([*cells, "own,Own,mean,false,ours,own"]) + "\n")
    folder, _ = prepare_policy(settings)
    with (folder / "survey_metrics.csv").open(newline="") as stream:
        found = {row["metric_code"]: row["headline_programme"] for row in csv.DictReader(stream)}
    assert (found["nps"], found["csi"], found["own"]) == ("relational", "transactional", "")


def test_a_threshold_that_is_not_stated_keeps_its_value(settings):
    """The policy gained thresholds, and companies whose file had been written before published nothing any more."""
    own = "threshold_code,threshold_value,unit,origin,reason\nmin_reliable_count,50,customers,ours,our own\n"
    (settings.policy / "thresholds.csv").write_text(own)
    folder, _ = prepare_policy(settings)
    with (folder / "thresholds.csv").open(newline="") as stream:
        found = {row["threshold_code"]: row["threshold_value"] for row in csv.DictReader(stream)}
    assert (found["min_reliable_count"], found["churn_grace_days"]) == ("50", "7")
    assert len(found) == len((SEEDS_FOLDER / "thresholds.csv").read_text().splitlines()) - 1


@pytest.mark.parametrize(
    ("seed", "old", "new", "line", "words"),
    [
        ("segments", "scheme,title", "schema,title", "", ["segments.csv, row 1, column schema", "no such column"]),
        ("segments", "scheme,title", "schema,title", "", ["segments.csv, row 1, column scheme", "missing"]),
        ("segments", "sender,usage,", "sender,usages,", "", ["segments.csv, row 2, column scheme", "'usages'"]),
        ("segments", "false,7,14,3,90", "false,0,14,3,90", "", ["row 2, column expected_usage_interval_days", "below 1"]),
        ("segments", "false,7,14,3,90", "false,weekly,14,3,90", "", ["'weekly' is no integer"]),
        ("segments", "sender,usage,", ",usage,", "", ["segments.csv, row 2, column segment_code", "is empty but required"]),
        ("segments", "", "", "sender,usage,Again,false,7,14,2,90,,,,,,,,ours,twice\n", ["repeats the key of row 2"]),
        ("segments", "", "", "new,usage,Short\n", ["segments.csv, row 8", "cells"]),
        ("segment_components", "sender,contacts,", "sendr,contacts,", "", ["column segment_code: 'sendr' is not in segments"]),
        ("segment_components", ",80,ours", ",180,ours", "", ["column target_adoption_pct: 180 is above 100"]),
        ("key_actions", "mailing_created|template_edited", "mailing_created|tempalte", "", ["'tempalte' is not in event_cat"]),
        ("key_actions", "2020-01-01,2025-01-01", "2020-01-01,2019-01-01", "", ["column valid_to: 2019-01-01 does not lie after"]),
        ("key_actions", "2020-01-01,2025-01-01", "2020-01-01,2025-06-01", "", ["column valid_from", "inside the period of row"]),
        ("metric_targets", "*,>=,60", "*,=>,60", "", ["column comparator: '=>'"]),
    ],
)  # fmt: skip
def test_faults_are_told_with_file_row_and_column(settings, seed, old, new, line, words):
    override(settings, seed, old, new, line)
    with pytest.raises(PolicyError) as raised:
        prepare_policy(settings)
    assert any(all(word in fault for word in words) for fault in raised.value.faults), raised.value.faults


def test_a_file_that_is_no_seed_is_an_error(settings):
    (settings.policy / "segmets.csv").write_text("segment_code\n")
    with pytest.raises(PolicyError, match=r"segmets\.csv: there is no policy seed of this name"):
        prepare_policy(settings)


def test_a_segment_without_customers_and_customers_without_a_segment_are_told(settings, tmp_path):
    landing = Landing(settings.raw)
    landing.csv("customers", [customer(1)])
    row = {"customer_id": "c1", "scheme": "usage", "valid_from": "2025-01-01", "ingested_at": "2025-03-31"}
    landing.csv("customer_segments", [row | {"segment_code": "sender"}, row | {"segment_code": "baker"}])
    _, warnings = prepare_policy(settings)
    assert "segments.csv, row 3, column segment_code: no customer is in segment 'shop'; check its spelling" in warnings
    assert any("customers are in segment 'baker', which has no row" in warning for warning in warnings)
    assert not any("'sender'" in warning for warning in warnings)


def test_settings_name_the_warehouse_after_the_landing_folder(tmp_path, monkeypatch):
    (tmp_path / "shop" / "raw").mkdir(parents=True)
    (tmp_path / "shop" / "policy").mkdir()
    settings = Settings.resolve(raw=tmp_path / "shop" / "raw")
    assert (settings.warehouse.name, settings.publish.name) == ("shop.duckdb", "shop")
    assert settings.policy == tmp_path / "shop" / "policy"
    monkeypatch.setenv("STAYHOUSE_WAREHOUSE", str(tmp_path / "w.duckdb"))
    assert Settings.resolve(raw=tmp_path / "shop" / "raw").warehouse == tmp_path / "w.duckdb"
    monkeypatch.setenv("STAYHOUSE_TIMEZONE", "Europe/Nowhere")
    with pytest.raises(ConfigurationError, match="Europe/Nowhere: there is no such time zone"):
        Settings.resolve(raw=tmp_path)
    with pytest.raises(ConfigurationError, match="there is no such policy folder"):
        Settings.resolve(raw=tmp_path, policy=tmp_path / "elsewhere")
