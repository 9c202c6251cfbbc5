"""Churn: customers and revenue lost, why, and which ones."""

from stayhouse.page.charts import (
    CALM,
    CHURNED,
    GOOD,
    axis,
    bars,
    coded,
    each_period,
    intervals,
    lines,
    months,
    ranked,
    tooltip,
    waterfall,
    with_target,
)
from stayhouse.page.panel import Chart, Column, Drill, Panel, Section, Sums, Switch, Table
from stayhouse.page.sql import dimension, filterable, largest

MONTHS = f"""
    with named as (
        select {dimension(channel="acquisition_channel")} as dimension, dimension_value as member, *
        from churn.mart_churn_monthly
    ),
    months as (select * from named where {filterable()} and {largest("named", "opening_count")})
"""

RATE = f"""{MONTHS}
    select dimension, member, churn_month as period, churn_num, churn_den, churn_pct, churn_ci_lo, churn_ci_hi,
        opening_base_churn_num, opening_base_churn_den, opening_base_churn_pct, churn_norm_pct, is_final, is_reliable
    from months
    where churn_den > 0 and is_complete
    order by 1, 2, 3
"""

# Longer periods are added up by the page, from the opening of the first month to the closing of the last.
SPANS = f"""{MONTHS},
    spans as (
        select dimension, member, currency_code as currency, churn_month as period, {{columns}}
        from months
        where {{condition}} and churn_month >= (
            select date_trunc('year', max(churn_month)) - interval '2 years' from months
        )
    ),
    steps as ({{steps}}),
    running as (
        select *, sum(amount) over (
            partition by dimension, member, currency, period order by place
            rows between unbounded preceding and current row
        ) as reached
        from steps
    ),
    -- The bars of opening and closing begin near the changes, which would be too small to see above a zero.
    floors as (
        select *, greatest(0, 2.0 * min(reached) over (partition by dimension, member, currency, period)
            - max(reached) over (partition by dimension, member, currency, period)) as base
        from running
    )
    select dimension, member, {{currency}} period, step, place, {{amount}} as amount,
        case when place in (0, 99) then 'total' when amount >= 0 then 'gain' else 'loss' end as kind,
        {{from_amount}} as from_amount, {{to_amount}} as to_amount,
        greatest({{from_amount}}, {{to_amount}}) as top_amount,
        case when place in (0, 99) then format('{{{{:,}}}}', cast({{amount}} as bigint))
            else case when amount >= 0 then '+' else '' end || format('{{{{:,}}}}', cast({{amount}} as bigint))
        end as shown
    from floors
    where place in (0, 99) or amount <> 0
    order by dimension, member, {{currency}} period, place
"""


def bridge(opening: str, closing: str, parts: dict[str, str], condition: str, *, currency: bool) -> str:
    """The steps from the opening to the closing of a month."""
    columns = [f"{opening} as opening", f"{closing} as closing"]
    columns += [f"coalesce({column}, 0) as part_{at}" for at, column in enumerate(parts.values())]
    shared = "dimension, member, currency, period"
    steps = [f"select {shared}, 'opening' as step, 0 as place, opening as amount from spans"]
    steps += [f"select {shared}, '{step}', {at + 1}, part_{at} from spans" for at, step in enumerate(parts)]
    moved = " + ".join(f"part_{at}" for at in range(len(parts)))
    steps += [
        f"select {shared}, 'other', 98, closing - opening - ({moved}) from spans",
        f"select {shared}, 'closing', 99, cast(0 as bigint) from spans",
    ]
    return SPANS.format(
        columns=", ".join(columns),
        condition=condition,
        steps=" union all ".join(steps),
        currency="currency," if currency else "",
        amount="case place when 99 then reached else amount end",
        from_amount="case when place in (0, 99) then base else reached - amount end",
        to_amount="reached",
    )


CUSTOMERS = bridge(
    "opening_count", "closing_count",
    {"new": "new_count", "reactivated": "reactivated_count", "moved in": "moved_in_count",
     "moved out": "-moved_out_count", "churned": "-churned_count"},
    "is_complete", currency=False,
)  # fmt: skip
MONEY = bridge(
    "opening_amount", "closing_amount",
    {"new": "new_amount", "reactivated": "reactivated_amount", "expansion": "expansion_amount",
     "moved in": "moved_in_amount", "moved out": "-moved_out_amount", "contraction": "-contraction_amount",
     "churned": "-churned_amount"},
    "is_mrr_complete", currency=True,
)  # fmt: skip

