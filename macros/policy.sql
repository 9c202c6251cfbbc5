{#- The policy seeds with the key and the interval that seeds/_seeds.yml states for them; for tests over all of them. -#}
{% macro policy_seeds() %}
    {%- set seeds = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'seed' and node.package_name == project_name -%}
            {%- do seeds.append({
                'name': node.name, 'key': node.config.meta.key, 'interval': node.config.meta.get('interval')
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(seeds | sort(attribute='name')) }}
{% endmacro %}

{#- Every threshold that SQL reads: without a value, a comparison with it would quietly be NULL. -#}
{% macro policy_thresholds() %}
    {{ return([
        'activation_window_long_days',
        'activation_window_medium_days',
        'activation_window_short_days',
        'churn_grace_days',
        'min_reliable_count',
        'self_taught_progress_pct',
        'taxonomy_lookback_days',
        'unknown_event_share_pct',
    ]) }}
{% endmacro %}
