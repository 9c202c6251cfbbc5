"""The words of the page come from one dictionary, and none is missing in the second language."""

from __future__ import annotations

import csv
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stayhouse.contract import REPO_ROOT, read_yaml
from stayhouse.demonstration.saas import POLICY_FOLDER
from stayhouse.orchestration.policy import SEEDS_FOLDER
from stayhouse.page import cards
from stayhouse.page.build import ASSETS, SCRIPTS
from stayhouse.page.labels import LANGUAGES, TEXT, entries, translations
from stayhouse.page.sections import SECTIONS
from stayhouse.page.sections.overview import HEADLINES

CARDS = inspect.getsource(cards)


def titles_in(spec: Any) -> Iterator[str]:
    """The titles of axes, legends and tooltips of a chart."""
    if isinstance(spec, dict):
        if isinstance(spec.get("title"), str):
            yield spec["title"]
        for part in spec.values():
            yield from titles_in(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from titles_in(part)


def texts() -> set[str]:
    """Every text that the page itself says."""
    found = {one.title for one in HEADLINES}
    for section in SECTIONS:
        found |= {section.title, section.lead}
        for panel in section.panels:
            found |= {panel.title, panel.question, panel.empty or ""}
            found |= {switch.label for switch in panel.switches} | {title for title, _ in panel.whole}
            found |= {column.label for column in getattr(panel.view, "columns", ())}
            if panel.view.kind == "heat":
                found |= {panel.view.row_label, panel.view.column_label}
            if panel.view.kind == "chart":
                found |= set(titles_in(panel.view.spec))
    for name in SCRIPTS:
        script = (ASSETS / name).read_text(encoding="utf-8")
        for called in re.finditer(r"(?<![\w.])t\(", script):
            # Up to the end of the line, so that both answers of a condition are found.
            line = script[called.end() : script.index("\n", called.end())]
            first = re.match(r'\s*(?:[\w.]+(?: === "\w+")? \? )?"((?:[^"\\]|\\.)*)"(?: : "((?:[^"\\]|\\.)*)")?', line)
            found |= {text.replace('\\"', '"') for text in (first.groups() if first else ()) if text}
        for option in re.finditer(r'choice\("\w+", "([^"]+)"', script):
            found.add(option[1])
    card = (ASSETS / "card.html").read_text(encoding="utf-8")
    found |= set(re.findall(r'say\("([^"]+)"', card)) | set(
        re.findall(r'^        \("([A-Z][^"]*)", ', CARDS, re.MULTILINE)
    )
    return found - {""}


def test_every_text_has_a_translation():
    """A page half in one language and half in another is worse than one in a foreign language."""
    said = texts()
    assert {"Next step", "Customer since", "{num} of {den} effective"} <= said
    assert len(said) > 300
    for language, known in translations().items():
        assert sorted(said - known.keys()) == [], language


def test_every_metric_has_a_translation():
    """The list of metrics was English in every language."""
    titles = {
        metric["name"]: metric["label"]
        for file in (REPO_ROOT / "models" / "metrics").glob("*.yml")
        for metric in read_yaml(file).get("metrics", [])
        if "published" in metric.get("config", {}).get("meta", {})
    }
    assert len(titles) > 40
    assert {row["code"]: row["en"] for row in entries() if row["kind"] == "metric"} == titles


def titles_in_policy(folder: Path) -> set[str]:
    """The titles of the policy files of a folder that a reader sees instead of codes."""
    named = ("segments", "components", "alert_rules", "playbooks", "contact_channels", "surveys", "activity_scopes",
             "churn_reasons", "rfm_segments", "funnels", "funnel_steps", "journey_stages", "key_actions",
             "customer_breakdowns")  # fmt: skip
    found = set()
    for file in (folder / f"{name}.csv" for name in named):
        if file.exists():
            with file.open(newline="", encoding="utf-8") as stream:
                found |= {row["title"] for row in csv.DictReader(stream)}
    return found


def test_titles_of_the_policy_have_a_translation():
    """The page in the second language had rules, segments and steps in English."""
    known = translations()["uk"]
    assert len(titles_in_policy(SEEDS_FOLDER)) > 50
    assert sorted(titles_in_policy(SEEDS_FOLDER) - known.keys()) == []
    with (POLICY_FOLDER / "title_translations.csv").open(newline="", encoding="utf-8") as stream:
        own = {row["title"] for row in csv.DictReader(stream)}
    assert titles_in_policy(POLICY_FOLDER) - known.keys() - own == {"SMS"}


def test_no_entry_of_the_dictionary_is_unused_or_written_twice():
    said = texts()
    spoken = {row["en"] for row in entries() if row["kind"] == TEXT}
    scripts = CARDS + "".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    links = {"Checks in detail", "Models and columns", "Lineage of columns"}
    assert sorted(text for text in spoken - said - links if text not in scripts.replace('\\"', '"')) == []
    keys = [(row["kind"], row["code"] or row["en"]) for row in entries()]
    assert len(keys) == len(set(keys))
    assert all(row["en"] and row[language] for row in entries() for language in LANGUAGES)


def test_a_translation_has_the_same_places_to_fill_in():
    """A place that is misspelt shows braces to a reader."""
    for language, known in translations().items():
        for english, text in known.items():
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english)), (language, english)