FLOWS = f"""{MONTHS}
    select dimension, member, churn_month as period, 'new' as part, new_count + reactivated_count as customers
    from months where is_complete
    union all
    select dimension, member, churn_month, 'churned', -churned_count from months where is_complete
    order by all
"""

REVENUE = f"""{MONTHS}
    select dimension, member, currency_code as currency, churn_month as period,
        net_revenue_retention_pct as retained_pct,
        gross_revenue_retention_pct, opening_amount, closing_amount
    from months
    where is_mrr_complete and opening_amount > 0
    order by 1, 2, 3, 4
"""

REASONS = """
    select dimension_name as dimension, dimension_value as member, period_start_date as period, reason_code,
        reason_category_code, churned_count, churn_share_num, churn_share_den, churn_share_pct
    from churn.mart_churn_quality
    where reason_code <> 'all' and churned_count > 0 and period_grain_code = 'month'
        and (dimension_name in ('all', 'segment', 'status') or dimension_name like 'attribute@_%' escape '@')
    order by 1, 2, 3, churned_count desc, reason_code
"""

CHURNED_CUSTOMERS = """
    select events.customer_id, customer_display_name as customer_name, events.churned_date, churned_month, reason_code,
        events.segment_code as segment, events.plan_code as plan, lost_mrr_amount, events.tenure_days, owner_id,
        is_surprise, reactivated_date, events.churned_date as period
    from churn.mart_churn_events as events
    left join customer_360.mart_customer_360 as customers on events.customer_id = customers.customer_id
    order by events.churned_date desc, lost_mrr_amount desc nulls last, events.customer_id
"""

PART_COLOURS = {"new": GOOD, "churned": CHURNED}
BRIDGE_TIPS = tooltip(("step", "step", ""), ("amount", "amount", ",.0f"))

PRECURSORS = """
    select dimension_name as dimension, dimension_value as member, precursor_code, band_label, churned_pct, others_pct,
        lift_avg, churned_num, churned_den, median_lead_days, policy_limit_avg, proposed_limit_avg
    from risk.mart_churn_precursors
    where is_reliable and lift_avg > 1 and by_chance_pct <= 5
    order by dimension, member, lift_avg desc, precursor_code
"""

FORESEEN = """
    select horizon_days || '' as horizon, bin_order, foreseen_pct, churned_num, churned_den, churned_pct, churned_ci_lo,
        churned_ci_hi
    from risk.mart_risk_validation
    where measure_code = 'decile' and is_chosen and model_code = 'additive'
    order by horizon_days, bin_order
"""

AT_RISK = """
    select risks.customer_id, customer_display_name as customer_name, risks.risk_band, risk_medium_pct, first_reason,
        second_reason, third_reason, risks.mrr_amount, risks.mrr_at_risk_amount, risks.segment_code as segment,
        coalesce(risks.owner_id, 'unassigned') as owner
    from risk.mart_churn_risk as risks
    left join customer_360.mart_customer_360 as customers on risks.customer_id = customers.customer_id
    where risks.risk_band in ('high', 'raised')
    order by risk_order nulls last, risk_medium_pct desc, risks.customer_id
"""

