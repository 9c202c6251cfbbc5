create schema if not exists raw;
create schema if not exists superseded;
create schema if not exists quarantine;
create schema if not exists ops;

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
rows_loaded - rows_superseded of them stand in the raw table. status: loaded, copy (same content as a file
that was loaded before), replaced (the path holds newer content now), rejected (nothing of it was read).';
