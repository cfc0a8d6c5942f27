"""The commands behind `make demo`, `make run`, `make ps`, `make down`, and of backups.

The demo runs on a simulated exchange, each market (seed, or folder of recorded candles) with books of its own;
run is the same system, paper as well, on the real MEXC feed.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event

from cdb_site import env
from cdb_site.local import backups, listing, market, restore_drill, state
from cdb_site.local.children import Runnable
from cdb_site.local.folders import CHECKOUT, HOME, Folder, known_folders
from cdb_site.local.logview import TerminalLogs
from cdb_site.local.monitoring import LocalPrometheus, find_prometheus
from cdb_site.local.problems import LocalProblem
from cdb_site.local.signals import StopRequested, stop_on_signals
from cdb_site.local.steps import Steps
from cdb_site.local.system import System, running_system
from cdb_site.local.twins import Twin
from cdb_site.services import SERVICES, Lane, in_one_lane

OPTION_VARIABLES = {
    "rate": "SIM_RATE", "seed": "SIM_SEED", "interval": "INTERVAL", "quote_asset": "QUOTE_ASSET", "data": "SIM_DATA",
    "venue": "VENUE",
}  # fmt: skip
PROFILE_NAME = re.compile(r"[A-Za-z0-9_-]+")
RESTORE_AS = "As in: make restore FROM=backups/run-20260301T030000Z PROFILE=run"


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="python -m cdb_site.local", description="Claire de Binaire on this machine, without containers."
    )
    commands = root.add_subparsers(
        dest="command", required=True, metavar="{demo,run,ps,exec,backup,restore,restore-drill,down}"
    )
    demo = commands.add_parser("demo", help="the whole system on a simulated exchange")
    demo.add_argument("--data", type=Path, metavar="DIR", help="play recorded candles (CSV) from this folder")
    demo.add_argument("--rate", metavar="N", help="market seconds per second (default 10)")
    demo.add_argument("--seed", metavar="N", help="seed of the synthetic market (default 1)")
    run = commands.add_parser("run", help="the whole system on the real MEXC feed, paper trading")
    for command in (demo, run):
        command.add_argument("--interval", metavar="I", help="candle interval, such as 1m or 5m (default 1m)")
        command.add_argument("--quote-asset", metavar="A", help="asset in which positions are valued (default USDT)")
        command.add_argument("--venue", metavar="V", help="PAPER, or MEXC: where orders may go (default PAPER)")
        command.add_argument("--data-dir", type=Path, metavar="DIR", help="keep databases and logs in this folder")
        command.add_argument("--monitoring", action="store_true", help="start Prometheus beside it, where installed")
        command.add_argument("--scale", action="store_true", help="a second worker for signals, risk and execution")
        command.add_argument("--fresh", action="store_true", help="delete what this market's earlier runs stored")
        command.set_defaults(action=_start)
    commands.add_parser("ps", help="what runs in this checkout").set_defaults(action=_ps)
    execute = commands.add_parser("exec", help="a command inside a running system, such as manage.py or celery")
    which = execute.add_mutually_exclusive_group()
    which.add_argument("--profile", metavar="NAME", help="the system that `ps` lists by this name (default: what runs)")
    which.add_argument("--data-dir", type=Path, metavar="DIR", help="the system of this folder")
    execute.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND ...")
    execute.set_defaults(action=_exec)
    backup = commands.add_parser("backup", help="an instance's database and journal into a new folder")
    backup.add_argument("--to", type=Path, default=CHECKOUT / "backups", metavar="DIR", help="in which it is made")
    backup.set_defaults(action=_backup)
    tried = commands.add_parser("restore-drill", help="dump an instance's database, restore it beside, compare")
    tried.set_defaults(action=_restore_drill)
    for command in (backup, tried):
        command.add_argument("--profile", metavar="NAME", help="the instance of this name (default: the one that runs)")
    restore = commands.add_parser("restore", help="make an instance from a backup")
    restore.add_argument("--from", dest="backup", type=Path, required=True, metavar="DIR", help="a backup's folder")
    restore.add_argument("--profile", required=True, metavar="NAME", help="the instance that is made, such as run")
    restore.set_defaults(action=_restore)
    commands.add_parser("down", help="stop what runs in this checkout").set_defaults(action=_down)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code of a process."""
    options = parser().parse_args(arguments)
    try:
        with stop_on_signals():
            code: int = options.action(options)
            return code
    except StopRequested:
        print("stopped", flush=True)
        return 0
    except env.EnvironmentProblem as problem:
        print("\n".join(f"error: {item}" for item in problem.problems), file=sys.stderr, flush=True)
        return 1
    except LocalProblem as problem:
        print(f"error: {problem}", file=sys.stderr, flush=True)
        return 1