CHURN = Section(
    "churn",
    "Churn and revenue",
    "A customer churns on the first day without a contract, known once the grace is over, or after the inactivity that "
    "the segment allows. Every month closes: opening + new + reactivated - churned = closing.",
    (
        Panel(
            "churn_rate",
            "Monthly customer churn",
            "Churned customers in percent of the opening, with 95 % interval. The dashed line is the norm; hollow "
            "points may still change.",
            RATE,
            Chart(with_target(
                lines(
                    months("period"),
                    axis("churn_pct", "Q", "churned, % of the opening"),
                    axis("member", "N", "", legend={"splits": True}),
                    tooltip(("period", "month", "month"), ("member", "group", ""), ("churn_pct", "churn %", ".2f"),
                            ("churn_num", "churned", ",.0f"), ("churn_den", "at the opening", ",.0f"),
                            ("opening_base_churn_pct", "of those at the opening %", ".2f")),
                    band=("churn_ci_lo", "churn_ci_hi"),
                    incomplete="is_final",
                    base=CHURNED,
                ),
                months("period"),
                axis("churn_norm_pct", "Q", ""),
            )),
            needs=("customers", "subscription_periods"),
            metrics=("customer_churn_pct", "opening_base_churn_pct"),
            codes={"member": "member"},
            by="upto",
            sums=Sums(
                ("churn_num", "churn_den", "opening_base_churn_num", "opening_base_churn_den"),
                rates={"churn_pct": ("churn_num", "churn_den"),
                       "opening_base_churn_pct": ("opening_base_churn_num", "opening_base_churn_den")},
                intervals={"churn_pct": ("churn_ci_lo", "churn_ci_hi", "byar")},
                all=("is_final",), any=("is_reliable",), same=("churn_norm_pct",),
            ),
            source="billing",
            target="churn_norm_pct",
            splits=True,
            drill=Drill("churn_customers", {"churned_month": "period"}),
        ),
        Panel(
            "churn_bridge",
            "Customers gained and lost",
            "From the customers at the opening of the period to those at its closing. The axis does not begin at 0.",
            CUSTOMERS,
            Chart(waterfall("customers", BRIDGE_TIPS)),
            needs=("customers", "subscription_periods"),
            codes={"step": "bridge"},
            by="at",
            sums=Sums(bridge=True),
            source="billing",
        ),
        Panel(
            "churn_flows",
            "New and churned customers",
            "New and reactivated customers above the line, churned customers below it.",
            FLOWS,
            Chart(bars(
                each_period(),
                axis("customers", "Q", "customers"),
                coded("part", "", PART_COLOURS),
                tooltip(("period", "month", "month"), ("part", "part", ""), ("customers", "customers", ",.0f")),
            )),
            needs=("customers", "subscription_periods"),
            codes={"part": "bridge"},
            by="upto",
            sums=Sums(("customers",)),
            source="billing",
            drill=Drill("churn_customers", {"churned_month": "period"}, {"part": ("churned",)}),
        ),
        Panel(
            "churn_money",
            "Recurring revenue gained and lost",
            "From the monthly recurring revenue (MRR) at the opening of the period to that at its closing. The axis "
            "does not begin at 0.",
            MONEY,
            Chart(waterfall("MRR", BRIDGE_TIPS)),
            needs=("subscription_periods",),
            switches=(Switch("currency", "currency"),),
            codes={"step": "bridge"},
            by="at",
            sums=Sums(bridge=True),
            source="billing",
        ),
        Panel(
            "churn_revenue",
            "Net revenue retention",
            "Closing revenue of the customers of the opening, in percent of it. Above 100 %, churn is negative.",
            REVENUE,
            Chart(lines(
                months("period"),
                axis("retained_pct", "Q", "retained, %", scale={"zero": False}),
                axis("member", "N", "", legend={"splits": True}),
                tooltip(("period", "month", "month"), ("member", "group", ""), ("retained_pct", "net %", ".1f"),
                        ("gross_revenue_retention_pct", "gross %", ".1f"), ("opening_amount", "opening MRR", ",.0f")),
            )),
            needs=("subscription_periods",),
            metrics=("net_revenue_retention_pct", "gross_revenue_retention_pct"),
            switches=(Switch("currency", "currency"),),
            codes={"member": "member"},
            by="upto",
            source="billing",
            splits=True,
        ),
        Panel(
            "churn_why",
            "Why customers churned",
            "Churned customers of the period by reason. Click a bar for the customers.",
            REASONS,
            Chart(ranked(
                axis("churned_count", "Q", "churned customers"),
                axis("reason_code", "N", "", sort="-x"),
                tooltip(("reason_code", "reason", ""), ("churned_count", "churned", ",.0f"),
                        ("churn_share_pct", "share %", ".1f")),
                colour={"value": CALM},
            )),
            needs=("customers", "subscription_periods"),
            codes={"reason_code": "reason"},
            by="at",
            sums=Sums(("churned_count", "churn_share_num"), shared=("churn_share_den",),
                      rates={"churn_share_pct": ("churn_share_num", "churn_share_den")}),
            source="billing",
            drill=Drill("churn_customers", {"reason_code": "reason_code", "churned_month": "period"}),
            empty="No customer churned in this period.",
        ),
        Panel(
            "churn_customers",
            "Churned customers",
            "The latest churns first.",
            CHURNED_CUSTOMERS,
            Table((
                Column("customer_id", "customer", "card"),
                Column("churned_date", "churned", "date"),
                Column("reactivated_date", "reactivated", "date", under="churned_date"),
                Column("reason_code", "why", filter=True, codes="reason"),
                Column("is_surprise", "surprise", "yes_no"),
                Column("lost_mrr_amount", "lost MRR", "money"),
                Column("tenure_days", "days of tenure", "number"),
                Column("segment", "segment", filter=True, codes="segment"),
                Column("plan", "plan", filter=True, codes="plan"),
                Column("owner_id", "owner", filter=True, codes="employee"),
            ), names="customer_name", shown=8),
            needs=("customers", "subscription_periods"),
            by="upto",
            empty="No customer has churned.",
            wide=True,
            most=2000,
            whole=(("every churn", "parquet/mart_churn_events.parquet"),),
        ),
        Panel(
            "churn_precursors",
            "What precedes churn",
            "What was known of paying customers at the end of a month: how many churned within a month after it, and "
            "how many of the others. Only differences beyond chance are listed. They describe; they do not prove a "
            "cause. The limits are of the whole row of bands: that of the policy, and the value at which churn bends.",
            PRECURSORS,
            Table((
                Column("precursor_code", "sign", filter=True, codes="precursor"),
                Column("band_label", "in this band", "words", codes="precursor_band"),
                Column("churned_pct", "churned", "percent"),
                Column("others_pct", "of the others", "percent"),
                Column("lift_avg", "times as often", "number"),
                Column("churned_den", "month ends", "number"),
                Column("median_lead_days", "days before", "number"),
                Column("policy_limit_avg", "limit of the policy", "number"),
                Column("proposed_limit_avg", "churn bends at", "number"),
            ), shown=10),
            needs=("customers", "subscription_periods"),
            wide=True,
        ),
        Panel(
            "churn_foreseen",
            "Can the risk be trusted?",
            "Customers in ten groups by the risk that was foreseen for months that the model had not seen. The line is "
            "what happened, with 95 % interval; the red tick is the risk that was foreseen.",
            FORESEEN,
            Chart(intervals(
                axis("bin_order", "O", "groups, from the lowest risk to the highest", axis={"labelAngle": 0}),
                axis("churned_pct", "Q", "churned, %"),
                "churned_ci_lo",
                "churned_ci_hi",
                tooltip(("bin_order", "group", ""), ("foreseen_pct", "foreseen %", ".1f"),
                        ("churned_pct", "churned %", ".1f"), ("churned_num", "churned", ",.0f"),
                        ("churned_den", "of", ",.0f")),
                tick=("foreseen_pct", "foreseen, %"),
            )),
            needs=("customers", "subscription_periods"),
            switches=(Switch("horizon", "within days"),),
        ),
        Panel(
            "churn_risk",
            "Customers at risk",
            "Paying customers whose risk of churn is at least half higher than usual, by revenue at risk: revenue a "
            "month times the risk. A risk of 20 % means that of a hundred such customers about twenty churn.",
            AT_RISK,
            Table((
                Column("customer_id", "customer", "card"),
                Column("risk_band", "risk", filter=True, codes="risk_band"),
                Column("risk_medium_pct", "risk of churn", "percent"),
                Column("first_reason", "why", "words", codes="precursor_band"),
                Column("second_reason", "and why", "words", codes="precursor_band"),
                Column("third_reason", "also", "words", codes="precursor_band"),
                Column("mrr_amount", "MRR", "money"),
                Column("mrr_at_risk_amount", "MRR at risk", "money"),
                Column("segment", "segment", filter=True, codes="segment", under="customer_id"),
                Column("owner", "owner", filter=True, codes="employee"),
            ), names="customer_name", shown=10),
            needs=("customers", "subscription_periods"),
            empty="No risk is higher than usual, or too few customers have churned to learn from.",
            wide=True,
            most=2000,
            whole=(("every paying customer", "parquet/mart_churn_risk.parquet"),),
        ),
    ),
)  # fmt: skip
