"""The set-up inside Django, as a process of its own: migrations, rights, static files, first account and user.

`python -m cdb_site.local.prepare --password ...` is not meant for the command line: the starter runs it with the
owner's connection in the environment, and only when the code's fingerprint differs from the folder's last one.
"""

from __future__ import annotations

import hashlib
import os
import sys
from io import StringIO
from pathlib import Path

from cdb_site.local.folders import CHECKOUT
from cdb_site.local.steps import Steps

OPERATOR = "operator"
PASSWORD_VARIABLE = "CDB_OPERATOR_PASSWORD"  # noqa: S105 # nosec B105 - the name of a variable
APPS = ("cdb_site", "marketdata", "signals_app", "execution", "risk", "people", "notifications", "dashboard")


def fingerprint() -> str:
    """A digest of everything the set-up depends on: migrations, append-only marks, static files, locked packages."""
    digest = hashlib.sha256()
    for path in sorted(_inputs()):
        digest.update(str(path.relative_to(CHECKOUT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _inputs() -> list[Path]:
    found = [CHECKOUT / "uv.lock", Path(__file__), CHECKOUT / "cdb_site" / "settings.py"]
    for app in APPS:
        for pattern in ("**/migrations/*.py", "**/models.py", "**/models/*.py", "**/static/**/*"):
            found += (CHECKOUT / app).glob(pattern)
    return [path for path in found if path.is_file()]


def main() -> int:
    """Do all steps; the exit code of a process."""
    password = os.environ.pop(PASSWORD_VARIABLE)
    steps = Steps(sys.stdout)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdb_site.settings")
    import django

    django.setup()
    _migrate(steps)
    _grant(steps)
    _collect_static(steps)
    _open_books(steps)
    _create_operator(steps, password)
    return 0


def _migrate(steps: Steps) -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with steps.step("migrations") as step:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            call_command("migrate", interactive=False, verbosity=0)
        step.text = f"{len(waiting)} migrations applied" if waiting else "migrations up to date"


def _grant(steps: Steps) -> None:
    from django.core.management import CommandError, call_command

    with steps.step("rights of the services' role") as step:
        try:
            call_command("grant_app_role", verbosity=0)
        except CommandError as problem:
            step.text = f"rights of the services' role left as they are: {problem}"


def _collect_static(steps: Steps) -> None:
    from django.core.management import call_command

    with steps.step("static files collected"):
        call_command("collectstatic", interactive=False, verbosity=0)


def _open_books(steps: Steps) -> None:
    """The paper account's first deposit and the first version of the limits; both are left alone when they exist."""
    from django.core.management import call_command

    with steps.step("paper account and risk limits") as step:
        said = StringIO()
        call_command("open_account", stdout=said)
        call_command("seed_limits", stdout=said)
        if os.environ.get("VENUE") == "MEXC" and os.environ.get("ENV") == "demo":
            call_command("enable_simulated_live", stdout=said)
        step.text = ", ".join(said.getvalue().split("\n")).strip(", ")


def _create_operator(steps: Steps, password: str) -> None:
    """The first user, who may do everything; an existing one keeps the password it has."""
    from django.contrib.auth.models import User

    with steps.step(f"user {OPERATOR}") as step:
        if not User.objects.filter(username=OPERATOR).exists():
            User.objects.create_superuser(username=OPERATOR, email="", password=password)
            step.text = f"user {OPERATOR} created"


if __name__ == "__main__":
    sys.exit(main())
