"""What leaves the warehouse: lists as files beside the published marts, and new alerts through a webhook.

A mart that is a list for people says so in its YAML (`config: {meta: {delivery: {...}}}`), see `lists_of`. The webhook
speaks after publication only, once per alert, and nothing that it meets ever fails the run.
"""

from __future__ import annotations

import hashlib
import json
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib import error, request
from urllib.parse import urlsplit

import duckdb

from stayhouse.contract.names import file_name
from stayhouse.contract.personal import CUSTOMER
from stayhouse.contract.sql import columns_of, connect, identifier, literal, one_row
from stayhouse.publishing.release import DATABASE_NAME

LISTS_FOLDER = "lists"
NAMES, NAME = "customer_360.mart_customer_360", "customer_display_name"
ALERTS = "alerts"
FORMULA = r"^[=+\-@\t\r\n]"
"""What a spreadsheet takes for the beginning of a formula (page.js has the same for the files that it offers)."""
APOSTROPHE = "'"

ATTEMPTS = 3
ANSWER_SECONDS = 5.0
"""How long the endpoint may be silent within one attempt."""
PAUSE_SECONDS = 1.0
"""Before the second attempt; doubled before each one after it."""
RUN_SECONDS = 60.0
"""What a run gives to the webhook in all, whatever the endpoint does."""
PERMANENT = range(400, 500)
FOR_NOW = (408, 425, 429)


@dataclass(frozen=True)
class DeliveredList:
    """A mart, or some of its rows, as a list that somebody works on."""

    name: str
    table: str
    """Name with its schema."""
    where: str = "true"
    order_by: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    """Columns that name whose row it is; the first that is filled counts."""

    @property
    def query(self) -> str:
        schema, name = self.table.split(".")
        order = f" order by {', '.join(self.order_by)}" if self.order_by else ""
        return f"select * from {identifier(schema)}.{identifier(name)} where {self.where}{order}"


def lists_of(manifest: Mapping[str, Any]) -> list[DeliveredList]:
    """The lists that marts declare: `delivery: {list: alerts, where: is_open, order_by: [...], owner: [...]}`."""
    found = []
    for node in manifest["nodes"].values():
        declared = (node["config"].get("meta") or {}).get("delivery")
        if node["resource_type"] == "model" and declared:
            found.append(
                DeliveredList(
                    declared["list"],
                    f"{node['schema']}.{node['name']}",
                    declared.get("where", "true"),
                    tuple(declared.get("order_by", ())),
                    tuple(declared.get("owner", ())),
                )
            )
    return sorted(found, key=lambda one: one.name)


# ---------------------------------------------------------------- files


def write_lists(release: Path, lists: Sequence[DeliveredList], per_owner: bool = False) -> dict[str, int]:
    """Writes every list as CSV and JSON Lines into a release that is not visible yet; returns rows by list.

    With `per_owner` each list also has a folder with a file pair per person or team.
    """
    rows = {}
    with connect(release / DATABASE_NAME, read_only=True) as db:
        for one in lists:
            folder = release / LISTS_FOLDER
            folder.mkdir(exist_ok=True)
            # Run once, kept in order: a list may be a long query.
            db.execute(f"create or replace temp table listed as {_with_names(db, one.query)}")
            rows[one.name] = _write_pair(db, "from listed", folder / one.name)
            if per_owner and one.owner:
                owner = f"coalesce({', '.join(map(identifier, one.owner))}, 'nobody')"
                (folder / one.name).mkdir()
                for (name,) in db.execute(f"select distinct {owner} from listed order by 1").fetchall():
                    mine = f"from listed where {owner} = {literal(name)}"
                    _write_pair(db, mine, folder / one.name / file_name(name))
    return rows


def _with_names(db: duckdb.DuckDBPyConnection, query: str) -> str:
    """A list with the names of its customers, where anybody has one and the mart of the list has none."""
    columns = [name for name, *_ in db.execute(f"describe {query}").fetchall()]
    if CUSTOMER not in columns or NAME in columns or NAME not in columns_of(db, NAMES):
        return query
    if not one_row(db, f"select exists (from {NAMES} where {NAME} is not null)")[0]:
        return query
    return (
        f"select l.* exclude (_place), n.{NAME} from (select *, row_number() over () as _place from ({query})) as l "
        f"left join {NAMES} as n on n.{CUSTOMER} = l.{CUSTOMER} order by _place"
    )


