"""What to say about codes that policy does not know, or that nothing reads."""

from __future__ import annotations

from typing import NamedTuple

import duckdb

from stayhouse.contract.words import counted
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.unknown_codes import CODES, Codes
from stayhouse.orchestration.warehouse import open_warehouse


class Gap(NamedTuple):
    """A kind of code: the policy file that lists it, and what happens with rows whose code is not there."""

    file: str
    consequence: str
    way_out: str = "Add it to {path}"


def _gap(codes: Codes) -> Gap:
    gap = Gap(codes.file, str(codes.consequence))
    if codes.kind == "survey":
        return gap._replace(way_out="Add it to {path}, and its questions to survey_questions.csv")
    return gap


# The kinds of core.unknown_policy_codes. What a code means is said where validate says it; a target of no metric is a
# code of the policy itself.
GAPS = {codes.kind: _gap(codes) for codes in CODES if codes.kind in ("segment", "plan", "survey", "question")} | {
    "target of a metric": Gap(
        "metric_targets.csv",
        "no metric is compared with it, so it is ignored",
        "Correct or remove metric_code {code!r} in {path}",
    )
}


def describe_policy_gaps(settings: Settings) -> list[str]:
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
    lines = []
    for kind, code, rows, customers in found:
        gap = GAPS[kind]
        of = "" if customers is None else f" of {counted(customers, 'customer')}"
        way_out = gap.way_out.format(code=code, path=settings.policy_folder / gap.file)
        lines.append(f"{kind} {code!r} is not known ({counted(rows, 'row')}{of}): {gap.consequence}. {way_out}")
    return lines
