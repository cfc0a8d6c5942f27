"""The desk of this process: one account, with all venues that its orders may have to do with.

The one place where venues are made. Paper is always among them. The exchange's are there when its keys are and this
build has them, whatever mode is in force: who holds what was bought with money must be able to sell it, and to ask for
its orders, when live trading was withdrawn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from cdb_site.clock import SYSTEM
from cdb_site.env import Environment
from cdb_site.limits_in_force import LimitInForce
from execution import queries
from execution.mode_in_force import ModeInForce
from execution.order_gateway import Desk
from execution.quotes import QuoteBoard
from execution.rules.fill_model import Model
from execution.rules.mode import LIVE_VENUE, PAPER_VENUE, TEST_VENUE, Mode
from execution.venues.journal import Journal
from execution.venues.paper import PaperVenue
from execution.venues.protocol import TellingVenue, Venue
from execution.venues.routed import RoutedVenue

_first = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueBuilders:
    """How the exchange's venues are made, the one for real orders and the one that has them checked and lets paper
    fill them. None: this build has no such venue, which the mode in force then says (BUILD)."""

    live: Callable[[Environment], Venue] | None = None
    test: Callable[[Environment, Venue], Venue] | None = None

    @property
    def complete(self) -> bool:
        return self.live is not None and self.test is not None


def _live(environment: Environment) -> Venue:
    # The exchange's client is of no use, and of some memory, where orders are paper.
    from execution.venues.mexc.venue import mexc_venue

    return mexc_venue(environment)


def _test(environment: Environment, paper: Venue) -> Venue:
    from execution.venues.mexc.venue import mexc_test_venue

    return mexc_test_venue(environment, paper)


EXCHANGE = VenueBuilders(live=_live, test=_test)


def desk() -> Desk:
    """The desk of this process, one for all its threads."""
    with _first:
        return _desk()


@cache
def _desk() -> Desk:
    return desk_for(settings.ENVIRONMENT, EXCHANGE)


def listen(on_connected: Callable[[], object]) -> None:
    """Hear from now on what the exchange tells of its own, where there is one; once in a process. `on_connected` is
    called whenever its stream begins."""
    mine = desk()
    real = mine.venue.venues.get(LIVE_VENUE) if isinstance(mine.venue, RoutedVenue) else None
    if isinstance(real, TellingVenue) and not real.listened:
        real.listen(mine.hear, on_connected)


def reconciled_desk() -> Desk:
    """The desk at the one venue whose lists the books are held against now: the exchange's where orders are real, else
    paper's. What either of them is sending or waiting for is the same."""
    mine = desk()
    real = mine.mode is not None and mine.mode.told().mode == Mode.LIVE
    return at_venue(mine, LIVE_VENUE if real else PAPER_VENUE)


def at_venue(mine: Desk, name: str) -> Desk:
    """The desk as it is, at one of its venues alone."""
    alone = copy(mine)
    if isinstance(mine.venue, RoutedVenue):
        alone.venue = mine.venue.venues[name]
    return alone


def desk_for(environment: Environment, builders: VenueBuilders) -> Desk:
    """A desk as this environment wants it, with the venues that can be had."""
    board = QuoteBoard(clock=SYSTEM, max_age_s=LimitInForce("max_price_age_s", SYSTEM))
    mode = ModeInForce(environment, queries.PAPER, build=builders.complete, clock=SYSTEM)
    venues: dict[str, Venue] = {PAPER_VENUE: _paper(environment, board)}
    if environment.MEXC_API_KEY and environment.MEXC_API_SECRET and not mode.only_paper:
        venues |= _of_the_exchange(environment, builders, venues[PAPER_VENUE])
    return Desk(
        account=queries.PAPER,
        venue=RoutedVenue(venues),
        board=board,
        mode=mode,
        at_hand=venues.keys() - {PAPER_VENUE},
    )


def _of_the_exchange(environment: Environment, builders: VenueBuilders, paper: Venue) -> dict[str, Venue]:
    made: dict[str, Venue] = {}
    if builders.live is not None:
        made[LIVE_VENUE] = builders.live(environment)
    if builders.test is not None:
        made[TEST_VENUE] = builders.test(environment, paper)
    return made


def _paper(environment: Environment, board: QuoteBoard) -> PaperVenue:
    return PaperVenue(
        journal=Journal(environment.DATA_DIR / "paper_venue.jsonl"),
        model=Model(impact_bps=environment.PAPER_IMPACT_BPS, depth_share=environment.PAPER_DEPTH_SHARE),
        quote_asset=environment.QUOTE_ASSET,
        book_of=board.fresh_book,
        rules_of=board.rules,
        now=SYSTEM.market_now,
        reject_share=environment.PAPER_REJECT_PCT,
        latency_ms=environment.PAPER_LATENCY_MS,
    )
