"""The views of the page, in the order in which they are read."""

from stayhouse.page.sections.activation import ACTIVATION
from stayhouse.page.sections.activity import ACTIVITY
from stayhouse.page.sections.alerts import ALERTS
from stayhouse.page.sections.churn import CHURN
from stayhouse.page.sections.contacts import CONTACTS
from stayhouse.page.sections.customers import CUSTOMERS
from stayhouse.page.sections.cx import CX
from stayhouse.page.sections.experiments import EXPERIMENTS
from stayhouse.page.sections.journeys import JOURNEYS
from stayhouse.page.sections.loyalty import LOYALTY
from stayhouse.page.sections.overview import OVERVIEW
from stayhouse.page.sections.promises import PROMISES
from stayhouse.page.sections.quality import QUALITY
from stayhouse.page.sections.retention import RETENTION
from stayhouse.page.sections.sales import SALES
from stayhouse.page.sections.service import SERVICE
from stayhouse.page.sections.usage import USAGE
from stayhouse.page.sections.voice import VOICE

SECTIONS = (
    OVERVIEW, CUSTOMERS, ACTIVATION, JOURNEYS, ACTIVITY, USAGE, CONTACTS, CHURN, SALES, LOYALTY, RETENTION, CX, VOICE,
    ALERTS, SERVICE, PROMISES, EXPERIMENTS, QUALITY,
)  # fmt: skip

__all__ = ["SECTIONS"]
