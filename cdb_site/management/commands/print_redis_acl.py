"""`manage.py print_redis_acl`: the users of a Redis or Valkey that is yours, for its `aclfile`, and their passwords.

All follows from one secret, of which the services are never told: each gets the password of its own user.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.env import SECRET_MIN_LENGTH, weak
from cdb_site.redis_users import ACL_USERS, acl_file, password_of


class Command(BaseCommand):
    help = "Print the file of Redis' users (hashes alone), or with --user the password of one of them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--secret-file", required=True, metavar="PATH", help="file of the secret; - for stdin")
        parser.add_argument("--user", choices=ACL_USERS, help="print the password of this user instead")

    def handle(self, *args: Any, **options: Any) -> None:
        secret = _secret(options["secret_file"])
        user = options["user"]
        self.stdout.write(password_of(user, secret) if user else acl_file(secret), ending="\n" if user else "")


def _secret(path: str) -> str:
    try:
        secret = (sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise CommandError(f"--secret-file: {path} cannot be read ({problem}). Name a file that holds it.") from None
    if weak("REDIS_PASSWORD", secret):
        raise CommandError(
            f"--secret-file: shorter than {SECRET_MIN_LENGTH} characters, of too few different ones or a placeholder. "
            'Take one from: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    return secret
