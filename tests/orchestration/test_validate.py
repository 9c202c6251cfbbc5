"""`stayhouse validate` says before a build what the build would find, and writes what the policy lacks."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import LOADED_AT, Landing, customer, event
from typer.testing import CliRunner

from stayhouse.contract import REPO_ROOT, contract
from stayhouse.demonstration.saas import generate
from stayhouse.loading import load_landing
from stayhouse.orchestration.cli import app
from stayhouse.orchestration.defs.publishing import marts_without_data
from stayhouse.orchestration.forecast import Forecast, make_forecast
from stayhouse.orchestration.lineage import marts_made_from
from stayhouse.orchestration.policy import SEEDS_FOLDER
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.shapes import shape_landing
from stayhouse.orchestration.unknown_codes import title_of
from stayhouse.orchestration.warehouse import open_warehouse

pytestmark = pytest.mark.slow

DAY = "2025-02-01 10:00:00"
# None of its codes is known to any policy of this repository.
UNKNOWN = {
    "events": [
        event(1, event_name="xq_report_opened", component_code="xq_reports"),
        event(2, event_name="xq_report_opened", component_code="xq_reports"),
        event(3, event_name='xq_"odd", name'),
    ],
    "customer_segments": [
        {"customer_id": "c1", "scheme": "usage", "segment_code": "xq_teams", "valid_from": "2025-01-01"},
        {"customer_id": "c1", "scheme": "value", "segment_code": "xq_gold", "valid_from": "2025-01-01"},
    ],
    "subscription_periods": [
        {"period_id": "p1", "subscription_id": "s1", "customer_id": "c1", "plan_code": "xq_pro", "mrr": 10,
         "currency": "EUR", "valid_from": "2025-01-01", "valid_to": "2025-02-01", "period_status": "active",
         "end_reason_code": "xq_weather"},
        {"period_id": "p2", "subscription_id": "s2", "customer_id": "c1", "plan_code": "xq_nothing", "mrr": 0,
         "currency": "xqu", "valid_from": "2025-01-01", "period_status": "active"},
        {"period_id": "p3", "subscription_id": "s3", "customer_id": "c1", "plan_code": "xq_pro", "mrr": 10,
         "currency": "EUR", "valid_from": "2025-01-01", "period_status": "active"},
    ],
    "payments": [
        {"payment_id": "b1", "customer_id": "c1", "paid_at": "2024-11-05 10:00:00", "amount": 5, "currency": "XQU",
         "status": "succeeded"},
    ],
    "survey_invitations": [
        {"invitation_id": "i1", "customer_id": "c1", "survey_code": "xq_survey", "sent_at": DAY},
    ],
    "customer_attributes": [{"customer_id": "c1", "attribute": "xq_trade", "value": "bakery"}],
    "survey_responses": [
        {"response_id": "r1", "customer_id": "c1", "survey_code": "xq_survey", "submitted_at": DAY, "status": "complete",
         "ticket_id": "t1"},
    ],
    "survey_answers": [
        {"response_id": "r1", "question_code": "xq_mood", "score": 7, "answered_at": DAY},
        {"response_id": "r1", "question_code": "xq_why", "text_answer": "because", "answered_at": DAY},
    ],
}  # fmt: skip
WRITTEN = ("components", "event_catalogue", "segments", "plans", "surveys", "survey_questions")


class Company:
    """A landing folder with its policy in a temporary place, and the command on it."""

    def __init__(self, folder: Path):
        self.landing = Landing(folder / "acme" / "raw")
        self.policy = folder / "acme" / "policy"
        self.landing.csv("customers", [customer(1), customer(2)])
        self.first: dict = {}

    @property
    def settings(self) -> Settings:
        return Settings.resolve(self.landing.folder)

    def forecast(self) -> Forecast:
        return make_forecast(self.settings)

    def run(self, *more: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["validate", "--raw", str(self.landing.folder), *more])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    def document(self, *more: str) -> dict:
        return json.loads(self.run("--json", *more)[1])

    def add_unknown_codes(self) -> None:
        for table, rows in UNKNOWN.items():
            self.landing.csv(table, [{"ingested_at": LOADED_AT, **row} for row in rows])

    def policy_rows(self, name: str) -> list[dict[str, str]]:
        with (self.policy / f"{name}.csv").open(newline="", encoding="utf-8-sig") as stream:
            return list(csv.DictReader(stream))


@pytest.fixture
def company(tmp_path, monkeypatch) -> Company:
    monkeypatch.setenv("STAYHOUSE_HOME", str(tmp_path / "home"))
    return Company(tmp_path)


@pytest.fixture(scope="module")
def unknown(tmp_path_factory) -> tuple[dict, str]:
    """What is said, as data and on the screen, of a company none of whose codes is known."""
    company = Company(tmp_path_factory.mktemp("unknown"))
    company.add_unknown_codes()
    return company.document(), company.run()[1]


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Company:
    """The same company after its unknown codes were written to its policy."""
    company = Company(tmp_path_factory.mktemp("written"))
    company.add_unknown_codes()
    company.first = company.document("--write")
    return company


def flat(text: str) -> str:
    return " ".join(text.split())


# ---------------------------------------------------------------- the forecast is that of a build


def loaded(settings: Settings, warehouse: Path) -> dict[str, tuple]:
    """What the loader of a build does with the files: counts by table, and every quarantined row with its reasons."""
    with open_warehouse(warehouse) as db:
        report = load_landing(db, settings.raw, contract(), zones=settings.zones)
        counts = {
            name: (one.rows_in_files, one.rows_quarantined, one.rows_duplicate, len(one.rejected))
            for name, one in report.tables.items()
        }
        reasons = db.execute(
            "select table_name, reason, count(*) from (select table_name, unnest(string_split(reasons, '; ')) as reason "
            "from ops.quarantined_rows) group by all"
        ).fetchall()
    return counts | {("reason", table, reason): number for table, reason, number in reasons}


def forecast_counts(forecast: Forecast) -> dict[str, tuple]:
    counts = {one.table: (one.rows, one.quarantined, one.duplicates, len(one.rejected)) for one in forecast.tables}
    reasons = {("reason", one.table, reason.code): reason.rows for one in forecast.tables for reason in one.reasons}
    return counts | reasons


@pytest.mark.parametrize(
    "tables",
    [("customers", "payments"), pytest.param(tuple(contract()), marks=pytest.mark.repetition)],
    ids=["two tables", "all"],
)
def test_a_forecast_of_broken_rows_equals_the_load(tmp_path, tables):
    """A forecast that counts other rows than the build quarantines would make people correct the wrong files."""
    generate(tmp_path / "saas", customers=40, days=60, seed=3, dirty=True)
    for folder in (tmp_path / "saas" / "landing").iterdir():
        if folder.name not in tables:
            shutil.rmtree(folder)
    settings = Settings.resolve(tmp_path / "saas" / "landing")
    forecast = make_forecast(settings)
    assert forecast_counts(forecast) == loaded(settings, tmp_path / "w.duckdb")
    # Many kinds of broken rows are in them.
    assert len({reason.code for table in forecast.tables for reason in table.reasons}) > 3 * len(tables)


def test_a_warehouse_that_exists_does_not_change_the_forecast(company, tmp_path):
    """Files that a build has loaded already would otherwise be passed over, with their broken rows."""
    company.landing.csv("events", [event(1), event(2, source="moon")])
    before = forecast_counts(company.forecast())
    warehouse = tmp_path / "w.duckdb"
    settings = replace(company.settings, warehouse=warehouse)
    loaded(settings, warehouse)
    stamp = warehouse.stat().st_mtime_ns
    assert forecast_counts(make_forecast(settings)) == before
    assert warehouse.stat().st_mtime_ns == stamp


def test_nothing_is_written(company, tmp_path):
    """A look at the files of a company must leave no trace: no warehouse, no publication, no copy of the policy."""
    company.add_unknown_codes()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    company.run()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_command_needs_neither_dbt_nor_dagster_nor_great_expectations():
    """They take seconds to import, and a look at files must answer at once."""
    program = (
        "import sys; from stayhouse.orchestration import cli, forecast, policy_rows; from stayhouse import loading; "
        "print([name for name in ('dbt', 'dagster', 'great_expectations', 'pandas') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], cwd=REPO_ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# ---------------------------------------------------------------- what is said


def test_a_company_that_is_ready_has_exit_code_0(company):
    """Scripts build only after a forecast that is ready."""
    company.landing.csv("events", [event(1)])
    code, output = company.run()
    assert code == 0, output
    assert "ready: 3 rows in 2 files" in flat(output)
    assert "a build would describe 2025-01-02, the last closed day with rows of events" in flat(output)


def test_broken_rows_are_shown_with_file_line_value_and_what_is_allowed(company):
    """Somebody who sees only a count has to search for the rows."""
    company.landing.csv("events", [event(1), event(2, source="moon"), event(3, customer_id="nobody")])
    code, output = company.run()
    assert code == 1
    text = flat(output)
    assert "not ready: of 5 rows in 2 files" in text
    assert "2 rows would be quarantined" in text
    assert "events: 1 row, source is none of app, web" in text
    assert "(events/rows.csv line 3: 'moon')" in text
    assert "events: 1 row, customer_id refers to no row of customers (events/rows.csv line 4)" in text


def test_personal_values_are_not_shown(company):
    """A forecast lands in tickets and chats, so it must not quote a date of birth."""
    company.landing.csv("customers", [customer(1, birth_date="1812-05-05")])
    code, output = company.run()
    assert code == 1
    assert "birth_date" in output
    assert "1812" not in output.replace("implausible", "")


def test_columns_are_shown_as_matched_unknown_and_missing(company):
    """A misspelt optional column would be missing on every page, unnoticed."""
    company.landing.text(
        "customers", "rows.csv", "Customer ID,registered_at,is_test,ingested_at,acquisition_chanel,colour\n"
        f"c1,2025-01-01,false,{LOADED_AT},web,red\n",
    )  # fmt: skip
    company.landing.csv("customers", [customer(2, region="north")], "more.csv")
    table = next(one for one in company.forecast().tables if one.table == "customers")
    assert table.renamed == {"Customer ID": "customer_id"}
    assert table.unknown == {"acquisition_chanel": "acquisition_channel", "colour": None}
    assert table.in_part == {"region": 1}
    assert "acquisition_channel" in table.absent
    assert table.matched == ["customer_id", "registered_at", "region", "is_test", "ingested_at"]
    text = flat(company.run()[1])
    assert "customers: reads 'Customer ID' as customer_id" in text
    assert "acquisition_chanel (meant: acquisition_channel?), colour" in text


def test_a_file_that_cannot_be_read_is_not_ready(company):
    """A build would load nothing more than the other files, and publish nothing."""
    company.landing.text("events", "old.csv", "event_id,who\n1,2\n")
    code, output = company.run()
    assert code == 1
    assert "events/old.csv: lacks the required columns" in flat(output)
    assert "of table events, but has who; rename or add them" in flat(output)
    assert "1 file cannot be read" in flat(output)


def test_columns_with_a_default_are_named_with_it(company):
    """Nobody delivers is_test, and everybody should see that no account counts as one of a tester."""
    row = {name: value for name, value in customer(1).items() if name not in ("is_test", "ingested_at")}
    company.landing.csv("customers", [row])
    company.landing.csv("events", [event(1)])
    table = next(one for one in company.forecast().tables if one.table == "customers")
    assert table.defaulted == {
        "is_test": "false", "ingested_at": "the time at which the file was last written"
    }  # fmt: skip
    code, output = company.run()
    assert code == 0, output
    assert "customers: by default: is_test is false, ingested_at is the time at which" in flat(output)


def test_copies_are_counted(company):
    """Rows that are delivered twice count once, and somebody wonders where the others are."""
    company.landing.csv("events", [event(1), event(2)], "a.csv")
    company.landing.csv("events", [event(2), event(3)], "b.csv")
    table = next(one for one in company.forecast().tables if one.table == "events")
    assert (table.files, table.rows, table.loaded, table.duplicates) == (2, 4, 3, 1)


def test_days_follow_the_business_clock(company, monkeypatch):
    """Half past eleven in the evening in London is the next day in Berlin."""
    monkeypatch.setenv("STAYHOUSE_TIMEZONE", "Europe/Berlin")
    company.landing.csv("events", [event(1, occurred_at="2025-01-02 23:30:00"), event(2, occurred_at=DAY)])
    table = next(one for one in company.forecast().tables if one.table == "events")
    assert (str(table.first_date), str(table.last_date)) == ("2025-01-03", "2025-02-01")


def test_a_feed_that_ends_too_early_is_named_and_would_withhold(company):
    """A build would load everything and then refuse to publish."""
    company.landing.csv("events", [event(1)])
    company.landing.csv(
        "subscription_periods",
        [UNKNOWN["subscription_periods"][0] | {"ingested_at": LOADED_AT, "valid_to": "2025-03-01"}],
    )
    code, output = company.run()
    assert code == 1
    assert "a build would not publish" in flat(output)
    assert "events: its rows end on 2025-01-02, 58 days before 2025-03-01" in flat(output)


@pytest.mark.parametrize(
    ("remove", "message"),
    [("customers", "holds no landing files"), (None, "no such landing folder")],
)
def test_a_landing_folder_that_cannot_be_loaded_is_bad_input(company, remove, message, tmp_path):
    """A wrong path is one line and exit code 2, as in a build."""
    raw = company.landing.folder
    if remove:
        (raw / remove / "rows.csv").unlink()
    else:
        raw = tmp_path / "nowhere"
    result = CliRunner().invoke(app, ["validate", "--raw", str(raw)])
    assert result.exit_code == 2
    assert message in flat(result.output)
    assert result.output.count("bad input") == 1


def test_a_broken_policy_is_said_beside_what_is_wrong_with_the_files(company):
    """Somebody who corrects the policy first and only then sees the files needs two rounds."""
    company.policy.mkdir()
    (company.policy / "segmentz.csv").write_text("a\n1\n")
    company.landing.csv("events", [event(1, source="moon")])
    code, output = company.run("--write")
    assert code == 2
    assert "segmentz.csv: no policy seed has this name; did you mean segments" in flat(output)
    assert "source is none of app" in flat(output)


# ---------------------------------------------------------------- a company with shapes


def shaped(folder: Path, rows: str) -> Path:
    """A company whose customers are made of an export."""
    for name, text in {
        "stayhouse.toml": 'name = "Acme"\n',
        "exports/shop/customers.csv": f"id,created\n{rows}",
        "shapes/shop/customers.sql": "select id as customer_id, created as registered_at, _file, _line "
        "from {{ export('shop/customers.csv') }}\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_shapes_are_run_beside_the_landing_folder(tmp_path):
    """A look at the files must not make landing files, and still say what their rows would be."""
    acme = shaped(tmp_path / "acme", "c1,2025-01-01\nc2,soon\n")
    Landing(acme / "landing").csv("events", [event(1)])
    before = tree(acme)
    result = CliRunner().invoke(app, ["validate", str(acme)])
    assert tree(acme) == before
    assert result.exit_code == 1
    assert "customers: 1 row, registered_at is not a moment (exports/shop/customers.csv line 3: 'soon')" in flat(
        result.output
    )
    assert "of 3 rows in 2 files" in flat(result.output)


def test_the_forecast_follows_shapes_that_have_run_before(tmp_path):
    """Results that a build has left behind would otherwise be counted although their export has changed."""
    acme = shaped(tmp_path / "acme", "c1,2025-01-01\n")
    shape_landing(Settings.resolve(company=acme))
    (acme / "exports" / "shop" / "customers.csv").write_text("id,created\nc1,2025-01-01\nc2,2025-01-02\n")
    before = tree(acme)
    forecast = make_forecast(Settings.resolve(company=acme))
    assert {one.table: one.rows for one in forecast.tables if one.rows} == {"customers": 2}
    assert tree(acme) == before


def test_rows_that_a_shape_leaves_out_are_named_also_when_it_has_run_before(tmp_path):
    """After the first build the rows that never became a customer were in no output any more."""
    acme = shaped(tmp_path / "acme", "c1,2025-01-01\nguest,2025-01-02\n")
    shape = acme / "shapes" / "shop" / "customers.sql"
    shape.write_text(f"-- Left out: guests.\n{shape.read_text()} where id <> 'guest'\n")
    wanted = "shapes/shop/customers.sql: 1 of 2 rows (exports/shop/customers.csv line 3): guests"
    assert make_forecast(Settings.resolve(company=acme)).left_out == [wanted]
    shape_landing(Settings.resolve(company=acme))
    result = CliRunner().invoke(app, ["validate", str(acme)])
    assert f"left out by shapes - {wanted}" in flat(result.output)


def test_a_shape_with_a_fault_is_bad_input(tmp_path):
    """A build would stop there, and the sentence names the line to correct."""
    acme = shaped(tmp_path / "acme", "c1,2025-01-01\n")
    Landing(acme / "landing").csv("customers", [customer(1)])
    (acme / "shapes" / "shop" / "customers.sql").write_text(
        "select id as customer from {{ export('shop/none.csv') }}\n"
    )
    result = CliRunner().invoke(app, ["validate", str(acme)])
    assert result.exit_code == 2
    assert "shapes/shop/customers.sql" in result.output


@pytest.mark.parametrize("others", [{}, {"events": [event(1)]}])
def test_shapes_without_exports_say_which_are_missing(tmp_path, others):
    """Right after `stayhouse init --from` the message named an empty temporary folder."""
    acme = shaped(tmp_path / "acme", "c1,2025-01-01\n")
    (acme / "exports" / "shop" / "customers.csv").unlink()
    for table, rows in others.items():
        Landing(acme / "landing").csv(table, rows)
    result = CliRunner().invoke(app, ["validate", str(acme)])
    assert result.exit_code == 2
    assert "no export matches shop/customers.csv" in flat(result.output)
    assert tempfile.gettempdir() + "/stayhouse-" not in result.output


# ---------------------------------------------------------------- codes that the policy does not know


def test_unknown_codes_come_with_the_rows_that_the_policy_needs(unknown):
    """A newcomer begins with an empty policy, and should not have to guess its columns."""
    found = {(one["table"], one["column"], one["code"]): one for one in unknown[0]["codes"]}
    counted = {key: one["rows_count"] for key, one in found.items()}
    assert counted == {
        ("events", "component_code", "xq_reports"): 2,
        ("events", "event_name", "xq_report_opened"): 2,
        ("events", "event_name", 'xq_"odd", name'): 1,
        ("customer_segments", "segment_code", "usage/xq_teams"): 1,
        ("customer_segments", "segment_code", "value/xq_gold"): 1,
        ("subscription_periods", "plan_code", "xq_pro"): 2,
        ("subscription_periods", "plan_code", "xq_nothing"): 1,
        ("survey_invitations", "survey_code", "xq_survey"): 1,
        ("survey_responses", "survey_code", "xq_survey"): 1,
        ("survey_answers", "question_code", "xq_survey/xq_mood"): 1,
        ("survey_answers", "question_code", "xq_survey/xq_why"): 1,
        ("subscription_periods", "end_reason_code", "xq_weather"): 1,
        ("customer_attributes", "attribute", "xq_trade"): 1,
        ("payments", "currency", "XQU"): 1,
        ("subscription_periods", "currency", "XQU"): 1,
    }
    rows = {one["code"]: one["row"] for one in found.values()}
    assert rows["xq_report_opened"]["is_usage"] == "true"
    assert rows["xq_report_opened"]["title"] == "Xq report opened"
    assert rows["xq_nothing"]["tier"] == "0"
    assert rows["xq_pro"]["tier"] == ""
    assert rows["xq_survey"]["programme"] == "transactional"
    assert (rows["xq_survey/xq_mood"]["scale_min"], rows["xq_survey/xq_mood"]["scale_max"]) == ("1", "7")
    assert rows["xq_survey/xq_why"]["is_free_text"] == "true"
    assert rows["XQU"] == {
        "currency_code": "XQU", "valid_from": "2024-11-01", "rate_to_reporting": "<rate>", "origin": "ours",
        "reason": "<source of the rate>",
    }  # fmt: skip


def test_a_code_of_two_tables_has_one_row_to_paste(unknown):
    """Two rows with the same key and other days, pasted as they were, made a policy file that the next run refused."""
    lines: dict[tuple[str, str], set[str]] = {}
    for one in unknown[0]["codes"]:
        lines.setdefault((one["file"], one["code"]), set()).add(one["line"])
    assert {key: len(found) for key, found in lines.items() if len(found) > 1} == {}
    assert [one["table"] for one in unknown[0]["codes"] if one["code"] == "XQU"] == ["payments", "subscription_periods"]


@pytest.mark.parametrize(("switch", "words"), [("0", "events do not count as use"), ("1", "events count as use")])
def test_what_happens_to_unlisted_events_follows_the_policy(company, switch, words):
    """With one policy an unlisted event is use of the product, with another it is not."""
    company.landing.csv("events", [event(1, event_name="xq_opened")])
    company.policy.mkdir()
    (company.policy / "thresholds.csv").write_text(
        f"threshold_code,threshold_value,unit,origin,reason\nunlisted_events_are_usage,{switch},switch,ours,tried\n"
    )
    assert [one.consequence for one in company.forecast().codes] == [words]


def test_a_line_to_paste_fits_the_file(unknown):
    """A line with its cells in another order than the header would put a title into a number."""
    document, screen = unknown
    for one in document["codes"]:
        with (SEEDS_FOLDER / one["file"]).open(newline="") as stream:
            header = next(csv.reader(stream))
        (cells,) = csv.reader([one["line"]])
        pasted = dict(zip(header, cells, strict=True))
        assert {name: value for name, value in pasted.items() if value} == {n: v for n, v in one["row"].items() if v}
    assert '    "xq_""odd"", name",true,false,false,' in screen


def test_written_rows_make_codes_known_and_are_written_once(written):
    """A second --write must find nothing to do, and the policy must keep its rules."""
    company = written
    assert {Path(file).stem: rows for file, rows in company.first["written"].items()} == {
        "components": 1, "event_catalogue": 2, "segments": 2, "plans": 2, "surveys": 1, "survey_questions": 2,
    }  # fmt: skip
    content = {name: (company.policy / f"{name}.csv").read_bytes() for name in WRITTEN}
    again = company.document("--write")
    assert {one["file"] for one in again["codes"]} == {
        "churn_reasons.csv", "customer_breakdowns.csv", "exchange_rates.csv"
    }  # fmt: skip
    assert again["written"] == {}
    assert {name: (company.policy / f"{name}.csv").read_bytes() for name in WRITTEN} == content
    assert not list(company.policy.glob(".*"))


def test_a_new_policy_file_begins_with_the_rows_of_the_default(written):
    """A file replaces the default as a whole, so without them everything that was known would be unknown."""
    for name in WRITTEN:
        default = (SEEDS_FOLDER / f"{name}.csv").read_bytes()
        assert (written.policy / f"{name}.csv").read_bytes().startswith(default), name


def test_what_people_wrote_into_a_policy_file_stays_as_it_is(company):
    """Order, quotes and line ends of a spreadsheet are not to change because a row is added."""
    company.add_unknown_codes()
    company.policy.mkdir()
    known = "".join(
        f'{row["plan_code"]},{row["tier"]},"{row["title"]}",{row["billing_months"]}\r\n'
        for row in csv.DictReader((SEEDS_FOLDER / "plans.csv").read_text().splitlines())
    )
    own = f'\ufeffplan_code,tier,title,billing_months\r\n{known}b,2,"B, big",1\r\n\r\na,0,A,'.encode()
    shared = company.policy.parent / "plans-of-the-group.csv"
    shared.write_bytes(own)
    (company.policy / "plans.csv").symlink_to(shared)
    company.run("--write")
    assert shared.read_bytes() == own + b"\r\nxq_pro,,Xq pro,\r\nxq_nothing,0,Xq nothing,\r\n"
    assert (company.policy / "plans.csv").is_symlink()


def test_a_row_that_would_break_a_rule_changes_no_file(company, monkeypatch):
    """Half of the files with new rows and a policy that no build accepts would be worse than before."""
    company.add_unknown_codes()
    monkeypatch.setattr("stayhouse.orchestration.unknown_codes.RESPONSE_WINDOW_DAYS", 0)
    code, output = company.run("--write")
    assert code == 2
    assert "nothing was written, since surveys.csv" in flat(output)
    assert not company.policy.exists()


def test_a_segment_of_both_schemes_is_written_once(company):
    """Segments are known by their code alone, so the second row would be refused and take the others with it."""
    rows = [
        {"customer_id": "c1", "scheme": scheme, "segment_code": "xq_one", "valid_from": "2025-01-01"}
        for scheme in ("usage", "value")
    ]
    company.landing.csv("customer_segments", [{"ingested_at": LOADED_AT, **row} for row in rows])
    company.run("--write")
    assert [row["scheme"] for row in company.policy_rows("segments") if row["segment_code"] == "xq_one"] == ["usage"]
    assert [one["code"] for one in company.document()["codes"]] == ["value/xq_one"]


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("mailing_sent", "Mailing sent"),
        ("MailingSent", "Mailing sent"),
        ("$pageview", "Pageview"),
        ("NPS survey", "NPS survey"),
        ("api.call-made", "Api call made"),
        ("übersicht", "Übersicht"),
        ("!!", "!!"),
    ],
)
def test_codes_become_titles_that_people_can_read(code, title):
    """Codes never reach a reader without a name, and not every company writes them alike."""
    assert title_of(code) == title


# ---------------------------------------------------------------- what stays empty


def test_missing_tables_come_with_marts_and_panels(company):
    """A newcomer wants to know which file is worth the next hour."""
    company.landing.csv("events", [event(1)])
    document = company.document()
    assert "contacts" in document["missing"]
    assert "events" not in document["missing"]
    panels = {one["title"]: one["tables"] for one in document["panels"]}
    assert panels["Effective contacts by channel"] == ["contacts"]
    assert "Last use" not in panels
    assert "no rows in contacts/: 7 panels of Contacts (Effective contacts by channel, " in flat(company.run()[1])


def test_a_table_whose_rows_are_all_quarantined_is_missing(company):
    """It has files, and nevertheless nothing of it reaches a mart."""
    company.landing.csv("events", [event(1, source="moon")])
    assert "events" in company.forecast().missing


def test_policy_files_without_rows_leave_panels_empty(company):
    """Without key actions nobody can activate, whatever events there are."""
    company.landing.csv("events", [event(1)])
    company.policy.mkdir()
    header = (SEEDS_FOLDER / "key_actions.csv").read_text().splitlines()[0]
    (company.policy / "key_actions.csv").write_text(header + "\n")
    panels = {one.title: one.policy for one in company.forecast().panels if one.policy}
    assert panels["Time to activate"] == ["key_actions.csv"]
    assert "no rows in the policy file key_actions.csv: 5 panels of Activation (" in flat(company.run()[1])


def test_the_lineage_that_is_read_from_the_text_is_that_of_dbt(parsed):
    """The forecast names marts without starting dbt, and must name those that a run then reports."""
    manifest = json.loads((parsed / "target" / "manifest.json").read_text())
    exact = marts_without_data(manifest, list(contract()))
    assert {table: sorted(marts_made_from(table)) for table in contract()} == exact
    assert sum(map(len, exact.values())) > 500
