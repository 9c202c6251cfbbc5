"""SQL that several parts of the page share."""

MOST_SEVERE_FIRST = "case severity when 'high' then 1 when 'medium' then 2 else 3 end"
