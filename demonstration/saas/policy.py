"""Events, key actions and plans from the policy of the generated company.

The data must match its policy, so names and counts are read, not repeated.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np

from stayhouse.demonstration import policy_of

POLICY_FOLDER = policy_of("saas")
UNKNOWN_EVENT = "beta_feature_clicked"
"""An event that is missing in the catalogue."""
PLANS = ("free", "start", "grow", "scale")
SEGMENTS = ("sender", "shop", "agency")
NO_SEGMENT = 3
VALUE_SEGMENTS = ("key", "core", "long_tail")


def read_seed(name: str) -> list[dict[str, str]]:
    """Rows of a policy file; an empty cell is an empty string."""
    with (POLICY_FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class KeyAction:
    """One key action as it applies to a segment."""

    code: str
    events: tuple[str, ...]
    component: str
    count: int
    is_required: bool
    step: int


@cache
def event_names() -> tuple[str, ...]:
    return (*(row["event_name"] for row in read_seed("event_catalogue")), UNKNOWN_EVENT)


def event_code(name: str) -> int:
    return event_names().index(name)


@cache
def components() -> tuple[str, ...]:
    return tuple(row["component_code"] for row in read_seed("components"))


@cache
def event_components() -> np.ndarray:
    """Position of the component of every event; -1 where the catalogue names none."""
    of_event = {row["event_name"]: row["component_code"] for row in read_seed("event_catalogue")}
    found = [of_event.get(name, "") for name in event_names()]
    return np.array([components().index(code) if code else -1 for code in found], dtype="int8")


@cache
def is_usage() -> np.ndarray:
    """True for events that count as use of the product."""
    flags = {row["event_name"]: row["is_usage"] == "true" for row in read_seed("event_catalogue")}
    return np.array([flags.get(name, False) for name in event_names()])


@cache
def plan_has() -> np.ndarray:
    """(plan, component) -> available."""
    available = {(row["plan_code"], row["component_code"]): row["is_available"] == "true"
                 for row in read_seed("plan_components")}  # fmt: skip
    return np.array([[available.get((plan, code), False) for code in components()] for plan in PLANS])


@cache
def key_actions(segment: str, day: date) -> tuple[KeyAction, ...]:
    """Key actions of a customer who registered on `day` in `segment`, in order of their steps.

    A row of the segment replaces the row of the same action for everybody ('*').
    """
    found: dict[str, dict[str, str]] = {}
    for row in sorted(read_seed("key_actions"), key=lambda row: row["segment_code"] != "*"):
        is_valid = row["valid_from"] <= day.isoformat() and (not row["valid_to"] or day.isoformat() < row["valid_to"])
        if is_valid and row["segment_code"] in ("*", segment):
            found[row["key_action_code"]] = row
    actions = [
        KeyAction(
            row["key_action_code"],
            tuple(row["event_names"].split("|")),
            row["component_code"],
            int(row["min_count"]),
            row["is_required"] == "true",
            int(row["step_order"]),
        )
        for row in found.values()
    ]
    return tuple(sorted(actions, key=lambda action: action.step))


@cache
def catalogue_changes() -> tuple[date, ...]:
    """Days on which the catalogue of key actions changes, ascending."""
    days = {row[column] for row in read_seed("key_actions") for column in ("valid_from", "valid_to") if row[column]}
    return tuple(sorted(date.fromisoformat(day) for day in days))
