"""Rules for single rows, and the SQL that evaluates many of them in one scan. Free of Great Expectations.

A suite of one query per rule would read a large table dozens of times. Here all rules of a table and severity are one
query: it filters the rows that break any rule, counts for each broken rule how many rows break it, and shows a few.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stayhouse.contract.sql import identifier, identifiers, literal

SAMPLE_ROWS = 5
# Models of one row that a rule may read: `(select as_of_date from run_context)`.
CONTEXT = ("run_context", "policy")


@dataclass(frozen=True)
class RowRule:
    """A rule that every row must keep."""

    name: str
    """Short name, `kind:column` as in the reasons of the quarantine: 'missing:event_id'."""
    broken_when: str
    """SQL predicate, true for a row that breaks the rule. NULL counts as kept."""
    columns: tuple[str, ...]
    """The columns that the predicate reads; the first is the one to blame."""
    phrase: str
    """What is wrong with a broken row, a clause: 'event_id is missing'."""
    severity: str = "critical"
    """'critical' or 'warning'."""
    shown: tuple[str, ...] | None = None
    """Columns that a sample shows of a broken row; None: those that find it again and those that the rule reads."""


def gx_query(sql: str) -> str:
    """The query as Great Expectations wants it: only `{batch}` is a placeholder.

    GX runs the text through str.format and SQLAlchemy reads `:name` as a parameter, so braces and single colons of the
    SQL itself (regular expressions, struct_pack, JSON) are escaped.
    """
    doubled = sql.replace("{", "{{").replace("}", "}}").replace("{{batch}}", "{batch}")
    return re.sub(r"(?<!:):(?!:)", r"\:", doubled)


def row_as_json(columns: Sequence[str]) -> str:
    """SQL of a row as JSON text, with these columns only; none are left when all of them are personal."""
    fields = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in dict.fromkeys(columns))
    return f"cast(to_json(struct_pack({fields})) as varchar)" if fields else "'{}'"


def sample(expression: str) -> str:
    """SQL of a few values of a group: the smallest, so that two runs over the same rows show the same."""
    return f"min({expression}, {SAMPLE_ROWS})"


def broken_rows(
    rules: Sequence[RowRule], identity: Sequence[str], personal: Iterable[str] = (), where: str = "true"
) -> str:
    """SQL: one row per broken rule with the number of rows that break it and a sample of them.

    `identity` are the columns that find a row again; `personal` columns are never shown; `where` limits the rows.
    """
    hidden = set(personal)
    findings = ",\n            ".join(
        f"case when {rule.broken_when} then struct_pack(rule := {literal(rule.name)}, "
        f"shown := {row_as_json([c for c in _shown(rule, identity) if c not in hidden])}) end"
        for rule in rules
    )
    any_broken = "\n            or ".join(f"({rule.broken_when})" for rule in rules)
    context = "".join(
        f"{name} as (select * from core.{name}),\n    "
        for name in CONTEXT
        if any(f"from {name}" in rule.broken_when for rule in rules)
    )
    return f"""
    with {context}broken as (
        select unnest([
            {findings}
        ]) as finding
        from {{batch}}
        where ({where})
        and (
            {any_broken}
        )
    )
    select
        finding.rule as rule,
        count(*) as unexpected_count,
        {sample("finding.shown")} as sample
    from broken
    where finding is not null
    group by finding.rule
    order by finding.rule
    """


def together(queries: Sequence[str]) -> str:
    """SQL of the findings of several queries."""
    return "\n    union all\n".join(f"    select * from ({query})" for query in queries)


def _shown(rule: RowRule, identity: Sequence[str]) -> tuple[str, ...]:
    return (*identity, *rule.columns) if rule.shown is None else rule.shown


def repeated_keys(key: Sequence[str], arrived_where: str | None = None) -> str:
    """SQL: how many rows repeat the key of another row.

    With `arrived_where`, only the keys of rows that arrived since are looked up (in the whole table): what was unique
    before stays unique unless a new row repeats it. Without it, keys are first compared by their hashes, which halves
    time and memory on long text keys.
    """
    names = identifiers(key)
    if arrived_where:
        looked_up = f"arrived as (select distinct {names} from stored where {arrived_where})"
        narrowed = f"semi join arrived using ({names})"
    else:
        looked_up = (
            f"suspects as (select hash({names}) as hashed from stored group by hash({names}) having count(*) > 1)"
        )
        narrowed = f"where hash({names}) in (select hashed from suspects)"
    return f"""
    with stored as not materialized (select * from {{batch}}),
    {looked_up},
    repeated as (
        select {names}, count(*) as copies
        from stored
        {narrowed}
        group by {names}
        having count(*) > 1
    )
    select
        {literal("repeated_key:" + ",".join(key))} as rule,
        cast(sum(copies - 1) as bigint) as unexpected_count,
        {sample(row_as_json([*key, "copies"]))} as sample
    from repeated
    having count(*) > 0
    """


def missing_parents(references: Sequence[tuple[str, str, str]], identity: Sequence[str], where: str = "true") -> str:
    """SQL: rows whose parent does not exist, for each (column, parent table, parent column)."""
    # The orphaned values are found first: the columns that are shown need not travel through the join then.
    orphans = "\n    union all\n".join(
        f"""
    select
        {literal("orphan:" + column)} as rule,
        count(*) as unexpected_count,
        {sample(row_as_json([*identity, column]))} as sample
    from stored
    where {where}
    and {identifier(column)} in (
        select distinct children.{identifier(column)}
        from stored as children
        where {where}
        and children.{identifier(column)} is not null
        and not exists (
            select 1 from {parent} as parents where parents.{identifier(parent_column)} = children.{identifier(column)}
        )
    )
    having count(*) > 0"""
        for column, parent, parent_column in references
    )
    return f"with stored as not materialized (select * from {{batch}}) {orphans}"


def overlapping_intervals(
    owner: Sequence[str], start: str, end: str, identity: Sequence[str], arrived_where: str | None = None
) -> str:
    """SQL: intervals [start, end) that begin before an earlier one of the same owner has ended."""
    names = identifiers(owner)
    changed = f"where ({names}) in (select ({names}) from {{batch}} where {arrived_where})" if arrived_where else ""
    shown = list(dict.fromkeys([*identity, *owner, start, end]))
    return f"""
    with intervals as (
        select
            {identifiers(shown)},
            cast({identifier(start)} as timestamp) as starts,
            coalesce(cast({identifier(end)} as timestamp), timestamp 'infinity') as ends
        from {{batch}}
        {changed}
    ),
    covered as (
        select
            *,
            max(ends) over (
                partition by {names} order by starts, ends rows between unbounded preceding and 1 preceding
            ) as covered_until
        from intervals
        where ends > starts
    )
    select
        {literal("overlap:" + start)} as rule,
        count(*) as unexpected_count,
        {sample(row_as_json(shown))} as sample
    from covered
    where starts < covered_until
    having count(*) > 0
    """
