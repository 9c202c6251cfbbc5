-- The thresholds as one row, so that a misspelled name is an error of the compiler and not a NULL. The YAML says which
-- columns there are, and of what type.
select
{%- for name, column in model.columns.items() %}
    {{ threshold(name, column.data_type) }} as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
from {{ ref('thresholds') }}
