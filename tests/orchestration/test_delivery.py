"""Lists leave whole or not at all, and the webhook meets endpoints that fail, stall, drip, redirect and repeat."""

from __future__ import annotations

import csv
import json
import re
import threading
import time
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import duckdb
import pytest

from stayhouse.contract.names import file_name
from stayhouse.orchestration.feeds import Feed
from stayhouse.publishing.delivery import (
    DeliveredList,
    Patience,
    deliver_alerts,
    lists_of,
    published_alerts,
    target_of,
    write_lists,
)
from stayhouse.publishing.release import DATABASE_NAME, Mart, publish

pytestmark = pytest.mark.slow

AS_OF = date(2025, 6, 30)
QUICK = Patience(attempts=3, answer_seconds=0.3, pause_seconds=0.01, run_seconds=5)
ALERTS = [{"alert_id": f"a{number}", "customer_id": f"c{number}", "due_at": AS_OF} for number in range(3)]


class Endpoint:
    """A real HTTP server whose behaviour is a list of what it does with one request after another."""

    def __init__(self):
        self.script: list = []
        self.received: list[tuple[str, dict]] = []
        self.taken: dict[str, dict] = {}
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = self.headers["Idempotency-Key"]
                endpoint.received.append((key, body))
                step = endpoint.script.pop(0) if endpoint.script else 200
                if callable(step):
                    step(self, key, body)
                    return
                if step == 200:
                    endpoint.taken.setdefault(key, body)
                self.send_response(step)
                if step == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def do_GET(self):
                endpoint.received.append(("GET", {}))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/alerts?token=secret"


@pytest.fixture
def endpoint():
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def warehouse(tmp_path):
    path = tmp_path / "w.duckdb"
    with duckdb.connect(path) as db:
        db.execute("create schema ops")
    return path


def send(warehouse, endpoint, alerts=ALERTS, patience=QUICK):
    with duckdb.connect(warehouse) as db:
        return deliver_alerts(db, alerts, endpoint.url, AS_OF, patience)


def test_every_alert_arrives_once_and_only_once(warehouse, endpoint):
    assert send(warehouse, endpoint).sent == 3
    again = send(warehouse, endpoint)
    assert (again.sent, again.known, again.waiting) == (0, 3, 0)
    assert [key for key, _ in endpoint.received] == ["a0", "a1", "a2"]
    assert endpoint.taken["a1"] == {"alert_id": "a1", "customer_id": "c1", "due_at": "2025-06-30"}
    later = send(warehouse, endpoint, [*ALERTS, {"alert_id": "a3"}])
    assert (later.sent, later.known) == (1, 3)


def test_a_failure_that_passes_is_tried_again_at_once(warehouse, endpoint):
    endpoint.script = [503, 429, 200, 500, 200]
    result = send(warehouse, endpoint)
    assert (result.sent, result.problems) == (3, [])
    assert [key for key, _ in endpoint.received] == ["a0", "a0", "a0", "a1", "a1", "a2"]


def test_an_endpoint_that_is_down_keeps_the_alerts_for_the_next_run(warehouse, endpoint):
    endpoint.script = [200] + [500] * 3
    result = send(warehouse, endpoint)
    assert (result.sent, result.waiting) == (1, 2)
    assert result.problems == ["the endpoint answered 500, 3 times"]
    # One alert is enough to learn that it is down.
    assert len(endpoint.received) == 4
    assert send(warehouse, endpoint).sent == 2
    assert sorted(endpoint.taken) == ["a0", "a1", "a2"]


def test_a_refused_alert_does_not_hold_up_the_others(warehouse, endpoint):
    endpoint.script = [200, 400, 200]
    result = send(warehouse, endpoint)
    assert (result.sent, result.waiting, result.problems) == (2, 1, ["the endpoint answered 400"])
    assert sorted(endpoint.taken) == ["a0", "a2"]


def test_an_answer_that_gets_lost_is_repeated_with_the_same_key(warehouse, endpoint):
    def take_and_stall(handler, key, body):
        endpoint.taken[key] = body
        time.sleep(0.6)

    endpoint.script = [take_and_stall]
    result = send(warehouse, endpoint)
    assert result.sent == 3
    assert [key for key, _ in endpoint.received] == ["a0", "a0", "a1", "a2"]
    assert len(endpoint.taken) == 3


def test_an_endpoint_that_drips_costs_no_more_than_the_time_of_a_run(warehouse, endpoint):
    def drip(handler, key, body):
        # Every byte starts the time limit of the socket again.
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 100:
            try:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    endpoint.script = [200, drip]
    began = time.monotonic()
    result = send(warehouse, endpoint, patience=Patience(3, 0.3, 0.01, run_seconds=1))
    assert time.monotonic() - began < 3
    assert (result.sent, result.waiting, result.problems) == (1, 2, ["gave up after 1 s"])


def test_a_redirect_is_no_yes(warehouse, endpoint):
    endpoint.script = [302] * 3
    result = send(warehouse, endpoint)
    assert result.sent == 0
    assert ("GET", {}) not in endpoint.received


