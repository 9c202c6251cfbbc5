"""SQL gives the same numbers on any day, any machine and any engine."""

from __future__ import annotations

import csv

import pytest
from conventions import lints
from conventions.fakes import model, project_of
from conventions.lints import Project, unexcepted

PORTABILITY_EXCEPTIONS = {
    "default__json_text": "the arrow is what DuckDB and PostgreSQL share; Spark has its own form",
    "default__sorted_list": "an ordered aggregate is what DuckDB and PostgreSQL share; Spark has its own form",
}


def test_nothing_depends_on_a_clock_or_on_chance(project: Project) -> None:
    assert unexcepted(lints.clock_and_chance(lints.portable_sources(project))) == []


def test_sql_is_portable(project: Project) -> None:
    assert unexcepted(lints.portability(lints.portable_sources(project)), PORTABILITY_EXCEPTIONS) == []


def test_casts_to_double_name_the_type_of_the_engine(project: Project) -> None:
    assert unexcepted(lints.doubles(lints.portable_sources(project))) == []


def test_a_cast_to_double_is_caught() -> None:
    caught = {
        "a": "cast(x as double)",
        "b": "{{ pct('cast(x as double)') }}",
        "c": "cast(case when x then 1 end\n as double\n)",
    }
    fine = {"d": "cast(x as {{ type_double() }}) -- as double", "e": "x as double_checked, y as is_double"}
    assert [fault[0] for fault in lints.doubles(caught | fine)] == list(caught)


ZONE_EXCEPTIONS = {
    "incoming_events_ctes": "a bound for storage, wider than any zone",
    "default__convert_timezone": "the one place where a zone is applied",
    "int_alerts__opened": "working hours are counted on the business clock, and clock_moment makes a moment of them",
}


def test_days_and_moments_meet_in_the_macros_of_time(project: Project) -> None:
    assert unexcepted(lints.zones(lints.portable_sources(project)), ZONE_EXCEPTIONS) == []


@pytest.mark.parametrize(
    "sql",
    [
        "cast(opened_at as date)",
        "cast(coalesce(a.resolved_at, a.closed_at) as date)",
        "{{ days_between('cast(acted_at as date)', 'day') }}",
        "{'as_of': 'cast(' ~ moment ~ '_at as date)'}",
        "cast(\n    least(informed_at, resolved_at) as date\n)",
        "cast(churned_date as timestamp)",
        "moment at time zone 'UTC'",
    ],
)
def test_a_day_taken_past_the_zone_is_caught(sql: str) -> None:
    assert len(lints.zones({"m": f"select {sql} as x"})) == 1


def test_a_cast_that_ends_before_a_moment_is_fine() -> None:
    assert lints.zones({"m": "select cast(a as double) as x, b_at, cast(c as date) as d"}) == []


def test_outer_joins_are_joined_by_what_they_join(project: Project) -> None:
    sources = {node["name"]: node["raw_code"] for node in project.models}
    exceptions = {"dim_expected_key_actions": "the joined side is policy, a handful of rows"}
    assert unexcepted(lints.one_sided_joins(sources), exceptions) == []


@pytest.mark.parametrize(
    "conditions",
    [
        "a.is_sent and a.id = b.id",
        "a.id = b.id and a.kind = 'x'",
        "a.id = b.id and (a.kind = 'x' or a.kind = 'y') where b.id is null",
        "{{ add_days('a.day', 1) }} > a.other and a.id = b.id left join c on a.id = c.id",
    ],
)
def test_a_condition_on_the_left_side_alone_is_caught(conditions: str) -> None:
    assert len(lints.one_sided_joins({"m": f"select 1 from a left join {{{{ ref('t') }}}} as b on {conditions}"})) == 1


@pytest.mark.parametrize(
    "joins",
    [
        "left join b on a.id = b.id and b.kind = 'x' where a.kind = 'y'",
        "left join b on a.day between b.low and b.high and {{ add_days('a.day', 1) }} < b.day",
        "left join b on case when a.kind = 'x' then a.id end = b.id -- and a.kind = 'x'",
        "inner join b on a.id = b.id and a.kind = 'x'",
        "left join b on (a.id = b.id or a.name = b.name)) select 1 from a where a.x and a.y",
    ],
)
def test_a_condition_on_both_sides_is_fine(joins: str) -> None:
    assert lints.one_sided_joins({"m": f"with c as (select 1 from a {joins}"}) == []


VOCABULARY_EXCEPTIONS = {
    "mart_channel_optout": "purposes of consents are listed by the raw contract",
    "mart_customer_value": "a month of buying is thirty days, a unit and no window",
    "rolling_days": "the unit of a rolling month, which the seed `retention_settings` states",
}


def test_what_a_company_chooses_is_read_from_its_policy(project: Project) -> None:
    assert unexcepted(lints.vocabulary(lints.portable_sources(project)), VOCABULARY_EXCEPTIONS) == []


