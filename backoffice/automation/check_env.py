#!/usr/bin/env python3
"""Checks settings before anything is started: prints OK, or everything that cannot be used, each with what to do.

Reads what a service would read, by the same functions: the process environment over a file. Needs nothing but Python.
Problems are named by file, line and variable, never by value. Exit code 0 when all can be used, else 1.

`make run` makes the secrets that are missing and fills in what fits another interval; containers and services started
by hand do not. So this asks for all of them, but with --local for none that `make run` would make. With --containers it
reads the files of `secrets/`, and what docker-compose.yml sets.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdb_site.env import Environment

CHECKOUT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)


def check(path: Path, *, local: bool = False, containers: bool = False) -> list[str]:
    """The problems of a start with this file; `local`: of `make run`; `containers`: of docker-compose.yml."""
    from cdb_site import env

    filled_in = made_by_make_run(path) if local else made_by_compose() if containers else None
    environment, problems = env.survey(path, filled_in=filled_in)
    if problems or environment is None:
        return [str(problem) for problem in problems]
    found = "secrets set" if env.EFFECTS[environment.ENV].secrets_required else "no secrets needed"
    found = "secrets set or made" if local else found
    told = f"ENV={environment.ENV}, MARKET={environment.MARKET}, {len(env.rows())} settings, {found}"
    print(f"OK: {told} ({path.name})")
    lacking = mode_lacks(environment)
    if lacking:
        print(f"note: EXECUTION_MODE={environment.EXECUTION_MODE}, but orders are paper; missing here: {lacking}")
    return []


def mode_lacks(environment: Environment) -> str:
    """Which of the environment's keys keep the mode that is asked for from being in force: no reason not to start. The
    database's are turned by people while it runs (docs/live_trading.md)."""
    from execution.rules.mode import Mode, ModeKeys, effective

    keys = ModeKeys(
        venue=environment.VENUE == "MEXC",
        live_trading=environment.LIVE_TRADING == "yes",
        api_key=bool(environment.MEXC_API_KEY),
        api_secret=bool(environment.MEXC_API_SECRET),
        enabled=True,
        limits=True,
    )
    names = {one: f"MEXC_{one}" for one in ("API_KEY", "API_SECRET")}
    return ", ".join(names.get(one, one) for one in effective(Mode(environment.EXECUTION_MODE), keys).missing)


def made_by_make_run(path: Path) -> dict[str, str]:
    """Stand-ins for the secrets that it makes, and what it fills in for another interval or quote asset."""
    from cdb_site import env
    from cdb_site.local import market

    given = {**env.read_file(path).values, **os.environ}
    wanted = [name for name, _, rule in env.rows() if rule.secret and not rule.optional]
    made = {name: secrets.token_urlsafe(48) for name in wanted if f"{name}_FILE" not in given}
    return market.defaults(given.get("INTERVAL", "1m"), given.get("QUOTE_ASSET", "USDT")) | made


def made_by_compose() -> dict[str, str]:
    """What docker-compose.yml sets where nobody else does. The secrets are files, made before."""
    from backoffice.automation.compose_secrets import VARIABLES

    files = {f"{name}_FILE": str(CHECKOUT / "secrets" / file) for file, name in VARIABLES.items() if name}
    return {"ENV": "prod", "TRUSTED_PROXIES": "1", "ALLOWED_HOSTS": "localhost", **files}


def print_names() -> int:
    """Every setting there is, one a line."""
    from cdb_site import env

    print("\n".join(name for name, _, _ in env.rows()))
    return 0


def main() -> int:
    """The exit code of the process."""
    parser = argparse.ArgumentParser(description="Check the settings of Claire de Binaire.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="files to check (default: .env, if any)")
    parser.add_argument("--local", action="store_true", help="for make run, which makes the secrets that are missing")
    parser.add_argument("--containers", action="store_true", help="for docker compose, with the files of secrets/")
    parser.add_argument("--names", action="store_true", help="print the names of all settings and check nothing")
    options = parser.parse_args()
    if sys.version_info < OLDEST:
        print(f"error: Python {'.'.join(map(str, OLDEST))} or newer is needed, this is {sys.version.split()[0]}.")
        return 1
    sys.path.insert(0, str(CHECKOUT))
    if options.names:
        return print_names()
    problems = []
    for path in options.files or [CHECKOUT / ".env"]:
        if options.files and not path.exists():
            problems.append(f"{path}: there is no such file. Copy .env.example to start one.")
        else:
            problems += check(path, local=options.local, containers=options.containers)
    for problem in problems:
        print(f"error: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
