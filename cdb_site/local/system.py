"""A whole system for the length of a block: servers, set-up, services, supervision, orderly end.

    with running_system("smoke", env_overrides={"SIM_SEED": "3"}) as system:
        system.wait_live()
        system.process("risk").kill()           # a crash: supervised, it comes back
        system.servers.valkey.freeze()

Without `data_dir` everything lives in a temporary folder and on free ports and is gone afterwards.
"""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import psutil

from cdb_site import redis_users
from cdb_site.clock import SYSTEM
from cdb_site.env import read as read_settings
from cdb_site.local import prepare, service_env, state, venue
from cdb_site.local.children import Backoff, Child, Runnable
from cdb_site.local.folders import CHECKOUT, Folder, temporary_folder
from cdb_site.local.forks import SUPPORTED, NurseryProcess, forkable
from cdb_site.local.logview import FileLogs, TerminalLogs
from cdb_site.local.monitoring import LocalPrometheus
from cdb_site.local.ports import PortBook
from cdb_site.local.problems import LocalProblem
from cdb_site.local.servers import Servers
from cdb_site.local.signals import undisturbed
from cdb_site.local.steps import SILENT, Steps
from cdb_site.local.supervisor import Supervisor
from cdb_site.local.twins import Twin
from cdb_site.services import SERVICES, in_one_lane

LIVE_TIMEOUT_S = 60.0


