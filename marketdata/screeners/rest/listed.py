"""The exchange's list of pairs, believed when it fits what was known, or when the same was told for a while.

An answer that takes more than a fifth of the tradable pairs away at once, or all of them, is doubted: nothing of it is
stored, and it is asked for again. It is believed once answers have taken the same pairs away for half a minute. One
short answer of a broken cache halts nobody; an exchange that really closes its market is believed soon enough, since
prices that no longer come are no prices for a trade anyway. A pair told of unusably counts as listed and keeps what was
stored of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from cdb_site.clock import Clock
from marketdata import operations, queries
from marketdata.metrics import UNIVERSE_CHOICES
from marketdata.mexc.errors import BadAnswer
from marketdata.mexc.rest import ExchangeListing, MexcRest
from marketdata.screeners.holdings import held_symbols
from marketdata.screeners.rest.fetching import InThread

log = logging.getLogger(__name__)

EVERY_S = 30.0
FEW = 3
SHARE = 0.2
BELIEVED_AFTER_S = 30.0
ENDPOINT = "/api/v3/exchangeInfo"


class Doubt:
    """What answers took away, and since when they all took the same. Pure: the caller brings the time."""

    def __init__(self) -> None:
        self._lost: frozenset[str] = frozenset()
        self._since = 0.0

    def check(self, before: Collection[str], told: Collection[str], now_s: float) -> None:
        """`before`: the stored tradable pairs, `told`: those of the answer, or told of unusably. Raises BadAnswer."""
        lost = frozenset(before) - frozenset(told)
        if not lost or len(lost) <= max(FEW, SHARE * len(before)) and len(lost) < len(before):
            self._lost = frozenset()
            return
        if lost != self._lost:
            self._lost, self._since = lost, now_s
        if now_s - self._since >= BELIEVED_AFTER_S:
            self._lost = frozenset()
            return
        UNIVERSE_CHOICES.labels("doubted").inc()
        raise BadAnswer(ENDPOINT, f"{len(lost)} of {len(before)} pairs gone at once; not believed yet, asked again")


class ListedPairs:
    """`in_thread` runs blocking work on the screener's database thread."""

    def __init__(self, in_thread: InThread, clock: Clock) -> None:
        self.in_thread, self.clock = in_thread, clock
        self._doubt = Doubt()
        self._believed_at = float("-inf")

    def due(self) -> bool:
        """Whether it is time to look at the watched and held again."""
        return self.clock.monotonic_s() - self._believed_at >= EVERY_S

    async def believed(self, rest: MexcRest, known: Callable[[], set[str]]) -> ExchangeListing:
        """What the exchange lists; `known` reads the pairs that could be bought so far. Raises BadAnswer in doubt."""
        listing = await rest.listing()
        told = {item.symbol for item in listing.instruments if item.may_buy} | listing.odd
        self._doubt.check(await self.in_thread(known), told, self.clock.monotonic_s())
        self._believed_at = self.clock.monotonic_s()
        return listing

    async def watched_changed(self, rest: MexcRest, known: Callable[[], set[str]]) -> bool:
        """Store anew what the exchange says of the watched and held; whether it takes one of them otherwise now."""
        listing = await self.believed(rest, known)
        changed = await self.in_thread(lambda: self._keep_concerned(listing))
        if changed:
            log.warning("the exchange trades otherwise than before: %s", ", ".join(changed))
        return bool(changed)

    def keep(self, listing: ExchangeListing, quote_asset: str) -> None:
        """Store the pairs of the quote asset and the held ones of any, and halt those that are not listed any more.

        Blocks on the database.
        """
        concerned = self._concerned()
        kept = [item for item in listing.instruments if item.quote_asset == quote_asset or item.symbol in concerned]
        operations.upsert_instruments(kept)
        if kept:
            operations.halt_unlisted(quote_asset, sorted(listing.symbols))
            operations.halt(concerned - listing.symbols)

    def _keep_concerned(self, listing: ExchangeListing) -> list[str]:
        concerned = sorted(self._concerned())
        before = queries.tradability(concerned)
        operations.upsert_instruments(item for item in listing.instruments if item.symbol in before)
        operations.halt(before.keys() - listing.symbols)
        after = queries.tradability(concerned)
        return [symbol for symbol in concerned if after[symbol] != before[symbol]]

    def _concerned(self) -> set[str]:
        """The watched and the held symbols."""
        return {*queries.universe(), *(held_symbols(self.clock.wall_s()) or ())}
