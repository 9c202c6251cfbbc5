"""States of promises counted a second time with pandas, on random promises with ties at the term."""

from __future__ import annotations

import re

import duckdb
import numpy as np
import pandas as pd
import pytest
from parsing import settings_in

from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import SEEDS_FOLDER

pytestmark = pytest.mark.slow

MODELS = ("fct_promises",)
END = pd.Timestamp("2025-04-01")


@pytest.fixture(scope="module")
def compiled(parsed_once, tmp_path_factory) -> dict[str, str]:
    """The SQL of the models, with relations by schema and name."""
    session = DbtSession(settings_in(tmp_path_factory.mktemp("peer")), SEEDS_FOLDER)
    command = ["--log-level", "none", "--no-write-json", "compile", "--no-introspect", "--select", *MODELS]
    results = session._invoke(command, None, lambda event: None)
    return {one.node.name: re.sub(r'"\w+"\.(?="\w+"\.")', "", one.node.compiled_code) for one in results}


def random_promises(seed: int) -> pd.DataFrame:
    """Whole hours within few days, so that fulfilments, terms and the end of the business day meet."""
    rng = np.random.default_rng(seed)
    size = 600
    made = pd.Timestamp("2025-02-26") + pd.to_timedelta(rng.integers(0, 34 * 24, size), "h")
    frame = pd.DataFrame({
        "promise_id": [f"p{number:03}" for number in range(size)],
        "customer_id": [f"c{number}" for number in rng.integers(0, 40, size)],
        "promise_type": rng.choice(["answer", "contact", "strange"], size),
        "order_id": [f"o{number}" if number < 30 else None for number in rng.integers(0, 60, size)],
        "next_step": rng.choice(["write", None], size),
        "result_as_promised": rng.choice([True, False, None], size, p=[0.6, 0.1, 0.3]),
        "made_at": made,
    })  # fmt: skip
    for name, share, longest in (
        ("due_at", 0.75, 72), ("revised_due_at", 0.2, 144), ("informed_at", 0.4, 100), ("fulfilled_at", 0.6, 100),
        ("cancelled_at", 0.2, 100),
    ):  # fmt: skip
        later = made + pd.to_timedelta(rng.integers(0, longest // 12, size) * 12, "h")
        frame[name] = pd.Series(later).where(rng.random(size) < share)
    frame["made_date"] = frame["made_at"].dt.date
    return frame[frame["revised_due_at"].isna() | frame["due_at"].notna()].reset_index(drop=True)


def random_contacts(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed + 100)
    size = 300
    at = pd.Timestamp("2025-02-26") + pd.to_timedelta(rng.integers(0, 34 * 2, size) * 12, "h")
    return pd.DataFrame({
        "contact_id": [f"k{number}" for number in range(size)],
        "customer_id": [f"c{number}" for number in rng.integers(0, 40, size)],
        "employee_id": [f"m{number}" for number in rng.integers(0, 3, size)],
        "direction": rng.choice(["outbound", "inbound"], size),
        "is_automated": rng.random(size) < 0.3,
        "effective_at": pd.Series(at).where(rng.random(size) < 0.7).where(lambda moment: moment < END),
    })  # fmt: skip


def known(moment: pd.Timestamp) -> pd.Timestamp | None:
    return moment if pd.notna(moment) and moment < END else None


def state(promise: pd.Series, contacts: pd.DataFrame) -> tuple[str, str | None, pd.Timestamp | None]:
    """State, limbo and the moment of the miss, promise by promise."""
    done, cancelled, due = known(promise["fulfilled_at"]), known(promise["cancelled_at"]), promise["due_at"]
    due = due if pd.notna(due) else None
    if promise["promise_type"] == "contact":
        reached = contacts[
            (contacts["customer_id"] == promise["customer_id"])
            & (contacts["direction"] == "outbound")
            & ~contacts["is_automated"]
            & (contacts["effective_at"] >= promise["made_at"])
        ]["effective_at"]
        done = reached.min() if len(reached) else None
    limbo = missed = None
    if done is not None:
        if promise["result_as_promised"] is False:
            found, missed = "broken", min(done, due) if due is not None and due < END else done
        elif due is None:
            found = "done"
        else:
            found = "kept" if done <= due else "late"
    elif cancelled is not None and (due is None or cancelled <= due):
        found = "cancelled"
    else:
        found = "broken" if due is not None and due < END else "open"
    if found == "late" or (found == "broken" and missed is None):
        missed = due
    if done is None and cancelled is None:
        term = promise["revised_due_at"] if pd.notna(promise["revised_due_at"]) else due
        informed = known(promise["informed_at"])
        if term is None:
            limbo = "no_term"
        elif term < END and (informed is None or informed < term):
            limbo = "term_passed"
        elif pd.isna(promise["next_step"]):
            limbo = "no_next_step"
    return found, limbo, missed


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_states_are_those_of_a_second_count(compiled, seed):
    promises, contacts = random_promises(seed), random_contacts(seed)
    with duckdb.connect() as db:
        for schema in ("staging", "core", "config", "intermediate", "promises"):
            db.execute(f"create schema {schema}")
        db.execute("create table core.run_context as select date '2025-03-31' as as_of_date, "
                   "timestamp '2025-04-01' as as_of_end_at")  # fmt: skip
        db.execute("create table core.dim_observation_starts as select 'contacts' as source_code, "
                   "date '2025-01-01' as observed_from")  # fmt: skip
        db.execute("create table core.customer_registrations as select distinct customer_id from promises")
        db.execute("create table core.dim_employees as select null::varchar as employee_id, null::varchar as unit, "
                   "null::date as valid_from, null::date as valid_to where false")  # fmt: skip
        db.execute("create table config.promise_types as select * from (values ('answer', false, 'missed_promise'), "
                   "('contact', true, 'missed_promise')) as t(promise_type, is_kept_by_contact, trouble_code)")  # fmt: skip
        db.execute("create table config.trouble_kinds as select 'missed_promise' as trouble_code, "
                   "null::varchar as unkept_reason_code")  # fmt: skip
        for column in ("stage_code", "unit", "made_by_employee_id", "promised_employee_id", "ticket_id", "case_id",
                       "contact_id", "unkept_reason_code"):  # fmt: skip
            promises[column] = pd.Series([None] * len(promises), dtype="string")
        db.execute("create table staging.stg_support__promises as select * from promises")
        db.execute("create table core.fct_contacts as select * from contacts")
        rows = db.execute(
            f"select promise_id, promise_state, limbo_reason, missed_at from ({compiled['fct_promises']}) order by 1"
        ).fetchall()
    visible = promises[promises["made_at"] < END].sort_values("promise_id")
    expected = [(promise["promise_id"], *state(promise, contacts)) for _, promise in visible.iterrows()]
    assert rows == expected
    assert {found for _, found, _, _ in rows} == {"open", "kept", "late", "broken", "done", "cancelled"}
    assert {limbo for _, _, limbo, _ in rows} == {None, "no_term", "term_passed", "no_next_step"}
