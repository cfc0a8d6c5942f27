"""Serves Dashboard V5, the admin and the sockets, and reads the streams for them, in one process."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from pathlib import Path
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.bus import books
from cdb_site.logs import log_what_ends_the_process
from cdb_site.services import service
from dashboard.live import process
from dashboard.live.bounds import FramedServer, bound

log = logging.getLogger(__name__)
APPLICATION_CLOSE_S = 2


class Command(BaseCommand):
    help = "Serve the dashboard; stops on Ctrl-C and SIGTERM."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        environment = settings.ENVIRONMENT
        standard = service("dashboard").port
        port = environment.ports.get("dashboard", standard)
        parser.add_argument("--port", type=int, default=port, help=f"port to listen on (default {port})")
        parser.add_argument("--host", default=environment.BIND_HOST, help="address to listen on (default BIND_HOST)")

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        refuse_a_taken_port(host, port)
        try:
            books.check_at_start(settings.ENVIRONMENT.MARKET)
        except books.OtherMarket as problem:
            log.critical("%s", problem)
            sys.exit(1)
        if not static_files_are_current():
            call_command("collectstatic", interactive=False, verbosity=0)
        from cdb_site.asgi import application

        server: FramedServer = FramedServer(
            application,
            endpoints=build_endpoint_description_strings(host=host, port=port),
            application_close_timeout=APPLICATION_CLOSE_S,
            ready_callable=lambda: begin(server),
            server_name="",
        )
        log_what_ends_the_process()
        log.info("Dashboard V5 on http://%s:%d/", host, port)
        server.run()
        live = process.running()
        if live:
            live.stop()


def begin(server: FramedServer) -> None:
    """Once it listens, and before it reads from anybody."""
    bound(server)
    process.start(asyncio.get_event_loop())


def refuse_a_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise CommandError(f"cannot listen on {host}:{port} ({problem.strerror}). Choose another --port.") from None


def static_files_are_current() -> bool:
    """Collected, and no source file of the dashboard or the API is newer."""
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.exists():
        return False
    sources = [path for room in ("dashboard", "api") for path in (settings.BASE_DIR / room / "static").rglob("*")]
    return max(path.stat().st_mtime for path in sources) <= manifest.stat().st_mtime
