"""The words in which suites speak: house expectations with domain names. Importing this imports Great Expectations.

All of them are queries that return findings, one row per broken rule:

    rule              'missing:event_id'
    unexpected_count  rows that break it; 0 for a remark that breaks nothing
    sample            a few broken rows as JSON texts
    observed          (optional) what was measured, as text
    is_skipped        (optional) true when there was nothing to evaluate

so that counts and samples come from one scan. GX's own UnexpectedRowsExpectation runs its query twice and would fetch
broken rows instead of counting them.

Severity: *critical* is what the loader or dbt promises (a break means a bug, or numbers that are wrong), and it stops
the run. *warning* is what a source system should do better; the run goes on and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Self

from great_expectations.compatibility import pydantic
from great_expectations.expectations import UnexpectedRowsExpectation

from stayhouse.contract.sql import identifier, literal, literals
from stayhouse.expectations import row_rules
from stayhouse.expectations.reports import WHOLE_TABLE
from stayhouse.expectations.row_rules import RowRule

# DQ-07: a table of facts is compared with its own recent days. The numbers are ours.
VOLUME_WINDOW_DAYS = 28
VOLUME_TOLERANCE_PCT = 50
VOLUME_MIN_HISTORY_DAYS = 14
# Percentages are doubles; 100.00000000000001 is 100.
PERCENT_ROUNDING = 1e-6


def is_bare_number(column: str) -> str:
    """SQL predicate: a value that should be a hash has the length of a phone number and only digits.

    One such value proves nothing: of hashes of 12 hexadecimal digits every 280th has no letter.
    """
    return f"regexp_matches({identifier(column)}, '^[0-9]{{7,15}}$')"


class HouseExpectation(UnexpectedRowsExpectation):
    """A query of findings. Subclasses give the rule its name and build the query in `of`."""

    column: str = WHOLE_TABLE
    phrases: dict[str, str] = pydantic.Field(default_factory=dict)
    """Rule name, or its part before the colon, to the clause that says what is wrong; {name} is the part after it."""
    remedy: str
    """What to do about it, a sentence."""
    unit: str = "row"
    """What is counted; empty when the phrase says it all."""

    # The count comes with the findings; a second query would scan the table again.
    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    @classmethod
    def from_sql(cls, sql: str, **fields: Any) -> Self:
        return cls(unexpected_rows_query=row_rules.gx_query(sql), **fields)

    def on_table(self, name: str, table: str) -> Self:
        """This expectation with the quoted `table` in its query; results lead back to `name` ('raw.customers')."""
        # GX wants to see its placeholder, though the query names its table itself.
        query = str(self.unexpected_rows_query).replace("{batch}", table) + " /* {batch} */"
        return self.copy(update={"unexpected_rows_query": query, "meta": {"table": name}})

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        findings = metrics["unexpected_rows_query.table"]
        broken = [finding for finding in findings if finding["unexpected_count"]]
        remarks = [finding["observed"] for finding in findings if finding.get("observed")]
        counted = [f"{finding['rule']} ({finding['unexpected_count']:,})" for finding in broken]
        return {
            "success": not broken,
            "result": {
                "observed_value": "; ".join(remarks or counted) or "holds",
                "details": {
                    "findings": [
                        {
                            "rule": finding["rule"],
                            "unexpected_count": int(finding["unexpected_count"]),
                            "sample": list(finding.get("sample") or ()),
                        }
                        for finding in broken
                    ],
                    "is_skipped": any(finding.get("is_skipped") for finding in findings),
                },
            },
        }  # fmt: skip


class _ExpectRowRules(HouseExpectation):
    """Base of the expectations that evaluate single rows: many rules, one scan."""

    @classmethod
    def of(
        cls,
        rules: Sequence[RowRule],
        identity: Sequence[str],
        *,
        severity: str,
        remedy: str,
        notes: str,
        description: str,
        column: str = WHOLE_TABLE,
        personal: Iterable[str] = (),
        where: str = "true",
    ) -> Self:
        return cls.from_sql(
            row_rules.broken_rows(rules, identity, personal, where),
            column=column,
            phrases={rule.name: rule.phrase for rule in rules},
            severity=severity,
            remedy=remedy,
            notes=notes,
            description=description,
        )


class ExpectRowsToKeepTheContract(_ExpectRowRules):
    """No row of a raw table breaks a rule for which the loader puts rows into quarantine."""


class ExpectRowsToBePlausible(_ExpectRowRules):
    """No row says something that cannot be quite true. The source system should be asked."""


class ExpectNoPlainContactData(_ExpectRowRules):
    """Contact data arrives hashed, never readable (DQ-11)."""


class ExpectLedgerToBalance(_ExpectRowRules):
    """Rows in the file = rows loaded + quarantined + exact duplicates, for every file."""


class ExpectKeyToBeUnique(HouseExpectation):
    """No two rows have the same key (DQ-06)."""

    @classmethod
    def of(cls, key: Sequence[str], *, remedy: str, notes: str, arrived_where: str | None = None) -> Self:
        shown = ", ".join(key)
        return cls.from_sql(
            row_rules.repeated_keys(key, arrived_where),
            column=shown,
            phrases={"repeated_key:" + ",".join(key): f"the key ({shown}) repeats that of another row"},
            severity="critical",
            remedy=remedy,
            notes=notes,
            description=f"Every row has its own {shown}.",
        )


class _ExpectReferences(HouseExpectation):
    @classmethod
    def of(
        cls,
        references: Sequence[tuple[str, str, str]],
        identity: Sequence[str],
        *,
        severity: str,
        remedy: str,
        notes: str,
        where: str = "true",
    ) -> Self:
        """`references` are (column, parent table with schema, parent column)."""
        listed = ", ".join(f"{column} in {parent}" for column, parent, _ in references)
        return cls.from_sql(
            row_rules.missing_parents(references, identity, where),
            phrases={f"orphan:{column}": f"{column} is not in {parent}" for column, parent, _ in references},
            severity=severity,
            remedy=remedy,
            notes=notes,
            description=f"Every reference has its parent: {listed}.",
        )


class ExpectParentsToExist(_ExpectReferences):
    """A row without its parent waits in quarantine, so none may be in the table (DQ-03)."""


class ExpectReferencesToBeKnown(_ExpectReferences):
    """References that the loader only reports (DQ-03)."""


class ExpectMartToKeepItsRules(HouseExpectation):
    """One row per grain, known references, and every rule of the mart holds in every row."""

    @classmethod
    def of(
        cls, grain: Sequence[str], rules: Sequence[RowRule], references: Sequence[tuple[str, str, str]] = ()
    ) -> Self:
        """`references` are (column, parent table with schema, parent column)."""
        shown = ", ".join(grain)
        queries = [row_rules.broken_rows(rules, grain), row_rules.repeated_keys(grain)]
        if references:
            queries.append(row_rules.missing_parents(references, grain))
        return cls.from_sql(
            row_rules.together(queries),
            phrases={
                **{rule.name: rule.phrase for rule in rules},
                **{f"orphan:{column}": f"{column} is not in {parent}" for column, parent, _ in references},
                "repeated_key:" + ",".join(grain): f"the key ({shown}) repeats that of another row",
            },
            severity="critical",
            remedy="Correct the model: the mart is withheld and the last good publication stays.",
            notes=f"{len(rules)} rules of single rows: those of the mart's YAML, and those that follow from the names "
            "and types of its columns (keys are filled, percentages lie within bounds, numerators within denominators, "
            "counts are not negative, texts hold no personal data: DQ-11).",
            description=f"Every row has its own {shown} and keeps every rule.",
        )


class ExpectMartToBePlausible(_ExpectRowRules):
    """Rules of a mart that may be broken but should be looked at."""


class ExpectMartToContinueThePublication(HouseExpectation):
    """Nothing of the last publication is lost: rows, values, the newest dates, the totals."""

    @classmethod
    def of(cls, sql: str, phrases: Mapping[str, str]) -> Self:
        """`sql` and `phrases` come from `mart_profile.changes`."""
        return cls.from_sql(
            sql,
            phrases=phrases,
            unit="",
            severity="warning",
            remedy="Look for a delivery that is not complete; the run goes on.",
            notes="A mart that shrinks, loses the values of a column or ends earlier than before is rarely right.",
            description="Rows, filled columns, newest dates and totals are about those of the last publication.",
        )


class ExpectIntervalsNotToOverlap(HouseExpectation):
    """One owner has one interval at a time; otherwise an as-of join doubles facts."""

    @classmethod
    def of(
        cls, owner: Sequence[str], start: str, end: str, identity: Sequence[str], arrived_where: str | None = None
    ) -> Self:
        shown = ", ".join(owner)
        return cls.from_sql(
            row_rules.overlapping_intervals(owner, start, end, identity, arrived_where),
            column=start,
            phrases={f"overlap:{start}": f"an interval begins before an earlier one of the same {shown} has ended"},
            severity="warning",
            remedy=f"Ask the source system to end one interval before the next begins, per {shown}.",
            notes="Attributes are joined as of a moment; two rows valid at that moment have to be chosen between.",
            description=f"Intervals [{start}, {end}) of one {shown} do not overlap.",
        )


class ExpectColumnsOfTheContract(HouseExpectation):
    """The table has the columns that its readers rely on, with their types."""

    @classmethod
    def of(cls, table: str, columns: Mapping[str, Sequence[str]], *, remedy: str, notes: str) -> Self:
        """`columns` maps a name to the DuckDB types it may have; no types means any type."""
        expected = ", ".join(
            f"({literal(column)}, [{literals(types)}]::varchar[])" for column, types in columns.items()
        )
        return cls.from_sql(
            f"""
            /* {{batch}} */
            with expected(column_name, types) as (values {expected}),
            present as (
                -- information_schema goes through the columns of every table of the file.
                select name as column_name, type as data_type from pragma_table_info({literal(table)})
            )
            select
                case when present.column_name is null then 'no_column:' else 'other_type:' end
                    || expected.column_name as rule,
                1 as unexpected_count,
                [] as sample,
                case
                    when present.column_name is not null
                        then expected.column_name || ' is ' || present.data_type || ', not ' || expected.types[1]
                end as observed
            from expected
            left join present on present.column_name = expected.column_name
            where present.column_name is null
            or (len(expected.types) > 0 and not list_contains(expected.types, present.data_type))
            """,
            phrases={
                **{f"no_column:{column}": f"the column {column} does not exist" for column in columns},
                **{f"other_type:{column}": f"the column {column} has another type" for column in columns},
            },
            unit="",
            severity="critical",
            remedy=remedy,
            notes=notes,
            description=f"The table has the columns {', '.join(columns)}.",
        )


class ExpectNoUnknownColumns(HouseExpectation):
    """Files bring no column that the contract does not know. They are kept in `_extra`, but nobody reads them there."""

    @classmethod
    def of(cls, where: str = "true") -> Self:
        return cls.from_sql(
            f"""
            with unknown as (
                select unnest(json_keys(_extra)) as name from {{batch}} where {where} and _extra is not null
            )
            select 'unknown_column:' || name as rule, count(*) as unexpected_count, [] as sample
            from unknown group by name order by name
            """,
            column="_extra",
            phrases={"unknown_column": "the contract does not know the column {name}"},
            severity="warning",
            remedy="Describe the column in the sources YAML of this table, or ask the source system to drop it.",
            notes="An unknown column is often a known one with a new name.",
            description="Files bring no column that the contract does not know.",
        )


class ExpectTableNotToBeEmpty(HouseExpectation):
    """A table without which there is nothing to publish has rows."""

    @classmethod
    def of(cls) -> Self:
        return cls.from_sql(
            """
            select 'empty' as rule, 1 as unexpected_count, [] as sample, 'the table is empty' as observed
            where not exists (select 1 from {batch})
            """,
            phrases={"empty": "the table is empty"},
            unit="",
            severity="critical",
            remedy="Check that the landing folder holds the files of this table.",
            notes="Every mart starts from the customers: without them a run would publish empty marts.",
            description="The table has rows.",
        )


class ExpectUsualDailyVolume(HouseExpectation):
    """The business day has about as many rows as the days before it (DQ-07).

    The day is unusual when it is off both the median of the window and the median of the same weekday in the window:
    a Sunday is compared with Sundays. Young tables are not evaluated.
    """

    @classmethod
    def of(cls, event_time: str, as_of: date) -> Self:
        moment, day = identifier(event_time), literal(as_of)
        low, high = 1 - VOLUME_TOLERANCE_PCT / 100, 1 + VOLUME_TOLERANCE_PCT / 100
        return cls.from_sql(
            f"""
            with counted as (
                select cast({moment} as date) as day, count(*) as row_count
                from {{batch}}
                where {moment} >= date {day} - interval {VOLUME_WINDOW_DAYS} day
                and {moment} < date {day} + interval 1 day
                group by cast({moment} as date)
            ),
            window_days as (
                select cast(range as date) as day
                from range(date {day} - interval {VOLUME_WINDOW_DAYS} day, date {day}, interval 1 day)
                where range >= (select min(day) from counted)
            ),
            before as (
                select window_days.day, coalesce(counted.row_count, 0) as row_count
                from window_days left join counted on counted.day = window_days.day
            ),
            compared as (
                select
                    count(*) as history_days,
                    median(row_count) as usual,
                    median(row_count) filter (isodow(day) = isodow(date {day})) as usual_weekday,
                    coalesce((select row_count from counted where day = date {day}), 0) as today
                from before
            )
            select
                'unusual_volume:{event_time}' as rule,
                case
                    when history_days < {VOLUME_MIN_HISTORY_DAYS} then 0
                    when today between {low} * usual and {high} * usual then 0
                    when today between {low} * usual_weekday and {high} * usual_weekday then 0
                    else 1
                end as unexpected_count,
                [] as sample,
                case
                    when history_days < {VOLUME_MIN_HISTORY_DAYS}
                        then 'not evaluated, ' || history_days || ' days of history before {as_of}'
                    else today || ' rows on {as_of}, median ' || usual || ', same weekday '
                        || coalesce(cast(usual_weekday as varchar), 'unknown')
                end as observed,
                history_days < {VOLUME_MIN_HISTORY_DAYS} as is_skipped
            from compared
            """,
            column=event_time,
            phrases={f"unusual_volume:{event_time}": "the business day has an unusual number of rows"},
            unit="",
            severity="warning",
            remedy="Check that the files of the day are complete and not delivered twice.",
            notes=f"Compared with the median of {VOLUME_WINDOW_DAYS} days and of the same weekday, "
            f"+-{VOLUME_TOLERANCE_PCT} % (ours).",
            description="The business day has about as many rows as the days before it.",
        )


class ExpectShareOfRowsWithin(HouseExpectation):
    """At most a share of the rows breaks a rule that single rows may break."""

    @classmethod
    def of(
        cls, rule: RowRule, limit_pct: float, *, min_rows: int, remedy: str, notes: str, where: str = "true"
    ) -> Self:
        return cls.from_sql(
            f"""
            with shares as (
                select count(*) as row_count, count(*) filter ({rule.broken_when}) as broken_count
                from {{batch}} where {where}
            )
            select
                {literal(rule.name)} as rule,
                case when row_count >= {min_rows} and 100.0 * broken_count / row_count > {limit_pct}
                    then broken_count else 0 end as unexpected_count,
                [] as sample,
                case when row_count < {min_rows} then 'not evaluated, ' || row_count || ' rows'
                    else broken_count || ' of ' || row_count || ' rows, limit {limit_pct} %' end as observed,
                row_count < {min_rows} as is_skipped
            from shares
            """,
            column=rule.columns[0],
            phrases={rule.name: f"{rule.phrase} (more than {limit_pct} % of the rows)"},
            severity=rule.severity,
            remedy=remedy,
            notes=notes,
            description=f"At most in {limit_pct} % of the rows {rule.phrase}.",
        )


class ExpectHashesNotToBeNumbers(ExpectShareOfRowsWithin):
    """Values that should be hashes are not phone numbers written as bare digits (DQ-11)."""


class ExpectChildrenToExist(HouseExpectation):
    """A row that must have rows in another table has them."""

    @classmethod
    def of(
        cls,
        column: str,
        child: str,
        when: str,
        identity: Sequence[str],
        *,
        phrase: str,
        remedy: str,
        where: str = "true",
    ) -> Self:
        """`child` is a table with its schema that has a column of the same name; an empty one does not fail."""
        return cls.from_sql(
            f"""
            with stored as not materialized (select * from {{batch}})
            select
                'childless:{column}' as rule,
                count(*) as unexpected_count,
                {row_rules.sample(row_rules.row_as_json(identity))} as sample
            from stored
            where {where} and ({when})
            and exists (select 1 from {child})
            and not exists (select 1 from {child} as children where children.{column} = stored.{column})
            having count(*) > 0
            """,
            column=column,
            phrases={f"childless:{column}": phrase},
            severity="warning",
            remedy=remedy,
            notes="One of the two deliveries is incomplete.",
            description=f"No row of which one must say: {phrase}.",
        )


class ExpectFewQuarantinedRows(HouseExpectation):
    """Of the rows of a table that arrived last, few are in quarantine."""

    @classmethod
    def of(
        cls, tables: Sequence[str], limit_pct: float, *, min_rows: int, severity: str, newest: str, remedy: str
    ) -> Self:
        """`newest` is a predicate on the ledger; fewer quarantined rows than `min_rows` do not fail."""
        return cls.from_sql(
            f"""
            select
                'quarantined:' || table_name as rule,
                cast(sum(rows_quarantined) as bigint) as unexpected_count,
                {row_rules.sample(row_rules.row_as_json(["file", "rows_in_file", "rows_quarantined"]))}
                    filter (rows_quarantined > 0) as sample
            from {{batch}}
            where {newest} and status <> 'rejected'
            group by table_name
            having sum(rows_quarantined) >= {min_rows}
            and 100.0 * sum(rows_quarantined) > {limit_pct} * sum(rows_in_file)
            order by table_name
            """,
            column="rows_quarantined",
            phrases={
                f"quarantined:{table}": f"more than {limit_pct:g} % of the newest load of {table} is in quarantine"
                for table in tables
            },
            severity=severity,
            remedy=remedy,
            notes=f"More than {limit_pct:g} % of the newest load of a table, and at least {min_rows} rows (ours).",
            description=f"At most {limit_pct:g} % of the newest load of any table is in quarantine.",
        )


class ExpectNoBrokenExport(ExpectFewQuarantinedRows):
    """Not so much of a load is in quarantine that the source's export must be broken."""


