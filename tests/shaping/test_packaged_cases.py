"""Packaged shapes where exports say more than the examples: later versions, pauses, metered prices, missing counts."""

from __future__ import annotations

import csv
import json
import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from stayhouse.contract import REPO_ROOT, contract
from stayhouse.shaping import Folders, run_shapes
from stayhouse.shaping.packaged import copy_examples, copy_shapes, packaged_tools

pytestmark = pytest.mark.slow

DAY = 86400
EXPORTED_AT = datetime(2025, 7, 1, tzinfo=UTC).timestamp()


class Tool:
    """A company with the shapes of one tool and its example, to which a test adds exports."""

    def __init__(self, home: Path, tool: str):
        self.tool = tool
        self.folders = Folders(home / "shapes", home / "exports", home / "landing", home / "scratch")
        copy_shapes([tool], self.folders.shapes)
        copy_examples([tool], self.folders.exports)
        for path in self.folders.exports.rglob("*"):
            os.utime(path, (EXPORTED_AT, EXPORTED_AT))

    def export(self, name: str, rows: dict[str, list[Any]] | list[Any], after_days: int = 0) -> None:
        path = self.folders.exports / self.tool / name
        path.write_text(json.dumps(rows))
        os.utime(path, (EXPORTED_AT + after_days * DAY,) * 2)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What the shape lands."""
        run_shapes(self.folders, contract())
        return pyarrow.parquet.read_table(self.folders.landing / table / "shaped" / f"{self.tool}.parquet").to_pylist()

    def periods(self, subscription: str) -> list[tuple[str, str, str | None]]:
        """Status and days of the periods of a subscription."""
        found = [
            (row["period_status"], row["valid_from"][:10], row["valid_to"] and row["valid_to"][:10])
            for row in self.rows("subscription_periods")
            if row["subscription_id"] == subscription
        ]
        return sorted(found, key=lambda period: period[1])


def seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("table", "export", "key", "now"),
    [
        ("payments", "transactions", "payment_id", {"id": "txn_1", "type": "payment", "status": "voided"}),
        ("customers", "customers", "customer_id", {"id": "acc_101", "deleted": True}),
        ("subscription_periods", "subscriptions", "subscription_id", {"id": "cb_2", "status": "transferred"}),
    ],
)
def test_a_newer_export_of_chargebee_takes_a_thing_away(table, export, key, now, tmp_path: Path) -> None:
    """A payment was voided yesterday, and the export of last week brought it back as succeeded."""
    tool = Tool(tmp_path, "chargebee")
    before = {row[key] for row in tool.rows(table)}
    assert now["id"] in before
    tool.export(f"{export}_new.json", {"list": [{export.removesuffix("s"): now}]}, after_days=1)
    assert {row[key] for row in tool.rows(table)} == before - {now["id"]}


def test_a_pause_in_chargebee_leaves_the_paid_time_before_it(tmp_path: Path) -> None:
    """A customer of two years paused for the summer, and all the revenue of these years was gone."""
    tool = Tool(tmp_path, "chargebee")
    paused = {
        "id": "cb_9",
        "customer_id": "acc_101",
        "status": "paused",
        "currency_code": "EUR",
        "activated_at": seconds("2023-06-01"),
        "pause_date": seconds("2025-06-01"),
        "plan_id": "team",
        "mrr": 4100,
        "updated_at": seconds("2025-06-01"),
    }
    tool.export("subscriptions_2.json", {"list": [{"subscription": paused}]})
    assert tool.periods("cb_9") == [("active", "2023-06-01", "2025-06-01"), ("paused", "2025-06-01", None)]


def recurly_subscription(**fields: Any) -> dict[str, Any]:
    return {
        "id": "rs9",
        "account": {"id": "rc1", "code": "acc_101"},
        "plan": {"id": "rp1", "code": "team"},
        "state": "active",
        "currency": "EUR",
        "subtotal": 36.0,
        "activated_at": "2023-06-01T10:00:00Z",
        "updated_at": "2025-06-01T10:00:00Z",
        **fields,
    }


def test_a_pause_in_recurly_leaves_the_paid_time_before_it(tmp_path: Path) -> None:
    """A customer of two years paused for the summer, and all the revenue of these years was gone."""
    tool = Tool(tmp_path, "recurly")
    paused = recurly_subscription(state="paused", paused_at="2025-06-01T10:00:00Z")
    later = recurly_subscription(id="rs10", paused_at="2025-08-01T10:00:00Z")
    tool.export("subscriptions_2.json", {"data": [paused, later]})
    assert tool.periods("rs9") == [("active", "2023-06-01", "2025-06-01"), ("paused", "2025-06-01", None)]
    assert tool.periods("rs10") == [("active", "2023-06-01", None)]


def test_a_plan_of_recurly_may_have_the_code_of_a_retired_one(tmp_path: Path) -> None:
    """The retired plan was billed by the year, so half of the customers seemed to pay a twelfth."""
    tool = Tool(tmp_path, "recurly")
    retired = {"id": "rp0", "code": "team", "interval_unit": "months", "interval_length": 12, "state": "inactive"}
    tool.export("plans_2.json", {"data": [retired]})
    assert [row["mrr"] for row in tool.rows("subscription_periods") if row["subscription_id"] == "rs1"] == [36.0, 36.0]


def stripe_subscription(**fields: Any) -> dict[str, Any]:
    price = {"id": "p", "currency": "eur", "lookup_key": "team", "unit_amount": 900, "recurring": {"interval": "month"}}
    return {
        "id": "sub_9",
        "customer": "cus_A1",
        "status": "active",
        "currency": "eur",
        "start_date": seconds("2023-06-01"),
        "pause_collection": {"behavior": "void", "resumes_at": None},
        "items": {"data": [{"id": "si_9", "quantity": 1, "price": price}]},
        **fields,
    }


def stripe_invoice(name: str, status: str, day: str) -> dict[str, Any]:
    return {"id": name, "customer": "cus_A1", "status": status, "subscription": "sub_9", "currency": "eur",
            "amount_due": 900, "amount_paid": 900 if status == "paid" else 0, "created": seconds(day)}  # fmt: skip


@pytest.mark.parametrize(
    ("invoices", "fields", "expected"),
    [
        # A void invoice of a year ago belongs to a pause that is over.
        (
            [("void", "2024-02-01"), ("paid", "2025-04-01"), ("void", "2025-05-01"), ("void", "2025-06-01")],
            {},
            [("active", "2023-06-01", "2025-05-01"), ("paused", "2025-05-01", None)],
        ),
        ([("paid", "2025-06-20")], {}, [("active", "2023-06-01", "2025-07-01"), ("paused", "2025-07-01", None)]),
        (
            [("paid", "2025-04-01"), ("draft", "2025-05-01")],
            {"status": "canceled", "ended_at": seconds("2025-06-15")},
            [("active", "2023-06-01", "2025-05-01"), ("paused", "2025-05-01", "2025-06-15")],
        ),
        # Ended before anything was left open.
        (
            [("paid", "2025-04-01")],
            {"status": "canceled", "ended_at": seconds("2025-06-15")},
            [("active", "2023-06-01", "2025-06-15")],
        ),
        ([("paid", "2025-04-01")], {"pause_collection": None}, [("active", "2023-06-01", None)]),
        (
            [("void", "2023-06-01")],
            {"trial_start": seconds("2023-05-01"), "trial_end": seconds("2023-06-01")},
            [("trial", "2023-05-01", "2023-06-01"), ("paused", "2023-06-01", None)],
        ),
    ],
)
def test_a_pause_in_stripe_leaves_the_paid_time_before_it(invoices, fields, expected, tmp_path: Path) -> None:
    """A customer of two years paused for the summer, and all the revenue of these years was gone."""
    tool = Tool(tmp_path, "stripe")
    tool.export("subscriptions_2.json", {"data": [stripe_subscription(**fields)]})
    tool.export(
        "invoices_2.json",
        {"data": [stripe_invoice(f"in_9{number}", status, day) for number, (status, day) in enumerate(invoices)]},
    )
    assert tool.periods("sub_9") == expected


def test_subscriptions_of_stripe_need_no_invoices(tmp_path: Path) -> None:
    """A company without the export of payments has periods all the same; a pause begins with the export then."""
    tool = Tool(tmp_path, "stripe")
    (tool.folders.shapes / "stripe" / "payments.sql").unlink()
    (tool.folders.exports / "stripe" / "invoices.json").unlink()
    tool.export("subscriptions_2.json", {"data": [stripe_subscription()]})
    assert tool.periods("sub_9") == [("active", "2023-06-01", "2025-07-01"), ("paused", "2025-07-01", None)]


def csv_of(tool: Tool, place: str) -> tuple[Path, list[dict[str, str]]]:
    path = tool.folders.exports / tool.tool / place / "part-0.csv"
    with path.open(newline="") as stream:
        return path, list(csv.DictReader(stream))


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    os.utime(path, (EXPORTED_AT,) * 2)


def test_a_pause_in_dlt_stripe_leaves_the_paid_time_before_it(tmp_path: Path) -> None:
    """dlt lands the same fields in columns."""
    tool = Tool(tmp_path, "dlt_stripe")
    path, rows = csv_of(tool, "subscription")
    write_csv(path, [row | {"pause_collection__behavior": "void" if row["id"] == "sub_1" else ""} for row in rows])
    path, rows = csv_of(tool, "invoice")
    void = rows[0] | {"id": "in_99", "status": "void", "created": str(seconds("2025-05-01"))}
    write_csv(path, [*rows, void])
    status, begin, end = tool.periods("sub_1")[-1]
    assert (status, begin, end) == ("paused", "2025-05-01", None)
    assert ("active", "2025-01-29", "2025-05-01") in tool.periods("sub_1")


def test_a_pause_in_the_history_of_fivetran_begins_when_it_began(tmp_path: Path) -> None:
    """Fivetran keeps the versions of a subscription, so the day is known; an earlier pause is over."""
    tool = Tool(tmp_path, "fivetran_stripe")
    path, rows = csv_of(tool, "subscription_history")
    others = [row for row in rows if row["id"] != "sub_2"]
    (last,) = (row for row in rows if row["id"] == "sub_2")
    versions = [("2025-02-01", ""), ("2025-03-01", "void"), ("2025-04-01", ""), ("2025-05-01", "void"),
                ("2025-06-01", "void")]  # fmt: skip
    changed = [
        last | {"status": "active", "ended_at": "", "canceled_at": "", "pause_collection_behavior": behavior,
                "_fivetran_start": f"{day} 09:00:00", "_fivetran_active": str(day == "2025-06-01").lower()}
        for day, behavior in versions
    ]  # fmt: skip
    write_csv(path, [*others, *changed])
    assert tool.periods("sub_2") == [("active", "2025-02-01", "2025-05-01"), ("paused", "2025-05-01", None)]


def test_an_item_that_was_taken_off_is_no_revenue(tmp_path: Path) -> None:
    """Fivetran keeps removed items and marks them; a customer who gave up an add-on went on paying for it."""
    tool = Tool(tmp_path, "fivetran_stripe")
    path, rows = csv_of(tool, "subscription_item")
    write_csv(path, [row | {"_fivetran_deleted": str(row["id"] == "si_2").lower()} for row in rows])
    found = {row["period_id"]: row["mrr"] for row in tool.rows("subscription_periods")}
    assert float(found["sub_1:paid"]) == 36


def test_a_tag_that_was_taken_away_makes_no_complaint(tmp_path: Path) -> None:
    """Fivetran keeps rows that the tool has deleted and marks them."""
    tool = Tool(tmp_path, "fivetran_zendesk")
    before = sum(row["is_complaint"] for row in tool.rows("tickets"))
    path, rows = csv_of(tool, "ticket_tag")
    write_csv(path, [row | {"_fivetran_deleted": "true"} for row in rows])
    assert (before > 0, sum(row["is_complaint"] for row in tool.rows("tickets"))) == (True, 0)


def test_a_metered_price_of_stripe_is_no_recurring_revenue(tmp_path: Path) -> None:
    """An item of two cents per message counted as two cents of revenue a month."""
    tool = Tool(tmp_path, "stripe")
    price = {"product": "prod_1", "currency": "eur", "unit_amount": 2}
    item = {"price": price | {"recurring": {"interval": "month", "interval_count": 1, "usage_type": "metered"}}}
    metered = {
        "id": "sub_9",
        "customer": "cus_1",
        "status": "active",
        "currency": "eur",
        "start_date": seconds("2025-01-01"),
        "items": {"data": [item]},
    }
    tool.export("subscriptions_2.json", {"data": [metered]})
    assert [row["mrr"] for row in tool.rows("subscription_periods") if row["subscription_id"] == "sub_9"] == [None]


@pytest.mark.parametrize(
    ("tool", "export", "rows", "key"),
    [
        (
            "zendesk",
            "tickets_2.json",
            {"tickets": [{"id": 99, "requester_id": 1, "status": "open", "created_at": "2025-06-01T08:00:00Z"}]},
            "99",
        ),
        (
            "intercom",
            "conversations_2.json",
            {
                "conversations": [
                    {
                        "id": "99",
                        "created_at": 1748851200,
                        "state": "open",
                        "source": {"delivered_as": "customer_initiated"},
                    }
                ]
            },
            "99",
        ),
    ],
)
def test_transfers_that_nobody_counted_are_unknown(tool, export, rows, key, tmp_path: Path) -> None:
    """A help desk without its metrics seemed never to hand a ticket on."""
    company = Tool(tmp_path, tool)
    company.export(export, rows)
    assert [row["transfer_count"] for row in company.rows("tickets") if row["ticket_id"] == key] == [None]


def test_a_mailing_without_its_campaign_is_not_lost(tmp_path: Path) -> None:
    """Mailings of a campaign that was not exported vanished without a word."""
    tool = Tool(tmp_path, "mailchimp")
    sent = {"campaign_id": "c999", "email_id": "e1", "status": "sent", "merge_fields": {"CUSTOMERID": "acc_101"}}
    tool.export("sent_to_c999.json", {"sent_to": [sent]})
    assert [row["attempted_at"] for row in tool.rows("contacts") if row["campaign_code"] == "c999"] == [None]


@pytest.mark.parametrize(
    ("tool", "earlier", "key"),
    [
        ("stripe", {"id": "cus_0", "created": 1714557600}, "metadata"),
        (
            "paddle",
            {"id": "ctm_0", "created_at": "2024-05-01T10:00:00Z", "updated_at": "2024-05-01T10:00:00Z"},
            "custom_data",
        ),
    ],
)
def test_an_account_with_two_customers_of_a_tool_registered_once(tool, earlier, key, tmp_path: Path) -> None:
    """An account that pays in two currencies has two customers at Stripe; one of them replaced the other by chance."""
    company = Tool(tmp_path, tool)
    example = {row["customer_id"] for row in company.rows("customers")}
    account = min(example)
    company.export("customers_2.json", {"data": [earlier | {key: {"customer_id": account}}]})
    rows = company.rows("customers")
    assert sorted(row["customer_id"] for row in rows) == sorted(example)
    assert [row["registered_at"][:10] for row in rows if row["customer_id"] == account] == ["2024-05-01"]


def test_a_contact_of_hubspot_is_a_customer_by_its_stage(tmp_path: Path) -> None:
    """Companies that do not keep the id of an account in HubSpot had no customers; leads are none either way."""
    tool = Tool(tmp_path, "hubspot")
    people = {"9": {"lifecyclestage": "customer"}, "10": {"lifecyclestage": "lead"}, "11": {"customer_id": "acc_9"}}
    rows = [{"id": id, "properties": {"createdate": "2025-02-01"} | given} for id, given in people.items()]
    tool.export("contacts_more.json", {"results": rows})
    calls = [
        {
            "id": f"c{id}",
            "properties": {"hs_timestamp": "2025-06-01T00:00:00Z"},
            "associations": {"contacts": {"results": [{"id": id}]}},
        }
        for id in (*people, "12")
    ]
    tool.export("calls_more.json", {"results": calls})
    assert {row["customer_id"] for row in tool.rows("customers")} == {"acc_101", "acc_102", "9", "acc_9"}
    assert {row["contact_id"] for row in tool.rows("contacts")} >= {"call:c9", "call:c11"}
    assert not {row["contact_id"] for row in tool.rows("contacts")} & {"call:c10", "call:c12"}


def test_an_account_of_salesforce_is_a_customer_by_its_type(tmp_path: Path) -> None:
    """Companies that do not keep the id of an account in Salesforce had no customers."""
    tool = Tool(tmp_path, "salesforce")
    accounts = {"001B1": "Customer - Channel", "001B2": "Partner"}
    rows = [
        {"Id": id, "Name": id, "Type": t, "CreatedDate": "2025-02-01", "OwnerId": "u"} for id, t in accounts.items()
    ]
    tool.export("Account_more.json", rows)
    assert {row["customer_id"] for row in tool.rows("customers")} == {"acc_101", "acc_102", "001B1"}


def test_two_accounts_of_salesforce_with_one_id_have_one_owner(tmp_path: Path) -> None:
    """A second account of the same customer gave it two owners at once, and two industries."""
    tool = Tool(tmp_path, "salesforce")
    second = {"Id": "001B3", "Customer_Id__c": "acc_101", "Industry": "Retail", "OwnerId": "005U2"}
    tool.export("Account_more.json", [second | {"CreatedDate": "2025-05-01T10:00:00.000Z"}])
    owners = [row["employee_id"] for row in tool.rows("customer_owners") if row["customer_id"] == "acc_101"]
    industries = [row["value"] for row in tool.rows("customer_attributes") if row["customer_id"] == "acc_101"]
    assert (owners, industries) == (["005U1"], ["Ceramics"])


def test_messages_to_people_who_are_in_no_file_are_seen(tmp_path: Path) -> None:
    """Files of people hold those who changed, so most messages of the first export went to nobody and were lost."""
    tool = Tool(tmp_path, "customerio")
    (tool.folders.exports / "customerio" / "people_v4_1.jsonl").write_text(
        json.dumps({"internal_customer_id": "0a02", "customer_id": "acc_102"}) + "\n"
    )
    assert {row["contact_id"]: row["customer_id"] for row in tool.rows("contacts")} == {
        "dg01": "0a01",
        "dg02": "acc_102",
        "dg04": "0a09",
        "dg05": "acc_102",
    }
    assert [row["customer_id"] for row in tool.rows("consent_events")] == ["0a01"]


def test_the_documentation_lists_the_tables_of_every_tool() -> None:
    """Ten of twenty packaged tools were not in the table from which a company chooses."""
    text = (REPO_ROOT / "docs" / "shapes.md").read_text().partition("## Packaged shapes")[2].partition("\n## ")[0]
    listed = {}
    for line in re.findall(r"^\| `.*$", text, re.MULTILINE):
        tools, tables = (set(re.findall(r"`([^`]+)`", cell)) for cell in line.strip("|").split("|")[:2])
        listed |= dict.fromkeys(tools, tables)
    assert listed == {tool: {path.stem for path in folder.glob("*.sql")} for tool, folder in packaged_tools().items()}


def last_days() -> list[tuple[str, str, date]]:
    """Tool, table and last day of the examples, of tables that a build waits for."""
    found = []
    for table, moment in (("contacts", "attempted_at"), ("payments", "paid_at")):
        for path in sorted((Path(__file__).parent / "expected").glob(f"*/{table}.csv")):
            with path.open(newline="") as stream:
                found.append(
                    (path.parent.name, table, max(date.fromisoformat(r[moment][:10]) for r in csv.DictReader(stream)))
                )
    return found


@pytest.mark.parametrize(("tool", "table", "last"), last_days())
def test_examples_of_several_tools_end_together(tool: str, table: str, last: date) -> None:
    """Beside the events of another tool, the mailings of an example ended too early, and nothing was published."""
    with (REPO_ROOT / "seeds" / "feeds.csv").open(newline="") as stream:
        (tolerated,) = (int(r["tolerated_delay_days"]) for r in csv.DictReader(stream) if r["table_name"] == table)
    assert last >= date(2025, 6, 30) - timedelta(days=tolerated), tool
