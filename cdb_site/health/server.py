"""/health and /metrics of a worker, on the port of the service table.

/health answers 200 while all loops turn, the backlog is empty or falling and no part complains, else 503 with the
reason. It tells of progress and nothing of the account. A port that is taken is shifted to a free one, which is
printed.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from cdb_site.bus.runtime import Runtime
from cdb_site.health.exposition import exposition
from cdb_site.threads import keep_running

log = logging.getLogger(__name__)
MOST_CONNECTIONS = 16
READ_S = 5.0


def report(runtime: Runtime) -> tuple[bool, dict[str, object]]:
    """(healthy, what /health says)."""
    progress = runtime.progress
    loop, age_s = progress.slowest()
    reason = progress.reason
    body: dict[str, object] = {
        "service": runtime.service.name,
        "status": progress.status,
        "slowest_loop": loop,
        "loop_age_ms": int(age_s * 1000),
        "lag": progress.lag,
        "processed": progress.processed,
    }
    if reason:
        body["reason"] = reason
    return reason is None, body | progress.facts


class BoundedServer(ThreadingHTTPServer):
    """Answers MOST_CONNECTIONS at once; a further one takes the place of the oldest, which is cut.

    Whoever connects and says nothing therefore holds a thread for READ_S at most, and keeps nobody out.
    """

    request_queue_size = 4 * MOST_CONNECTIONS

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: dict[Any, None] = {}
        self._open_lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            while len(self._open) >= MOST_CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)
            self._open[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("a connection to /health ended early", exc_info=True)


class HealthServer:
    """Serves one worker's health in a thread."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.server: BoundedServer | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        service = self.runtime.service
        if service.port is None:
            return
        wanted = self.runtime.environment.ports.get(service.name, service.port)
        self.server = self._bind(wanted)
        port = self.server.server_address[1]
        if port != wanted:
            log.warning("port %d is taken; %s serves /health on %d", wanted, service.title, port)
        threading.Thread(target=self._serve, args=(self.server,), name="health", daemon=True).start()

    def _serve(self, server: BoundedServer) -> None:
        keep_running("health", lambda: server.serve_forever, stopping=self._stopping)

    def stop(self) -> None:
        self._stopping.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()

    def _bind(self, port: int) -> BoundedServer:
        host = self.runtime.environment.BIND_HOST
        handler = _handler_for(self.runtime)
        try:
            return BoundedServer((host, port), handler)
        except OSError:
            return BoundedServer((host, 0), handler)


def _handler_for(runtime: Runtime) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = READ_S

        def do_GET(self) -> None:
            if self.path == "/health":
                healthy, body = report(runtime)
                self._answer(200 if healthy else 503, "application/json", json.dumps(body).encode())
            elif self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, exposition(runtime))
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