def test_nobody_there_and_no_address_are_reported_without_the_secret(warehouse, endpoint):
    endpoint.server.shutdown()
    endpoint.server.server_close()
    nobody = send(warehouse, endpoint)
    assert nobody.sent == 0
    assert nobody.problems == ["no answer (ConnectionRefusedError), 3 times"]
    odd = deliver_alerts(duckdb.connect(), ALERTS, "file:///etc/passwd", AS_OF, QUICK)
    assert (odd.sent, odd.waiting) == (0, 3)
    assert odd.problems == ["the address of the webhook is neither http nor https"]


def test_a_new_secret_is_the_same_endpoint_and_another_path_is_another():
    assert target_of("https://u:p@host/a?token=1") == target_of("https://host/a?token=2")
    assert target_of("https://host/a") != target_of("https://host/b")


# ---------------------------------------------------------------- files


@pytest.fixture
def alert_list(tmp_path):
    warehouse = tmp_path / "w.duckdb"
    with duckdb.connect(warehouse) as db:
        db.execute("create schema alerts")
        db.execute(
            """
            create table alerts.mart_alerts as
            select * from (values
                ('a1', 'e1', 'success', true, 2), ('a2', null, 'success', true, 1), ('a3', 'e1', 'success', false, 0),
                ('a4', 'e/1', 'success', true, 3)
            ) as rows(alert_id, owner_employee_id, queue_code, is_open, due)
            """
        )
    return warehouse, DeliveredList(
        "alerts", "alerts.mart_alerts", "is_open", ("due", "alert_id"), ("owner_employee_id", "queue_code")
    )


def published(tmp_path, alert_list, per_owner=False):
    warehouse, one = alert_list
    with duckdb.connect(warehouse) as db:
        return publish(
            db, tmp_path / "p", [Mart("alerts", "mart_alerts")], AS_OF, "run", {},
            companions=[lambda release, _: write_lists(release, [one], per_owner)],
        )  # fmt: skip


def test_lists_are_files_of_the_release_in_their_order(tmp_path, alert_list):
    published(tmp_path, alert_list)
    folder = tmp_path / "p" / "current" / "lists"
    with (folder / "alerts.csv").open(newline="") as file:
        assert [row["alert_id"] for row in csv.DictReader(file)] == ["a2", "a1", "a4"]
    lines = [json.loads(line) for line in (folder / "alerts.jsonl").read_text().splitlines()]
    assert [line["alert_id"] for line in lines] == ["a2", "a1", "a4"]
    assert lines[0]["owner_employee_id"] is None
    assert [alert["alert_id"] for alert in published_alerts(tmp_path / "p", [alert_list[1]])] == ["a2", "a1", "a4"]


def test_a_file_per_owner_if_asked_and_nobody_is_lost(tmp_path, alert_list):
    published(tmp_path, alert_list, per_owner=True)
    folder = tmp_path / "p" / "current" / "lists" / "alerts"
    found = {path.stem: len(path.read_text().splitlines()) for path in folder.glob("*.jsonl")}
    assert found == {"e1": 1, "success": 1, file_name("e/1"): 1}
    assert "/" not in file_name("e/1")
    assert file_name("e/1") != file_name("e_1")


def test_a_list_of_customers_has_their_names(tmp_path):
    """People who call a customer got a list of ids. The order stays, and a company without names has no empty column."""
    with duckdb.connect(tmp_path / DATABASE_NAME) as db:
        db.execute("create schema s")
        db.execute("create schema customer_360")
        db.execute("create table s.t as from (values ('c1', 1), ('c3', 2), ('c2', 3)) as t(customer_id, points)")
        db.execute("create table customer_360.mart_customer_360 (customer_id varchar, customer_display_name varchar)")
    calls = [DeliveredList("calls", "s.t", order_by=("points desc",))]
    write_lists(tmp_path, calls)
    assert "name" not in (tmp_path / "lists" / "calls.csv").read_text()
    with duckdb.connect(tmp_path / DATABASE_NAME) as db:
        db.execute("insert into customer_360.mart_customer_360 values ('c1', 'Acme'), ('c2', '=Byte'), ('c4', 'Other')")
    write_lists(tmp_path, calls)
    with (tmp_path / "lists" / "calls.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["customer_id", "points", "customer_display_name"], ["c2", "3", "'=Byte"], ["c3", "2", ""], ["c1", "1", "Acme"],
        ]  # fmt: skip


