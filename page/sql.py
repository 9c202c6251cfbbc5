"""SQL that several parts of the page share, and which marts it reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

import duckdb


def most_severe_first(column: str = "severity") -> str:
    """The order of severities; none comes last."""
    return f"case {column} when 'high' then 1 when 'medium' then 2 when 'low' then 3 else 4 end"


MART = re.compile(r"\b\w+\.mart_\w+")

MOST_MEMBERS = 40
"""Values of a breakdown on the page: those with the most customers. A company may have thousands of owners."""

BREAKDOWNS = ("segment", "value_segment", "plan", "region", "acquisition_channel", "tenure_band", "owner", "status")
"""What a reader can filter the page by, besides the company's own attributes."""


def marts_in(sql: str) -> set[str]:
    """The marts that a query reads, with their schemas."""
    return set(MART.findall(sql))


def has_marts(db: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether the publication has every mart of a query; one that was only built in part may not."""
    rows = db.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    return marts_in(sql) <= {name for (name,) in rows}


def dimension(**renamed: str) -> str:
    """The breakdown of a row as the page calls it; marts shorten the name of what they break down by."""
    cases = " ".join(f"when '{of_mart}' then '{ours}'" for of_mart, ours in renamed.items())
    return f"case dimension_name {cases} else dimension_name end" if cases else "dimension_name"


def filterable(column: str = "dimension") -> str:
    """Rows over everybody, and those of a breakdown that the page filters by."""
    names = ", ".join(f"'{name}'" for name in ("all", *BREAKDOWNS))
    return f"({column} in ({names}) or {column} like 'attribute@_%' escape '@')"


def largest(relation: str, measure: str) -> str:
    """The largest members of each breakdown of a relation with `dimension` and `member`."""
    return f"""(dimension, member) in (
            select (dimension, member) from {relation}
            group by dimension, member
            qualify row_number() over (partition by dimension order by sum({measure}) desc nulls last, member)
                <= {MOST_MEMBERS}
        )"""


GRAINS = "grains(grain) as (values ('month'), ('quarter'), ('year'))"
"""The grains of the page, as a relation of a query."""


def broken_down(
    relation: str, *columns: str, names: tuple[str, str] = ("dimension", "member"), pairs: Sequence[str] = ()
) -> str:
    """The rows of a relation once for each of these columns, with its name and value; `all` is everybody.

    With `pairs`, also once for each two of these, the second one as `second` and `second_member`.
    """
    singles = [_once(relation, names, [column]) for column in columns]
    if not pairs:
        return " union all ".join(singles)
    second = [f"select *, 'all' as second, 'all' as second_member from ({single})" for single in singles]
    ordered = sorted(pairs, key=BREAKDOWNS.index)
    return " union all by name ".join([*second, *(_once(relation, names, [*two]) for two in combinations(ordered, 2))])


def _once(relation: str, names: tuple[str, str], columns: Sequence[str]) -> str:
    shown = []
    for column, (dimension, member) in zip(columns, (names, ("second", "second_member")), strict=False):
        value = "'all'" if column == "all" else column
        shown.append(f"'{column}' as {dimension}, {value} as {member}")
    large = [
        f"owner in (select owner from {relation} group by owner order by count(*) desc, owner limit {MOST_MEMBERS})"
        for column in columns
        if column == "owner"
    ]
    return f"select {', '.join(shown)}, * from {relation} where {' and '.join(large) or 'true'}"
