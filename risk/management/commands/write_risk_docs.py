"""`manage.py write_risk_docs`: the operators' documents say what limits, breakers, codes and alerts the code has."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from risk.documents.tables import DOCUMENTS, filled


class Command(BaseCommand):
    help = "Write the tables of the operators' documents. --check writes nothing and fails when one is stale."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare only; exit 1 when a document is stale")

    def handle(self, *args: Any, **options: Any) -> None:
        stale = []
        for name, tables in DOCUMENTS.items():
            path = settings.BASE_DIR / name
            before = path.read_text(encoding="utf-8")
            after = filled(before, tables)
            if before == after:
                continue
            stale.append(name)
            if not options["check"]:
                path.write_text(after, encoding="utf-8")
                self.stdout.write(f"{name} written")
        if stale and options["check"]:
            raise CommandError(f"stale: {', '.join(stale)}; run `manage.py write_risk_docs`")
        if not stale:
            self.stdout.write("the documents are up to date")
