"""`manage.py write_access_table`: who may ask for what, put between its marks in docs/roles.md."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from people.access_words import lines, with_table


class Command(BaseCommand):
    help = "Renew the table of access in docs/roles.md."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "roles.md"
        path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
        self.stdout.write(f"{len(lines()) - 2} rows in {path.name}")