@pytest.mark.parametrize(
    "sql",
    [
        "where answers.question_code = 'nps'",
        "and purpose in ('exit', 'all')",
        "and coalesce(outcomes.outcome_code, '') not in ('voicemail')",
        "case seniority when 'lead' then 1 end",
        "where nps_score >= 9",
        "where answers.score between 0 and 10",
        "where {{ days_between('a', 'b') }} < 28",
        "where day > {{ add_days('as_of_date', -28) }}",
        "where 28.0 * uses_count > 1",
    ],
)
def test_a_word_or_number_of_a_company_is_caught(sql: str) -> None:
    assert lints.vocabulary({"m": sql})


def test_words_of_our_own_and_units_are_no_vocabulary() -> None:
    fine = """
    -- the 28 days of question_code = 'nps'
    select cast(a as decimal(18, 6)), '28' as label, use_28 from b
    where segment_code = '*' and topic_code <> 'untagged' and role = 'exit' and score >= {{ threshold('x') }}
        and '{{ metric }}' = metric_code and survey_code in (select survey_code from c) and days < 7
    """
    assert lints.vocabulary({"m": fine}) == []


def test_change_sources_are_read_by_their_own_columns(project: Project) -> None:
    assert sum(bool(node["config"].get("change_sources")) for node in project.models) > 10
    assert unexcepted(lints.change_sources(project)) == []
    assert unexcepted(lints.converted_change_sources(lints.portable_sources(project))) == []


def test_a_relation_in_a_change_source_is_caught() -> None:
    # A threshold in a change source of fct_key_actions once looked for the policy in the mart itself, in every incremental run.
    sources = [
        {"relation": "stg_a", "as_of": "registered_date"},
        {"relation": "stg_b", "as_of": "registered_date + (select threshold_value from main.m)", "only": "passing"},
    ]
    faults = lints.change_sources(project_of(model("m", "marts/x", config={"change_sources": sources})))
    assert [fault.split(":")[0] for fault in faults] == ["m"]
    assert "stg_b" in faults[0]


def test_rows_by_customer_follow_what_the_whole_company_decides(project: Project) -> None:
    # Months before the start of a company's records stayed in the features of risk after a file had moved that start.
    assert unexcepted(lints.company_wide_state(project)) == []
    start = model("dim_observation_starts", "core/policy")
    months = model("dim_months", "core/policy", reads=[start])
    config = {"materialized": "changed_keys", "meta": {}}
    forgetful = model("forgetful", "core/customers", reads=[months], config=config)
    careful = model(
        "careful", "core/customers", reads=[months],
        config=config | {"decided_by": {"dim_observation_starts": ["observed_from"]}},
    )  # fmt: skip
    faults = lints.company_wide_state(project_of(start, months, forgetful, careful))
    assert [fault.split(":")[0] for fault in faults] == ["forgetful"]


@pytest.mark.parametrize(
    "source",
    [
        "{'relation': 'stg_a', 'as_of': business_date('valid_from')}",
        "{'relation': 'stg_a', 'as_of': add_days(business_date(moment ~ '_at'), 6) | trim, 'only': 'passing'}",
        "{'relation': 'stg_a', 'as_of': 'valid_from', 'changed_from': business_date('valid_from')}",
    ],
)
def test_a_change_source_converted_when_dbt_parses_is_caught(source: str) -> None:
    assert len(lints.converted_change_sources({"m": f"{{{{ changed_keys({{'id': 'id'}}, [{source}]) }}}}"})) == 1


def test_a_change_source_by_its_columns_is_fine() -> None:
    fine = "{'relation': 'stg_a', 'as_of_moment': 'valid_from'}, {'relation': 'stg_b', 'as_of': 'date_b'} {{ business_date('c') }}"
    assert lints.converted_change_sources({"m": fine}) == []


def test_every_threshold_is_read(project: Project) -> None:
    with (project.root / "seeds" / "thresholds.csv").open(newline="", encoding="utf-8") as file:
        known = [row["threshold_code"] for row in csv.DictReader(file)]
    # Rules of rows are in YAML, and the gates read a limit themselves.
    readers = [project.root / "orchestration" / name for name in ("defs/quality.py", "rejections.py")]
    files = [*(project.root / "models").rglob("*.yml"), *readers]
    others = [file.read_text() for file in files]
    assert unexcepted(lints.thresholds(lints.portable_sources(project), known, others)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select current_date",
        "select now() as t",
        "select RANDOM() < 0.1",
        "where day < today()",
        "select current_timestamp as loaded_at",
        "{% set day = run_started_at %} select 1",
        "{% set now = modules.datetime.datetime.now() %} select 1",
    ],
)
def test_a_clock_is_caught(sql: str) -> None:
    assert lints.clock_and_chance({"m": sql})


def test_words_about_a_clock_are_no_clock() -> None:
    fine = "-- no current_date here\n{# nor now() #} select 'now()' as random_seed, known, brand from x"
    assert lints.clock_and_chance({"m": fine}) == []


