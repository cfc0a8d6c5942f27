"""`manage.py open_account`: open the paper account with its first deposit. Harmless when it is open already."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cdb_site.bus import books
from cdb_site.clock import SYSTEM
from cdb_site.units import plain
from execution import operations, queries


class Command(BaseCommand):
    help = "Open the paper account with STARTING_CASH in QUOTE_ASSET, once; refuses another MARKET's books."

    def handle(self, *args: Any, **options: Any) -> None:
        environment = settings.ENVIRONMENT
        try:
            books.claim(environment.MARKET)
        except books.OtherMarket as problem:
            raise CommandError(str(problem)) from problem
        opened = operations.open_account(
            queries.PAPER, quote_asset=environment.QUOTE_ASSET, deposit=environment.STARTING_CASH, clock=SYSTEM
        )
        account = queries.account(queries.PAPER)
        what = "opened" if opened else "was open already"
        self.stdout.write(f"account {account.account} {what}: cash {plain(account.cash)} {account.quote_asset}")