def _start(options: argparse.Namespace) -> int:
    given = env.given(CHECKOUT / ".env") | _chosen(options)
    given = market.defaults(given.get("INTERVAL", "1m"), given.get("QUOTE_ASSET", "USDT")) | given
    named = options.data_dir
    folder = Folder(named.resolve() if named else HOME / market.profile(options.command, given, HOME))
    services = services_of(scale=options.scale)
    if options.monitoring:
        services.append(LocalPrometheus(program=find_prometheus(), home=folder.path / "prometheus"))
    _check(options.command, given, folder)
    if options.fresh:
        _remove(folder)
    steps = Steps(sys.stdout)
    with running_system(
        data_dir=folder.path,
        mode=options.command,
        given=given,
        services=services,
        standard_ports=True,
        logs=TerminalLogs(),
        steps=steps,
    ) as system:
        with steps.step("dashboard live"):
            system.wait_live()
        print(_box(options.command, system), flush=True)
        while True:
            Event().wait(3600)


def services_of(*, scale: bool) -> list[Runnable]:
    """All services, the chain in one lane; `scale`: a second worker for that lane."""
    services: list[Runnable] = list(in_one_lane(SERVICES))
    return services + ([Twin(item) for item in services if isinstance(item, Lane)] if scale else [])


def _chosen(options: argparse.Namespace) -> dict[str, str]:
    """The command line's options as variables; empty ones (an unset make variable) count as not given."""
    chosen = {}
    for option, variable in OPTION_VARIABLES.items():
        value = getattr(options, option, None)
        if value not in (None, "", Path()):
            chosen[variable] = str(value.resolve()) if isinstance(value, Path) else value
    data = chosen.get("SIM_DATA")
    if data and not Path(data).is_dir():
        raise LocalProblem(f"--data: {data} is no folder. Name one with recorded candles, such as BTCUSDT-1m.csv.")
    return chosen


def _check(mode: str, given: dict[str, str], folder: Folder) -> None:
    """Read settings and recordings as the services will, so that a bad one is named before anything starts."""
    if mode == "demo":
        market.check(env.read({**given, "ENV": "demo"}))
        folder.create()
        return
    folder.create()
    env.read({"ENV": "dev", **_stand_ins(folder, given), **given})


def _stand_ins(folder: Folder, given: dict[str, str]) -> dict[str, str]:
    """Secrets that will be generated when the user gives none."""
    made = folder.credentials()
    values = {"SECRET_KEY": made.secret_key, "POSTGRES_PASSWORD": made.postgres_app, "REDIS_PASSWORD": made.redis}
    return {name: value for name, value in values.items() if f"{name}_FILE" not in given}


def _remove(folder: Folder) -> None:
    lock = folder.lock()
    if not lock.acquire():
        raise LocalProblem(f"{folder.name} is running; stop it with `make down` before starting it fresh.")
    state.stop_leftovers(folder)
    folder.remove()
    lock.release()


