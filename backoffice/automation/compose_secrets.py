#!/usr/bin/env python3
"""The secrets of docker-compose.yml as files in ./secrets: made where missing, or taken from environment and .env.

What these set is the value itself (NAME) or a file that holds it (NAME_FILE). REDIS_PASSWORD is here the secret of
Redis' administrator, from which the passwords of the services' users and the file of these users follow.

A file that is there stays. If .env says otherwise than a file, nothing is changed: PostgreSQL and Grafana take a
password at their first start alone, so the file would lie. Needs nothing but Python; never prints a value. Exit code 1
on a problem.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
# File → the setting that may name its value; the owner of the database is nobody's setting.
VARIABLES = {
    "secret_key": "SECRET_KEY",  # nosec B105
    "postgres_owner_password": "",  # nosec B105
    "postgres_app_password": "POSTGRES_PASSWORD",  # nosec B105
    "redis_password": "REDIS_PASSWORD",  # nosec B105
    "grafana_password": "GRAFANA_PASSWORD",  # nosec B105
    "telegram_token": "TELEGRAM_TOKEN",  # nosec B105
    "mexc_api_key": "MEXC_API_KEY",  # nosec B105
    "mexc_api_secret": "MEXC_API_SECRET",  # nosec B105
}
# Given by others, so none is made: without one the file is empty, and filled when the settings name one.
NEVER_MADE = ("telegram_token", "mexc_api_key", "mexc_api_secret")
REMEDY = {
    "grafana_password": "grafana cli admin reset-admin-password changes it in Grafana; then write the file anew",  # nosec B105
    "postgres_app_password": "ALTER ROLE cdb_app PASSWORD … changes it in PostgreSQL; then write the file anew",  # nosec B105
}


def make(folder: Path, wanted: dict[str, str]) -> tuple[list[str], list[str]]:
    """(What was done, what cannot be): one line a file. Nothing is written when something cannot be."""
    from cdb_site.env import SECRET_MIN_LENGTH, weak

    problems, to_write = [], {}
    for name, variable in VARIABLES.items():
        value, path = wanted.get(variable, ""), folder / name
        if value and weak(variable, value):
            problems.append(f"{variable}: shorter than {SECRET_MIN_LENGTH} characters or a placeholder.")
        elif not path.exists() or (value and path.stat().st_size == 0):
            to_write[name] = value
        elif value and path.read_text(encoding="utf-8").strip() != value:
            remedy = REMEDY.get(name, f"remove {path.name} and start the containers anew")
            problems.append(f"{variable}: is not what secrets/{name} holds; {remedy}.")
    if problems:
        return [], problems
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)  # One that was there may be open to others.
    for name, value in to_write.items():
        made = "" if name in NEVER_MADE else secrets.token_urlsafe(48)
        _write(folder / name, f"{value or made}\n" if value or made else "")
    done = [f"{name}: {_origin(name, value)}" for name, value in to_write.items()]
    return [*done, *_follow(folder)] or ["all there"], []


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def _follow(folder: Path) -> list[str]:
    """Write what is made of Redis' secret where it is not there or is of another one. Returns what was done."""
    from cdb_site.redis_users import ROLES, acl_file, password_of

    secret = (folder / "redis_password").read_text(encoding="utf-8").strip()
    wanted = {f"redis_{user}": password_of(user, secret) + "\n" for user in ROLES}
    wanted["redis_acl"] = acl_file(secret)
    paths = {folder / name: text for name, text in wanted.items()}
    other = [path for path, text in paths.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in other:
        _write(path, paths[path])
    return [f"{path.name}: made of redis_password; start cdb_redis and its services anew" for path in other]


def make_from(settings: Path, folder: Path) -> tuple[list[str], list[str]]:
    """The same with what environment and `.env` say. Those that are missing are made, as the demo asks for none."""
    from cdb_site.env import survey

    environment, found = survey(settings, {**os.environ, "ENV": "demo"})
    if environment is None or found:
        return [], [str(problem) for problem in found]
    return make(folder, {name: getattr(environment, name) for name in VARIABLES.values() if name})


def _origin(name: str, value: str) -> str:
    if value:
        return f"taken from {VARIABLES[name]}"
    return f"empty; {VARIABLES[name]} is not set" if name in NEVER_MADE else "made"


def main() -> int:
    """The exit code of the process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=CHECKOUT / "secrets", help="where the files lie")
    parser.add_argument("--env-file", type=Path, default=CHECKOUT / ".env", help="settings (default: .env, if any)")
    options = parser.parse_args()
    sys.path.insert(0, str(CHECKOUT))
    done, problems = make_from(options.env_file, options.folder)
    for line in done:
        print(line)
    for problem in problems:
        print(f"error: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
