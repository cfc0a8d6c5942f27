#!/usr/bin/env python3
"""Checks settings before anything is started: prints OK, or everything that cannot be used, each with what to do.

Reads what a service would read, by the same functions: the process environment over a file. Needs nothing but Python.
Problems are named by file, line and variable, never by value. `make demo` and `make run` generate secrets that are
missing; containers and services started by hand do not, so neither does this. Exit code 0 when all can be used, else 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)


def check(path: Path) -> list[str]:
    """The problems of a start with this file."""
    from cdb_site import env

    environment, problems = env.survey(path)
    if problems or environment is None:
        return [str(problem) for problem in problems]
    secrets = "secrets set" if env.EFFECTS[environment.ENV].secrets_required else "no secrets needed"
    told = f"ENV={environment.ENV}, MARKET={environment.MARKET}, {len(env.rows())} settings, {secrets}"
    print(f"OK: {told} ({path.name})")
    return []


def main() -> int:
    """The exit code of the process."""
    parser = argparse.ArgumentParser(description="Check the settings of Claire de Binaire.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="files to check (default: .env, if any)")
    options = parser.parse_args()
    if sys.version_info < OLDEST:
        print(f"error: Python {'.'.join(map(str, OLDEST))} or newer is needed, this is {sys.version.split()[0]}.")
        return 1
    sys.path.insert(0, str(CHECKOUT))
    problems = []
    for path in options.files or [CHECKOUT / ".env"]:
        if options.files and not path.exists():
            problems.append(f"{path}: there is no such file. Copy .env.example to start one.")
        else:
            problems += check(path)
    for problem in problems:
        print(f"error: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
