"""The sections of the page, in the order in which they are read."""

from page.sections.activation import ACTIVATION
from page.sections.alerts import ALERTS
from page.sections.churn import CHURN
from page.sections.contacts import CONTACTS
from page.sections.cx import CX
from page.sections.overview import OVERVIEW
from page.sections.quality import QUALITY
from page.sections.retention import RETENTION
from page.sections.usage import USAGE

SECTIONS = (OVERVIEW, ALERTS, ACTIVATION, USAGE, CONTACTS, CHURN, RETENTION, CX, QUALITY)

__all__ = ["SECTIONS"]
