-- Prevents marts on rows that break the raw contract, where no loader has put them into quarantine.
-- depends_on: {{ ref('stg_crm__customers') }}
{{ config(enabled=not var('has_loader')) }}
{% if execute %}{{ broken_contract_rules() }}{% endif %}
