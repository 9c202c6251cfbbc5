"""Messages about failed runs: to the webhook of a chat tool, by mail, or both."""

from __future__ import annotations

import json
import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any
from urllib import request
from urllib.parse import unquote, urlsplit

from stayhouse.orchestration.settings import Addresses

if TYPE_CHECKING:
    import dagster as dg

ANSWER_SECONDS = 10.0
# The reasons of a failure that a message holds; the run log and the UI have all of them.
MOST_REASONS = 10
# Errors whose message is written for the reader; what caused them is only their reason.
STATED = ("Failure", "ServerError")


@dataclass(frozen=True)
class Message:
    """What people read."""

    subject: str
    reasons: Sequence[str]
    link: str | None = None

    @property
    def text(self) -> str:
        more = len(self.reasons) - MOST_REASONS
        lines = [
            *(f"- {reason}" for reason in self.reasons[:MOST_REASONS]),
            *([f"- and {more} more"] if more > 0 else []),
            "What is published stays as it is.",
            *([self.link] if self.link else []),
        ]
        return "\n".join(lines)


def send(addresses: Addresses, message: Message) -> list[str]:
    """Sends a message to every address; returns what went wrong, without secrets. Never raises."""
    problems = []
    for name, deliver in _deliveries(addresses, message):
        try:
            deliver()
        except (OSError, ValueError, smtplib.SMTPException) as error:
            # The text of the error may hold the address with its secrets.
            code = getattr(error, "code", None) or getattr(error, "smtp_code", None)
            problems.append(f"{name}: not sent ({type(error).__name__}{f' {code}' if code else ''})")
    return problems


def _deliveries(addresses: Addresses, message: Message) -> Iterator[tuple[str, Any]]:
    webhook, receivers = addresses.webhook, addresses.mail
    if webhook:
        yield "webhook", lambda: _post(webhook, message)
    if receivers:
        yield "mail", lambda: _mail(addresses.mail_server, receivers, message)


def _post(url: str, message: Message) -> None:
    body = json.dumps({"text": f"{message.subject}\n{message.text}"}).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "stayhouse"}
    with request.urlopen(request.Request(url, data=body, headers=headers, method="POST"), timeout=ANSWER_SECONDS):
        return


def _mail(server: str, receivers: Sequence[str], message: Message) -> None:
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = receivers[0]
    mail["To"] = ", ".join(receivers)
    mail.set_content(message.text)
    parts = urlsplit(server)
    secure = ssl.create_default_context()
    host = parts.hostname or "localhost"
    with (
        smtplib.SMTP_SSL(host, parts.port or 465, timeout=ANSWER_SECONDS, context=secure)
        if parts.scheme == "smtps"
        else smtplib.SMTP(host, parts.port or 25, timeout=ANSWER_SECONDS)
    ) as connection:
        if parts.scheme == "smtp+starttls":
            connection.starttls(context=secure)
        if parts.username:
            connection.login(unquote(parts.username), unquote(parts.password or ""))
        connection.send_message(mail)


def of_the_last_run(log: Mapping[str, Any]) -> Message:
    """The message of a run log."""
    reasons = [*(log.get("withheld") or []), *(log.get("bad_input") or [])]
    day = f" of {log['as_of']}" if log.get("as_of") else ""
    return Message(f"Stayhouse: the run{day} failed", reasons or ["the run was stopped before it could say why"])


def step_failures(events: Sequence[dg.DagsterEvent]) -> list[str]:
    """What made the steps of a run fail, without the frames around it."""
    reasons: list[str] = []
    for event in events:
        error = event.step_failure_data.error
        while error is not None and error.cause is not None and error.cls_name not in STATED:
            error = error.cause
        text = error.message.strip() if error else event.message
        # What a step says itself needs no name of a class or a step before it.
        if error is not None and error.cls_name in STATED:
            reasons += (text or "").partition(": ")[2].splitlines()
        else:
            reasons.append(f"{event.step_key}: {text}")
    return reasons