class ExpectNoRejectedFiles(HouseExpectation):
    """No file was turned away as a whole."""

    @classmethod
    def of(cls, tables: Sequence[str], newest: str) -> Self:
        return cls.from_sql(
            f"""
            with ledger as not materialized (select * from {{batch}})
            select
                'rejected:' || table_name as rule,
                count(*) as unexpected_count,
                {row_rules.sample(row_rules.row_as_json(["file", "message"]))} as sample
            from ledger
            where status = 'rejected' and {newest}
            and not exists (
                select 1 from ledger as later
                where later.table_name = ledger.table_name and later.file = ledger.file
                and later.load_id > ledger.load_id and later.status <> 'rejected'
            )
            group by table_name
            order by table_name
            """,
            column="status",
            phrases={f"rejected:{table}": f"the loader rejected files of {table}" for table in tables},
            unit="file",
            severity="warning",
            remedy="Repair the file as its message says and deliver it again; its rows are in no mart.",
            notes="A rejected file is missing data for the marts, though the run goes on.",
            description="No file was rejected.",
        )


class ExpectTablesToMatchTheLedger(HouseExpectation):
    """Each raw table has as many rows as the ledger says it has: rows loaded less rows superseded by newer ones."""

    @classmethod
    def of(cls, tables: Sequence[str]) -> Self:
        counts = "\n                union all ".join(
            f"select {literal(table)} as table_name, count(*) as row_count from raw.{identifier(table)}"
            for table in tables
        )
        return cls.from_sql(
            f"""
            with stored as (
                {counts}
            ),
            booked as (
                select table_name, sum(coalesce(rows_loaded, 0) - coalesce(rows_superseded, 0)) as row_count
                from {{batch}} group by table_name
            )
            select
                'unbalanced:' || stored.table_name as rule,
                cast(abs(stored.row_count - coalesce(booked.row_count, 0)) as bigint) as unexpected_count,
                [] as sample,
                stored.table_name || ' has ' || stored.row_count || ' rows, the ledger says '
                    || coalesce(booked.row_count, 0) as observed
            from stored left join booked on booked.table_name = stored.table_name
            where stored.row_count <> coalesce(booked.row_count, 0)
            order by stored.table_name
            """,
            column="rows_loaded",
            phrases={f"unbalanced:{table}": f"raw.{table} differs from the sum of the ledger" for table in tables},
            severity="critical",
            remedy="Rows were changed outside the loader: restore the warehouse, or load it again in full.",
            notes="No row may be lost or appear without being booked.",
            description="Each raw table has the number of rows that the ledger books.",
        )


class ExpectTableToExist(HouseExpectation):
    """The table of a gate exists."""


class ExpectSuiteToBeBuilt(HouseExpectation):
    """The suite of a gate can be built; a suite that cannot be evaluated is a failure, not a pass."""


def fault(kind: type[HouseExpectation], text: str, remedy: str) -> HouseExpectation:
    """An expectation that always fails, for a gate that cannot be evaluated. `text` says why."""
    return kind.from_sql(
        f"select 'fault' as rule, 1 as unexpected_count, [] as sample, {literal(text)} as observed /* {{batch}} */",
        phrases={"fault": text},
        unit="",
        severity="critical",
        remedy=remedy,
        notes="What cannot be evaluated does not pass.",
        description=(kind.__doc__ or "").splitlines()[0],
    )
