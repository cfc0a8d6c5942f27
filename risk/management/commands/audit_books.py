"""`manage.py audit_books`: check the invariants on a live database. Exit 0, or 1 naming every row that breaks one.

With --acknowledge an operator says of a named row why trading may go on with it: it is shown, and halts no more.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from execution.operations import Refused
from execution.queries import PAPER
from risk import acknowledgements, audit
from risk.operator import command_line


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
        parser.add_argument(
            "--acknowledge",
            nargs=2,
            metavar=("CODE", "ROW"),
            help="this row, as it is named here, halts trading no more; needs --reason",
        )
        parser.add_argument("--reason", default="", help="why trading may go on with it, for the history")
        command_line.add_who(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["acknowledge"]:
            self._acknowledge(options)
        checked = audit.run_and_store(PAPER, grace_s=options["grace"])
        new, acknowledged = acknowledgements.split(checked.violations)
        for violation in new:
            self.stdout.write(str(violation))
        for violation, row in acknowledged:
            self.stdout.write(f"{violation} (acknowledged by {row.acknowledged_by}: {row.reason})")
        if new:
            raise CommandError(f"{len(new)} violations; trading is halted")
        if checked.missed:
            raise CommandError(f"not finished in their time: {', '.join(checked.missed)}")
        known = f", {len(acknowledged)} acknowledged" if acknowledged else ""
        self.stdout.write(f"ok: {len(audit.CODES)} checks, no violation{known}")

    def _acknowledge(self, options: dict[str, Any]) -> None:
        code, row = options["acknowledge"]
        if not options["reason"].strip():
            raise CommandError("--acknowledge needs --reason: why trading may go on with it")
        found = audit.violations(grace_s=options["grace"])
        try:
            acknowledgements.acknowledge(found, code, row, by=options["by"], reason=options["reason"])
        except Refused as problem:
            raise CommandError(str(problem)) from problem
