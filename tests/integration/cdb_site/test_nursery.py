"""Services as forks of one process that has imported everything: how they start and end, what they do not inherit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdb_site.local import forks, listing, processes
from cdb_site.local.children import Backoff, ending
from cdb_site.local.folders import Folder, temporary_folder
from cdb_site.local.forks import Fork, NurseryProcess
from cdb_site.local.system import running_system
from cdb_site.services import service
from tests.integration.cdb_site.test_local_system import wait_until

pytestmark = pytest.mark.skipif(not forks.SUPPORTED, reason="forked on Linux alone")

ENV = {"ENV": "demo", "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "cdb_site.settings", "LOG_LEVEL": "WARNING"}
ENV |= {"OPENBLAS_NUM_THREADS": "1"}
TELL = """
import json, os, sys, threading
from django.db import connections
from cdb_site.bus import redis
from dashboard.live.feed import Feed
from dashboard.live.hub import FEED
FEED.begin()
print(json.dumps({
    "arguments": sys.argv[1:], "leads": os.getsid(0) == os.getpid(), "epoch": FEED.epoch,
    "threads": len(os.listdir("/proc/self/task")), "daphne": "daphne.server" in sys.modules,
    "connected": any(item.connection for item in connections.all(initialized_only=True)),
    "redis": redis.connection.cache_info().currsize,
    "descriptors": [os.readlink(f"/proc/self/fd/{name}") for name in ("0", "1", "2")],
    "open": len(os.listdir("/proc/self/fd")),
}))
sys.exit(7)
"""
STAY = "import time\nprint('here', flush=True)\ntime.sleep(600)\n"


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NurseryProcess]:
    made = NurseryProcess(ENV, tmp_path_factory.mktemp("nursery") / "nursery.log")
    made.start()
    assert made.wait_ready(), made.log.read_text(encoding="utf-8")
    yield made
    made.stop()


def forked(nursery: NurseryProcess, folder: Path, program: str, *arguments: str) -> Fork:
    """A fork that runs this program; its output is in `log` of the folder."""
    file = folder / "program.py"
    file.write_text(program, encoding="utf-8")
    with (folder / "log").open("wb") as log:
        fork = nursery.fork([sys.executable, str(file), *arguments], ENV, log.fileno())
    assert fork is not None
    return fork


def test_a_fork_has_its_command_line_its_log_and_a_session_of_its_own(nursery: NurseryProcess, tmp_path: Path) -> None:
    fork = forked(nursery, tmp_path, TELL, "--port", "8004")

    assert fork.wait(10) == 7

    told = json.loads((tmp_path / "log").read_text(encoding="utf-8"))
    assert told["arguments"] == ["--port", "8004"]
    assert told["leads"]
    assert told["descriptors"] == ["/dev/null", str(tmp_path / "log"), str(tmp_path / "log")]


def test_a_fork_inherits_no_thread_connection_or_event_loop(nursery: NurseryProcess, tmp_path: Path) -> None:
    forked(nursery, tmp_path, TELL).wait(10)

    told = json.loads((tmp_path / "log").read_text(encoding="utf-8"))

    assert (told["threads"], told["connected"], told["redis"], told["daphne"]) == (1, False, 0, False)
    assert told["open"] == 4  # the three, and the folder that lists them


def test_two_dashboards_of_one_nursery_number_their_batches_apart(nursery: NurseryProcess, tmp_path: Path) -> None:
    epochs = set()
    for _ in range(2):
        forked(nursery, tmp_path, TELL).wait(10)
        epochs.add(json.loads((tmp_path / "log").read_text(encoding="utf-8"))["epoch"])

    assert len(epochs) == 2


def test_how_a_fork_ended_is_told(nursery: NurseryProcess, tmp_path: Path) -> None:
    fork = forked(nursery, tmp_path, STAY)
    assert fork.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        fork.wait(0.1)

    processes.kill_group(fork.pid)

    assert fork.wait(10) == -signal.SIGKILL
    assert ending(fork.returncode) == "was ended by SIGKILL"


def test_a_process_with_an_environment_of_its_own_is_not_forked(nursery: NurseryProcess, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "manage.py", "check"]

        assert nursery.fork(command, ENV | {"CDB_CRASH_POINT": "risk:after_commit:1"}, log.fileno()) is None
        assert nursery.fork([sys.executable, "-c", "pass"], ENV, log.fileno()) is None


def test_forks_outlive_their_nursery_and_their_end_is_seen(tmp_path: Path) -> None:
    nursery = NurseryProcess(ENV, tmp_path / "nursery.log")
    nursery.start()
    assert nursery.wait_ready()
    fork = forked(nursery, tmp_path, STAY)
    assert nursery.popen is not None
    nursery.popen.kill()
    nursery.popen.wait()
    wait_until(lambda: fork.orphaned)
    assert fork.poll() is None

    fork.send_signal(signal.SIGTERM)

    fork.wait(10)
    assert ending(fork.returncode) == "ended, and nobody saw how"
    nursery.start()
    assert nursery.wait_ready()
    assert forked(nursery, tmp_path, TELL).wait(10) == 7
    nursery.stop()


def test_a_nursery_that_cannot_import_leaves_every_start_to_the_ordinary_way(tmp_path: Path) -> None:
    nursery = NurseryProcess(ENV | {"LOG_LEVEL": "NO SUCH LEVEL"}, tmp_path / "nursery.log")
    nursery.start()

    assert not nursery.wait_ready()

    with (tmp_path / "log").open("wb") as log:
        assert nursery.fork([sys.executable, "manage.py", "check"], nursery.env, log.fileno()) is None
    nursery.stop()


def test_a_nursery_ends_with_whoever_started_it(tmp_path: Path) -> None:
    nursery = NurseryProcess(ENV, tmp_path / "nursery.log")
    nursery.start()
    assert nursery.wait_ready()

    nursery.stop()

    assert nursery.popen is not None
    assert nursery.popen.returncode == 0


@pytest.fixture
def folder() -> Iterator[Folder]:
    with temporary_folder("nursery-test") as made:
        yield made


def test_a_killed_service_is_forked_again_also_by_a_nursery_that_was_killed(folder: Folder) -> None:
    with running_system(
        data_dir=folder.path, services=[service("mexc_sim")], set_up=False, backoff=Backoff(first_s=0.05)
    ) as system:
        assert system.nursery is not None
        child = system.process("mexc_sim")
        system.wait_live(["mexc_sim"])
        assert "nursery" in listing.table([folder])
        assert isinstance(child.popen, Fork)

        assert system.nursery.popen is not None
        system.nursery.popen.kill()
        wait_until(lambda: system.nursery and system.nursery.restarts == 1)
        assert system.nursery.wait_ready()
        assert child.restarts == 0
        child.kill()
        wait_until(lambda: child.restarts == 1)
        system.wait_live(["mexc_sim"])

        assert isinstance(child.popen, Fork)
        pids = [system.nursery.pid, child.pid]

    assert not any(pid and processes.identity_of(pid) for pid in pids)
