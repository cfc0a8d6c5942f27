#!/usr/bin/env python3
"""Checks the settings before anything is started: prints OK, or the variable that cannot be used and what to do.

Reads what a service would read, the process environment over `.env`, and needs nothing but Python. `make demo` and
`make run` generate secrets that are missing; containers and services started by hand do not, so neither does this.
Exit code 0 when all can be used, else 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)


def env_file_values(path: Path) -> dict[str, str]:
    """NAME=value lines of an .env file; quotes are taken off, comments left out."""
    values = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            values[name.strip()] = _unquoted(value.strip())
    return values


def _unquoted(value: str) -> str:
    if value[:1] in ("'", '"'):
        return value[1:].partition(value[0])[0]
    return value.partition(" #")[0].rstrip()


def check(path: Path) -> str:
    """The line to print. Raises EnvironmentProblem naming the variable and the remedy."""
    from cdb_site import env

    environment = env.read_with_file(env_file_values(path) if path.exists() else {})
    secrets = "secrets set" if env.EFFECTS[environment.ENV].secrets_required else "no secrets needed"
    return f"OK: ENV={environment.ENV}, MARKET={environment.MARKET}, {len(env.rows())} settings, {secrets}"


def main() -> int:
    """The exit code of the process."""
    parser = argparse.ArgumentParser(description="Check the settings of Claire de Binaire.")
    parser.add_argument(
        "--env-file", type=Path, default=CHECKOUT / ".env", metavar="PATH", help="file to read (default: .env, if any)"
    )
    options = parser.parse_args()
    if sys.version_info < OLDEST:
        print(f"error: Python {'.'.join(map(str, OLDEST))} or newer is needed, this is {sys.version.split()[0]}.")
        return 1
    if not options.env_file.exists() and options.env_file != CHECKOUT / ".env":
        print(f"error: --env-file: there is no file {options.env_file}. Copy .env.example to start one.")
        return 1
    sys.path.insert(0, str(CHECKOUT))
    from cdb_site.env import EnvironmentProblem

    try:
        print(check(options.env_file))
    except EnvironmentProblem as problem:
        print(f"error: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
