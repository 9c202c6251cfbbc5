"""What to say about codes that policy does not know, or that nothing reads."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import duckdb

from stayhouse.contract.words import counted
from stayhouse.orchestration.policy_files import read_policy_file
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.unknown_codes import CODES, Known
from stayhouse.orchestration.warehouse import open_warehouse

WAYS_OUT = {"survey": "Add it to {path}, and its questions to survey_questions.csv"}
# Codes of the policy itself; the others are those of raw rows.
TARGET = "target of a metric"
AUDITED = "metric of the audit"


class Gap(NamedTuple):
    """A kind of code: the policy file that lists it, and what happens with rows whose code is not there."""

    file: str
    consequence: str
    way_out: str = "Add it to {path}"


def gaps(known: Known) -> dict[str, Gap]:
    """The kinds of `core.unknown_policy_codes` that change what a run publishes, under a policy."""
    found = {
        codes.kind: Gap(codes.file, codes.consequence_by(known), WAYS_OUT.get(codes.kind, Gap("", "").way_out))
        for codes in CODES
        if codes.concerns_runs(known)
    }
    return found | {
        TARGET: Gap(
            "metric_targets.csv",
            "no metric is compared with it, so it is ignored",
            "Correct or remove metric_code {code!r} in {path}",
        ),
        AUDITED: Gap(
            "cx_audit_criteria.csv",
            "its criterion has no value and stays open",
            "Correct metric_code {code!r} in {path}, or score the criterion by hand",
        ),
    }


def describe_policy_gaps(settings: Settings, seeds: Path) -> list[str]:
    """One line per unknown code, the most frequent first: rows, what happens with them, and the file to change."""
    with open_warehouse(settings.warehouse) as connection:
        try:
            found = connection.execute(
                "select code_kind, unknown_code, rows_count, customers_count from core.unknown_policy_codes "
                "order by rows_count desc, code_kind, unknown_code"
            ).fetchall()
        except duckdb.CatalogException:
            # The build stopped before it came to this table.
            return []
    kinds = gaps(Known({file.stem: read_policy_file(file).rows for file in sorted(seeds.glob("*.csv"))}))
    lines = []
    for kind, code, rows, customers in found:
        if gap := kinds.get(kind):
            of = "" if customers is None else f" of {counted(customers, 'customer')}"
            way_out = gap.way_out.format(code=code, path=settings.policy_folder / gap.file)
            lines.append(f"{kind} {code!r} is not known ({counted(rows, 'row')}{of}): {gap.consequence}. {way_out}")
    return lines
