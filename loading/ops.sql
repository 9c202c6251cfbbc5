create schema if not exists raw;
create schema if not exists superseded;
create schema if not exists quarantine;
create schema if not exists ops;

-- One number per load that was begun, even when it found nothing new: released orphans carry it too.
-- is_checked: the raw gate has passed its rows.
create table if not exists ops.loads (load_id bigint not null, is_checked boolean not null default false);

create table if not exists ops.landing_folder (folder varchar not null);

create table if not exists ops.load_ledger (
    file_id integer not null,
    load_id bigint not null,
    table_name varchar not null,
    file varchar not null,
    format varchar not null,
    status varchar not null,
    bytes bigint not null,
    fingerprint varchar not null,
    content_hash varchar not null,
    rows_in_file bigint,
    rows_loaded bigint not null,
    rows_quarantined bigint not null,
    rows_duplicate bigint not null,
    rows_superseded bigint not null,
    event_time_min timestamp,
    event_time_max timestamp,
    message varchar
);

comment on table ops.load_ledger is
'One row per landing file version. rows_in_file = rows_loaded + rows_quarantined + rows_duplicate;
rows_loaded - rows_superseded of them are in the raw table. status: loaded, copy (same content as a file
that was loaded before), replaced (the path holds newer content now, so no row of this one is current),
rejected (nothing of it was read). An empty content_hash has the file read again.';

-- When the file was last written, in the zone of the source, where rows of it have this time because they bring none.
alter table ops.load_ledger add column if not exists file_time timestamp;

-- last_date: the last business day, at most until_date, that the rows of the table reach. Loads and runs write it.
create table if not exists ops.feed_days (until_date date not null, table_name varchar not null, last_date date);

create table if not exists ops.expectation_results (
    run_id varchar not null,
    as_of_date date,
    stage varchar not null,
    asset varchar not null,
    expectation varchar not null,
    column_name varchar,
    severity varchar,
    is_passed boolean not null,
    observed varchar,
    unexpected_count bigint,
    message varchar
);

alter table ops.expectation_results add column if not exists checked_at timestamp;

-- What a run need not make again. Of kind seed (view) the digest of the policy (of the project), when it is the only row:
-- dbt adds the name of every seed that it loads and of every view that it makes.
create table if not exists ops.settled (kind varchar not null, name varchar not null);

-- How far the incremental models have come; written by the dbt materialization `changed_keys`.
create table if not exists ops.model_watermarks (
    model_name varchar not null,
    load_id bigint not null,
    as_of_date date,
    fingerprint varchar not null
);
