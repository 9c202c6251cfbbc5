-- Emails and push messages of Braze, with the first opening and click.
-- Left out: messages to people without an external id.
with sends as (
    select
        'email' as channel,
        *
    from {{ export('braze/event_type=users.messages.email.Send/**/*', text=true, latest='id', optional=true,
                   columns=['id', 'user_id', 'external_user_id', 'time', 'campaign_id', 'canvas_id', 'dispatch_id']) }}
    union all by name
    select
        'push' as channel,
        *
    from {{ export('braze/event_type=users.messages.pushnotification.Send/**/*', text=true, latest='id', optional=true,
                   columns=['id', 'user_id', 'external_user_id', 'time', 'campaign_id', 'canvas_id', 'dispatch_id']) }}
),

reactions as (
    select
        'email' as channel,
        'open' as kind,
        coalesce(machine_open = 'true', false) as is_machine,
        dispatch_id,
        user_id,
        "time"
    from {{ export('braze/event_type=users.messages.email.Open/**/*', text=true, optional=true,
                   columns=['user_id', 'time', 'dispatch_id', 'machine_open']) }}
    union all
    select
        'push',
        'open',
        false,
        dispatch_id,
        user_id,
        "time"
    from {{ export('braze/event_type=users.messages.pushnotification.Open/**/*', text=true, optional=true,
                   columns=['user_id', 'time', 'dispatch_id']) }}
    union all
    select
        'email',
        'click',
        false,
        dispatch_id,
        user_id,
        "time"
    from {{ export('braze/event_type=users.messages.email.Click/**/*', text=true, optional=true,
                   columns=['user_id', 'time', 'dispatch_id']) }}
    union all
    select
        'email',
        'delivery',
        false,
        dispatch_id,
        user_id,
        "time"
    from {{ export('braze/event_type=users.messages.email.Delivery/**/*', text=true, optional=true,
                   columns=['user_id', 'time', 'dispatch_id']) }}
    union all
    select
        'email',
        'bounce',
        false,
        dispatch_id,
        user_id,
        "time"
    from {{ export('braze/event_type=users.messages.email.Bounce/**/*', text=true, optional=true,
                   columns=['user_id', 'time', 'dispatch_id']) }}
),

-- A dispatch may go to many people; with the user it names one message.
known as (
    select
        channel,
        dispatch_id,
        user_id,
        min(case when kind = 'delivery' then "time" end) as delivered_at,
        min(case when kind = 'open' and not is_machine then "time" end) as opened_at,
        min(case when kind = 'open' and is_machine then "time" end) as machine_opened_at,
        min(case when kind = 'click' then "time" end) as clicked_at,
        bool_or(kind = 'bounce') as is_bounced
    from reactions
    group by channel, dispatch_id, user_id
)

select
    s.id as contact_id,
    s.external_user_id as customer_id,
    'outbound' as direction,
    s.channel,
    coalesce(s.campaign_id, s.canvas_id) as campaign_code,
    true as is_automated,
    unix_moment(s."time") as attempted_at,
    unix_moment(k.delivered_at) as delivered_at,
    unix_moment(coalesce(k.opened_at, k.machine_opened_at)) as opened_at,
    case when k.opened_at is not null then false when k.machine_opened_at is not null then true end as is_machine_open,
    unix_moment(k.clicked_at) as clicked_at,
    case when k.is_bounced then 'bounced' end as outcome_code,
    'braze' as source_system,
    s._file,
    s._line
from sends as s
left join known as k on k.channel = s.channel and k.dispatch_id = s.dispatch_id and k.user_id = s.user_id
where s.external_user_id is not null
