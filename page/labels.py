"""The words of the page: labels of codes, names of people, and the second language, from one dictionary."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from stayhouse.page.sections.overview import HEADLINES
from stayhouse.page.sql import has_marts

DICTIONARY = Path(__file__).parent / "dictionary.csv"
LANGUAGES = {"en": "English", "uk": "Українська"}
TEXT = "text"
"""Kind of the entries that are texts of the page itself; their code is the English text."""

TITLES = "select code_kind, code, title from metrics.mart_code_labels order by 1, 2"
EXPERIMENTS = "select experiment_id, hypothesis_label from journeys.mart_experiments where hypothesis_label is not null"
TRANSLATIONS = "select language_code, title, translation_label from metrics.mart_title_translations order by 1, 2"
METRICS = """
    select metric_code, title, formula_label from metrics.mart_metric_catalogue
    where metric_code in (select metric_code from metrics.mart_metric_values where metric_amount is not null)
    order by metric_code
"""
EMPLOYEES = tuple(
    # One name per employee, whatever the order of the rows.
    f"select {code}, max({name}) from {mart} where {name} is not null group by 1 order by 1"
    for mart, code, name in (
        ("customer_360.mart_customer_360", "account_manager_id", "account_manager_display_name"),
        ("customer_360.mart_customer_360", "onboarding_manager_id", "onboarding_manager_display_name"),
        ("alerts.mart_alerts", "owner_employee_id", "owner_display_name"),
    )
)


@cache
def entries() -> tuple[dict[str, str], ...]:
    """The rows of the dictionary: kind, code, en, uk."""
    with DICTIONARY.open(newline="", encoding="utf-8") as stream:
        return tuple(csv.DictReader(stream))


@cache
def translations() -> Mapping[str, Mapping[str, str]]:
    """Language -> English text -> text, for every language but English."""
    return {
        language: {row["en"]: row[language] for row in entries() if row[language]}
        for language in LANGUAGES
        if language != "en"
    }


def words_of(db: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """The translations, and those that the company has of titles of its own policy."""
    found = {language: dict(words) for language, words in translations().items()}
    if has_marts(db, TRANSLATIONS):
        for language, title, translated in db.execute(TRANSLATIONS).fetchall():
            if language in found:
                found[language][title] = translated
    return found


def measured_metrics(db: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """Title and formula of each metric that has a value."""
    rows = db.execute(METRICS).fetchall() if has_marts(db, METRICS) else []
    return {code: (title, formula) for code, title, formula in rows}


def labels_of(db: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Kind -> code -> English title: of the models from the dictionary, of the company from its publication."""
    found: dict[str, dict[str, str]] = {}
    for row in entries():
        if row["kind"] != TEXT:
            found.setdefault(row["kind"], {})[row["code"]] = row["en"]
    measured = measured_metrics(db)
    # A metric without a value is not named: a company may not even ask for it.
    found["metric"] = {code: title for code, (title, _) in measured.items()}
    found["tile"] = {one.month: one.title for one in HEADLINES if one.month in measured}
    if has_marts(db, TITLES):
        for kind, code, title in db.execute(TITLES).fetchall():
            found.setdefault(kind, {})[code] = title
    if has_marts(db, EXPERIMENTS):
        # An experiment is known by its hypothesis.
        found["experiment"] = dict(db.execute(f"{EXPERIMENTS} order by 1").fetchall())
    for sql in EMPLOYEES:
        if has_marts(db, sql):
            found.setdefault("employee", {}).update(db.execute(sql).fetchall())
    return found


def plain(text: object) -> str:
    """A text without the underscores of codes."""
    return re.sub(r"(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])", " ", str(text))


@dataclass(frozen=True)
class Labels:
    """The labels of codes in English, and their translations."""

    titles: dict[str, dict[str, str]]
    words: dict[str, dict[str, str]]

    @classmethod
    def of(cls, db: duckdb.DuckDBPyConnection) -> Labels:
        """The labels of a publication."""
        return cls(labels_of(db), words_of(db))

    def label(self, kind: str, code: str | None) -> str:
        """The title of a code, or the code as words; a dash for none."""
        title = self.titles.get(kind, {}).get(code or "")
        if title is None and code in (None, "none"):
            return "–"
        title = title or self.titles.get("any", {}).get(str(code))
        words = plain(code)
        return title or (words if kind == "employee" else words[:1].upper() + words[1:])
