"""Codes in the loaded rows that the policy does not know, each with the row that a policy file needs for it.

It reads raw tables and policy files only, so that it can answer before anything is built. A build finds the same kinds
in `core.unknown_policy_codes`, which leaves out test accounts, and says the same about them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from stayhouse.contract.sql import identifier, identifiers, literal
from stayhouse.contract.tables import EARLIEST_PLAUSIBLE
from stayhouse.orchestration.money import ISO_4217
from stayhouse.orchestration.money import TABLES as MONEY_TABLES
from stayhouse.orchestration.policy_files import Row, csv_line

Facts = Mapping[str, Any]
"""What a query found of a code: its columns of the policy file by name, `rows_count`, and what helps to describe it."""

REASON = "found in the data by stayhouse validate"
ORIGIN = "ours"
# Of two scales that hold all scores the first is meant: five points are the most common ones.
SCALES = ((1, 5), (1, 7), (0, 10), (1, 10), (0, 100))
# A quarter (ours), where the policy has no segment to learn a limit from.
INACTIVITY_DAYS = 90
RESPONSE_WINDOW_DAYS = 14


@dataclass(frozen=True)
class Known:
    """The policy that is in force, as rows of text by file."""

    rows: Mapping[str, Sequence[Row]]
    reporting_currency: str | None = None


@dataclass(frozen=True)
class Codes:
    """A kind of code: where the data hold it, the policy file that lists it, and how its row there looks."""

    kind: str
    seed: str
    key: tuple[str, ...]
    """Columns of the policy file that identify the code."""
    found_in: Mapping[str, str]
    """`table.column` of raw data -> query of it, with a column for each of the key and those of `facts`."""
    describe: Callable[[Facts, Known], Row]
    consequence: str | Callable[[Known], str]
    """What happens with rows whose code is unknown; from the policy where that decides it."""
    facts: str = ""
    """Aggregates over the rows of a code."""
    is_written: bool = True
    """False where the row holds something that only people know, in angle brackets."""
    concerns_runs: Callable[[Known], bool] = lambda _: True
    """Whether a run reports such a code under a policy: it is more than a hint, and nobody else reports it."""

    @property
    def file(self) -> str:
        return f"{self.seed}.csv"

    def name_of(self, facts: Facts) -> str:
        """The code as messages name it."""
        return "/".join(str(facts[name]) for name in self.key)

    def consequence_by(self, known: Known) -> str:
        """The consequence under a policy."""
        return self.consequence if isinstance(self.consequence, str) else self.consequence(known)


@dataclass(frozen=True)
class UnknownCode:
    """A code that the policy does not know, in one column of one raw table."""

    kind: str
    table: str
    column: str
    code: str
    rows_count: int
    file: str
    """Policy file that lists codes of this kind."""
    row: Row
    """The row that it needs, by column of the policy file."""
    consequence: str
    is_written: bool
    """`--write` adds the row."""

    def line(self, columns: Sequence[str]) -> str:
        """The row as a line of a policy file with these columns."""
        return csv_line([self.row.get(name, "") for name in columns])


def find_unknown_codes(db: duckdb.DuckDBPyConnection, known: Known) -> list[UnknownCode]:
    """Every code of the raw tables that the policy does not know, in the order in which policy files need them."""
    found = []
    for codes in CODES:
        _create_known(db, codes, known)
        by_place = {place: _unknown(db, codes, query) for place, query in codes.found_in.items()}
        # A code of several tables has one row in the policy file, which fits all of its rows.
        everywhere = (
            by_place.values()
            if len(by_place) == 1
            else [_unknown(db, codes, " union all ".join(codes.found_in.values()))]
        )
        rows = {
            codes.name_of(facts): codes.describe(facts, known) for found_facts in everywhere for facts in found_facts
        }
        for place, unknown in by_place.items():
            table, column = place.split(".")
            found += [
                UnknownCode(
                    codes.kind,
                    table,
                    column,
                    codes.name_of(facts),
                    facts["rows_count"],
                    codes.file,
                    rows[codes.name_of(facts)],
                    codes.consequence_by(known),
                    codes.is_written,
                )
                for facts in unknown
            ]
    return found


def _create_known(db: duckdb.DuckDBPyConnection, codes: Codes, known: Known) -> None:
    db.execute(f"create or replace temp table known ({', '.join(f'{identifier(n)} varchar' for n in codes.key)})")
    rows = {tuple(row[name].strip() for name in codes.key) for row in known.rows[codes.seed]}
    if codes.seed == "exchange_rates" and known.reporting_currency:
        rows.add((known.reporting_currency,))
    if rows:
        values = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in sorted(rows))
        db.execute(f"insert into known values {values}")


def _unknown(db: duckdb.DuckDBPyConnection, codes: Codes, query: str) -> list[dict[str, Any]]:
    same = " and ".join(f"k.{identifier(name)} = d.{identifier(name)}" for name in codes.key)
    present = " and ".join(f"d.{identifier(name)} is not null" for name in codes.key)
    result = db.execute(
        f"""select {identifiers(codes.key)}, count(*) as rows_count{codes.facts and ", "}{codes.facts}
        from ({query}) as d
        where {present} and not exists (select 1 from known as k where {same})
        group by {identifiers(codes.key)} order by rows_count desc, {identifiers(codes.key)}"""
    )
    names = [name for name, *_ in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def title_of(code: str) -> str:
    """A name for people: `mailing_sent` and `MailingSent` become `Mailing sent`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", code)
    words = " ".join(re.sub(r"[^\w]+|_", " ", words).split())
    # Words in capitals stay: NPS, API.
    plain = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words.split())
    return plain[:1].upper() + plain[1:] or code


