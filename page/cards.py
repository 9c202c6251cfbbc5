"""Customer cards: one small HTML file per customer with an urgent alert, or for any customer by command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from stayhouse.contract.names import file_name
from stayhouse.contract.sql import connect
from stayhouse.page.charts import HEALTH_COLOURS
from stayhouse.page.labels import Labels, plain, translations
from stayhouse.page.sql import has_marts, most_severe_first

ASSETS = Path(__file__).parent / "assets"
FOLDER = "cards"
MOST_CARDS = 2000
"""Number of cards in a publication, by severity of the open alerts. Other cards are written on request."""

URGENT = f"""
    select customer_id
    from alerts.mart_alerts
    where is_open and not is_spared
    group by customer_id
    order by min({most_severe_first()}), min(due_at), customer_id
    limit ?
"""

PARTS = {
    "facts": """
        select cards.*,
            briefs.* exclude (customer_id, customer_status, is_paying, has_access, is_do_not_disturb)
        from customer_360.mart_customer_360 as cards
        left join customer_360.mart_contact_brief as briefs on cards.customer_id = briefs.customer_id
        where cards.customer_id in (select unnest(?))
    """,
    "health": """
        select customer_id, health_status, health_reasons, valid_from, valid_to
        from usage_health.mart_usage_health_history
        where customer_id in (select unnest(?))
        order by customer_id, valid_from
    """,
    "alerts": """
        select customer_id, opened_date, severity, rule_code, signal_reason, alert_status, due_at, is_open
        from alerts.mart_alerts
        where customer_id in (select unnest(?)) and not is_spared
        order by customer_id, is_open desc, opened_date desc, rule_code
    """,
    "risk": """
        select customer_id, risk_band, risk_medium_pct, usual_medium_pct, first_reason, second_reason, third_reason
        from risk.mart_churn_risk
        where customer_id in (select unnest(?)) and risk_band is not null
    """,
    "cases": """
        select customer_id, metric_code, metric_score, case_state, topic_code, due_at
        from feedback.mart_feedback_cases
        where customer_id in (select unnest(?)) and not is_closed and is_followup_required
        order by customer_id, due_at, case_key
    """,
    "promises": """
        select customer_id, promise_kind, limbo_reason, next_action_code, term_at
        from promises.mart_promises
        where customer_id in (select unnest(?)) and is_open
        order by customer_id, term_at nulls first, promise_id
    """,
    "checklist": """
        select customer_id, step_order, title, checklist_state, is_required, first_done_at
        from activation.mart_activation_actions
        where customer_id in (select unnest(?))
        order by customer_id, step_order, title
    """,
    "scores": """
        select customer_id, response_date, survey_code, metric_code as metric, round(metric_score, 2) as score,
            coalesce(nps_group, score_group_code) as answer_group, has_comment
        from cx.mart_cx_responses
        where customer_id in (select unnest(?)) and coalesce(is_base, true)
        order by customer_id, submitted_at desc, response_id, metric_code
    """,
    "channels": """
        select customer_id, channel_code, has_usable_point, is_marketing_allowed, is_service_allowed, block_reason,
            effective_num, effective_den, is_best_channel
        from contacts.mart_customer_channels
        where customer_id in (select unnest(?))
        order by customer_id, channel_code
    """,
    "timeline": """
        select customer_id, occurred_at, source_code, event_kind, channel_code, title, event_points
        from customer_360.mart_customer_timeline
        where customer_id in (select unnest(?))
        qualify row_number() over (partition by customer_id order by occurred_at desc, source_code, source_id) <= 300
        order by customer_id, occurred_at desc, source_code, source_id
    """,
}

WEEKS_SHOWN = 78
NOTHING = "–"
TITLED = {"alert": "rule", "survey": "survey", "promise": "promise_type", "compensation": "compensation"}
"""Kind of the codes that are titles in the timeline, by source; other titles are codes of any kind, or words."""


FACTS_OF_CARDS = "customer_360.mart_customer_360"
"""The mart whose day a card shows."""


class NoCards(LookupError):
    """The publication does not have the marts that a card is made of."""


class UnknownCustomer(LookupError):
    """The publication has no customer of that id."""


def card_name(customer_id: str) -> str:
    """File name of a card."""
    return f"{file_name(customer_id)}.html"


def write_cards(database: Path, folder: Path, as_of: date, most: int = MOST_CARDS) -> dict[str, str]:
    """Write the cards of the customers with the most urgent open alerts; returns the address of each relative to the
    page."""
    with connect(database, read_only=True) as db:
        if not has_marts(db, URGENT) or not has_marts(db, PARTS["facts"]):
            return {}
        customers = [customer for (customer,) in db.execute(URGENT, [most]).fetchall()]
        written = _write(db, customers, folder / FOLDER, as_of, back="../index.html")
    return {customer: f"{FOLDER}/{name}" for customer, name in written.items()}


def write_card(database: Path, customer_id: str, out: Path, as_of: date) -> Path:
    """Write the card of one customer to `out`. Raises UnknownCustomer, and NoCards."""
    with connect(database, read_only=True) as db:
        if not has_marts(db, PARTS["facts"]):
            raise NoCards(FACTS_OF_CARDS)
        written = _write(db, [customer_id], out.parent, as_of, back=None, name=out.name)
    if not written:
        raise UnknownCustomer(customer_id)
    return out


def _write(
    db: duckdb.DuckDBPyConnection, customers: list[str], folder: Path, as_of: date, back: str | None,
    name: str | None = None,
) -> dict[str, str]:  # fmt: skip
    """One query per part for all customers, then one file each."""
    if not customers:
        return {}
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for part, sql in PARTS.items():
        if not has_marts(db, sql):
            continue
        result = db.execute(sql, [customers])
        columns = [column for column, *_ in result.description]
        for row in result.fetchall():
            values = dict(zip(columns, row, strict=True))
            found.setdefault(values.pop("customer_id"), {}).setdefault(part, []).append(values)
    environment = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    labels = Labels.of(db)
    environment.filters |= {"shown": _shown, "plain": plain, "date": _date}
    # A few hundred texts are said over a hundred times on each card.
    label = cache(lambda kind, code: _say(labels.label(kind, code), labels.words))
    environment.globals |= {
        "say": cache(_say), "label": label, "plainly": labels.label, "reasons": _Reasons(labels),
        "titled": lambda event: label(TITLED.get(event["source_code"], "any"), event["title"]),
    }  # fmt: skip
    template = environment.get_template("card.html")
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for customer in customers:
        parts = found.get(customer, {})
        if "facts" not in parts:
            continue
        file = name or card_name(customer)
        html = template.render(
            title=_title(customer, parts["facts"][0]), as_of=as_of, back=back, facts=parts["facts"][0],
            headline=_headline(parts["facts"][0], labels, label),
            trends=_trends(parts["facts"][0]),
            health=_bands(parts.get("health", []), as_of), legend=HEALTH_COLOURS,
            parts={part: parts.get(part, []) for part in PARTS},
        )  # fmt: skip
        (folder / file).write_text(html, encoding="utf-8")
        written[customer] = file
    return written


def _title(customer: str, facts: dict[str, Any]) -> str:
    """The name of a customer, where there is one, and the id."""
    name = facts.get("customer_display_name")
    return f"{name} ({customer})" if name else f"Customer {customer}"


def _say(text: str, words: Mapping[str, Mapping[str, str]] | None = None, **parts: object) -> Markup:
    """A text in both languages, of which the address of the card shows one; where there is one only, the text."""
    found = words or translations()
    spoken = {"en": text} | {language: known[text] for language, known in found.items() if text in known}
    if len(spoken) == 1:
        return Markup.escape(text.format(**parts) if parts else text)
    return Markup("").join(
        Markup('<span lang="{}">{}</span>').format(language, said.format(**parts) if parts else said)
        for language, said in spoken.items()
    )


def _headline(
    facts: dict[str, Any], labels: Labels, label: Callable[[str, str | None], Markup]
) -> list[tuple[str, str | Markup]]:
    """What a caller must know before the call, in a dozen facts; those that are not known are left out."""
    owner = facts.get("account_manager_display_name") or labels.label("employee", facts.get("account_manager_id"))
    done, required = facts.get("done_required_count"), facts.get("required_actions_count")
    found = [
        ("Plan", label("plan", facts.get("plan_code"))),
        ("MRR", _shown(facts.get("mrr_amount"))),
        ("Revenue of 12 months", _shown(facts.get("revenue_12m_amount"))),
        ("Customer since", _shown(facts.get("registered_date"))),
        ("Renewal", _shown(facts.get("next_renewal_date"))),
        ("Owner", owner),
        ("Segment", label("segment", facts.get("usage_segment_code"))),
        ("Value segment", label("value_segment", facts.get("value_segment_code"))),
        ("Region", label("region", facts.get("region"))),
        ("Last use", _shown(facts.get("last_use_date"))),
        ("Last effective contact", _date(facts.get("last_effective_at"))),
        ("Onboarding", _say("{done} of {required} steps", done=done, required=required) if required else NOTHING),
        ("NPS score", _shown(facts.get("nps_score"))),
        ("Points", _shown(facts.get("balance_points"))),
        ("Open coupon until", _shown(facts.get("open_coupon_until_date"))),
        ("Churned", _shown(facts.get("churned_date"))),
    ]
    return [(name, text) for name, text in found if text != NOTHING]


def _trends(facts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Use by week and recurring revenue by month, as far as they are known."""
    found = [
        # The running week would end every line with a fall.
        ("Days of use a week", _trend(facts.get("use_days_series"), 0.0, newest=1)),
        ("MRR by month", _trend(facts.get("mrr_series"), None)),
    ]
    return [(name, trend) for name, trend in found if trend]