def test_no_cell_of_a_list_is_a_formula(tmp_path):
    """A customer named `=cmd|' /C calc'!A0` would run a program on the computer of the person who opens the list."""
    texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "a=1", "-", None, "'=1"]
    with duckdb.connect(tmp_path / DATABASE_NAME) as db:
        db.execute("create schema s")
        db.execute("create table s.t as select unnest(?) as name, -5 as points", [texts])
    write_lists(tmp_path, [DeliveredList("people", "s.t")])
    with (tmp_path / "lists" / "people.csv").open(newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["name", "points"]
    assert [name for name, _ in rows] == [
        "'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "'\nx", "a=1", "'-", "", "'=1",
    ]  # fmt: skip
    assert {points for _, points in rows} == {"-5"}, "numbers are not formulas"
    lines = (tmp_path / "lists" / "people.jsonl").read_text().splitlines()
    assert [json.loads(line).get("name") for line in lines] == texts, "programs read the values as they are"


def test_a_name_of_a_person_makes_a_bounded_name_of_a_file():
    """An owner with a name of 300 letters stopped the run, and `C1` and `c1` shared a file where case is ignored."""
    odd = ["x" * 300, "ä" * 300, "../../etc/passwd", "C1", "c1", "con", "nul", "", " ", ".", "e/1", "e_1", "a\x00b"]
    odd += [file_name("e/1"), file_name(file_name("e/1")), "\ud800"]
    names = [file_name(text) for text in odd]
    assert len({name.lower() for name in names}) == len(odd)
    for name in names:
        assert re.fullmatch("[a-z0-9_-]{1,64}", name)
        assert name not in ("con", "nul")
    assert file_name("c0000042") == "c0000042"


def test_a_list_that_cannot_be_written_leaves_the_last_publication(tmp_path, alert_list):
    published(tmp_path, alert_list)
    before = (tmp_path / "p" / "current").resolve()
    warehouse, one = alert_list
    broken = DeliveredList("alerts", one.table, "no_such_column")
    with pytest.raises(duckdb.Error):
        published(tmp_path, (warehouse, broken))
    assert (tmp_path / "p" / "current").resolve() == before


def test_marts_declare_their_lists():
    node = {
        "resource_type": "model", "schema": "alerts", "name": "mart_alerts",
        "config": {"meta": {"delivery": {"list": "alerts", "where": "is_open", "owner": ["queue_code"]}}},
    }  # fmt: skip
    plain = {"resource_type": "model", "schema": "x", "name": "mart_x", "config": {"meta": {}}}
    found = lists_of({"nodes": {"a": node, "b": plain}})
    assert found == [DeliveredList("alerts", "alerts.mart_alerts", "is_open", (), ("queue_code",))]


def test_only_the_newest_day_is_delivered_and_only_with_an_address(monkeypatch, tmp_path):
    from types import SimpleNamespace

    from stayhouse.orchestration.defs import delivery

    posted = []
    monkeypatch.setattr(delivery, "published_alerts", lambda *_: ALERTS)
    monkeypatch.setattr(delivery, "deliver_alerts", lambda *arguments: posted.append(arguments[3]))
    document = {"as_of_date": "2025-07-01", "rows": {delivery.ALERTS_MART: 1}, "as_of_dates": {}}
    monkeypatch.setattr(delivery, "current_publication", lambda _: document)

    def run(url, events_end=AS_OF):
        settings = SimpleNamespace(alert_webhook=url, publish=None, warehouse=tmp_path / "w.duckdb")
        return SimpleNamespace(
            settings=settings,
            manifest={"nodes": {}},
            last_covered_day=lambda: AS_OF,
            feeds=lambda as_of: [Feed("events", "expected", 3, events_end, as_of)],
        )

    delivery.deliver(run(None), AS_OF)
    delivery.deliver(run("http://host"), date(2025, 6, 29))
    delivery.deliver(run("http://host", events_end=date(2025, 6, 20)), AS_OF)
    # A run of other domains has not built the alerts.
    document["as_of_dates"][delivery.ALERTS_MART] = "2025-06-28"
    delivery.deliver(run("http://host"), AS_OF)
    document["rows"].clear()
    delivery.deliver(run("http://host"), AS_OF)
    assert posted == []
    document["rows"][delivery.ALERTS_MART] = 1
    document["as_of_dates"][delivery.ALERTS_MART] = AS_OF.isoformat()
    delivery.deliver(run("http://host"), AS_OF)
    document["as_of_dates"].clear()
    # The schedule describes yesterday; rows that are late but tolerated must not hold back its alerts.
    delivery.deliver(run("http://host"), date(2025, 7, 1))
    assert posted == [AS_OF, date(2025, 7, 1)]


def test_a_delivery_that_breaks_does_not_fail_the_run(monkeypatch):
    from types import SimpleNamespace

    import dagster as dg

    from stayhouse.orchestration.defs import delivery
    from stayhouse.orchestration.defs.partitions import daily

    noted = {}
    run = SimpleNamespace(log=SimpleNamespace(note=noted.update))

    def broken(*_):
        raise RuntimeError("no publication")

    monkeypatch.setattr(delivery, "deliver", broken)
    context = dg.build_asset_context(partition_key="2025-06-30")
    deliver_day = delivery.alert_delivery(daily("2025-01-01", "UTC"))
    result = deliver_day(context, run)
    assert result.metadata["sent"].value == 0
    assert noted["delivery"]["problems"] == ["RuntimeError: see the log of the run"]
