"""New alerts leave through the webhook, after publication, so that everyone who gets one can look it up."""

from datetime import date
from typing import Any

import dagster as dg

from stayhouse.orchestration.defs.partitions import ONE_DAY_A_RUN
from stayhouse.orchestration.defs.publishing import PUBLICATION_KEY
from stayhouse.orchestration.feeds import stale
from stayhouse.orchestration.resources import Run, RunResource
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.publishing.delivery import Delivery, deliver_alerts, lists_of, published_alerts
from stayhouse.publishing.release import current_publication, day_of

ALERTS_MART = "alerts.mart_alerts"
DELIVERY_KEY = dg.AssetKey(["alert_delivery"])


def alert_delivery(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The webhook, as an asset."""

    @dg.asset(
        key=DELIVERY_KEY,
        deps=[PUBLICATION_KEY],
        partitions_def=days,
        backfill_policy=ONE_DAY_A_RUN,
        group_name="publication",
        kinds={"webhook"},
        owners=["team:data-platform"],
        description="Open alerts, posted once each to STAYHOUSE_ALERT_WEBHOOK; what fails is tried again next run.",
    )
    def deliver_day(context: dg.AssetExecutionContext, run: RunResource) -> dg.MaterializeResult[Any]:
        """Never fails: the run is published, and a broken endpoint is not the run's fault."""
        as_of = date.fromisoformat(context.partition_key)
        try:
            result = deliver(run, as_of)
        except Exception as surprise:
            context.log.exception("the delivery of alerts broke")
            result = Delivery(problems=[f"{type(surprise).__name__}: see the log of the run"])
        if result is None:
            why = "nothing: no webhook, a run of the past, or stale raw tables"
            return dg.MaterializeResult(metadata={"delivered": why})
        run.log.note(delivery={"sent": result.sent, "waiting": result.waiting, "problems": result.problems})
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

    return deliver_day


def deliver(run: Run, as_of: date) -> Delivery | None:
    """Posts what is new; None without a webhook, for a run of the past or of other marts, and for one that raw tables
    do not reach."""
    url = run.settings.alert_webhook
    covered = run.last_covered_day()
    if not url or covered is None or as_of < covered or stale(run.feeds(as_of)):
        return None
    published = current_publication(run.settings.publish) or {"rows": {}}
    if ALERTS_MART not in published["rows"] or day_of(published, ALERTS_MART) != as_of:
        return None
    alerts = published_alerts(run.settings.publish, lists_of(run.manifest))
    with open_warehouse(run.settings.warehouse) as warehouse:
        return deliver_alerts(warehouse, alerts, url, as_of)
