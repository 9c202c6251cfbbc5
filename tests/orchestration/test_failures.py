"""The daemon's message about a failed run says what broke, in the words of the rule or of the step."""

from __future__ import annotations

from types import SimpleNamespace

import dagster as dg
import pytest

from stayhouse.orchestration.defs import failures
from stayhouse.orchestration.defs.failures import RETRY_TAG, failure_sensor
from stayhouse.orchestration.defs.quality import CHECK_NAME, check_result
from stayhouse.orchestration.notification import Message
from stayhouse.orchestration.settings import Addresses, Daemon
from stayhouse.postgres import ServerError

ANSWERS = Daemon(addresses=Addresses(webhook="https://chat.example"), dagster_url="https://ui.example")


@dg.asset
def refused():
    raise dg.Failure("customers/a.csv: lacks the column customer_id\nevents/b.csv: is cut off")


@dg.asset
def crashed():
    raise ValueError("no such column")


@dg.asset
def unshipped():
    try:
        raise RuntimeError("FATAL: 57P01")
    except RuntimeError as error:
        raise ServerError("db:5432/acme: cannot be reached; see [postgres] in stayhouse.toml") from error


@dg.asset
def gated():
    pass


@dg.asset_check(asset=gated, name=CHECK_NAME, blocking=True)
def gate():
    broken = SimpleNamespace(
        expectation="rows",
        column=None,
        severity="critical",
        unexpected_count=3,
        message="an amount is below 0 (3 rows)",
    )
    odd = SimpleNamespace(expectation="rows", column=None, severity="warning", unexpected_count=1, message="odd")
    return check_result(
        SimpleNamespace(
            asset_key=["gated"], expectations=[broken, odd], failures=[broken, odd], passed=False, severity="error"
        )
    )


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    messages: list[Message] = []
    monkeypatch.setattr(failures, "send", lambda _, message: messages.append(message) or [])
    return messages


def alert(names: list[str], **tags: str):
    """Runs assets that fail, and lets the sensor see the run."""
    job = dg.define_asset_job("nightly", names)
    definitions = dg.Definitions(assets=[refused, crashed, unshipped, gated], asset_checks=[gate], jobs=[job])
    sensor = failure_sensor(ANSWERS)
    with dg.DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_job_def("nightly").execute_in_process(
            instance=instance, raise_on_error=False, tags={"dagster/partition": "2025-06-30"} | tags
        )
        assert not result.success
        context = dg.build_run_status_sensor_context(
            sensor_name=sensor.name, dagster_instance=instance, dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
        )  # fmt: skip
        return sensor(context.for_run_failure()), result.run_id


@pytest.mark.parametrize(
    ("asset", "reasons"),
    [
        ("refused", ["customers/a.csv: lacks the column customer_id", "events/b.csv: is cut off"]),
        ("crashed", ["crashed: ValueError: no such column"]),
        ("unshipped", ["db:5432/acme: cannot be reached; see [postgres] in stayhouse.toml"]),
        ("gated", ["an amount is below 0 (3 rows)"]),
    ],
)
def test_a_message_says_what_broke(sent: list[Message], asset: str, reasons: list[str]) -> None:
    _, run_id = alert([asset])
    (message,) = sent
    assert message.subject == "Stayhouse: nightly of 2025-06-30 failed"
    assert list(message.reasons) == reasons
    assert message.link == f"https://ui.example/runs/{run_id}"


def test_a_killed_run_that_is_tried_again_alarms_nobody(sent: list[Message]) -> None:
    found, _ = alert(["refused"], **{RETRY_TAG: "true"})
    assert isinstance(found, dg.SkipReason)
    assert sent == []


def test_a_message_that_cannot_be_sent_fails_the_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    # The UI shows it in red; a log that nobody reads would not.
    monkeypatch.setattr(failures, "send", lambda *_: ["webhook: not sent (HTTPError 500)"])
    with pytest.raises(dg.Failure, match="HTTPError 500"):
        alert(["refused"])


def test_the_sensor_is_on_when_there_is_an_address() -> None:
    assert failure_sensor(ANSWERS).default_status is dg.DefaultSensorStatus.RUNNING
    assert failure_sensor(Daemon()).default_status is dg.DefaultSensorStatus.STOPPED
