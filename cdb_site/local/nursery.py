"""The process from which the services are forked: everything they import is imported once, and its pages are shared.

    python -m cdb_site.local.nursery DESCRIPTOR      a socket to whoever started it (`cdb_site.local.forks`)

It has one thread, no connection to any server, and no sign of any service yet: what a service is begins after the
fork, with its command line, its log and a session of its own. It ends when the other end of its socket is closed.

    → {"command": ["-m", "celery", …], "own": {"REDIS_USER": "risk", …}} and the descriptor of its log
    ← {"ready": true}, {"started": 4711}, and whenever one ended {"ended": 4711, "returncode": -9}
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import load_command_class

from cdb_site.env import redis_url, unfinished_keys

LINE_MAX = 65536
TASKS = Path("/proc/self/task")


class Nursery:
    """The loop of the parent. `control`: the socket to the starter."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.woken, self.wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(self.wake)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> list[str] | None:
        """Fork what is asked for. Returns twice: the command line in each child, None in the parent at the end."""
        self._say({"ready": True})
        with selectors.DefaultSelector() as selector:
            selector.register(self.control, selectors.EVENT_READ, self._answer)
            selector.register(self.woken, selectors.EVENT_READ, self._collect)
            while True:
                for key, _ in selector.select():
                    act: Callable[[], list[str] | None] = key.data
                    command = act()
                    if command is not None:
                        return command or None

    def _answer(self) -> list[str] | None:
        """One request: in the child the command, in the parent None; empty when the starter is gone."""
        line, descriptors, _, _ = socket.recv_fds(self.control, LINE_MAX, 1)
        if not line:
            return []
        request = json.loads(line)
        command: list[str] = request["command"]
        log, ready = descriptors[0], os.pipe()
        pid = os.fork()
        if pid == 0:
            self._leave(log, ready)
            take_for_itself(request["own"])
            return command
        os.close(ready[1])
        os.read(ready[0], 1)  # it leads a session of its own now, and can be killed as one
        for descriptor in (log, ready[0]):
            os.close(descriptor)
        self._say({"started": pid})
        return None

    def _leave(self, log: int, ready: tuple[int, int]) -> None:
        """In the child: a session of its own, its log, and nothing left of the parent's doings."""
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.write(ready[1], b"\n")
        for descriptor in (log, *ready, self.woken, self.wake):
            os.close(descriptor)
        self.control.close()

    def _collect(self) -> None:
        """Say which children have ended, and how."""
        os.read(self.woken, LINE_MAX)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._say({"ended": pid, "returncode": os.waitstatus_to_exitcode(status)})

    def _say(self, message: dict[str, object]) -> None:
        self.control.sendall(json.dumps(message).encode() + b"\n")


def take_for_itself(own: Mapping[str, str]) -> None:
    """In the child: the settings that are its own. They have been read, so what was made of them is made anew."""
    from celery_app import app

    os.environ.update(own)
    told = settings.ENVIRONMENT
    user, password = own.get("REDIS_USER", told.REDIS_USER), own.get("REDIS_PASSWORD", told.REDIS_PASSWORD)
    environment = replace(told, REDIS_USER=user, REDIS_PASSWORD=password)
    settings.ENVIRONMENT = environment
    address = redis_url(environment)
    layer: dict[str, Any] = settings.CHANNEL_LAYERS["default"]
    layer["CONFIG"]["hosts"] = [address]
    settings.CELERY_BROKER_URL = app.conf.broker_url = address
    settings.CELERY_BROKER_TRANSPORT_OPTIONS.update(unfinished_keys(environment))
    app.conf.broker_transport_options.update(unfinished_keys(environment))


def preload() -> None:
    """Import what services are made of. Raises RuntimeError if that started a thread: a fork would lose it."""
    gc.disable()
    django.setup()
    _libraries()
    from cdb_site.bus import bootstep
    from celery_app import app

    app.finalize()
    app.loader.import_default_modules()
    bootstep.preload()
    load_command_class("mexc_sim", "run_mexc_sim")
    threads = len(list(TASKS.iterdir()))
    if threads > 1:
        raise RuntimeError(f"{threads} threads run before the first fork")
    gc.collect()
    gc.freeze()


def _libraries() -> None:
    """Those of workers, exchange and web server; not `daphne.server`, which makes an event loop when it is imported."""
    import aiohttp.web  # noqa: F401
    import billiard.pool  # noqa: F401
    import celery.app.amqp  # noqa: F401
    import celery.app.events  # noqa: F401
    import celery.app.log  # noqa: F401
    import celery.apps.worker  # noqa: F401
    import celery.bin.celery  # noqa: F401
    import celery.concurrency.solo  # noqa: F401
    import celery.events.state  # noqa: F401
    import celery.worker.components  # noqa: F401
    import celery.worker.consumer  # noqa: F401
    import celery.worker.control  # noqa: F401
    import celery.worker.loops  # noqa: F401
    import celery.worker.strategy  # noqa: F401
    import channels.auth  # noqa: F401
    import channels.security.websocket  # noqa: F401
    import channels_redis.pubsub  # noqa: F401
    import daphne.endpoints  # noqa: F401
    import daphne.http_protocol  # noqa: F401
    import daphne.ws_protocol  # noqa: F401
    import kombu.transport.redis  # noqa: F401


def run(command: list[str]) -> None:
    """Become the program of this command line: `-m module …` or `file …`."""
    gc.enable()
    # The checks of models and addresses are of the code, which the tests check; they would touch every page.
    os.environ["CELERY_SKIP_CHECKS"] = "1"
    if command[0] == "-m":
        sys.argv = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    preload()
    command = Nursery(control).serve()
    if command:
        run(command)


if __name__ == "__main__":
    main()