def _box(mode: str, system: System) -> str:
    if mode == "demo":
        played = system.env.get("SIM_DATA") or f"synthetic, seed {system.env.get('SIM_SEED', '1')}"
        feed = f"SIMULATED: {played}, rate x{system.env.get('SIM_RATE', '10')}"
    else:
        feed = "MEXC, real feed"
    lines = [
        f"Claire de Binaire  {system.url}/",
        f"user      {system.operator}",
        f"password  {system.password}   (as generated at the first start)",
        f"market    {feed}",
        f"trading   {_trading(mode, system.env)}",
        *([f"watched   {system.url_of('prometheus')}/alerts"] if "prometheus" in system.ports else []),
        "stop      Ctrl-C here, or `make down`",
        f'halted?   the page says why; make exec PROFILE={system.folder.name} CMD="python manage.py status"',
    ]
    width = max(map(len, lines))
    edge = "─" * (width + 2)
    return "\n".join([f"┌{edge}┐", *(f"│ {line:<{width}} │" for line in lines), f"└{edge}┘"])


def _trading(mode: str, values: Mapping[str, str]) -> str:
    """What is asked for; what is in force follows from keys that only execution has, and stands on every page."""
    asked = values.get("EXECUTION_MODE", "PAPER")
    if asked == "PAPER":
        return "PAPER"
    where = "the simulated exchange" if mode == "demo" else "MEXC"
    return f"{asked} asked for, at {where}; the page says what is in force"


def _ps(options: argparse.Namespace) -> int:
    print(listing.table(known_folders()))
    return 0


def _exec(options: argparse.Namespace) -> int:
    """Become the command, with the environment that the running services have."""
    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    if not words:
        raise LocalProblem('CMD: name a command. As in: make exec CMD="python manage.py audit_books"')
    folder = Folder(options.data_dir.resolve()) if options.data_dir else _running_folder(options.profile)
    values = state.read_env(folder)
    values["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{values.get('PATH', os.defpath)}"
    try:
        os.execvpe(words[0], words, values)  # noqa: S606  (the user's own command)
    except OSError as problem:
        raise LocalProblem(f"{words[0]} cannot be run: {problem.strerror}") from problem


def _restore_drill(options: argparse.Namespace) -> int:
    return restore_drill.drill(backups.chosen(options.profile, "restore-drill"))


def _backup(options: argparse.Namespace) -> int:
    place = backups.back_up(backups.chosen(options.profile, "backup"), options.to.resolve())
    print(f"backup in {place}")
    return 0


def _restore(options: argparse.Namespace) -> int:
    if not options.backup.name:
        raise LocalProblem(f"FROM: name a backup's folder. {RESTORE_AS}")
    if not PROFILE_NAME.fullmatch(options.profile):
        raise LocalProblem(f"PROFILE: name the instance that is made, of letters, digits, _ and -. {RESTORE_AS}")
    folder = Folder(HOME / options.profile)
    backups.restore(options.backup.resolve(), folder)
    print(f"{folder.name} is made from {options.backup}. People log in with the passwords they had.")
    return 0


def _running_folder(profile: str | None) -> Folder:
    if profile:
        return Folder(HOME / profile)
    running = [folder for folder in known_folders() if not folder.is_temporary and folder.lock().is_held()]
    if len(running) != 1:
        names = [folder.name for folder in running]
        if not names:
            raise LocalProblem("no system runs here. Start one with `make demo` or `make run`.")
        raise LocalProblem(f'several run: {", ".join(names)}. Say which: make exec PROFILE={names[0]} CMD="…"')
    return running[0]


def _down(options: argparse.Namespace) -> int:
    stopped = False
    for folder in known_folders():
        temporary = folder.is_temporary
        if temporary and folder.lock().is_held():
            print(f"{folder.name} belongs to a running test or measurement: left alone")
            continue
        stopped |= state.stop_supervisor(folder)
        lock = folder.lock()
        if lock.acquire():
            stopped |= state.stop_leftovers(folder) > 0
            if temporary:
                folder.remove()
            lock.release()
    print("stopped" if stopped else "nothing running")
    return 0
