"""The project reads as one author wrote it: the words of the field, in plain sentences."""

from __future__ import annotations

import pytest
from conventions import language

from stayhouse.contract import REPO_ROOT


def test_the_project_uses_the_words_of_the_field() -> None:
    faults = language.faults(language.texts(REPO_ROOT))
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-- Whoever is away counts anew.", ["Whoever", "anew", "is away"]),
        ("select spell_number, is_silent from a", ["spell", "is_silent"]),
        ("-- a customer of\n    -- whom nothing is told", ["told", "of whom"]),
        ("def judge_night(): ...", ["judge", "night"]),
        ("The rate is held against the month before.", ["held against"]),
        ("description: Customers who left, by every cut", ["cut", "who left"]),
        ("It stands beside the index and is no rate.", ["stands", "is no"]),
        ("an idle component of idle_users", ["idle", "idle"]),
        ("churned_lo, churned_hi", ["churned_lo", "churned_hi"]),
    ],
)
def test_a_word_of_the_list_is_caught(text: str, words: list[str]) -> None:
    assert [hit.split(":")[0] for hit in language.findings(text)] == words


@pytest.mark.parametrize(
    "text",
    [
        "select 1 from a left join b on a.employee_id = b.employee_id and b.left_at is null",
        "nps_ci_lo, nps_ci_hi",
        "there is no row, and it is no longer open",
        "the nightly run; tests/nights",
        "DND stands for do-not-disturb",
        "where signal_code = 'dormant'",
        "when 'idle' then 1 else state in (never_used, idle, stopped)",
        "{decision_status: not_judged, component_state: idle}",
        "customers left out of the rate",
    ],
)
def test_plain_words_pass(text: str) -> None:
    assert language.findings(text) == []


def test_a_hit_names_its_file() -> None:
    assert [fault.split(":")[:2] for fault in language.faults({"a.sql": "-- anew", "c.sql": "-- again"})] == [
        ["a.sql", " anew"]
    ]
