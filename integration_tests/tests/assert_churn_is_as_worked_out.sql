-- By hand: in May 2025 three customers pay at the opening (50 + 20 + 30 EUR); the contract of 0102 ended on the first,
-- so one churns with 20 EUR, and two are left with 80 EUR.
with worked_out as (
    select
        date '2025-05-01' as churn_month,
        3 as opening_count,
        1 as churned_count,
        2 as closing_count,
        100.00 as opening_amount,
        20.00 as churned_amount,
        80.00 as closing_amount
)

select
    worked_out.*,
    months.opening_count as found_opening_count,
    months.churned_count as found_churned_count,
    months.closing_count as found_closing_count,
    months.opening_amount as found_opening_amount,
    months.churned_amount as found_churned_amount,
    months.closing_amount as found_closing_amount
from worked_out
left join {{ ref('stayhouse', 'mart_churn_monthly') }} as months
    on worked_out.churn_month = months.churn_month
    and months.dimension_name = 'all'
where worked_out.opening_count is distinct from months.opening_count
    or worked_out.churned_count is distinct from months.churned_count
    or worked_out.closing_count is distinct from months.closing_count
    or worked_out.opening_amount is distinct from months.opening_amount
    or worked_out.churned_amount is distinct from months.churned_amount
    or worked_out.closing_amount is distinct from months.closing_amount
