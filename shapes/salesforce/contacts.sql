-- Calls and emails (tasks) and meetings (events) of accounts that are customers.
-- Left out: open tasks and reminders, deleted activities, and those of accounts that are not customers.
with accounts as (
    select
        id,
        coalesce(customer_id__c, id) as customer_id
    from {{ export('salesforce/Account*', text=true, latest='Id', columns=[
        'BillingCity', 'BillingCountry', 'Customer_Id__c', 'Industry', 'IsDeleted', 'Type'
    ]) }}
    where (customer_id__c is not null or type like 'Customer%') and coalesce(lower(isdeleted), 'false') = 'false'
),

people as (
    from {{ export('salesforce/Contact*', text=true, latest='Id', optional=true, columns=['Id', 'AccountId']) }}
),

received as (
    select activityid as id
    from {{ export('salesforce/EmailMessage*', text=true, latest='Id', optional=true,
                   columns=['Id', 'ActivityId', 'Incoming']) }}
    where lower(incoming) = 'true' and activityid is not null
    group by activityid
),

activities as (
    select
        id,
        accountid,
        whoid,
        ownerid,
        case
            when tasksubtype = 'Call' or type = 'Call' then 'call'
            when tasksubtype in ('Email', 'ListEmail') or type = 'Email' then 'email'
        end as channel,
        coalesce(calltype = 'Inbound', false) as is_inbound,
        coalesce(tasksubtype = 'ListEmail', false) as is_automated,
        coalesce(completeddatetime, createddate) as attempted_at,
        calldurationinseconds as duration_sec,
        calldisposition as outcome,
        null as held_at,
        null as ended_at,
        _file,
        _line
    from {{ export('salesforce/Task*', text=true, latest='Id', columns=[
        'AccountId', 'CallDisposition', 'CallDurationInSeconds', 'CallType', 'CompletedDateTime', 'IsDeleted',
        'TaskSubtype', 'Type', 'WhoId'
    ]) }}
    where lower(isclosed) = 'true' and coalesce(lower(isdeleted), 'false') = 'false'
    union all
    select
        id,
        accountid,
        whoid,
        ownerid,
        'meeting',
        false,
        false,
        -- A meeting is attempted when it is agreed on, unless it was logged later.
        least(createddate, startdatetime),
        null,
        null,
        -- Salesforce does not say whether it took place; one that is still to come did not.
        case when cast(startdatetime as timestamptz) <= _exported_at then startdatetime end,
        case when cast(enddatetime as timestamptz) <= _exported_at then enddatetime end,
        _file,
        _line
    from {{ export('salesforce/Event*', text=true, latest='Id', optional=true, columns=[
        'Id', 'AccountId', 'CreatedDate', 'EndDateTime', 'IsDeleted', 'OwnerId', 'StartDateTime', 'WhoId'
    ]) }}
    where coalesce(lower(isdeleted), 'false') = 'false'
)

select
    a.id as contact_id,
    accounts.customer_id,
    a.ownerid as employee_id,
    case when a.is_inbound or received.id is not null then 'inbound' else 'outbound' end as direction,
    a.channel,
    a.is_automated,
    a.attempted_at,
    case when try_cast(a.duration_sec as integer) > 0 then a.attempted_at end as answered_at,
    a.duration_sec,
    a.held_at,
    a.ended_at,
    coalesce(
        a.outcome, case when try_cast(a.duration_sec as integer) > 0 or a.held_at is not null then 'conversation' end
    ) as outcome_code,
    'salesforce' as source_system,
    a._file,
    a._line
from activities as a
left join people on people.id = a.whoid
inner join accounts on accounts.id = coalesce(a.accountid, people.accountid)
left join received on received.id = a.id
-- Other tasks are reminders of ours.
where a.channel is not null
