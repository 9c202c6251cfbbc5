-- Functions that a shape may use beside those of DuckDB.

-- The id of a thing that an export names by its id or holds whole, as a JSON object.
create temp macro id_of(thing) as
    case when starts_with(thing, '{') then json_extract_string(thing, '$.id') else cast(thing as varchar) end;

-- The elements of a JSON array, one row each in `unnest(elements(...))`.
create temp macro elements(list) as from_json(cast(list as json), '["json"]');

-- A moment given as seconds, milliseconds or microseconds since 1970. Other texts stay, for the loader to validate.
create temp macro unix_moment(number) as
    case
        when try_cast(number as double) is null then cast(number as varchar)
        when try_cast(number as double) >= 1e14
            then cast(to_timestamp(try_cast(number as double) / 1e6) as varchar)
        when try_cast(number as double) >= 1e11
            then cast(to_timestamp(try_cast(number as double) / 1e3) as varchar)
        else cast(to_timestamp(try_cast(number as double)) as varchar)
    end;

-- An amount in the smallest unit of its currency (cents) in whole units. Some currencies have no or three decimals.
create temp macro major_units(amount, currency) as
    try_cast(amount as decimal(28, 6)) / case
        when upper(currency) in (
            'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
        ) then 1
        when upper(currency) in ('BHD', 'JOD', 'KWD', 'OMR', 'TND') then 1000
        else 100
    end;

-- A price for `number` units of time as a price for a month; NULL for an unknown unit.
create temp macro per_month(price, unit, number) as
    round(cast(price as double) / try_cast(number as double) * case rtrim(lower(unit), 's')
        when 'month' then 1.0
        when 'year' then 1.0 / 12
        when 'week' then 365.0 / 7 / 12
        when 'day' then 365.0 / 12
    end, 6);