def _trend(packed: str | None, missing: float | None, newest: int = 0) -> dict[str, Any] | None:
    """A line of width 100 and height 24 out of `ago:value` pairs, the oldest first; None with fewer than two values.

    `missing` is the value of a period without a pair: zero days of use, or no revenue known.
    """
    pairs = {int(ago): float(value) for ago, value in (pair.split(":") for pair in (packed or "").split())}
    values = [pairs.get(ago, missing) for ago in range(max(pairs, default=0), newest - 1, -1)]
    known = [(at, value) for at, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return None
    top = max(value for _, value in known) or 1.0
    points = " ".join(f"{100 * at / (len(values) - 1):.1f},{23 - 22 * value / top:.1f}" for at, value in known)
    return {"points": points, "first": _shown(known[0][1]), "last": _shown(known[-1][1]), "periods": len(values)}


class _Reasons:
    """The reasons of a health status in words."""

    def __init__(self, labels: Labels) -> None:
        self.labels = labels

    def __call__(self, codes: str) -> Markup:
        return Markup(", ").join(
            _say(self.labels.label("health_reason", code), self.labels.words).lower() for code in codes.split()
        )


def _bands(history: Iterable[dict[str, Any]], as_of: date) -> list[dict[str, Any]]:
    """The health history as bands of a strip of width 1000 that ends on the business day."""
    first = as_of - timedelta(weeks=WEEKS_SHOWN)
    days = (as_of - first).days + 1
    bands = []
    for period in history:
        until = min(period["valid_to"] or as_of + timedelta(days=1), as_of + timedelta(days=1))
        since = max(period["valid_from"], first)
        if until > since:
            bands.append(
                period
                | {
                    "x": round(1000 * (since - first).days / days, 2),
                    "width": round(1000 * (until - since).days / days, 2),
                    "colour": HEALTH_COLOURS.get(period["health_status"], "#8c8c8c"),
                }
            )
    return bands


def _shown(value: Any) -> str:
    """A value formatted for people."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        return f"{_date(value)}, {value:%H:%M} UTC"
    if isinstance(value, date):
        return _date(value)
    if isinstance(value, float | Decimal):
        return f"{value:,.1f}".removesuffix(".0")
    return str(value)


def _date(value: date | None) -> str:
    """A day without its time, as people write it."""
    return NOTHING if value is None else f"{value.day} {value:%b %Y}"
