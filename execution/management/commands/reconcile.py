"""`manage.py reconcile`: the books beside the venue's own lists, now; the last look; or accept what differs."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.bus.clock_follower import follow_shared_anchor
from execution import reconcile
from execution.desks import reconciled_desk
from execution.models import Reconciliation
from execution.operations import Refused
from execution.order_gateway import Desk


class Command(BaseCommand):
    help = (
        "Compare the books with the venue's orders, trades and balances; book trades that are missing. Exit 1 when"
        " something differs, 2 when the venue does not answer."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--last", action="store_true", help="show the last look, ask nobody")
        choice.add_argument("--accept", metavar="ASSET", help="what differs of it lies beside the books from now on")
        parser.add_argument("--by", default=getpass.getuser(), help="who accepts (default: the system user)")
        parser.add_argument("--reason", default="", help="why it is accepted, for the history")

    def handle(self, *args: Any, **options: Any) -> None:
        follow_shared_anchor()
        desk = reconciled_desk()
        last = Reconciliation.objects.filter(account_id=desk.account).first()
        if options["accept"]:
            self._accept(last, options)
        row = self._last(last) if options["last"] else self._look(desk, last)
        self._show(row)
        if row.result == Reconciliation.Result.UNANSWERED:
            raise CommandError(f"{row.venue} does not answer: {row.said}; nothing was compared", returncode=2)
        if row.result != Reconciliation.Result.EVEN:
            raise CommandError(self._remedy(row))

    def _look(self, desk: Desk, last: Reconciliation | None) -> Reconciliation:
        """Where this process has no keys of the venue that execution compares with, what that found last."""
        if last is None or last.venue == desk.venue.name:
            return reconcile.reconcile(desk, cause=Reconciliation.Cause.OPERATOR)
        self.stderr.write(f"only execution has the keys of {last.venue}; what it found last, it looks once a minute:")
        return last

    def _accept(self, last: Reconciliation | None, options: dict[str, Any]) -> None:
        row, told = self._last(last), {"by": options["by"], "reason": options["reason"]}
        try:
            more = reconcile.accept(row.account_id, row.venue, options["accept"], **told)
        except Refused as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{more:f} {options['accept']} lie beside the books from now on")

    def _last(self, last: Reconciliation | None) -> Reconciliation:
        if last is None:
            raise CommandError("the venue was never looked at; `manage.py reconcile` does it now")
        return last

    def _show(self, row: Reconciliation) -> None:
        when = f"{row.ran_at:%Y-%m-%d %H:%M:%S}Z, {row.cause}, {row.duration_ms} ms"
        self.stdout.write(f"{row.venue}  {row.result}  {when}")
        self.stdout.write(
            f"  {row.trades_read} trades read, {row.fills_booked} were missing and are booked;"
            f" {row.external_orders} orders are none of ours"
        )
        for one in row.differences:
            self.stdout.write(
                f"  {one['what']:8} venue {one['venue']}, books {one['books']}: difference {one['difference']}"
            )

    def _remedy(self, row: Reconciliation) -> str:
        if row.result == Reconciliation.Result.UNSETTLED:
            return "orders were under way at every look, so balances were not compared; try again in a moment"
        return (
            "the venue and the books differ; trading is halted. Money paid in or out is entered with"
            " `manage.py deposit` or `withdraw`; what is none of ours with"
            " `manage.py reconcile --accept ASSET --reason …`"
        )
