"""New alerts leave through the webhook, after publication, so that everyone who gets one can look it up."""

from datetime import date
from typing import Any

import dagster as dg

from orchestration.defs.partitions import ONE_NIGHT_A_RUN
from orchestration.defs.publishing import PUBLICATION_KEY
from orchestration.delivery import Delivery, deliver_alerts, lists_of, published_alerts
from orchestration.resources import Night, NightResource

DELIVERY_KEY = dg.AssetKey(["alert_delivery"])


def alert_delivery(nights: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The webhook, as an asset."""

    @dg.asset(
        key=DELIVERY_KEY,
        deps=[PUBLICATION_KEY],
        partitions_def=nights,
        backfill_policy=ONE_NIGHT_A_RUN,
        group_name="publication",
        kinds={"webhook"},
        owners=["team:data-platform"],
        description="Open alerts, posted once each to STAYHOUSE_ALERT_WEBHOOK; what fails is tried again next night.",
    )
    def deliver_night(context: dg.AssetExecutionContext, night: NightResource) -> dg.MaterializeResult[Any]:
        """Never fails: the night is published, and a broken endpoint is not the night's fault."""
        as_of = date.fromisoformat(context.partition_key)
        try:
            result = deliver(night, as_of)
        except Exception as surprise:
            context.log.exception("the delivery of alerts broke")
            result = Delivery(problems=[f"{type(surprise).__name__}: see the log of the run"])
        if result is None:
            return dg.MaterializeResult(metadata={"delivered": "nothing: no webhook, or a night of the past"})
        night.log.note(delivery={"sent": result.sent, "waiting": result.waiting, "problems": result.problems})
        for problem in result.problems:
            context.log.warning(problem)
        return dg.MaterializeResult(
            metadata={
                "sent": dg.MetadataValue.int(result.sent),
                "delivered before": dg.MetadataValue.int(result.known),
                "waiting": dg.MetadataValue.int(result.waiting),
                "problems": dg.MetadataValue.md("\n".join(f"- {problem}" for problem in result.problems) or "none"),
            }
        )

    return deliver_night


def deliver(night: Night, as_of: date) -> Delivery | None:
    """Posts what is new; None when there is no webhook, or when the night lies in the past and its alerts with it."""
    url = night.settings.alert_webhook
    if not url or as_of != night.last_covered_day():
        return None
    alerts = published_alerts(night.settings.publish, lists_of(night.manifest))
    return deliver_alerts(night.settings.warehouse, alerts, url, as_of)