def _component(facts: Facts, _: Known) -> Row:
    code = facts["component_code"]
    return {"component_code": code, "title": title_of(code), "is_one_off": "false"}


def _event(facts: Facts, _: Known) -> Row:
    name = facts["event_name"]
    return {
        "event_name": name,
        "is_usage": "true",
        "is_information_view": "false",
        "is_error": "false",
        "title": title_of(name),
    }


def _are_usage(known: Known) -> bool:
    return any(
        row["threshold_code"] == "unlisted_events_are_usage" and float(row["threshold_value"])
        for row in known.rows["thresholds"]
    )


def _of_unlisted_events(known: Known) -> str:
    return "events count as use" if _are_usage(known) else "events do not count as use"


def _segment(facts: Facts, known: Known) -> Row:
    code, scheme = facts["segment_code"], facts["scheme"]
    row = {"segment_code": code, "scheme": scheme, "title": title_of(code), "is_priority": "false"}
    if scheme == "usage":
        # The longest limit of the others: a customer who is counted as churned too late does less harm.
        limits = [int(days) for row in known.rows["segments"] if (days := row["churn_inactivity_days"].strip())]
        row["churn_inactivity_days"] = str(max(limits, default=INACTIVITY_DAYS))
    return row | {"origin": ORIGIN, "reason": REASON}


def _plan(facts: Facts, _: Known) -> Row:
    code = facts["plan_code"]
    return {"plan_code": code, "title": title_of(code), "tier": "0" if facts["is_free"] else ""}


def _survey(facts: Facts, _: Known) -> Row:
    code = facts["survey_code"]
    return {
        "survey_code": code,
        "title": title_of(code),
        "programme": "transactional" if facts["is_about_service"] else "relational",
        "response_window_days": str(RESPONSE_WINDOW_DAYS),
        "origin": ORIGIN,
        "reason": REASON,
    }


def _question(facts: Facts, known: Known) -> Row:
    survey, question = facts["survey_code"], facts["question_code"]
    row = _like_known(facts, known.rows["survey_questions"]) or _by_scores(facts)
    return row | {
        "survey_code": survey,
        "question_code": question,
        "valid_from": EARLIEST_PLAUSIBLE,
        "valid_to": "",
        "origin": ORIGIN,
        "reason": REASON,
    }


def _like_known(facts: Facts, questions: Sequence[Row]) -> Row | None:
    """A question of that code in another survey, if the scores lie on its scale."""
    if facts["low"] is None:
        return None
    same = [row for row in questions if row["question_code"] == facts["question_code"] and row["scale_min"].strip()]
    fitting = (
        row for row in same if float(row["scale_min"]) <= facts["low"] and facts["high"] <= float(row["scale_max"])
    )
    return next(fitting, None)


def _by_scores(facts: Facts) -> Row:
    """A question that counts in no index, on the narrowest usual scale that holds its scores."""
    is_scored = facts["low"] is not None
    scale_min, scale_max = map(str, _scale(facts["low"], facts["high"])) if is_scored else ("", "")
    return {
        "title": title_of(facts["question_code"]),
        "question_version": "1",
        "scale_min": scale_min,
        "scale_max": scale_max,
        "is_reverse_coded": "false",
        "is_required": "false",
        "is_free_text": "false" if is_scored or facts["options"] else "true",
        "options_count": str(facts["options"]) if facts["options"] else "",
    }


def _scale(low: float, high: float) -> tuple[int, int]:
    """The first usual scale that holds both scores; else from the lower to the higher one."""
    usual = (scale for scale in SCALES if scale[0] <= low and high <= scale[1])
    floor, ceiling = math.floor(low), math.ceil(high)
    return next(usual, (floor, max(ceiling, floor + 1)))


def _outcome(facts: Facts, _: Known) -> Row:
    return {
        "outcome_code": facts["outcome_code"],
        "outcome_role": "<what it means>",
        "origin": ORIGIN,
        "reason": REASON,
    }


def _churn_reason(facts: Facts, _: Known) -> Row:
    code = facts["reported_code"]
    return {
        "reported_code": code,
        "reason_code": code,
        "category": "<category>",
        "is_pause": "false",
        "title": title_of(code),
        "is_commission_forfeited": "false",
        "origin": ORIGIN,
        "reason": REASON,
    }


def _attribute(facts: Facts, _: Known) -> Row:
    code = facts["attribute_code"]
    return {"attribute_code": code, "title": title_of(code), "reason": "<why it is a breakdown>"}


