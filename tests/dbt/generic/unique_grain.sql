{#-
One row per grain: the columns of the model's `config.meta.grain` are filled, and together they are unique. Returns a row
per broken rule. Not needed beside rows_satisfy, which says the same. `recent`: see rows_satisfy.
-#}
{% test unique_grain(model, recent=none) %}
{{ broken_rules(model, none, recent) }}
{% endtest %}
