"""One database holds the books of one market: candles, prices, orders and cash of another would be mixed into them.

Opening the account writes down which market (`MARKET`). From then on whoever starts for another one is refused: the
set-up before the services, and each service at its start. What was opened before this was written down belongs to
the market of the next set-up.
"""

from __future__ import annotations

import logging

from django.db import OperationalError, connection

from cdb_site.bus.models import BooksMarket

log = logging.getLogger(__name__)


class OtherMarket(Exception):
    """These are another market's books; the text says whose and what to do."""


def claim(market: str) -> None:
    """The books are of this market from now on. Raises OtherMarket when they are another one's."""
    row, _ = BooksMarket.objects.get_or_create(single=True, defaults={"market": market})
    _refuse_another(row.market, market)


def check(market: str) -> None:
    """Raises OtherMarket when the books are another market's; nothing is said of books that nobody claimed."""
    _refuse_another(BooksMarket.objects.values_list("market", flat=True).first(), market)


def check_at_start(market: str) -> None:
    """The same for a service that starts: when PostgreSQL is away it starts and waits, as it does later."""
    try:
        check(market)
    except OperationalError as problem:
        log.warning("whose books these are could not be asked: %s", problem)
    finally:
        connection.close()


def _refuse_another(found: str | None, wanted: str) -> None:
    if found is not None and found != wanted:
        raise OtherMarket(
            f"the books in this database are of MARKET={found}, and MARKET={wanted} is set. Set MARKET={found}, or "
            "start on a database of its own (containers: another COMPOSE_PROJECT_NAME)."
        )