class System:
    """A running system as programs see it."""

    def __init__(
        self,
        folder: Folder,
        servers: Servers,
        children: list[Child],
        env: dict[str, str],
        owner_env: dict[str, str],
        nursery: NurseryProcess | None = None,
    ) -> None:
        self.folder = folder
        self.servers = servers
        self.children = children
        self.env = env
        self.owner_env = owner_env
        self.nursery = nursery
        self.operator = prepare.OPERATOR
        self.password = servers.credentials.operator

    @property
    def ports(self) -> dict[str, int]:
        return {name: port for child in self.children for name, port in child.ports.items()}

    @property
    def url(self) -> str:
        """The dashboard's address, without a slash at the end; empty when the system has no dashboard."""
        port = self.ports.get("dashboard")
        return f"http://127.0.0.1:{port}" if port else ""

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the services and servers that run now."""
        listed = [*self.servers.own, *self.children]
        return {item.name: item.pid for item in listed if item.pid is not None}

    def process(self, name: str) -> Child:
        """The process that hosts this service."""
        for child in self.children:
            if name in (child.name, *child.services):
                return child
        known = [service for child in self.children for service in child.services]
        raise KeyError(f"no service {name!r} here; there are: {', '.join(known)}")

    def url_of(self, name: str) -> str:
        """Where this service answers."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def restart(self, name: str) -> None:
        self.process(name).restart()

    def health(self, name: str) -> tuple[int, str]:
        """(HTTP status, body) of a service's /health; (0, reason) when it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.url_of(name)}/health", timeout=5) as answer:  # noqa: S310 # nosec B310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode(errors="replace")
        except OSError as problem:
            return 0, str(problem)

    def wait_live(self, names: Sequence[str] = ("dashboard",), timeout_s: float = LIVE_TIMEOUT_S) -> None:
        """Wait until each named service's /health answers 200. Raises LocalProblem naming the one that does not."""
        deadline_s = SYSTEM.monotonic_s() + timeout_s
        for name in names:
            status, said = self.health(name)
            while status != 200:
                if SYSTEM.monotonic_s() > deadline_s:
                    raise LocalProblem(f"{name} is not live after {timeout_s:g} s: {status or 'no answer'} {said}")
                Event().wait(0.1)
                status, said = self.health(name)

    def manage(self, *arguments: str, owner: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a `manage.py` command on this system; output captured, exit code not checked."""
        command = [sys.executable, "manage.py", *arguments]
        env = self.owner_env if owner else self.env
        return subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)  # noqa: S603

    def rss_mb(self) -> float:
        """Resident memory of all processes of the system, in MiB."""
        total = 0
        for pid in self.pids.values():
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                total += sum(item.memory_info().rss for item in [process, *process.children(recursive=True)])
        return round(total / 2**20, 1)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a system is to be opened; see `running_system` for what each means."""

    mode: str = "demo"
    given: Mapping[str, str] = field(default_factory=dict)
    env_overrides: Mapping[str, str] = field(default_factory=dict)
    services: Sequence[Runnable] = in_one_lane(SERVICES)
    standard_ports: bool = False
    set_up: bool = True
    backoff: Backoff = field(default_factory=Backoff)
    logs: FileLogs | TerminalLogs | None = None
    steps: Steps = SILENT


@contextmanager
def running_system(profile: str = "system", *, data_dir: Path | None = None, **plan: Any) -> Iterator[System]:
    """Open a system; the keywords are the fields of `Plan`. Raises LocalProblem when it cannot start.

    `data_dir` None: a temporary folder named after `profile`. `given`: the user's variables (`cdb_site.env.given`);
    `env_overrides` win over everything. `services` are narrowed to those of `mode`, "demo" or
    "run"; by default all, with the chain in one lane.
    `standard_ports`: those of the service table, or of the user's variables, where free, else free ones. `set_up`
    False leaves out migrations, rights, static files and the user. `backoff`: pauses before restarts. `logs` None:
    files in the folder.
    """
    stack = ExitStack()
    try:
        if data_dir is None:
            state.clear_abandoned()
            folder = stack.enter_context(temporary_folder(profile))
        else:
            folder = Folder(data_dir.resolve()).create()
        yield _open(folder, Plan(**plan), stack)
    finally:
        with undisturbed():
            stack.close()


def _open(folder: Folder, plan: Plan, stack: ExitStack) -> System:
    """Start everything in order; the stack stops it in the opposite one."""
    ports = _hold(folder, stack)
    servers = Servers(folder, ports, plan.given)
    chosen = [item for item in plan.services if plan.mode in item.modes]
    port_of = choose_ports(chosen, ports, plan)
    base = service_env.base_env(plan.mode, folder, servers, plan.given)
    known = {name: port_of[name] for item in chosen if not isinstance(item, Twin) for name in names_of(item, port_of)}
    env = base | service_env.market_env(plan.mode, known, plan.given) | dict(plan.env_overrides)
    keys = venue.keys(plan.mode, plan.given, folder, env)
    # It imports for all services, and connects to nothing: as the one that may nothing.
    nursery = _nursery(folder, chosen, env | servers.redis_env("mexc_sim"), stack)
    stack.callback(servers.stop)
    servers.start(plan.steps)
    owner_env = env | servers.owner_env
    if plan.set_up:
        _set_up(folder, servers, owner_env, plan.steps)
    state.write_env(folder, env | servers.redis_env(redis_users.OPERATOR))
    output = plan.logs or FileLogs(folder.logs)
    children = [
        _child(item, port_of, env | _own_env(item, servers, keys), output, plan.backoff, nursery) for item in chosen
    ]
    system = System(folder, servers, children, env, owner_env, nursery)
    supervisor = Supervisor(
        folder,
        servers,
        children,
        mode=plan.mode,
        url=system.url,
        note=output.note,
        backoff=plan.backoff,
        nursery=nursery,
    )
    stack.callback(supervisor.stop)
    supervisor.start()
    return system


def _nursery(
    folder: Folder, chosen: Sequence[Runnable], env: Mapping[str, str], stack: ExitStack
) -> NurseryProcess | None:
    """Started first: it imports while the servers start. None where nothing would be forked."""
    if not SUPPORTED or not any(forkable(item.command(sys.executable, item.port)) for item in chosen):
        return None
    nursery = NurseryProcess(env, folder.logs / "nursery.log")
    stack.callback(nursery.stop)
    nursery.start()
    return nursery


def _child(
    item: Runnable,
    ports: Mapping[str, int],
    env: Mapping[str, str],
    output: FileLogs | TerminalLogs,
    backoff: Backoff,
    nursery: NurseryProcess | None,
) -> Child:
    if isinstance(item, LocalPrometheus):
        env = item.prepare(ports, env)
    own = item.variables(ports) if isinstance(item, Twin) else {}
    return Child(item, ports=ports, env={**env, **own}, output=output, backoff=backoff, nursery=nursery)


def _own_env(item: Runnable, servers: Servers, keys: Mapping[str, str]) -> dict[str, str]:
    """What one service alone is told: its user of Redis, and execution the exchange's keys. A further worker is told
    what the first is: with fewer keys it would fill on paper what the first one orders."""
    original = item.original if isinstance(item, Twin) else item
    mine = keys if any(member.name == "execution" for member in original.members) else {}
    return {**servers.redis_env(original.name), **mine}


def names_of(item: Runnable, ports: Mapping[str, int]) -> list[str]:
    """The services of a process that have a port."""
    return [member.name for member in item.members if member.name in ports]


def _hold(folder: Folder, stack: ExitStack) -> PortBook:
    """Take the folder's lock and clear away what a killed starter left. The stack gives all of it back."""
    lock, ports = folder.lock(), PortBook()
    if not lock.acquire():
        running = state.read(folder)
        where = f" at {running.url}" if running.url else ""
        raise LocalProblem(
            f"{folder.name} is already running{where}. Stop it with `make down`, or with Ctrl-C where it was started."
        )
    stack.callback(lock.release)
    stack.callback(ports.release)
    stack.callback(state.stop_leftovers, folder)
    state.stop_leftovers(folder)
    state.write(folder, state.SystemState(supervisor=state.entry("supervisor", psutil.Process().pid)))
    return ports


def _set_up(folder: Folder, servers: Servers, owner_env: Mapping[str, str], steps: Steps) -> None:
    """Run the set-up process unless the code is the same as at the folder's last start."""
    print_of_code = prepare.fingerprint()
    known = folder.stamp_file.read_text(encoding="utf-8") if folder.stamp_file.exists() else ""
    if servers.postgres is not None and not servers.made_now and known == print_of_code:
        with steps.step("database, rights and static files unchanged"):
            return
    folder.stamp_file.unlink(missing_ok=True)
    env = {**owner_env, prepare.PASSWORD_VARIABLE: servers.credentials.operator}
    command = [sys.executable, "-m", "cdb_site.local.prepare"]
    done = subprocess.run(  # noqa: S603
        command, cwd=CHECKOUT, env=env, text=True, check=False, stdout=subprocess.PIPE if steps is SILENT else None,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    if done.returncode != 0:
        raise LocalProblem(f"the set-up failed:\n{done.stderr.strip()}")
    folder.stamp_file.write_text(print_of_code, encoding="utf-8")


def choose_ports(services: Sequence[Runnable], ports: PortBook, plan: Plan) -> dict[str, int]:
    chosen = {}
    moved = read_settings({**plan.given, "ENV": "demo"}).ports if plan.standard_ports else {}
    for item in (member for service in services for member in service.members):
        if item.port is None:
            continue
        wanted = moved.get(item.name, item.port)
        chosen[item.name] = ports.reserve_near(wanted) if plan.standard_ports else ports.reserve_any()
        if plan.standard_ports and chosen[item.name] != wanted:
            plan.steps.note(f"port {wanted} is taken: {item.name} listens on {chosen[item.name]}")
    return chosen
