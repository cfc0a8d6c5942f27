"""`manage.py rebuild_books`: derive positions, account and order sums from the fills again, and compare or repair."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from execution import gate, queries, rebuild


class Command(BaseCommand):
    help = "Rebuild the books from fills and ledger. --check compares only; a difference halts trading and exits 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        found = rebuild.differences(queries.PAPER)
        for difference in found:
            self.stdout.write(str(difference))
        if not found:
            self.stdout.write("the books equal the fills, to the last digit")
            return
        reason = f"{len(found)} differences; first: {found[0]}"
        gate.halt(queries.PAPER, by="rebuild_books", reason=reason, owner=gate.Owner.AUDIT)
        if options["check"]:
            raise CommandError(f"{len(found)} differences; trading is halted. Repair with `manage.py rebuild_books`")
        self.stdout.write(f"{rebuild.write(queries.PAPER)} figures set to what the fills give; trading stays halted")
