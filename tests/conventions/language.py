"""Words and sentence habits that the project avoids, in names, comments, descriptions, messages and docs.

`python tests/conventions/language.py [path ...]` lists what the files say that they should say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

FOLDERS = (
    "models", "macros", "seeds", "docs", "decisions", "contract", "loading", "expectations", "page", "orchestration",
    "publishing", "deploy", "demonstration", "benchmarks", "tests", "shaping", "shapes", "sources", "targets", "postgres",
    "spark", "integration_tests",
)  # fmt: skip
TOP = ("README.md", "CONTRIBUTING.md", "mkdocs.yml", "Makefile", "pyproject.toml", "dbt_project.yml")
TYPES = {".sql", ".yml", ".yaml", ".service", ".timer", ".csv", ".md", ".py", ".html", ".js"}
# This lint names the words, and the changelog has old names. Raw data, requirements and copied libraries are not our prose.
LEFT_OUT = ("tests/conventions/language", "tests/conventions/test_language", "tests/nights/cases/")
LEFT_OUT_FILES = {"tests/conventions/requirements.csv", "models/docs/metric_catalogue.md"}

# Word or part of a snake_case name -> what to write. Matched without regard to case.
WORDS: dict[str, str] = {
    "whoever|whomever|whosoever": "name the person or the group",
    "anew": "again, or rebuilt",
    "spells?": "customer_status_periods, tenure or period",
    "silences?|silenced|silently|hush(?:ed|es)?": "inactivity, or do-not-disturb",
    "idle|idleness": "inactive",
    "dormancy": "inactivity; `dormant` is only the code of a signal",
    "judges?|judged|judging|judgements?": "validate, evaluate or classify",
    "leavings?|leavers?|departed|departures?|lapsed": "churn, churned",
    "absences?": "inactive or churned period",
    "returners?": "reactivated customer",
    "touched": "changed keys, incremental",
    "told|tells": "is known, is reported, shows",
    "cuts?": "breakdown of a measure, boundary of periods",
    "seated": "opened",
    "nights?": "run, nightly run",
    "foretells?|foretold": "predict",
}  # fmt: skip
NAMES: dict[str, str] = {
    r"open_end|far_future": "end_of_time",
    r"(?:\w+_)?left_(?:count|pct|num|den|amount|month|date|days|customers?|on)|(?:has|is|days_to)_left": "churned",
    r"(?:\w+_)?silent_\w+|\w+_silent": "inactive, or do-not-disturb",
    r"returned_(?:count|pct|num|den|month|customers?)": "reactivated",
    r"\w+(?<!ci)_(?:lo|hi)": "_ci_lo, _ci_hi",
    "fct_usage_(?:daily|days)": "fct_component_usage_daily, fct_customer_usage_daily",
}
# Turns of phrase, matched in text whose white space is one blank.
PHRASES: dict[str, str] = {
    "of whom|by whom|to whom": "name the group",
    "by what(?! (?:date|time))": "by its, or how",
    "(?:hold|holds|held|holding) (?:\\w+ ){0,2}against": "compare with, check against",
    "(?:lay|lays|laid|lies|laying) aside": "keep, skip, quarantine",
    "stands?(?! for| out| in for|-in)|stood": "is",
    "(?<!there )(?<!there's )(?:is|are|was|were) no(?! longer| more | less| later| earlier)": "is not a, has no",
    "is (?:also |then )?away|are away|(?:is|are) gone": "churned, deleted, missing",
    "(?:customers?|accounts?|who|they) (?:has |have |had |later |then )?(?:left|leaves?)(?! (?:out|join|open|of))":
        "churned",
}  # fmt: skip

_NOT_IN_WORD = r"(?<![A-Za-z])(?:{})(?![A-Za-z])"
_NOT_IN_NAME = r"(?<!\w)(?:{})(?!\w)"
RULES = [
    *((re.compile(_NOT_IN_WORD.format(word), re.I), advice) for word, advice in WORDS.items()),
    *((re.compile(_NOT_IN_NAME.format(name), re.I), advice) for name, advice in NAMES.items()),
    *((re.compile(_NOT_IN_NAME.format(phrase), re.I), advice) for phrase, advice in PHRASES.items()),
]
# Codes of published or raw values keep their spelling. Short ones count as a code in quotes or in a list of codes.
CODES = "not_judged|early_silence|asked_for_silence|idle_mailing"
SHORT_CODES = "idle|silenced|night"
# So do names of the raw contract; names of folders are not prose.
ALLOWED = re.compile(
    rf"(?<!\w)(?:{CODES})(?!\w)|(?:['`,]|[,:] )(?:{SHORT_CODES})(?=['`,}}\n])|(?m:^night,Night,)"
    r"|tests[./]nights|(?:from|import) nights|silenced_customers|short cut|cut[- ]off|left_at|left_company|clear-cut"
    r"|tells apart"
)
# Marks of comments and continued lines, so that a phrase is found across a line break.
LINE_BREAK = re.compile(r"\s*\n\s*(?:--|#|\*|//)?\s*")


def findings(text: str) -> list[str]:
    """What a text says that it should say otherwise: `words: advice`, in the order of the rules."""
    plain = LINE_BREAK.sub(" ", ALLOWED.sub(" ", text))
    return [f"{match[0]}: {advice}" for rule, advice in RULES for match in rule.finditer(plain)]


def texts(root: Path) -> dict[str, str]:
    """Every file of ours by its path."""
    paths = [root / name for name in TOP if (root / name).exists()]
    paths += [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.suffix in TYPES]
    named = {path.relative_to(root).as_posix(): path for path in sorted(paths) if path.is_file()}
    return {
        name: path.read_text()
        for name, path in named.items()
        if not name.startswith(LEFT_OUT) and name not in LEFT_OUT_FILES
    }


def faults(files: Mapping[str, str]) -> list[str]:
    """Every hit with the path of its file."""
    return [f"{name}: {hit}" for name, text in files.items() for hit in findings(text)]


if __name__ == "__main__":
    import sys

    chosen = tuple(sys.argv[1:])
    found = texts(Path(__file__).parents[2])
    print("\n".join(faults({name: text for name, text in found.items() if not chosen or name.startswith(chosen)})))
