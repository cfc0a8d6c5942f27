"""/health and /metrics of a worker, on the port of the service table.

/health answers 200 while the loops turn, the backlog is empty or falling and no part complains, else 503 with the
reason. It tells of progress and nothing of the account. A port that is taken is shifted to a free one, which is
printed.
"""

from __future__ import annotations

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cdb_site.bus.runtime import LOOP_LIMIT_S, Runtime

log = logging.getLogger(__name__)


def report(runtime: Runtime) -> tuple[bool, dict[str, object]]:
    """(healthy, what /health says)."""
    progress = runtime.progress
    loop, age_s = progress.slowest()
    body: dict[str, object] = {
        "service": runtime.service.name,
        "status": "OK" if progress.healthy else "FAILING",
        "slowest_loop": loop,
        "loop_age_ms": int(age_s * 1000),
        "lag": progress.lag,
        "processed": progress.processed,
    }
    if age_s > LOOP_LIMIT_S:
        body["reason"] = f"loop {loop} has not turned for {age_s:.1f} s"
    elif not progress.keeping_up:
        body["reason"] = f"the backlog grew from {progress.previous_lag} to {progress.lag}"
    elif progress.complaints:
        body["reason"] = "; ".join(progress.complaints)
    return progress.healthy, body | progress.facts


class HealthServer:
    """Serves one worker's health in a thread."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        service = self.runtime.service
        if service.port is None:
            return
        wanted = self.runtime.environment.ports.get(service.name, service.port)
        self.server = self._bind(wanted)
        port = self.server.server_address[1]
        if port != wanted:
            log.warning("port %d is taken; %s serves /health on %d", wanted, service.title, port)
        threading.Thread(target=self.server.serve_forever, name="health", daemon=True).start()

    def stop(self) -> None:
        if self.server:
            self.server.shutdown()
            self.server.server_close()

    def _bind(self, port: int) -> ThreadingHTTPServer:
        host = self.runtime.environment.BIND_HOST
        handler = _handler_for(self.runtime)
        try:
            return ThreadingHTTPServer((host, port), handler)
        except OSError:
            return ThreadingHTTPServer((host, 0), handler)


def _handler_for(runtime: Runtime) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/health":
                healthy, body = report(runtime)
                self._answer(200 if healthy else 503, "application/json", json.dumps(body).encode())
            elif self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
            else:
                self._answer(404, "text/plain", b"try /health or /metrics\n")

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            log.debug(format, *args)

    return Handler
