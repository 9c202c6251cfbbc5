"""Measures the cost of a million survey answers in customer experience and feedback, in a full build and per run.

    python -m stayhouse.benchmarks.answers [THOUSANDS]     (1000 without: 220,000 customers, 18 months, 5 GB of disk)

Everything is loaded; the figures cover the two domains with their tests and the survey and case facts below them. A
scan is one pass over the raw columns of invitations, responses and answers that these models read, in the same run. The
full build and every later run have a process of their own; the peak of a run includes loading and everything that the
domains read.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import duckdb

from stayhouse.benchmarks import results, runs
from stayhouse.benchmarks.runs import CPU_NOW, NodeClock, deliver, hold_back, in_own_process, run_as_process
from stayhouse.contract.sql import one_row

CUSTOMERS_PER_THOUSAND = 220
DAYS = 548
DOMAINS = ["marts.cx", "marts.feedback", "intermediate.cx", "intermediate.feedback"]
FACTS = [
    "fct_survey_invitations", "fct_survey_responses", "fct_feedback_cases", "fct_feedback_signals",
    "fct_survey_invitation_outcomes", "fct_survey_triggers", "survey_blocked_periods",
]  # fmt: skip
SCANS = {
    "survey_invitations": "count(*), count(invitation_id), count(customer_id), count(survey_code), count(trigger_type),"
    " count(trigger_key), count(channel), count(stage_code), count(touchpoint_code), count(ticket_id), max(sent_at),"
    " max(delivered_at), max(shown_at), sum(question_count)",
    "survey_responses": "count(*), count(response_id), count(invitation_id), count(customer_id), count(survey_code),"
    " count(channel), count(status), count(stage_code), count(touchpoint_code), count(ticket_id),"
    " count(subject_employee_id), count(subject_unit), max(started_at), max(submitted_at)",
    "survey_answers": "count(*), count(response_id), count(question_code), sum(score), count(option_code),"
    " count(text_answer), max(answered_at)",
}


def scan(raw: Path) -> tuple[dict[str, int], float]:
    """Rows by table and CPU seconds of one pass over the raw columns, after a warming one."""
    with duckdb.connect() as connection:

        def read() -> dict[str, int]:
            return {
                table: one_row(
                    connection,
                    f"select {columns} from read_parquet('{raw}/{table}/*/*.parquet', hive_partitioning = false,"
                    " union_by_name = true)",
                )[0]
                for table, columns in SCANS.items()
            }

        read()
        begun = CPU_NOW()
        return read(), CPU_NOW() - begun


def run_phase(raw: Path, place: Path, as_of: date, what: str) -> dict:
    """One phase in a fresh process."""
    arguments = ["phase", str(raw), str(place), as_of.isoformat(), what]
    # Without tests of models that other domains would build.
    return in_own_process("stayhouse.benchmarks.answers", arguments, {"DBT_INDIRECT_SELECTION": "buildable"})


def phase(raw: Path, place: Path, as_of: date, what: str) -> dict:
    """`before` loads and builds everything, `full` rebuilds the measured models, `next` loads and builds as a nightly
    run."""
    from stayhouse.orchestration.dbt_session import DbtSession
    from stayhouse.orchestration.policy import prepare_policy

    settings = runs.bench_settings(raw, place)
    if what != "full":
        runs.load(settings)
    session = DbtSession(settings, prepare_policy(settings)[0])
    manifest = session.parse()
    models, tests, clock = {}, 0.0, NodeClock()

    def tell(event: dict) -> None:
        nonlocal tests
        seconds, is_start = clock.lap()
        spent = 0.0 if is_start else seconds
        node = manifest.nodes[event["data"]["node_info"]["unique_id"]]
        tested = manifest.nodes[getattr(node, "attached_node", None) or node.unique_id]
        if tested.name not in FACTS and not {"cx", "feedback"} & set(tested.fqn[1:-1]):
            return
        if node.resource_type == "model":
            models[node.name] = spent
        else:
            tests += spent

    select = [*DOMAINS, *FACTS] if what == "full" else [f"+{name}" for name in DOMAINS]
    session.build(as_of, full_refresh=what == "full", select=select, on_event=tell, with_tests=what != "before")
    return {
        "cpu": sum(models.values()) + tests, "models": sum(models.values()), "nodes": len(models), "tests": tests,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
        "heaviest": sorted(models.items(), key=lambda item: -item[1])[:8],
    }  # fmt: skip


def main() -> None:
    from stayhouse.demonstration.saas import generate

    thousands = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    place = Path(tempfile.mkdtemp(prefix="stayhouse-answers-"))
    try:
        report = generate(
            place / "pack", customers=thousands * CUSTOMERS_PER_THOUSAND, days=DAYS, seed=11, events_per_customer=4
        )
        raw, last = report.raw, report.last_day
        rows, yardstick = scan(raw)
        held_back = place / "held_back"
        hold_back(raw, last, held_back)
        before = last - timedelta(days=1)
        run_phase(raw, place, before, "before")
        phases = {"full build": run_phase(raw, place, before, "full")}
        deliver(raw, held_back)
        phases["one more run"] = run_phase(raw, place, last, "next")
        phases["empty run"] = run_phase(raw, place, last, "next")
    finally:
        shutil.rmtree(place, ignore_errors=True)
    loaded_rows = ", ".join(f"{count:,} {name.removeprefix('survey_')}" for name, count in rows.items())
    measured = [["one scan of the raw columns", f"{yardstick:.2f}", "1", "", loaded_rows]]
    for name, one in phases.items():
        measured.append([
            name, f"{one['cpu']:.1f}", f"{one['cpu'] / yardstick:.0f}", f"{one['peak_gib']:.1f}",
            f"{one['nodes']} models {one['models']:.1f}, tests {one['tests']:.1f}",
        ])  # fmt: skip
        for model, cpu in one["heaviest"] if name == "full build" else ():
            measured.append([f"  {model}", f"{cpu:.1f}", f"{cpu / yardstick:.0f}", "", ""])
    results.record(
        f"{results.KINDS[1]}, {thousands} thousand answers",
        f"make bench-cx ANSWERS={thousands}",
        ("work", "CPU s", "CPU in scans", "peak GiB", "of it"),
        measured,
    )


if __name__ == "__main__":
    run_as_process(phase, main)
