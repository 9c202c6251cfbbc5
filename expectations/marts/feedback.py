"""Row rules of the feedback marts."""

from __future__ import annotations

from expectations.reports import Parameters
from expectations.row_rules import RowRule, literals

SCHEDULE_STATES = ("answered", "asked", "upcoming", "due", "overdue", "suppressed", "missed")
CASE_STATES = ("received", "processed", "decided", "no_callback", "contacted", "resolved", "informed")


def mart_feedback_cases(parameters: Parameters) -> list[RowRule]:
    return [
        RowRule(
            "not_allowed:case_state",
            f"case_state is null or case_state not in ({literals(CASE_STATES)})",
            ("case_state",),
            f"case_state is none of {', '.join(CASE_STATES)}",
        ),
        # FBK-08: who is not known cannot be shown to be disinterested.
        RowRule(
            "compliant_by_nobody:is_disinterested",
            "is_disinterested and (decided_by_employee_id is null or subject_employee_id is null"
            " or decided_by_employee_id = subject_employee_id)",
            ("is_disinterested", "decided_by_employee_id", "subject_employee_id"),
            "a decision counts as disinterested although decider or subject is unknown or the same",
        ),
        RowRule(
            "informed_contradicts:case_state",
            "(case_state = 'informed') <> (informed_at is not null)",
            ("case_state", "informed_at"),
            "case_state and informed_at contradict each other",
        ),
    ]


def mart_closed_loop_kpi(parameters: Parameters) -> list[RowRule]:
    return [
        RowRule(
            "do_not_add_up:closed_num",
            "closed_num + open_count <> received_count + reopened_count",
            ("closed_num", "open_count", "received_count", "reopened_count"),
            "closed and open feedback do not add up to what was received",
        ),
    ]


def mart_survey_schedule(parameters: Parameters) -> list[RowRule]:
    return [
        RowRule(
            "not_allowed:schedule_state",
            f"schedule_state is null or schedule_state not in ({literals(SCHEDULE_STATES)})",
            ("schedule_state",),
            f"schedule_state is none of {', '.join(SCHEDULE_STATES)}",
        ),
        RowRule(
            "sent_contradicts:schedule_state",
            "(schedule_state in ('asked', 'answered')) <> (sent_at is not null)",
            ("schedule_state", "sent_at"),
            "schedule_state and sent_at contradict each other",
        ),
        # FBK-04: what is held back must say by what, or nobody can lift it.
        RowRule(
            "held_back_without_reason:suppress_reason",
            "schedule_state = 'suppressed' and suppress_reason is null",
            ("suppress_reason", "schedule_state"),
            "a survey is held back without a reason",
        ),
    ]
