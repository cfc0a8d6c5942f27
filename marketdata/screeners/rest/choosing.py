"""The REST screener's choice of the universe: which symbols are watched, looked at again as time goes by.

Chosen at the start, every UNIVERSE_EVERY_S of market time, and when a position turns up in a symbol that is not
watched; but at most every 30 wall seconds. Settings that name no usable universe raise UNIVERSE_UNUSABLE and change
nothing, and are looked at every minute: the exchange may list tomorrow what it does not know today. While the risk
manager does not say what is held nobody leaves the universe, and it is chosen again after a minute. In between the
list is read twice a minute for the sake of the watched and the held: what may no longer be bought or sold is known
soon, steps and minimums too, and a change of that is a reason to choose.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import NamedTuple, Protocol, TypeVar

from cdb_site.bus.runtime import Runtime
from cdb_site.env import Environment
from marketdata import queries
from marketdata.metrics import UNIVERSE, UNIVERSE_CHOICES
from marketdata.mexc.rest import ExchangeListing, InstrumentInfo, MexcRest, Ticker
from marketdata.screeners.conditions import Condition, Conditions
from marketdata.screeners.holdings import held_symbols
from marketdata.screeners.rest.listed import ListedPairs
from marketdata.ticks import spread_bps
from marketdata.universe import store
from marketdata.universe.rules import (
    NOTHING,
    Offer,
    Place,
    Standing,
    UniverseProblem,
    WantedUniverse,
    places,
    settings_key,
    too_wide,
)

log = logging.getLogger(__name__)
T = TypeVar("T")

AT_MOST_EVERY_S = 30.0
AGAIN_S = 60.0
HELD_EVERY_S = 5.0
UNUSABLE: Condition = ("UNIVERSE_UNUSABLE", "universe")
SOURCE = "rest"


class Screener(Protocol):
    """What the choice needs of its screener; `store` runs blocking work on the screener's database thread."""

    runtime: Runtime

    def store(self, work: Callable[[], T]) -> Awaitable[T]: ...


class Universe(NamedTuple):
    """`another_market`: the stored universe and its history were another seed's or another recording's."""

    symbols: list[str]
    another_market: bool


