{#-
The catalogue of metrics: one definition each, from which come `mart_metric_catalogue`, `mart_metric_values` and the page
models/docs/metric_catalogue.md. It is code and no policy seed: a metric is what its mart computes.

  code, title, question, formula, numerator, denominator    what it is, in words; denominator is none for a plain count
  unit           percent and points (100 x numerator over denominator), score (numerator over denominator), count
  better         higher, lower or none
  version        changes with the definition, so that a break in a series can be told
  serves, owner  requirement ids and the group that answers for it
  mart, grain    where it is computed, and the length of its period: day, week, month, quarter
  period, value, num, den, lo, hi, complete, reliable    expressions over the mart; none where there is none
  dimension, member    expressions that name the cut and the value within it
  where          rows of the mart that are cells of this metric; none for all
-#}
{% macro metric_catalogue() %}
{% set metrics = [] %}
{% for window, title in [('short', 'first week'), ('medium', 'first fortnight'), ('long', 'first month')] %}
{% do metrics.append({
    'code': 'activation_' ~ window ~ '_pct',
    'title': 'Activation within the ' ~ title,
    'question': 'How many of those who register become active in time?',
    'formula': '100 x activated within the window / registered long enough ago',
    'numerator': 'customers activated within activation_window_' ~ window ~ '_days of registration',
    'denominator': 'customers registered at least so many days ago',
    'unit': 'percent', 'better': 'higher', 'version': '1', 'serves': ['ACT-04'], 'owner': 'activation',
    'mart': 'mart_activation_cohort', 'grain': 'month', 'period': 'registration_month',
    'value': 'activated_' ~ window ~ '_pct', 'num': 'activated_' ~ window ~ '_num',
    'den': 'activated_' ~ window ~ '_den', 'lo': 'activated_' ~ window ~ '_ci_lo',
    'hi': 'activated_' ~ window ~ '_ci_hi', 'complete': 'is_' ~ window ~ '_complete', 'reliable': 'is_reliable',
    'dimension': 'dimension_name', 'member': 'dimension_value', 'where': 'registration_month is not null',
}) %}
{% endfor %}
{% do metrics.append({
    'code': 'onboarding_completion_pct',
    'title': 'Onboarding completed',
    'question': 'Which teams, employees and features bring customers to the end of onboarding in time?',
    'formula': '100 x mature customers that completed within activation_window_long_days / mature customers',
    'numerator': 'mature customers that did everything required within the window (dimension feature: the action)',
    'denominator': 'customers at least activation_window_long_days old (dimension feature: expected to do the action)',
    'unit': 'percent', 'better': 'higher', 'version': '2', 'serves': ['ACT-05'], 'owner': 'activation',
    'mart': 'mart_activation_cohort', 'grain': 'month', 'period': 'registration_month',
    'value': 'activated_long_pct', 'num': 'activated_long_num', 'den': 'activated_long_den',
    'lo': 'activated_long_ci_lo', 'hi': 'activated_long_ci_hi', 'complete': 'is_long_complete',
    'reliable': 'is_reliable', 'dimension': 'dimension_name', 'member': 'dimension_value',
    'where': 'registration_month is not null',
}) %}
{% do metrics.append({
    'code': 'customer_churn_pct',
    'title': 'Customer churn of the month',
    'question': 'What share of the customers left?',
    'formula': '100 x left in the month / customers at the end of the month before',
    'numerator': 'customers who left in the month, those who came in the same month included',
    'denominator': 'customers at the end of the month before',
    'unit': 'percent', 'better': 'lower', 'version': '1', 'serves': ['CHN-02', 'CHN-03'], 'owner': 'churn',
    'mart': 'mart_churn_monthly', 'grain': 'month', 'period': 'churn_month',
    'value': 'churn_pct', 'num': 'churn_num', 'den': 'churn_den',
    'lo': 'least(opening_base_churn_ci_lo, churn_pct)', 'hi': 'greatest(opening_base_churn_ci_hi, churn_pct)',
    'complete': 'is_complete', 'reliable': 'is_reliable',
    'dimension': 'dimension_name', 'member': 'dimension_value', 'where': none,
}) %}
{% do metrics.append({
    'code': 'opening_base_churn_pct',
    'title': 'Churn of the opening base',
    'question': 'What share of those who were there at the start of the month left?',
    'formula': '100 x left of the opening base / opening base',
    'numerator': 'customers at the end of the month before who left in the month',
    'denominator': 'customers at the end of the month before',
    'unit': 'percent', 'better': 'lower', 'version': '1', 'serves': ['CHN-02'], 'owner': 'churn',
    'mart': 'mart_churn_monthly', 'grain': 'month', 'period': 'churn_month',
    'value': 'opening_base_churn_pct', 'num': 'opening_base_churn_num', 'den': 'opening_base_churn_den',
    'lo': 'opening_base_churn_ci_lo', 'hi': 'opening_base_churn_ci_hi',
    'complete': 'is_complete', 'reliable': 'is_reliable',
    'dimension': 'dimension_name', 'member': 'dimension_value', 'where': none,
}) %}
{% do metrics.append({
    'code': 'net_mrr_churn_pct',
    'title': 'Net churn of recurring revenue',
    'question': 'Does the base shrink or grow by itself? Below zero is negative churn.',
    'formula': '100 x (opening - closing of the same customers) / revenue at the start of the month',
    'numerator': 'what the customers of the opening brought less at the end of the month; below zero when they brought more',
    'denominator': 'monthly recurring revenue at the start of the month, at the rates of the month',
    'unit': 'percent', 'better': 'lower', 'version': '2', 'serves': ['CHN-07'], 'owner': 'churn',
    'mart': 'mart_mrr_monthly', 'grain': 'month', 'period': 'churn_month',
    'value': 'net_mrr_churn_pct', 'num': '-net_gained_amount',
    'den': 'opening_amount', 'lo': none, 'hi': none, 'complete': 'is_complete', 'reliable': none,
    'dimension': 'dimension_name', 'member': 'dimension_value', 'where': none,
}) %}
{% for kind, title, question, gain, num in [
    ('net', 'Net revenue retention', 'Do the customers of the opening pay more or less at the closing?',
        'with what they grew by', 'opening_amount + net_gained_amount'),
    ('gross', 'Gross revenue retention', 'How much of the revenue of the opening is kept?',
        'customer by customer no more than at the opening', 'opening_amount - gross_lost_amount'),
] %}
{% do metrics.append({
    'code': kind ~ '_revenue_retention_pct', 'title': title, 'question': question,
    'formula': '100 x ' ~ ('closing of the customers of the opening' if kind == 'net' else 'the lesser of opening and closing of each customer') ~ ' / opening',
    'numerator': 'monthly recurring revenue of the opening that is left at the end of the month, ' ~ gain,
    'denominator': 'monthly recurring revenue at the start of the month, at the rates of the month',
    'unit': 'percent', 'better': 'higher', 'version': '2', 'serves': ['CHN-07'], 'owner': 'churn',
    'mart': 'mart_mrr_monthly', 'grain': 'month', 'period': 'churn_month',
    'value': kind ~ '_revenue_retention_pct', 'num': num, 'den': 'opening_amount', 'lo': none, 'hi': none,
    'complete': 'is_complete', 'reliable': none,
    'dimension': 'dimension_name', 'member': 'dimension_value', 'where': none,
}) %}
{% endfor %}
{% do metrics.append({
    'code': 'winback_pct', 'title': 'Reactivated customers', 'question': 'How many churned customers are reactivated?',
    'formula': '100 x reactivated within winback_window_days / churned so long ago, by month of churn',
    'numerator': 'churns of the month that were followed by a reactivation within winback_window_days',
    'denominator': 'churns of the month, at least winback_window_days ago',
    'unit': 'percent', 'better': 'higher', 'version': '1', 'serves': ['CHN-17'], 'owner': 'churn',
    'mart': 'mart_churn_quality', 'grain': 'month', 'period': 'period_start_date',
    'value': 'reactivated_pct', 'num': 'reactivated_num', 'den': 'reactivated_den',
    'lo': 'reactivated_ci_lo', 'hi': 'reactivated_ci_hi',
    'complete': 'is_winback_complete', 'reliable': 'is_reactivated_reliable',
    'dimension': 'dimension_name', 'member': 'dimension_value',
    'where': "period_grain_code = 'month' and reason_code = 'all' and churned_count > 0",
}) %}
{% for suffix, title, question, who in [
    ('contacted', 'Reactivated after a contact', 'Are customers reactivated after an effective win-back contact?', 'with'),
    ('uncontacted', 'Reactivated without a contact', 'How many are reactivated anyway? The comparison for contacts.',
        'without'),
] %}
{% do metrics.append({
    'code': 'winback_' ~ suffix ~ '_pct', 'title': title, 'question': question,
    'formula': '100 x reactivated within winback_window_days of the landmark day / still churned on it, by month of churn',
    'numerator': 'customers of the denominator who were reactivated within winback_window_days of the landmark day',
    'denominator': 'churns of the month still churned winback_landmark_days later, ' ~ who
        ~ ' an effective win-back contact by then, whose window has passed',
    'unit': 'percent', 'better': 'none' if suffix == 'uncontacted' else 'higher', 'version': '2',
    'serves': ['CHN-17'], 'owner': 'churn',
    'mart': 'mart_churn_quality', 'grain': 'month', 'period': 'period_start_date',
    'value': 'reactivated_' ~ suffix ~ '_pct', 'num': 'reactivated_' ~ suffix ~ '_num',
    'den': 'reactivated_' ~ suffix ~ '_den',
    'lo': 'reactivated_' ~ suffix ~ '_ci_lo', 'hi': 'reactivated_' ~ suffix ~ '_ci_hi',
    'complete': 'is_landmark_complete', 'reliable': 'is_reactivated_' ~ suffix ~ '_reliable',
    'dimension': 'dimension_name', 'member': 'dimension_value',
    'where': "period_grain_code = 'month' and reason_code = 'all' and churned_count > 0",
}) %}
{% endfor %}
{% do metrics.append({
    'code': 'effective_contact_pct',
    'title': 'Effective contacts',
    'question': 'How many of our attempts get through to somebody?',
    'formula': '100 x effective attempts / attempts',
    'numerator': 'outbound attempts that became effective by the rule of their channel',
    'denominator': 'outbound attempts',
    'unit': 'percent', 'better': 'higher', 'version': '1', 'serves': ['CON-01', 'CON-02'], 'owner': 'contacts',
    'mart': 'mart_contact_kpi', 'grain': 'month', 'period': 'contact_month',
    'value': 'effective_pct', 'num': 'effective_num', 'den': 'effective_den', 'lo': 'effective_ci_lo',
    'hi': 'effective_ci_hi', 'complete': 'is_complete', 'reliable': 'is_reliable',
    'dimension': 'dimension_name',
    'member': "case dimension_name when 'employee' then team_code || '/' || employee_id when 'team' then team_code when 'channel' then channel_code when 'segment' then segment_code else 'all' end",
    'where': "dimension_name in ('all', 'employee', 'team', 'channel', 'segment')",
}) %}
{% for code, title, question, formula, numerator, unit, num, serves in [
    ('nps', 'Net Promoter Score', 'Would customers recommend us?', '100 x (promoters - detractors) / respondents',
        'promoters (9-10) less detractors (0-6), by the latest answer of a customer', 'points', 'top_count - bottom_count',
        'CXI-01'),
    ('csi', 'Customer Satisfaction Index', 'Are customers content after a service?', '100 x scores 4 and 5 / respondents',
        'respondents who gave 4 or 5', 'points', 'top_count', 'CXI-05'),
    ('cli', 'Customer Loyalty Index', 'Would they stay, buy more and recommend?', 'mean of the four answers, the wish to switch reversed',
        'sum of the means of respondents', 'score', 'index_points * respondents_count', 'CXI-07'),
    ('ces', 'Customer Effort Score', 'How easy was it to get help?', 'mean of the answers, 5 the easiest',
        'sum of the scores', 'score', 'index_points * respondents_count', 'CXI-10'),
] %}
{% for kind in ['month', 'quarter'] %}
{% do metrics.append({
    'code': code ~ '_' ~ kind ~ '_points', 'title': title ~ ' of the ' ~ kind, 'question': question, 'formula': formula,
    'numerator': numerator, 'denominator': 'respondents, each once with the latest answer of the period',
    'unit': unit, 'better': 'higher', 'version': '1', 'serves': [serves], 'owner': 'cx',
    'mart': 'mart_cx_indices', 'grain': kind, 'period': 'period_start_date',
    'value': 'index_points', 'num': num, 'den': 'respondents_count', 'lo': 'index_points_ci_lo', 'hi': 'index_points_ci_hi',
    'complete': 'is_complete', 'reliable': 'is_reliable',
    'dimension': 'dimension_name', 'member': 'dimension_value',
    'where': "metric_code = '" ~ code ~ "' and period_kind = '" ~ kind ~ "' and is_headline",
}) %}
{% endfor %}
{% endfor %}
{% do metrics.append({
    'code': 'nps_answers_count',
    'title': 'Answers to the NPS question',
    'question': 'Is the survey still asked and answered?',
    'formula': 'answers in the month',
    'numerator': 'answers, several of one customer included',
    'denominator': none,
    'unit': 'count', 'better': 'higher', 'version': '1', 'serves': ['CXI-01'], 'owner': 'cx',
    'mart': 'mart_cx_indices', 'grain': 'month', 'period': 'period_start_date',
    'value': 'answers_count', 'num': none, 'den': none, 'lo': none, 'hi': none,
    'complete': 'is_complete', 'reliable': none,
    'dimension': 'dimension_name', 'member': 'dimension_value',
    'where': "metric_code = 'nps' and period_kind = 'month' and is_headline",
}) %}
{% for rate, title, question, numerator, denominator, better, serves in [
    ('closed', 'Closed loop', 'Do customers who gave feedback hear from us?',
        'cases that were closed', 'cases received', 'higher', 'FBK-07'),
    ('in_time', 'Followed up in time', 'Do they hear from us in time?',
        'cases with a first attempt before their deadline', 'cases with a deadline that is over or kept', 'higher', 'FBK-07'),
    ('disinterested', 'Disinterested decisions', 'Are callbacks decided by people without an interest?',
        'decided cases whose decider has no interest in them', 'decided cases', 'higher', 'FBK-08'),
] %}
{% do metrics.append({
    'code': 'feedback_' ~ rate ~ '_pct', 'title': title, 'question': question,
    'formula': '100 x numerator / denominator, by month of receipt', 'numerator': numerator, 'denominator': denominator,
    'unit': 'percent', 'better': better, 'version': '1', 'serves': [serves], 'owner': 'feedback',
    'mart': 'mart_closed_loop_kpi', 'grain': 'month', 'period': 'received_month',
    'value': rate ~ '_pct', 'num': rate ~ '_num', 'den': rate ~ '_den', 'lo': none, 'hi': none,
    'complete': 'is_complete', 'reliable': 'is_reliable',
    'dimension': "case unit_code when 'all' then 'all' else 'unit' end", 'member': 'unit_code', 'where': none,
}) %}
{% endfor %}
{% do metrics.append({
    'code': 'usage_health_pct',
    'title': 'Share of a state of usage health',
    'question': 'How many customers are in which state of health?',
    'formula': '100 x customers in the state / customers of the segment whose use is measured',
    'numerator': 'customers (paying or paused) in the state on the day',
    'denominator': 'customers of the segment on the day whose use is recorded',
    'unit': 'percent', 'better': 'none', 'version': '2', 'serves': ['USE-03'], 'owner': 'usage_health',
    'mart': 'mart_usage_health_summary', 'grain': 'day', 'period': 'snapshot_date',
    'value': 'customers_pct', 'num': 'customers_num', 'den': 'customers_den', 'lo': none, 'hi': none,
    'complete': none, 'reliable': 'is_reliable',
    'dimension': "'segment_and_status'", 'member': "segment_code || ' ' || dimension_value",
    'where': "dimension_name = 'health_status' and dimension_value <> 'not_measured'",
}) %}
{{ return(metrics) }}
{% endmacro %}

{#- A text of the catalogue as a SQL literal; NULL for none. -#}
{% macro catalogue_text(text) -%}
    {%- if text is none -%} cast(null as {{ dbt.type_string() }})
    {%- else -%} '{{ text | replace("'", "''") }}'
    {%- endif -%}
{%- endmacro %}
