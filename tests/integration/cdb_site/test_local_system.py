"""The supervisor with small stand-in services: restarts, order, second starters, killed starters, nothing left."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import psutil
import pytest

from cdb_site.clock import SYSTEM
from cdb_site.local import listing, processes, state
from cdb_site.local.children import Backoff
from cdb_site.local.folders import CHECKOUT, Folder, temporary_folder
from cdb_site.local.logview import FileLogs
from cdb_site.local.problems import LocalProblem
from cdb_site.local.system import running_system
from tests.clusters import hand_over

STAND_IN = """
import os, pathlib, signal, socket, sys, threading
name, order = sys.argv[1], pathlib.Path(os.environ["DATA_DIR"]) / "order"
ended = threading.Event()
def stop(*_):
    with order.open("a") as file: file.write(name + "\\n")
    ended.set()
signal.signal(signal.SIGTERM, signal.SIG_IGN if name == "stubborn" else stop)
own = dict(pair.split("=") for pair in os.environ["PORTS"].split(",") if pair)
if name in own:
    listener = socket.create_server(("127.0.0.1", int(own[name])))
print(name, "runs", os.environ.get("SIM_SEED"), "leak:", os.environ.get("LEAK"), flush=True)
while not ended.wait(0.05): pass
"""
QUICK = Backoff(first_s=0.1, most_s=0.2, reset_after_s=30)


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A row of a service table for tests."""

    name: str
    port: int | None = None
    stop_grace_s: int = 5
    modes: tuple[str, ...] = ("demo", "run")

    @property
    def members(self) -> tuple[StandIn, ...]:
        return (self,)

    def command(self, python: str, port: int | None) -> list[str]:
        return [python, "-c", STAND_IN, self.name]


SERVICES = (StandIn(name="market"), StandIn(name="risk", port=18002), StandIn(name="dashboard", port=18004))
STARTER = """
import sys, pathlib
from cdb_site.local.signals import StopRequested, stop_on_signals
from cdb_site.local.system import running_system
from tests.integration.cdb_site.test_local_system import SERVICES
try:
    folder = pathlib.Path(sys.argv[1])
    with stop_on_signals(), running_system(data_dir=folder, services=SERVICES, set_up=False) as system:
        print(*system.pids.values(), flush=True)
        sys.stdin.read()
except StopRequested as asked:
    print("stopped by", asked, flush=True)
"""


@pytest.fixture(scope="module")
def between_tests() -> Iterator[Folder]:
    with temporary_folder("local-kept") as kept:
        yield kept


@pytest.fixture
def folder(between_tests: Folder) -> Iterator[Folder]:
    """A new one, with the cluster that the first test made: making one costs more than all that is tested here."""
    with temporary_folder("local-test") as made:
        hand_over(between_tests, made)
        yield made
        hand_over(made, between_tests)


def wait_until(condition: Callable[[], object], timeout_s: float = 60) -> None:
    deadline_s = SYSTEM.monotonic_s() + timeout_s
    while not condition():
        assert SYSTEM.monotonic_s() < deadline_s, "it did not happen in time"
        Event().wait(0.05)