@pytest.mark.parametrize(
    ("construct", "sql"),
    [
        ("qualify", "select a from t qualify row_number() over (order by a) = 1"),
        (":: (use cast)", "select a::date from t"),
        ("// (use floor)", "select a // 2 from t"),
        ("* exclude or replace", "select * exclude (a) from t"),
        ("* exclude or replace", "select t.* replace (1 as a) from t"),
        ("group or order by all", "select a, count(*) from t group by all"),
        ("positional group by", "select a, count(*) from t group by 1, 2"),
        ("asof join", "select a from t asof left join u on t.a >= u.a"),
        ("list or struct literal", "select [1, 2] as l"),
        ("list or struct literal", "select {'a': 1} as s"),
        ("quantile_cont (use percentile_cont)", "select quantile_cont(a, 0.5) from t"),
        ("median( (use percentile_cont)", "select median(a) from t"),
        ("arg_min, arg_max, min_by, max_by", "select arg_max(a, b) from t"),
        ("arg_min, arg_max, min_by, max_by", "select first(a) from t"),
        ("count_if", "select count_if(a > 1) from t"),
        ("unnest, struct, list functions", "select unnest(a) from t"),
        ("unnest, struct, list functions", "select struct_pack(a := 1) from t"),
        ("ignore nulls", "select lag(a ignore nulls) over (order by b) from t"),
        ("any or all over a list", "select a from t where a ilike any ('x', 'y')"),
        ("try_cast", "select try_cast(a as int) from t"),
        ("pivot", "pivot t on a using sum(b)"),
        ("recursive", "with recursive t as (select 1) select * from t"),
        ("number of a weekday", "select extract(dow from a) from t"),
        ("own date function (use the macros)", "select date_diff('day', a, b) from t"),
        ("own date function (use the macros)", "select strftime(a, '%Y') from t"),
        ("arithmetic on a date (use days_between, add_days)", "select churned_date - joined_date from t"),
        ("arithmetic on a date (use days_between, add_days)", "select t.as_of_date + 1 from t"),
        ("interval without quotes", "select a + interval 1 month from t"),
        ("range frame", "select sum(a) over (order by b range between 1 preceding and current row) from t"),
        ("count distinct over a window", "select count(distinct a) over (partition by b) from t"),
        ("distinct on", "select distinct on (a) a, b from t"),
        # Two marts could not be built on Spark.
        (
            "minus after a named window (put the window in brackets)",
            "select sum(a) over w - b from t window w as (order by c)",
        ),
        (
            "minus after a named window (put the window in brackets)",
            "select sum(a) over w - {{ b }} from t window w as ()",
        ),
        ("union by name", "select 1 as a union all by name select 2 as a"),
        ("concat( (NULL differs; use ||)", "select concat(a, b) from t"),
        ("if(, ifnull(", "select ifnull(a, b) from t"),
        ("varchar without a length (use dbt.type_string)", "select cast(a as varchar) from t"),
        ("json function (use json_text)", "select a ->> 'k' from t"),
        ("json function (use json_text)", "select json_extract_string(a, 'k') from t"),
        ("regexp function", "select regexp_matches(a, 'x') from t"),
        ("split or string_agg", "select string_agg(a, ',' order by a) from t"),
        ("lambda", "select list_transform(a, lambda x: x) from t"),
        (
            "grouping in a condition on groups (filter the next step)",
            "select a, count(*) from t group by grouping sets ((a), (a, b))\nhaving c is null\n or (grouping(b) = 1)",
        ),
        (
            "open end of a period by 'is null or' (use coalesce and end_of_time)",
            "select 1 from t left join p on t.a = p.a and (p.valid_to is null or p.valid_to > t.day)",
        ),
    ],
)
def test_what_only_one_engine_reads_is_caught(construct: str, sql: str) -> None:
    assert f"m: {construct}" in lints.portability({"m": sql})


def test_portable_sql_and_jinja_are_left_alone() -> None:
    fine = """
    {% set names = ['a', 'b'] %}  -- a::b // c
    /* qualify */
    select
        cast(a as {{ dbt.type_string() }}) as a,
        {{ days_between('first_date', 'last_date') }} - 1 as gap_days,
        a || '[x] :: y' as label,
        count(distinct a) as n,
        sum(b) over (partition by a order by c rows between unbounded preceding and current row) as running,
        percentile_cont(0.5) within group (order by b) as middle,
        count(*) filter (where b > 0) as positive_count,
        valid_from, first_value, list_price, mapped
    from {{ ref('x') }}
    where c >= timestamp '2025-01-01 00:00:00' and d is distinct from e
    group by a
    """
    assert lints.portability({"m": fine}) == []


def test_an_unread_threshold_and_a_renamed_policy_are_caught() -> None:
    sources = {
        "m": "select policy.a_days from {{ ref('x') }} as x cross join {{ ref('policy') }} as policy",
        "n": "select p.b_days from {{ ref('policy') }} as p",
    }
    assert lints.thresholds(sources, known=["a_days", "b_days"]) == [
        "b_days: is in the policy, but nothing reads it",
        "n: reads policy under another name",
    ]