def _write_pair(db: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """The rows of a query as CSV and as JSON Lines; returns how many."""
    csv, jsonl = (literal(path.with_name(f"{path.name}.{ending}")) for ending in ("csv", "jsonl"))
    db.execute(f"copy (select {_for_spreadsheets(db, query)} {query}) to {csv} (format csv, header)")
    return int(one_row(db, f"copy ({query}) to {jsonl} (format json)")[0])


def harmless(value: Any) -> Any:
    """A value as `_for_spreadsheets` writes it."""
    return APOSTROPHE + value if isinstance(value, str) and re.match(FORMULA, value) else value


def _for_spreadsheets(db: duckdb.DuckDBPyConnection, query: str) -> str:
    """The columns of a query; an apostrophe before a text keeps a spreadsheet from running it as a formula."""
    columns = []
    for name, kind, *_ in db.execute(f"describe {query}").fetchall():
        column = identifier(name)
        if kind == "VARCHAR":
            is_formula = f"regexp_matches({column}, {literal(FORMULA)})"
            column = f"case when {is_formula} then {literal(APOSTROPHE)} || {column} else {column} end as {column}"
        columns.append(column)
    return ", ".join(columns)


# ---------------------------------------------------------------- webhook


@dataclass
class Delivery:
    """What the webhook did in one run."""

    sent: int = 0
    known: int = 0
    """Alerts on the list that had been delivered before."""
    waiting: int = 0
    """Not delivered; they are tried again with the next run."""
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Patience:
    """How hard to try."""

    attempts: int = ATTEMPTS
    answer_seconds: float = ANSWER_SECONDS
    pause_seconds: float = PAUSE_SECONDS
    run_seconds: float = RUN_SECONDS


class EndpointFailed(Exception):
    """The endpoint could not be made to take anything now; no use in trying the next alert."""


class AlertRefused(Exception):
    """The endpoint does not want this alert; others may go through."""


def deliver_alerts(
    db: duckdb.DuckDBPyConnection,
    alerts: Sequence[Mapping[str, Any]],
    url: str,
    as_of: date,
    patience: Patience | None = None,
) -> Delivery:
    """Posts each alert that this endpoint does not have yet, as JSON, one request each.

    An alert is in the ledger as soon as the endpoint has said yes. The request carries the alert's id as
    `Idempotency-Key`, so that an endpoint whose answer got lost can tell the repetition. Never raises for what the
    endpoint does.
    """
    patience = patience or Patience()
    result = Delivery(waiting=len(alerts))
    if urlsplit(url).scheme not in ("http", "https"):
        result.problems.append("the address of the webhook is neither http nor https")
        return result
    target = target_of(url)
    db.execute(LEDGER)
    known = {key for (key,) in db.execute("select alert_id from ops.deliveries where target = ?", [target]).fetchall()}
    fresh = [alert for alert in alerts if alert["alert_id"] not in known]
    result.known = len(alerts) - len(fresh)
    for alert_id, problem in _posted(fresh, url, patience):
        if problem:
            result.problems.append(problem)
        else:
            db.execute("insert into ops.deliveries values (?, ?, ?, now())", [target, alert_id, as_of])
            result.sent += 1
    result.waiting = len(fresh) - result.sent
    return result


LEDGER = """
create table if not exists ops.deliveries (
    target varchar not null,
    alert_id varchar not null,
    as_of_date date not null,
    delivered_at timestamptz not null
)
"""


def target_of(url: str) -> str:
    """Names an endpoint without its secrets: what is in the query or before the host is left out."""
    parts = urlsplit(url)
    return hashlib.sha256(f"{parts.scheme}://{parts.hostname}:{parts.port}{parts.path}".encode()).hexdigest()[:16]


def _posted(alerts: Sequence[Mapping[str, Any]], url: str, patience: Patience) -> Iterator[tuple[str, str | None]]:
    """Yields (alert id, None) for each that was taken and (alert id, problem) for each that was not, within the time.

    The posting runs in a thread of its own: a socket's time limit starts again with every byte, and an endpoint that
    drips would hold up the run.
    """
    outcomes: queue.Queue[tuple[str, str | None] | None] = queue.Queue()
    stop = threading.Event()

    def work() -> None:
        try:
            for alert in alerts:
                if stop.is_set():
                    break
                try:
                    _post(alert, url, patience, stop.wait)
                    outcomes.put((alert["alert_id"], None))
                except AlertRefused as refusal:
                    outcomes.put((alert["alert_id"], str(refusal)))
                except EndpointFailed as failure:
                    outcomes.put((alert["alert_id"], str(failure)))
                    break
        except Exception as surprise:
            outcomes.put(("", f"{type(surprise).__name__} while posting"))
        finally:
            outcomes.put(None)

    if not alerts:
        return
    deadline = time.monotonic() + patience.run_seconds
    threading.Thread(target=work, name="alert webhook", daemon=True).start()
    try:
        while (outcome := outcomes.get(timeout=max(0.001, deadline - time.monotonic()))) is not None:
            yield outcome
    except queue.Empty:
        yield "", f"gave up after {patience.run_seconds:.0f} s"
    finally:
        stop.set()


class _NoRedirect(request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without its body."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post(alert: Mapping[str, Any], url: str, patience: Patience, pause: Callable[[float], bool]) -> None:
    body = json.dumps(alert, default=str).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": alert["alert_id"], "User-Agent": "stayhouse"}
    opener = request.build_opener(_NoRedirect)
    problem = ""
    for attempt in range(patience.attempts):
        if attempt and pause(patience.pause_seconds * 2 ** (attempt - 1)):
            break
        try:
            message = request.Request(url, data=body, headers=headers, method="POST")
            with opener.open(message, timeout=patience.answer_seconds):
                return
        except error.HTTPError as answer:
            answer.close()
            problem = f"the endpoint answered {answer.code}"
            if answer.code in PERMANENT and answer.code not in FOR_NOW:
                raise AlertRefused(problem) from None
        except (OSError, ValueError) as failure:
            # The text of the failure may hold the address with its secrets.
            reason = getattr(failure, "reason", failure)
            problem = f"no answer ({type(reason).__name__})"
    raise EndpointFailed(f"{problem}, {patience.attempts} times")


def published_alerts(publish_folder: Path, lists: Sequence[DeliveredList]) -> list[dict[str, Any]]:
    """The rows of the alert list in the current publication."""
    one = next(found for found in lists if found.name == ALERTS)
    with connect(publish_folder / "current" / DATABASE_NAME, read_only=True) as db:
        cursor = db.execute(one.query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
