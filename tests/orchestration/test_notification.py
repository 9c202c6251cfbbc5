"""A failed run reaches people, and secrets of the addresses stay out of messages."""

from __future__ import annotations

import json
import smtplib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from stayhouse.orchestration.cli import app
from stayhouse.orchestration.notification import MOST_REASONS, Message, of_the_last_run, send
from stayhouse.orchestration.run_log import RunLog
from stayhouse.orchestration.settings import Addresses, ConfigurationError, Daemon, failure_addresses

MESSAGE = Message("Stayhouse: nightly of 2025-06-30 failed", ["events end on 2025-06-12"], "http://ui.example/runs/1")


class Endpoint:
    """A chat tool's webhook on this machine."""

    def __init__(self) -> None:
        self.status, self.bodies = 200, []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                endpoint.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(endpoint.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/secret"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    one = Endpoint()
    threading.Thread(target=one.server.serve_forever, daemon=True).start()
    yield one
    one.server.shutdown()
    one.server.server_close()


class Post:
    """Mail servers that keep what they are given."""

    def __init__(self) -> None:
        self.steps: list[object] = []

    def server(self, kind: str):
        post = self

        class Server:
            def __init__(self, host, port, timeout, **_):
                post.steps.append((kind, host, port))

            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass

            def starttls(self, context):
                post.steps.append("starttls")

            def login(self, user, password):
                post.steps.append((user, password))

            def send_message(self, mail):
                post.steps.append(mail)

        return Server


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    one = Post()
    monkeypatch.setattr(smtplib, "SMTP", one.server("plain"))
    monkeypatch.setattr(smtplib, "SMTP_SSL", one.server("secure"))
    return one


def test_a_webhook_gets_the_reasons_and_the_link(endpoint: Endpoint) -> None:
    assert send(Addresses(webhook=endpoint.url), MESSAGE) == []
    (body,) = endpoint.bodies
    assert list(body) == ["text"]
    for part in (MESSAGE.subject, "- events end on 2025-06-12", "What is published stays", "/runs/1"):
        assert part in body["text"]


@pytest.mark.parametrize(
    ("server", "steps"),
    [
        ("smtp://localhost:25", [("plain", "localhost", 25)]),
        ("smtp+starttls://me:p%40ss@mail.example:587", [("plain", "mail.example", 587), "starttls", ("me", "p@ss")]),
        ("smtps://me:pass@mail.example", [("secure", "mail.example", 465), ("me", "pass")]),
    ],
)
def test_a_mail_goes_through_the_stated_server(post: Post, server: str, steps: list) -> None:
    assert send(Addresses(mail=("a@example.com", "b@example.com"), mail_server=server), MESSAGE) == []
    *taken, mail = post.steps
    assert taken == steps
    assert (mail["Subject"], mail["To"]) == (MESSAGE.subject, "a@example.com, b@example.com")
    assert "- events end on 2025-06-12" in mail.get_content()


def test_an_address_that_fails_is_named_without_its_secret_and_the_other_is_tried(post, endpoint) -> None:
    # Story: the text of an error of urllib holds the address, and the address of a chat tool is its password.
    endpoint.status = 500
    problems = send(Addresses(webhook=endpoint.url, mail=("a@example.com",)), MESSAGE)
    assert problems == ["webhook: not sent (HTTPError 500)"]
    assert len(post.steps) == 2
    endpoint.server.server_close()
    (problem,) = send(Addresses(webhook=endpoint.url), MESSAGE)
    assert problem.startswith("webhook: not sent (")
    assert "secret" not in problem


def test_a_long_list_of_reasons_is_shortened_and_counted() -> None:
    text = Message("s", [f"reason {number}" for number in range(MOST_REASONS + 3)]).text
    assert text.count("- reason") == MOST_REASONS
    assert "- and 3 more" in text


@pytest.mark.parametrize(
    ("log", "subject", "reasons"),
    [
        ({"as_of": "2025-06-30", "withheld": ["too late"]}, "Stayhouse: the run of 2025-06-30 failed", ["too late"]),
        ({"bad_input": ["no folder"]}, "Stayhouse: the run failed", ["no folder"]),
        ({}, "Stayhouse: the run failed", ["the run was stopped before it could say why"]),
    ],
)
def test_the_last_run_says_why_it_failed(log: dict, subject: str, reasons: list[str]) -> None:
    message = of_the_last_run(log)
    assert (message.subject, list(message.reasons)) == (subject, reasons)


def test_notify_sends_the_last_run(endpoint, tmp_path, monkeypatch) -> None:
    RunLog(tmp_path / "w" / "last_run.json").begin(as_of="2025-06-30", withheld=["a rule is broken"])
    arguments = ["notify", "--raw", str(tmp_path / "raw"), "--warehouse", str(tmp_path / "w.duckdb")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "nobody to notify" in result.output
    monkeypatch.setenv("STAYHOUSE_FAILURE_WEBHOOK", endpoint.url)
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert "the run of 2025-06-30 failed\n- a rule is broken" in endpoint.bodies[0]["text"]
    endpoint.status = 404
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "webhook: not sent (HTTPError 404)" in result.output


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("STAYHOUSE_FAILURE_WEBHOOK", "hooks.example.com/secret", "begins with https://"),
        ("STAYHOUSE_FAILURE_MAIL", "a@example.com, somebody", "somebody: STAYHOUSE_FAILURE_MAIL"),
        ("STAYHOUSE_MAIL_SERVER", "mail.example.com", "smtps://user:password@"),
        ("STAYHOUSE_MAIL_SERVER", "smtp://me:secret@mail.example.com", "unencrypted"),
        ("STAYHOUSE_AUTOMATION", "always", "takes none, schedule, files"),
        ("STAYHOUSE_DAGSTER_URL", "localhost:3000", "begins with https://"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(monkeypatch, variable, value, message) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=message) as refused:
        Daemon.resolve()
    assert "secret" not in str(refused.value)


def test_no_address_is_the_default(monkeypatch) -> None:
    assert not failure_addresses()
    monkeypatch.setenv("STAYHOUSE_FAILURE_MAIL", " a@example.com,b@example.com ")
    assert failure_addresses().mail == ("a@example.com", "b@example.com")
