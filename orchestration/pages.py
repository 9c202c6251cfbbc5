"""Serves the pages of the current publication to a browser on this machine, so that links in the Dagster UI open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stayhouse.orchestration.settings import serve_published_at

HOST = "127.0.0.1"


class _Pages(SimpleHTTPRequestHandler):
    """Pages only: databases, lists and Parquet files are not handed out."""

    def send_head(self) -> Any:
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        # Another name is another site that points at this machine.
        if host not in (HOST, "localhost") or not urlsplit(self.path).path.endswith(".html"):
            self.send_error(404)
            return None
        return super().send_head()

    def log_message(self, *_: Any) -> None:
        """The terminal belongs to Dagster."""


@contextmanager
def served(publish: Path) -> Iterator[None]:
    """Serves the pages below a folder of publications at a free port, which the settings then name."""
    with ThreadingHTTPServer((HOST, 0), partial(_Pages, directory=str(publish))) as server:
        serve_published_at(f"http://{HOST}:{server.server_port}")
        threading.Thread(target=server.serve_forever, name="pages", daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
