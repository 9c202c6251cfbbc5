"""Row rules of the activation marts."""

from __future__ import annotations

from expectations.reports import Parameters
from expectations.row_rules import RowRule, literals

STATUSES = ("not_started", "in_progress", "activated", "lost_before_activation")


def mart_activation_actions(parameters: Parameters) -> list[RowRule]:
    # ACT-02: first_done_at is the moment the action counted as done, so the two always go together.
    return [
        RowRule(
            "done_without_moment:first_done_at",
            "coalesce(is_done, false) <> (first_done_at is not null)",
            ("first_done_at", "is_done"),
            "is_done and first_done_at contradict each other",
        ),
    ]


def mart_activation_customer(parameters: Parameters) -> list[RowRule]:
    # ACT-03: activated = every required action is done, and at least one is required.
    return [
        RowRule(
            "activated_without_moment:activated_at",
            "coalesce(is_activated, false) <> (activated_at is not null)",
            ("activated_at", "is_activated"),
            "is_activated and activated_at contradict each other",
        ),
        RowRule(
            "more_done_than_required:done_required_count",
            "done_required_count > required_actions_count",
            ("done_required_count", "required_actions_count"),
            "more required actions are done than there are",
        ),
        RowRule(
            "activated_incomplete:is_activated",
            "is_activated and (done_required_count < required_actions_count or required_actions_count = 0)",
            ("is_activated", "done_required_count", "required_actions_count"),
            "a customer is activated without having done all required actions",
        ),
        RowRule(
            "negative:days_to_activate",
            "days_to_activate < 0",
            ("days_to_activate",),
            "a customer was activated before registering",
        ),
        RowRule(
            "not_allowed:activation_status",
            f"activation_status is null or activation_status not in ({literals(STATUSES)})",
            ("activation_status",),
            f"activation_status is none of {', '.join(STATUSES)}",
        ),
        RowRule(
            "status_contradicts:activation_status",
            "(activation_status = 'activated') <> coalesce(is_activated, false)",
            ("activation_status", "is_activated"),
            "activation_status and is_activated contradict each other",
        ),
    ]


def mart_tour_outcomes(parameters: Parameters) -> list[RowRule]:
    # ACT-14: whose window is not over is pending, everybody else is in the rates.
    return [
        RowRule(
            "parts_do_not_add_up:pending_count",
            "retained_den + pending_count <> customers_count",
            ("customers_count", "retained_den", "pending_count"),
            "mature and pending customers are not all customers",
        ),
    ]
