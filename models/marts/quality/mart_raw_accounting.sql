-- A table that never had a file is a row of zeros, not a missing one.
with ledger as (
    select
        table_name,
        sum(case when status in ('loaded', 'copy') then 1 else 0 end) as current_files_count,
        sum(case when status = 'rejected' then 1 else 0 end) as rejected_files_count,
        sum(coalesce(rows_in_file, 0)) as file_rows_count,
        sum(rows_loaded) as loaded_rows_count,
        sum(rows_quarantined) as quarantined_rows_count,
        sum(rows_duplicate) as duplicate_rows_count,
        sum(rows_superseded) as superseded_rows_count,
        max(event_time_max) as last_event_at
    from {{ loaded(source('ops', 'load_ledger')) }}
    -- The new content of a file replaces what its old content brought.
    where status <> 'replaced'
    group by table_name
),

quarantined as (
    select
        table_name,
        reasons,
        count(*) as rows_count,
        count(distinct _file_id) as files_count
    from {{ loaded(source('ops', 'quarantined_rows')) }}
    group by table_name, reasons
),

quarantined_files as (
    select
        table_name,
        count(distinct _file_id) as files_count
    from {{ loaded(source('ops', 'quarantined_rows')) }}
    group by table_name
),

-- A deleted test account counts as a test account.
accounts as (
    select
        'customers' as table_name,
        case
            when {{ business_date(utc_moment('customers.registered_at')) }} > run_context.as_of_date
                then 'excluded:registered_later'
            when customers.is_test then 'excluded:test_account'
            when {{ utc_moment('customers.deleted_at') }} < run_context.as_of_end_at then 'excluded:deleted'
        end as reasons
    from {{ loaded(source('crm', 'customers'), alias='customers') }}
    cross join {{ ref('run_context') }} as run_context
),

excluded as (
    select
        table_name,
        reasons,
        count(*) as rows_count
    from accounts
    where reasons is not null
    group by table_name, reasons
),

-- Rows of days that came after the day of the run say nothing about it.
reached as (
    select
        feed_days.table_name,
        max(feed_days.last_date) as last_date
    from {{ loaded(source('ops', 'feed_days'), alias='feed_days') }}
    inner join {{ ref('run_context') }} as run_context
        on feed_days.last_date <= run_context.as_of_date
    group by feed_days.table_name
),

feeds as (
    select
        feeds.table_name,
        feeds.feed_rule,
        feeds.tolerated_delay_days,
        reached.last_date,
        {{ days_between('reached.last_date', 'run_context.as_of_date') }} as delay_days
    from {{ ref('feeds') }} as feeds
    cross join {{ ref('run_context') }} as run_context
    left join reached
        on feeds.table_name = reached.table_name
),

excluded_tables as (
    select
        table_name,
        sum(rows_count) as rows_count
    from excluded
    group by table_name
)

select
    declared.table_name,
    'all' as uncounted_reasons,
    cast({{ known_to_loader('coalesce(ledger.current_files_count, 0)') }} as bigint) as current_files_count,
    cast({{ known_to_loader('coalesce(ledger.rejected_files_count, 0)') }} as bigint) as rejected_files_count,
    cast({{ known_to_loader('coalesce(quarantined_files.files_count, 0)') }} as bigint) as quarantined_files_count,
    cast({{ known_to_loader('coalesce(ledger.file_rows_count, 0)') }} as bigint) as file_rows_count,
    cast(coalesce(ledger.loaded_rows_count, 0) as bigint) as loaded_rows_count,
    cast({{ known_to_loader('coalesce(ledger.quarantined_rows_count, 0)') }} as bigint) as quarantined_rows_count,
    cast({{ known_to_loader('coalesce(ledger.duplicate_rows_count, 0)') }} as bigint) as duplicate_rows_count,
    cast({{ known_to_loader('coalesce(ledger.superseded_rows_count, 0)') }} as bigint) as superseded_rows_count,
    cast(coalesce(ledger.loaded_rows_count - ledger.superseded_rows_count, 0) as bigint) as current_rows_count,
    cast(coalesce(excluded_tables.rows_count, 0) as bigint) as excluded_rows_count,
    {{ pct('ledger.quarantined_rows_count', 'ledger.file_rows_count') }} as quarantined_pct,
    {{ utc_moment('ledger.last_event_at') }} as last_event_at,
    feeds.feed_rule,
    feeds.last_date,
    cast(feeds.delay_days as bigint) as delay_days,
    cast(feeds.tolerated_delay_days as bigint) as tolerated_delay_days,
    feeds.delay_days > feeds.tolerated_delay_days as is_late
from {{ loaded(source('ops', 'raw_tables'), alias='declared') }}
left join ledger
    on declared.table_name = ledger.table_name
left join quarantined_files
    on declared.table_name = quarantined_files.table_name
left join excluded_tables
    on declared.table_name = excluded_tables.table_name
left join feeds
    on declared.table_name = feeds.table_name
union all
select
    quarantined.table_name,
    quarantined.reasons as uncounted_reasons,
    cast(null as bigint) as current_files_count,
    cast(null as bigint) as rejected_files_count,
    cast(quarantined.files_count as bigint) as quarantined_files_count,
    cast({{ known_to_loader('ledger.file_rows_count') }} as bigint) as file_rows_count,
    cast(null as bigint) as loaded_rows_count,
    cast(quarantined.rows_count as bigint) as quarantined_rows_count,
    cast(null as bigint) as duplicate_rows_count,
    cast(null as bigint) as superseded_rows_count,
    cast(null as bigint) as current_rows_count,
    cast(null as bigint) as excluded_rows_count,
    {{ pct('quarantined.rows_count', 'ledger.file_rows_count') }} as quarantined_pct,
    cast(null as timestamp) as last_event_at,
    cast(null as {{ dbt.type_string() }}) as feed_rule,
    cast(null as date) as last_date,
    cast(null as bigint) as delay_days,
    cast(null as bigint) as tolerated_delay_days,
    cast(null as boolean) as is_late
from quarantined
left join ledger
    on quarantined.table_name = ledger.table_name
union all
select
    excluded.table_name,
    excluded.reasons as uncounted_reasons,
    cast(null as bigint) as current_files_count,
    cast(null as bigint) as rejected_files_count,
    cast(null as bigint) as quarantined_files_count,
    cast({{ known_to_loader('ledger.file_rows_count') }} as bigint) as file_rows_count,
    cast(null as bigint) as loaded_rows_count,
    cast(null as bigint) as quarantined_rows_count,
    cast(null as bigint) as duplicate_rows_count,
    cast(null as bigint) as superseded_rows_count,
    cast(null as bigint) as current_rows_count,
    cast(excluded.rows_count as bigint) as excluded_rows_count,
    cast(null as {{ type_double() }}) as quarantined_pct,
    cast(null as timestamp) as last_event_at,
    cast(null as {{ dbt.type_string() }}) as feed_rule,
    cast(null as date) as last_date,
    cast(null as bigint) as delay_days,
    cast(null as bigint) as tolerated_delay_days,
    cast(null as boolean) as is_late
from excluded
left join ledger
    on excluded.table_name = ledger.table_name
