"""Measures the cost of usage health: facts and states, the signals of a day, other marts; in a full build and per run.

    python -m stayhouse.benchmarks.usage [MILLIONS ...]    (1 and 10 without; 100 takes 20 minutes and 30 GB of disk)
    python -m stayhouse.benchmarks.usage history     (runs of 10,000 customers with 90, 365 and 730 days of events)

CPU seconds of the models, without loading and checks, also in scans: one pass over the raw event columns in Parquet, in
the same run. Every phase has a process of its own; a peak includes everything that the domain reads.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

from stayhouse.benchmarks import results
from stayhouse.benchmarks.__main__ import CUSTOMERS, DAYS, scan_seconds
from stayhouse.benchmarks.runs import (
    NodeClock,
    bench_settings,
    deliver,
    hold_back,
    in_own_process,
    load,
    run_as_process,
)

FACTS = [
    "fct_component_usage_daily", "fct_customer_usage_daily", "fct_usage_weekly", "state_customer_usage",
    "state_customer_component_usage",
    "state_usage_gaps", "state_usage_falls", "state_usage_weeks",
]  # fmt: skip
SIGNALS = [
    "int_usage__component_inactivity", "int_usage__weekly", "int_usage__anomalies", "int_usage__signal_dormant",
    "int_usage__signal_conditions", "int_signals__usage", "mart_usage_signals",
]  # fmt: skip
GROUPS = ("facts and states", "signals of a day", "other steps and marts")
HISTORIES = (90, 365, 730)
RUNS = 4


def group_of(node) -> str | None:
    """The group that a model is reported under; None for models of other domains."""
    if node.name in FACTS:
        return GROUPS[0]
    if node.name in SIGNALS:
        return GROUPS[1]
    return GROUPS[2] if "usage_health" in node.fqn[1:-1] else None


def phase(raw: Path, place: Path, as_of: date, what: str) -> dict:
    """`load` only loads, `build` builds the domain and what it reads, `next` does both."""
    from stayhouse.orchestration.dbt_session import DbtSession
    from stayhouse.orchestration.policy import prepare_policy

    settings = bench_settings(raw, place)
    if what != "build":
        load(settings)
    models: dict[str, float] = {}
    groups: dict[str, float] = defaultdict(float)
    if what != "load":
        session = DbtSession(settings, prepare_policy(settings)[0])
        manifest = session.parse()
        clock = NodeClock()

        def tell(event: dict) -> None:
            seconds, is_start = clock.lap()
            spent = 0.0 if is_start else seconds
            node = manifest.nodes[event["data"]["node_info"]["unique_id"]]
            if group := group_of(node):
                groups[group] += spent
                models[node.name] = spent

        session.build(as_of, select=["+marts.usage_health", *FACTS], on_event=tell, with_tests=False)
    return {
        "groups": groups, "models": models,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    }  # fmt: skip


def run(raw: Path, place: Path, as_of: date, what: str) -> dict:
    """One phase in a fresh process."""
    return in_own_process("stayhouse.benchmarks.usage", ["phase", str(raw), str(place), as_of.isoformat(), what], {})


def measure(millions: float, place: Path) -> list[list[str]]:
    """The rows of one size."""
    from stayhouse.demonstration.saas import generate

    customers = CUSTOMERS.get(millions, round(millions * 8_000))
    report = generate(
        place / "pack", customers=customers, days=DAYS, seed=11, events_per_customer=millions * 1_000_000 / customers
    )
    raw, last = report.raw, report.last_day
    events, _, scan = scan_seconds(raw)
    hold_back(raw, last, place / "held_back")
    before = last - timedelta(days=1)
    run(raw, place, before, "load")
    full = run(raw, place, before, "build")
    deliver(raw, place / "held_back")
    run(raw, place, last, "load")
    later = run(raw, place, last, "build")
    rows = [
        ["one scan of the raw event columns", f"{scan:.1f}", "1", "", f"{events:,} events, {customers:,} customers"]
    ]

    def add(work: str, in_full: float, by_run: float) -> None:
        rows.append([work, *(f"{cpu:.1f}" for spent in (in_full, by_run) for cpu in (spent, spent / scan))])

    for group in GROUPS:
        add(group, full["groups"].get(group, 0.0), later["groups"].get(group, 0.0))
        for model in FACTS if group == GROUPS[0] else SIGNALS if group == GROUPS[1] else ():
            # Steps that are inlined into their reader have no cost of their own.
            if model in full["models"]:
                add(f"  {model}", full["models"][model], later["models"].get(model, 0.0))
    rows.append(["peak GiB", f"{full['peak_gib']:.1f}", "", f"{later['peak_gib']:.1f}", ""])
    return rows


def measure_history(place: Path) -> list[list[str]]:
    """A row per length of history: the same customers and runs, with only the last days of their events."""
    from stayhouse.demonstration.saas import generate

    report = generate(place / "pack", customers=10_000, days=max(HISTORIES), seed=5, events_per_customer=300)
    rows = []
    for days in HISTORIES:
        here = place / str(days)
        begins = report.last_day - timedelta(days=days)
        for part in report.raw.glob("*/dt=*"):
            if part.parent.name != "events" or date.fromisoformat(part.name[3:]) > begins:
                shutil.copytree(part, here / "raw" / part.parent.name / part.name, copy_function=os.link)
        run_days = [report.last_day - timedelta(days=day) for day in reversed(range(RUNS))]
        for run_day in run_days:
            hold_back(here / "raw", run_day, here / str(run_day))
        run(here / "raw", here, run_days[0] - timedelta(days=1), "next")
        spent: dict[str, float] = defaultdict(float)
        for run_day in run_days:
            deliver(here / "raw", here / str(run_day))
            for group, cpu in run(here / "raw", here, run_day, "next")["groups"].items():
                spent[group] += cpu / RUNS
        rows.append([str(days), *(f"{spent[group]:.2f}" for group in GROUPS), f"{sum(spent.values()):.2f}"])
    return rows


def main() -> None:
    sizes = [float(argument) for argument in sys.argv[1:] if argument != "history"]
    for millions in sizes or ([] if "history" in sys.argv else [1, 10]):
        with tempfile.TemporaryDirectory(prefix="stayhouse-usage-") as place:
            rows = measure(millions, Path(place))
        results.record(
            f"{results.KINDS[2]}, {millions:g} million events",
            f"make bench-usage EVENTS={millions:g}",
            ("work", "full, CPU s", "scans", "one more run, CPU s", "scans"),
            rows,
        )
    if "history" in sys.argv:
        with tempfile.TemporaryDirectory(prefix="stayhouse-usage-") as place:
            rows = measure_history(Path(place))
        results.record(
            f"{results.KINDS[3]}, 10,000 customers",
            "make bench-usage EVENTS=history",
            ("days of history", *GROUPS, "CPU s per run"),
            rows,
        )


if __name__ == "__main__":
    run_as_process(phase, main)
