"""The demo as a person starts it, without the browser: one process that starts all others, in a folder of its own.

It ends as Ctrl-C ends it, or as a machine that loses its power: every process of it by SIGKILL at once.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from cdb_site.local import state
from cdb_site.local.folders import CHECKOUT, HOME, Folder
from proofs.rig.waiting import pause, wait_for

LIVE_S, END_S = 240.0, 90.0


class Demo:
    """One data folder, started and ended again and again."""

    def __init__(self, path: Path, *options: str) -> None:
        self.folder, self.options = Folder(path), options
        self._starter: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until the page is live."""
        command = [sys.executable, "-m", "cdb_site.local", "demo", "--data-dir", str(self.folder.path), *self.options]
        self.options = tuple(option for option in self.options if option != "--fresh")
        HOME.mkdir(exist_ok=True)
        with (HOME / "restarts.log").open("ab") as log:
            self._starter = subprocess.Popen(command, cwd=CHECKOUT, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
        wait_for(self._live, "the demo", LIVE_S)

    def _live(self) -> bool:
        if self._starter is None or self._starter.poll() is not None:
            raise RuntimeError("the starter has ended; see .cdb/restarts.log")
        with urllib.request.urlopen(f"{state.read(self.folder).url}/health", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)

    @property
    def env(self) -> dict[str, str]:
        """The services' environment."""
        return state.read_env(self.folder)

    def manage(self, *words: str) -> str:
        """What a `manage.py` command inside the demo says."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=CHECKOUT, env=self.env, capture_output=True, text=True, check=False)  # noqa: S603
        return (done.stdout + done.stderr).strip()

    def exchange(self, path: str) -> Any:
        """An answer of the simulated exchange itself."""
        with urllib.request.urlopen(self.env["MEXC_REST_URL"] + path, timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    def stop(self) -> None:
        """Ctrl-C."""
        if self._starter is not None and self._starter.poll() is None:
            self._starter.send_signal(signal.SIGINT)
            self._starter.wait(END_S)

    def kill(self) -> None:
        """kill -9 of everything, the starter first, so that nothing is started again."""
        if self._starter is None:
            return
        running = state.read(self.folder)
        self._starter.kill()
        self._starter.wait()
        for entry in running.entries:
            process = entry.identity.process()
            for victim in [*process.children(recursive=True), process] if process else []:
                with suppress(psutil.Error, ProcessLookupError):
                    os.kill(victim.pid, signal.SIGKILL)
        pause(1.0)
