-- ORG-07.
select
    language_code,
    title,
    translation_label
from {{ ref('title_translations') }}