class Choosing:
    """`turn` as often as you like, `refresh` to choose at once."""

    def __init__(self, screener: Screener) -> None:
        self.screener, self.runtime = screener, screener.runtime
        self.clock, self.environment = screener.runtime.clock, screener.runtime.environment
        self.wanted = wanted_of(self.environment)
        self.problem = ""
        self._positions_known = True
        self._looked_s = self._chosen_market_s = self._asked_held_s = float("-inf")
        self.pairs = ListedPairs(screener.store, self.clock)
        self._conditions = Conditions(source=SOURCE, codes=[UNUSABLE[0]])

    async def turn(self, rest: MexcRest) -> Universe | None:
        """The universe when it was time to choose, else None. Raises MexcProblem, DatabaseError, redis errors."""
        if await self.due():
            return await self.refresh(rest)
        if self.pairs.due() and await self.pairs.watched_changed(rest, self._known_pairs):
            return await self.refresh(rest)
        return None

    async def due(self) -> bool:
        """Whether it is time to choose again."""
        looked_ago_s = self.clock.monotonic_s() - self._looked_s
        if looked_ago_s < AT_MOST_EVERY_S:
            return False
        market_ago_s = self.clock.market_s() - self._chosen_market_s
        if not 0 <= market_ago_s < self.environment.UNIVERSE_EVERY_S:
            return True
        if self.problem or not self._positions_known:
            return looked_ago_s >= AGAIN_S
        return await self._somebody_unwatched()

    async def refresh(self, rest: MexcRest) -> Universe:
        """Store what the exchange lists, and choose. Raises MexcProblem, DatabaseError, redis errors."""
        listed = await self.pairs.believed(rest, self._known_pairs)
        tickers = {ticker.symbol: ticker for ticker in await rest.tickers_24h()}
        offers = [_offer(item, tickers.get(item.symbol)) for item in listed.instruments]
        universe = await self.screener.store(lambda: self._choose(listed, offers))
        self._looked_s, self._chosen_market_s = self.clock.monotonic_s(), self.clock.market_s()
        return universe

    def _known_pairs(self) -> set[str]:
        """The stored pairs that may be bought; of another market none."""
        market = market_name(self.environment, self.clock.anchor.label)
        if any(not text.startswith(f"{market} ") for text in queries.universe_settings()):
            return set()
        return queries.tradable(self.wanted.quote_asset)

    async def _somebody_unwatched(self) -> bool:
        """Whether there is a position in a symbol that is not watched."""
        now = self.clock.monotonic_s()
        if now - self._asked_held_s < HELD_EVERY_S:
            return False
        self._asked_held_s = now
        return await self.screener.store(
            lambda: bool((held_symbols(self.clock.wall_s()) or frozenset()) - set(queries.universe()))
        )

    def _choose(self, listed: ExchangeListing, offers: Sequence[Offer]) -> Universe:
        """On the database thread: instruments, then the universe with its history, then the alert."""
        self.pairs.keep(listed, self.wanted.quote_asset)
        market = market_name(self.environment, self.clock.anchor.label)
        key = settings_key(
            whitelist=self.wanted.whitelist,
            size=self.wanted.size,
            quote_asset=self.wanted.quote_asset,
            market=market,
        )
        before = queries.universe_settings()
        another_market = any(not text.startswith(f"{market} ") for text in before)
        held = held_symbols(self.clock.wall_s())
        maybe_held = {offer.symbol for offer in offers}.intersection(queries.universe()) if held is None else held
        try:
            found = places(offers, self.wanted, self._standing(before == {key}, maybe_held))
        except UniverseProblem as problem:
            return self._unusable(str(problem), offers, market, another_market)
        self._positions_known = held is not None or not any(place.held and not place.chosen for place in found)
        settings = settings_text(market, self.wanted) + ("" if self._positions_known else "; positions unknown")
        change = store.store_choice(found, key=key, settings=settings, chosen_at=self.clock.market_now())
        self._usable(found, change)
        return Universe(queries.universe(), another_market)

    def _standing(self, same: bool, held: Collection[str]) -> Standing:
        """Who is in counts only under the `same` settings. With positions unknown everybody may be held."""
        spreads = queries.spreads_at_last_choice()
        return Standing(
            members=queries.universe_members() if same else (),
            held=held,
            paused=queries.paused(self.clock.wall_now()).keys(),
            wide={symbol for symbol, spread in spreads.items() if too_wide(spread, self.wanted)},
        )

    def _usable(self, found: Sequence[Place], change: store.Change) -> None:
        chosen = sum(place.chosen for place in found)
        UNIVERSE.labels("chosen").set(chosen)
        UNIVERSE.labels("held").set(sum(place.held and not place.chosen for place in found))
        UNIVERSE_CHOICES.labels("chosen").inc()
        self.problem = ""
        self._conditions.settle({})
        if change.joined or change.dropped:
            joined, dropped = ", ".join(change.joined) or "none", ", ".join(change.dropped) or "none"
            log.info("universe: %d symbols chosen; joined: %s; dropped: %s", chosen, joined, dropped)

    def _unusable(self, problem: str, offers: Sequence[Offer], market: str, another_market: bool) -> Universe:
        """What is watched stays, without what another market does not list; its history is fetched anew."""
        if another_market:
            listed = {offer.symbol for offer in offers if offer.trading}
            store.keep_for_market([symbol for symbol in queries.universe() if symbol in listed], f"{market} kept")
        watched = queries.universe()
        UNIVERSE_CHOICES.labels("unusable").inc()
        if problem != self.problem:
            self._conditions.settle({})
        self.problem = problem
        self._conditions.settle({UNUSABLE: {"problem": problem, "watched": len(watched)}})
        log.warning("universe: %s", problem)
        return Universe(watched, another_market)


async def refresh(rest: MexcRest, screener: Screener) -> Universe:
    """Choose once: the symbols to watch, and whether the stored ones were another market's."""
    return await Choosing(screener).refresh(rest)


def wanted_of(environment: Environment) -> WantedUniverse:
    return WantedUniverse(
        quote_asset=environment.QUOTE_ASSET,
        size=environment.UNIVERSE_SIZE,
        whitelist=environment.SYMBOL_WHITELIST,
        max_spread_bps=environment.UNIVERSE_MAX_SPREAD_BPS,
        min_volume=environment.UNIVERSE_MIN_VOLUME,
    )


def market_name(environment: Environment, label: str) -> str:
    """MEXC, or the simulated market with its seed or recording."""
    return f"{environment.MARKET} {label.partition(';')[0]}".strip()


def settings_text(market: str, wanted: WantedUniverse) -> str:
    """The settings of a choice in an operator's words."""
    if wanted.whitelist:
        return f"{market}: whitelist in {wanted.quote_asset}"
    limits = f"spread up to {wanted.max_spread_bps:f} bps, 24 h volume from {wanted.min_volume:f}"
    return f"{market}: top {wanted.size} in {wanted.quote_asset}, {limits}"


def _offer(item: InstrumentInfo, ticker: Ticker | None) -> Offer:
    return Offer(
        symbol=item.symbol,
        base_asset=item.base_asset,
        quote_asset=item.quote_asset,
        trading=item.may_buy,
        quote_volume_24h=max(ticker.quote_volume, NOTHING) if ticker else NOTHING,
        spread_bps=spread_bps(ticker.bid, ticker.ask) if ticker else None,
    )
