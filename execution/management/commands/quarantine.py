"""`manage.py quarantine`: answers of the venue that could not be booked: list them, try again, or dismiss them."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.bus.clock_follower import follow_shared_anchor
from cdb_site.clock import SYSTEM
from execution import quarantine
from execution.operations import Refused
from execution.queries import PAPER


class Command(BaseCommand):
    help = "Answers that could not be booked: list, retry NUMBER once the cause is mended, or dismiss NUMBER."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="what waits")
        for name, meaning in (("retry", "book it as it came"), ("dismiss", "never book it; its order ends")):
            act = acts.add_parser(name, help=meaning)
            act.add_argument("number", type=int, help="as `quarantine list` names it")
            act.add_argument("--by", default=getpass.getuser(), help="who (default: the system user)")
            if name == "dismiss":
                act.add_argument("--reason", required=True, help="why, for the history")

    def handle(self, *args: Any, **options: Any) -> None:
        follow_shared_anchor()
        try:
            getattr(self, f"_{options['act']}")(options)
        except Refused as problem:
            raise CommandError(str(problem)) from problem

    def _list(self, _: dict[str, Any]) -> None:
        rows = quarantine.waiting(PAPER)
        for row in rows:
            self.stdout.write(f"#{row.pk}  {row.created_at:%Y-%m-%d %H:%M:%S}Z  {row.order}  order {row.order_id}")
            self.stdout.write(f"     {row.error.partition(chr(10))[0]}")
            for trade in row.report["trades"]:
                traded = f"{trade['quantity']} @ {trade['price']}, fee {trade['fee']} {trade['fee_asset']}"
                self.stdout.write(f"     the venue says: {trade['trade_id']}  {traded}, at {trade['executed_at']}")
        if not rows:
            self.stdout.write("nothing is in quarantine")

    def _retry(self, options: dict[str, Any]) -> None:
        fills = quarantine.retry(options["number"], by=options["by"], clock=SYSTEM)
        self.stdout.write(f"#{options['number']} is booked: {fills} fills")

    def _dismiss(self, options: dict[str, Any]) -> None:
        quarantine.dismiss(options["number"], by=options["by"], reason=options["reason"], clock=SYSTEM)
        self.stdout.write(f"#{options['number']} is dismissed, its order ended")
