-- Responses to surveys of Qualtrics. A survey with a recommendation question is the survey `nps` of the policy.
-- Left out: previews, tests and spam.
with responses as (
    select
        *,
        regexp_extract(_file, '([^/]+?)(\.[a-z]+)?(\.gz|\.zst)?$', 1) as survey,
        list_filter(json_keys("values"), lambda name: regexp_full_match(name, 'QID\d+_NPS_GROUP')) as nps_groups
    from {{ export('qualtrics/*', rows='responses', latest='responseId', columns=['labels', 'values']) }}
)

select
    responseid as response_id,
    coalesce("values" ->> 'customer_id', "values" ->> 'externalDataReference') as customer_id,
    case when len(nps_groups) > 0 then 'nps' else survey end as survey_code,
    case when ("values" ->> 'distributionChannel') in ('email', 'sms') then "values" ->> 'distributionChannel' end
        as channel,
    "values" ->> 'startDate' as started_at,
    "values" ->> 'recordedDate' as submitted_at,
    case when ("values" ->> 'finished') = '1' then 'complete' else 'partial' end as status,
    'qualtrics' as source_system,
    _file,
    _line
from responses
-- Previews, tests and spam.
where coalesce("values" ->> 'status', '0') not in ('1', '2', '8')
