-- Do we contact customers as often, and for what, as the privacy policy that they decided on says (CON-12)?
with versions as (
    select
        customer_id,
        policy_version,
        occurred_at as valid_from,
        lead(occurred_at) over (partition by customer_id order by occurred_at, consent_event_id) as valid_to
    from {{ ref('fct_consent_events') }}
    where policy_version is not null
),

contacts as (
    select
        contacts.contact_id,
        contacts.customer_id,
        coalesce(versions.policy_version, 'unknown') as policy_version,
        contacts.consent_purpose,
        {{ period_start('month', 'contacts.attempted_date') }} as contact_month,
        row_number() over (
            partition by contacts.customer_id, {{ period_start('month', 'contacts.attempted_date') }}
            order by contacts.attempted_at desc, contacts.contact_id desc
        ) as choice
    from {{ ref('fct_contacts') }} as contacts
    left join versions
        on contacts.customer_id = versions.customer_id
        and {{ holds_at('versions', 'contacts.attempted_at') }}
    where contacts.is_proactive
        and contacts.is_episode_start
),

-- A month counts under the version of its last contact.
customer_months as (
    select
        contacts.customer_id,
        contacts.contact_month,
        max(case when contacts.choice = 1 then contacts.policy_version end) as policy_version,
        count(*) as contacts_count,
        count(
            case
                when policies.declared_purposes is not null
                    and not {{ is_named('contacts.consent_purpose', 'policies.declared_purposes') }} then 1
            end
        ) as undeclared_count
    from contacts
    left join {{ ref('privacy_policies') }} as policies
        on contacts.policy_version = policies.policy_version
    group by contacts.customer_id, contacts.contact_month
),

evaluated as (
    select
        months.*,
        policies.declared_max_per_month,
        policies.policy_version is not null as is_declared,
        coalesce(months.contacts_count > policies.declared_max_per_month, false) as is_over
    from customer_months as months
    left join {{ ref('privacy_policies') }} as policies
        on months.policy_version = policies.policy_version
),

counted as (
    select
        policy_version,
        contact_month,
        declared_max_per_month,
        is_declared,
        count(*) as contacted_count,
        sum(contacts_count) as contacts_count,
        count(case when is_declared then 1 end) as declared_count,
        count(case when is_over then 1 end) as over_count,
        count(case when undeclared_count > 0 then 1 end) as undeclared_count,
        count(case when is_declared and not is_over and undeclared_count = 0 then 1 end) as match_count
    from evaluated
    group by policy_version, contact_month, declared_max_per_month, is_declared
)

select
    counted.policy_version,
    cast(counted.declared_max_per_month as bigint) as declared_max_count,
    cast(counted.contacts_count as bigint) as contacts_count,
    cast(1.0 * counted.contacts_count / nullif(counted.contacted_count, 0) as {{ type_double() }}) as contacts_avg,
    cast(counted.contacted_count as bigint) as contacted_customers_count,
    cast(counted.over_count as bigint) as over_declared_num,
    cast(counted.declared_count as bigint) as over_declared_den,
    {{ pct('counted.over_count', 'counted.declared_count') }} as over_declared_pct,
    cast(counted.undeclared_count as bigint) as undeclared_purpose_num,
    cast(counted.declared_count as bigint) as undeclared_purpose_den,
    {{ pct('counted.undeclared_count', 'counted.declared_count') }} as undeclared_purpose_pct,
    cast(counted.match_count as bigint) as match_num,
    cast(counted.declared_count as bigint) as match_den,
    {{ pct('counted.match_count', 'counted.declared_count') }} as match_pct,
    counted.is_declared,
    {{ is_over('month', 'counted.contact_month') }} as is_complete,
    {{ is_reliable('counted.declared_count') }} as is_reliable,
    counted.contact_month
from counted
cross join {{ ref('run_context') }} as run_context
