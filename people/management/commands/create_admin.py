"""`manage.py create_admin`: the first person, on a system that nobody can enter yet.

There is no default password. It is asked for twice, or read from a file or the standard input, and must be one that
the rules of passwords take. Where an admin is already, another is made in the admin, or here with `--force`.
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Q

from risk.roles import ADMIN, give_role, keep_groups


class Command(BaseCommand):
    help = "Make the first admin. The password is asked for, or read with --password-file (a path, or - for stdin)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="admin", help="the login's name (default: admin)")
        parser.add_argument("--password-file", help="a file that holds the password; - reads the standard input")
        parser.add_argument("--force", action="store_true", help="also when there is an admin already")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        self._refuse(name, options["force"])
        user = User(username=name)
        try:
            user.clean_fields(exclude=["password"])
            password = _password(options["password_file"])
            validate_password(password, user)
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages)) from problem
        with transaction.atomic():
            keep_groups()
            user.set_password(password)
            user.save()
            give_role(user, ADMIN)
        self.stdout.write(f"{name} is an admin. Log in and set up the second factor at /factor/.")

    def _refuse(self, name: str, force: bool) -> None:
        if User.objects.filter(username=name).exists():
            raise CommandError(f"{name} exists. `manage.py changepassword {name}` gives a new password.")
        there = User.objects.filter(Q(is_superuser=True) | Q(groups__name=ADMIN), is_active=True).first()
        if there and not force:
            raise CommandError(f"there is an admin already: {there.username}. Add --force to make another.")


def _password(path: str | None) -> str:
    """One line. Raises CommandError when there is nothing to read, or two answers differ."""
    if path is None:
        first = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != first:
            raise CommandError("the two passwords differ; nothing was made")
        return first
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise CommandError(f"--password-file: cannot read {path}") from problem
    return text.rstrip("\r\n")
