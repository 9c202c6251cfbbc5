"""Overview: the latest complete value of every metric, and how it moved."""

from stayhouse.page.panel import Column, Panel, Section, Table, Tiles

LATEST = """
    with cells as (
        select metric_code, period_grain_code, unit_code, period_start_date, metric_amount, metric_amount_ci_lo,
            metric_amount_ci_hi, numerator_amount, denominator_amount, is_reliable,
            row_number() over (partition by metric_code order by period_start_date desc) as age
        from metrics.mart_metric_values
        where dimension_name = 'all' and coalesce(is_complete, true) and metric_amount is not null
    )
    select
        catalogue.metric_code, catalogue.title, catalogue.owner_group_code, catalogue.unit_code, catalogue.better_code,
        now.period_grain_code, now.period_start_date, now.metric_amount, before.metric_amount as previous_amount,
        before.period_start_date as previous_start_date, now.metric_amount_ci_lo, now.metric_amount_ci_hi,
        now.numerator_amount, now.denominator_amount, now.is_reliable, catalogue.question_label, catalogue.formula_label
    from metrics.mart_metric_catalogue as catalogue
    left join cells as now on catalogue.metric_code = now.metric_code and now.age = 1
    left join cells as before on catalogue.metric_code = before.metric_code and before.age = 2
"""

HEADLINES = """('customer_churn_pct', 'net_mrr_churn_pct', 'activation_long_pct', 'effective_contact_pct',
    'nps_quarter_points', 'csi_quarter_points', 'cli_quarter_points', 'ces_quarter_points')"""

TILES = f"""
    select metric_code, title as label, metric_amount as value,
        case unit_code when 'percent' then '%' else unit_code end as unit,
        previous_amount as previous, strftime(previous_start_date, '%-d %b %Y') as previous_label,
        case better_code when 'higher' then true when 'lower' then false end as higher_is_better,
        case
            when metric_amount is null then 'no complete period yet'
            else period_grain_code || ' of ' || strftime(period_start_date, '%-d %b %Y')
                || coalesce(', of ' || format('{{:,}}', cast(denominator_amount as bigint)), '')
                || case when is_reliable then '' when is_reliable is null then '' else ', too few to rely on' end
        end as note
    from ({LATEST}) as latest
    where metric_code in {HEADLINES}
    order by list_position({HEADLINES.replace("(", "[").replace(")", "]")}, metric_code)
"""

METRICS = f"""
    select owner_group_code, metric_code, title, metric_amount, unit_code, metric_amount_ci_lo, metric_amount_ci_hi,
        numerator_amount, denominator_amount, period_grain_code, period_start_date, previous_amount, is_reliable,
        question_label, formula_label
    from ({LATEST}) as latest
    order by owner_group_code, metric_code
"""

OVERVIEW = Section(
    "overview",
    "Overview",
    "The latest complete period of each metric over everybody. What cannot be measured yet says so: it is not 0.",
    (
        Panel(
            "overview_tiles",
            "Headlines",
            "How are we doing, and is it better than before?",
            TILES,
            Tiles(),
            wide=True,
        ),
        Panel(
            "overview_metrics",
            "All metrics",
            "What does each number mean, and what is it now?",
            METRICS,
            Table((
                Column("owner_group_code", "domain", filter=True),
                Column("title", "metric", "words"),
                Column("metric_amount", "value", "number"),
                Column("unit_code", "unit"),
                Column("metric_amount_ci_lo", "from", "number"),
                Column("metric_amount_ci_hi", "to", "number"),
                Column("numerator_amount", "numerator", "number"),
                Column("denominator_amount", "denominator", "number"),
                Column("period_start_date", "period from"),
                Column("period_grain_code", "period"),
                Column("previous_amount", "before", "number"),
                Column("is_reliable", "reliable", "yes_no"),
                Column("question_label", "question", "words"),
                Column("formula_label", "formula", "words"),
                Column("metric_code", "code"),
            )),
            wide=True,
        ),
    ),
)  # fmt: skip
