"""`manage.py give_role`: make somebody a viewer, an operator or an admin."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from risk.roles import ROLES, give_role, keep_groups


class Command(BaseCommand):
    help = "Give a person a role: viewer looks, operator acts, admin also begins the account anew and keeps people."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="the login, as in the Django admin")
        parser.add_argument("role", choices=ROLES)

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            known = ", ".join(User.objects.order_by("username").values_list("username", flat=True)) or "nobody"
            raise CommandError(f"no such person: {options['user']}. Known: {known}")
        if user.is_superuser:
            raise CommandError(f"{user.username} is a superuser, who may everything whatever the role")
        keep_groups()
        give_role(user, options["role"])
        self.stdout.write(f"{user.username} is now {options['role']}")
