"""`manage.py audit_books`: check the invariants on a live database. Exit 0, or 1 naming every row that breaks one."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from execution.queries import PAPER
from risk import audit


class Command(BaseCommand):
    help = "Audit the books (I1-I6). Exit 0 when they hold; otherwise the rows are named, trading halts, exit 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--grace",
            type=float,
            default=audit.GRACE_S,
            metavar="S",
            help="seconds in which a signal or order may still be under way (default %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        checked = audit.run_and_store(PAPER, grace_s=options["grace"])
        for violation in checked.violations:
            self.stdout.write(str(violation))
        if checked.violations:
            raise CommandError(f"{len(checked.violations)} violations; trading is halted")
        if checked.missed:
            raise CommandError(f"not finished in their time: {', '.join(checked.missed)}")
        self.stdout.write(f"ok: {len(audit.CODES)} checks, no violation")