def logged(folder: Folder, name: str) -> str:
    path = folder.logs / f"{name}.log"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def start_elsewhere(folder: Folder) -> tuple[subprocess.Popen[str], list[int]]:
    """A system started by another process, and the ids of all its processes."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder.path)],
        cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert starter.stdout is not None
    pids = [int(word) for word in starter.stdout.readline().split()]
    assert len(pids) == 5
    wait_until(lambda: all("runs" in logged(folder, item.name) for item in SERVICES))
    return starter, pids


def running(pids: list[int]) -> list[int]:
    found = (processes.identity_of(pid) for pid in pids)
    return [one.pid for one in found if one and one.process()]


def test_services_get_an_explicit_environment(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAK", "the starter's shell")

    overrides = {"SIM_SEED": "7"}
    with running_system(data_dir=folder.path, services=SERVICES, set_up=False, env_overrides=overrides) as system:
        wait_until(lambda: "runs" in logged(folder, "risk"))
        env = system.env

    assert logged(folder, "risk") == "risk runs 7 leak: None\n"
    assert env["POSTGRES_USER"] == "cdb_app"
    assert env["PORTS"] == f"risk={system.ports['risk']},dashboard={system.ports['dashboard']}"


def test_a_crashed_service_is_started_again(folder: Folder) -> None:
    with running_system(data_dir=folder.path, services=SERVICES, set_up=False, backoff=QUICK) as system:
        risk = system.process("risk")
        before = risk.pid

        risk.kill()

        wait_until(lambda: risk.pid not in (None, before))
        assert risk.restarts == 1
        wait_until(lambda: "restart 1" in logged(folder, "supervisor"))
        assert "risk was ended by SIGKILL" in logged(folder, "supervisor")


def test_the_supervisor_outlives_a_full_disk(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with running_system(data_dir=folder.path, services=SERVICES, set_up=False, backoff=QUICK) as system:
        risk = system.process("risk")
        with monkeypatch.context() as disk:
            disk.setattr(state, "_write", full)
            disk.setattr(FileLogs, "__call__", lambda self, name: subprocess.DEVNULL)
            for restarts in (1, 2):
                before = risk.pid
                risk.kill()
                wait_until(lambda before=before: risk.pid not in (None, before))
                assert risk.restarts == restarts

        wait_until(lambda: risk.pid in [entry.pid for entry in state.read(folder).entries])
    assert "No space left" in logged(folder, "supervisor")


def test_what_cannot_be_started_keeps_no_other_from_it(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_system(data_dir=folder.path, services=SERVICES, set_up=False, backoff=QUICK) as system:
        market, risk = system.process("market"), system.process("risk")
        with monkeypatch.context() as broken:
            broken.setattr(market, "revive", lambda: 1 / 0)
            before = risk.pid
            risk.kill()

            wait_until(lambda: risk.pid not in (None, before))


def test_a_service_stopped_on_purpose_stays_stopped(folder: Folder) -> None:
    with running_system(data_dir=folder.path, services=SERVICES, set_up=False, backoff=QUICK) as system:
        system.process("risk").stop()
        Event().wait(0.6)
        assert system.process("risk").pid is None

        system.process("risk").start()
        assert system.process("risk").pid is not None


def test_crashed_servers_are_started_again(folder: Folder) -> None:
    with running_system(data_dir=folder.path, services=SERVICES, set_up=False, backoff=QUICK) as system:
        before = system.pids
        assert system.servers.postgres is not None
        assert system.servers.valkey is not None

        system.servers.postgres.kill()
        system.servers.valkey.kill()

        wait_until(lambda: {"postgres", "valkey"} <= system.pids.keys())
        assert system.pids["postgres"] != before["postgres"]
        assert system.pids["valkey"] != before["valkey"]


def test_a_service_that_ignores_sigterm_is_killed_after_its_grace(folder: Folder) -> None:
    stubborn = StandIn(name="stubborn", stop_grace_s=1)
    with running_system(data_dir=folder.path, services=[stubborn], set_up=False) as system:
        wait_until(lambda: "runs" in logged(folder, "stubborn"))
        pid = system.pids["stubborn"]

    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_stop_everything_from_the_dashboard_back(folder: Folder, number: signal.Signals) -> None:
    starter, pids = start_elsewhere(folder)

    starter.send_signal(number)
    said, _ = starter.communicate(timeout=120)

    assert said == f"stopped by {number.name}\n"
    assert (folder.path / "order").read_text(encoding="utf-8").split() == ["dashboard", "risk", "market"]
    assert not running(pids)
    assert listing.table([folder]) == "nothing running"


def test_a_command_runs_inside_the_running_system(folder: Folder) -> None:
    program = "import os; print(os.environ['POSTGRES_USER'], os.environ['PORTS'], os.environ.get('LEAK'))"
    command = [sys.executable, "-m", "cdb_site.local", "exec", "--data-dir", str(folder.path), "--"]
    command += ["python", "-c", program]
    with running_system(data_dir=folder.path, services=SERVICES, set_up=False) as system:
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
        ports = system.env["PORTS"]

    after = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    assert done.stdout == f"cdb_app {ports} None\n"
    assert after.returncode == 1
    assert "no system runs in" in after.stderr


def test_a_second_starter_is_told_where_the_first_one_is(folder: Folder) -> None:
    with running_system(data_dir=folder.path, services=SERVICES, set_up=False) as system:
        with (
            pytest.raises(LocalProblem, match=f"already running at {system.url}"),
            running_system(data_dir=folder.path, services=SERVICES, set_up=False),
        ):
            pass

        assert len(system.pids) == 5


def test_the_listing_names_every_process(folder: Folder) -> None:
    with running_system(data_dir=folder.path, services=SERVICES, set_up=False) as system:
        shown = listing.table([folder])

        names = [line.split()[1] for line in shown.splitlines()]
        assert names == ["SERVICE", "supervisor", "postgres", "valkey", "market", "risk", "dashboard"]
        assert str(system.ports["dashboard"]) in shown


def test_what_a_killed_starter_left_is_stopped(folder: Folder) -> None:
    starter, pids = start_elsewhere(folder)
    starter.kill()
    starter.communicate()
    assert running(pids) == pids

    state.stop_leftovers(folder)

    assert not running(pids)
    assert listing.table([folder]) == "nothing running"


def test_the_start_after_a_killed_one_begins_clean(folder: Folder) -> None:
    starter, pids = start_elsewhere(folder)
    starter.kill()
    starter.communicate()

    with running_system(data_dir=folder.path, services=SERVICES, set_up=False) as system:
        assert not running(pids)
        assert len(system.pids) == 5


def test_a_recorded_id_that_is_a_strangers_now_is_left_alone(folder: Folder) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    found = state.entry("risk", stranger.pid)
    assert found is not None
    earlier = state.ProcessEntry(name="risk", pid=found.pid, started_s=found.started_s - 3600)
    state.write(folder, state.SystemState(mode="demo", url="", supervisor=None, entries=[earlier]))

    state.stop_leftovers(folder)

    assert stranger.poll() is None
    stranger.communicate()


def test_temporary_systems_leave_no_folder_behind(tmp_path: Path) -> None:
    with running_system("local-test", services=[StandIn(name="market")], set_up=False) as system:
        places = [system.folder.path, *system.folder.postgres_places()]
        assert system.folder.path.exists()

    assert not [place for place in places if place.exists()]
