"""`manage.py reset_factor`: somebody lost the device of their second factor, and the recovery codes with it."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from people.factor.operations import reset

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Forget a person's second factor. They log in by password alone then, and set up a new one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="the login's name")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"no such person: {options['user']}")
        if not reset(user):
            raise CommandError(f"{user.username} has no second factor")
        log.warning("second factor of %s reset by command", user.username)
        self.stdout.write(f"{user.username} has no second factor any more; a new one is set up at /factor/")