def _promise(facts: Facts, _: Known) -> Row:
    code = facts["promise_type"]
    return {
        "promise_type": code,
        "title": title_of(code),
        "is_kept_by_contact": "false",
        "trouble_code": "missed_promise",
        "origin": ORIGIN,
        "reason": REASON,
    }


def _compensation(facts: Facts, _: Known) -> Row:
    code = facts["compensation_kind"]
    return {
        "compensation_kind": code,
        "title": title_of(code),
        "is_apology": "false",
        "origin": ORIGIN,
        "reason": REASON,
    }


def _rate(facts: Facts, _: Known) -> Row:
    code, first = facts["currency_code"], facts["first_date"]
    return {
        "currency_code": code if ISO_4217.fullmatch(code) else f"<ISO 4217 code, not {code}>",
        "valid_from": (first or date.fromisoformat(EARLIEST_PLAUSIBLE)).replace(day=1).isoformat(),
        "rate_to_reporting": "<rate>",
        "origin": ORIGIN,
        "reason": "<source of the rate>",
    }


def _money(table: str) -> str:
    moment = {
        "payments": "paid_at",
        "subscription_periods": "valid_from",
        "commissions": "sold_at",
        "compensations": "offered_at",
    }[table]
    return f"select nullif(upper(trim(currency)), '') as currency_code, cast({moment} as date) as day from raw.{table}"


_ASKED = "select survey_code, ticket_id is not null as is_service from raw."

# In the order in which the files refer to one another.
CODES = (
    Codes(
        "component",
        "components",
        ("component_code",),
        {f"{table}.component_code": f"select component_code from raw.{table}" for table in ("events", "changes")},
        _component,
        "use of it counts in no component's adoption",
        # A company that lists none does not look at components.
        concerns_runs=lambda known: bool(known.rows["components"]),
    ),
    Codes(
        "event",
        "event_catalogue",
        ("event_name",),
        {"events.event_name": "select event_name from raw.events"},
        _event,
        _of_unlisted_events,
        concerns_runs=lambda known: not _are_usage(known),
    ),
    Codes(
        "segment",
        "segments",
        ("scheme", "segment_code"),
        {"customer_segments.segment_code": "select scheme, segment_code from raw.customer_segments"},
        _segment,
        "customers stay in 'unassigned'",
    ),
    Codes(
        "plan",
        "plans",
        ("plan_code",),
        {"subscription_periods.plan_code": "select plan_code, mrr from raw.subscription_periods"},
        _plan,
        "a plan counts as paid; a free one has tier 0",
        "max(coalesce(mrr, 0)) = 0 as is_free",
    ),
    Codes(
        "survey",
        "surveys",
        ("survey_code",),
        {f"{table}.survey_code": _ASKED + table for table in ("survey_invitations", "survey_responses")},
        _survey,
        "answers count in no index and are listed in feedback.mart_survey_violations",
        "count(*) filter (where is_service) > 0 as is_about_service",
    ),
    Codes(
        "question",
        "survey_questions",
        ("survey_code", "question_code"),
        {
            "survey_answers.question_code": "select r.survey_code, a.* from raw.survey_answers as a "
            "inner join raw.survey_responses as r on a.response_id = r.response_id"
        },
        _question,
        "answers count in no index and are listed in feedback.mart_survey_violations",
        "min(score) as low, max(score) as high, count(distinct option_code) as options",
    ),
    Codes(
        "outcome of a contact",
        "contact_outcomes",
        ("outcome_code",),
        {"contacts.outcome_code": "select outcome_code from raw.contacts"},
        _outcome,
        "outcomes are ignored",
        is_written=False,
        # Most outcomes need no role: a message was delivered.
        concerns_runs=lambda _: False,
    ),
    Codes(
        "reason of an end",
        "churn_reasons",
        ("reported_code",),
        {
            "subscription_periods.end_reason_code": "select end_reason_code as reported_code "
            "from raw.subscription_periods"
        },
        _churn_reason,
        "churn counts under the reason 'unlisted'",
        is_written=False,
    ),
    Codes(
        "attribute",
        "customer_breakdowns",
        ("attribute_code",),
        {"customer_attributes.attribute": "select attribute as attribute_code from raw.customer_attributes"},
        _attribute,
        "attributes are loaded and no breakdown shows them",
        is_written=False,
        concerns_runs=lambda _: False,
    ),
    Codes(
        "kind of promise",
        "promise_types",
        ("promise_type",),
        {"promises.promise_type": "select promise_type from raw.promises"},
        _promise,
        "such a promise is kept when the source says that it was fulfilled",
    ),
    Codes(
        "kind of compensation",
        "compensation_kinds",
        ("compensation_kind",),
        {"compensations.kind": "select kind as compensation_kind from raw.compensations"},
        _compensation,
        "it counts from the moment it was offered",
    ),
    Codes(
        "currency",
        "exchange_rates",
        ("currency_code",),
        {f"{table}.currency": _money(table) for table in MONEY_TABLES},
        _rate,
        "money is NULL in the marts",
        "min(day) as first_date",
        is_written=False,
        # Said by `money`, with the currency of reports.
        concerns_runs=lambda _: False,
    ),
)
