"""What readable contact data look like, in SQL: where hashes are expected, and in texts."""

from __future__ import annotations

# Numbers with a plus, or grouped the way people write them. Bare digits are not taken for a phone number in free
# columns: amounts and identifiers look the same.
EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
PHONE = (
    r"(^|[^0-9A-Za-z+])(\+[0-9]{1,3}[ (-]*[0-9]{2,4}[ )-]*[0-9]{2,4}[ -]?[0-9]{2,4}([ -]?[0-9]{2,4})?"
    r"|(\+?[0-9]{1,3} ?)?\([0-9]{2,4}\) ?[0-9]{2,4}[ -][0-9]{2,4}([ -][0-9]{2,4})?"
    r"|[0-9]{3}[ -][0-9]{3}[ -][0-9]{2}[ -][0-9]{2})([^0-9A-Za-z]|$)"
)


def is_plain_contact_data(value: str) -> str:
    """SQL predicate: a text that should be a hash is an address, a grouped phone number or an IP address."""
    digits = f"length(regexp_replace({value}, '[^0-9]', '', 'g')) between 7 and 15"
    return (
        f"contains({value}, '@')"
        f" or (regexp_matches({value}, '^[+]?[0-9() .-]*[+() .-][0-9() .-]*$') and {digits})"
        f" or (contains({value}, '.') and regexp_matches({value}, '^([0-9]{{1,3}}[.]){{3}}[0-9]{{1,3}}$'))"
        f" or (contains({value}, ':') and regexp_matches({value}, '^([0-9a-fA-F]{{0,4}}:){{2,7}}[0-9a-fA-F]{{0,4}}$'))"
    )
