{#-
The grain of the model (`config.meta.grain`) and every rule hold. Returns a row per broken rule: its name, its severity and
how many rows break it. A broken rule of severity warning warns, any other fails. `rules`: see broken_rules.
`recent`, {column: days}, looks for repeated keys in the last days only, for facts that a run must not read as a whole.
-#}
{% test rows_satisfy(model, rules, recent=none) %}
{{ config(error_if="<> count(case when severity = 'warning' then 1 end)") }}
{{ broken_rules(model, rules, recent) }}
{% endtest %}
