"""`manage.py unlock_login`: end the wait of somebody who failed to log in too often."""

from __future__ import annotations

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from people.lockout import unlock

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Forget the failed logins of a name, an address, or a name at an address, which may be tried at once again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", default="", help="the login's name")
        parser.add_argument("--address", default="", help="the address it was tried from")

    def handle(self, *args: Any, user: str, address: str, **options: Any) -> None:
        if not (user or address):
            raise CommandError("name whom to unlock: --user anna, --address 192.0.2.7, or both")
        gone = unlock(name=user, address=address)
        log.warning("logins unlocked by command: user %r, address %r", user, address)
        self.stdout.write(f"{gone} counts of failed logins forgotten" if gone else "nobody was counted by that")
