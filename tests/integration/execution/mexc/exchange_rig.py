"""A simulated exchange in a loop and thread of its own, its accounts, and venues that trade there.

A venue is synchronous and the simulator is not: neither may stand in the other's loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from cdb_site.clock import Anchor, Clock
from execution.venues.mexc.loop import LoopThread
from execution.venues.mexc.sent import SharedNotes
from execution.venues.mexc.signing import ExchangeKey
from execution.venues.mexc.venue import MexcAccount, MexcVenue
from execution.venues.protocol import Report, Ticket
from marketdata.mexc.limiter import Keys, Limiter, Shared
from mexc_sim.faults import control
from mexc_sim.faults.desk import CONTROL_HEADER
from mexc_sim.trading.account_file import ApiKey
from mexc_sim.trading.accounts import Why
from mexc_sim.trading.floor import FloorOrder, SimAccount
from tests.integration.mexc_sim.exchange_site import Site, running_exchange

KEY, SECRET = "mx0keycanary", "secretcanarysecretcanarysecret"
SYMBOL = "SOLUSDT"
NO_LIMIT = 10**9


class ExchangeRig:
    """`account` is what the exchange itself has of ours: the witness of what was placed."""

    def __init__(self, site: Site, account: SimAccount, loop: LoopThread) -> None:
        self.site, self.account, self.loop = site, account, loop
        self._ending = ExitStack()

    @property
    def clock(self) -> Clock:
        """A clock that follows the exchange's market time, as services do."""
        wall_s = time.time()
        market = self.site.clock.market
        return Clock(Anchor(wall_s=wall_s, market_s=self.site.clock.now_s(), rate=market.rate))

    def venue(self, *, secret: str = SECRET, key: str = KEY, url: str = "", **changes: Any) -> MexcVenue:
        """A process's venue, with limits of its own that it does not feel."""
        account = self.client(secret=secret, key=key, url=url, **changes)
        made = MexcVenue(account, ws_url=self.site.ws_url, notes=SharedNotes(self.site.url))
        self._ending.callback(made.close)
        return made

    def client(
        self, *, secret: str = SECRET, key: str = KEY, url: str = "", order_limiter: Limiter | None = None
    ) -> MexcAccount:
        return MexcAccount(
            rest_url=url or self.site.url,
            credentials=ExchangeKey(key, secret),
            clock=self.clock,
            limiter=unfelt_limiter(),
            order_limiter=order_limiter or unfelt_limiter(),
        )

    def ends(self, call: Callable[[], Any]) -> None:
        self._ending.callback(call)

    def close(self) -> None:
        self._ending.close()

    def placed(self, client_order_id: str) -> list[FloorOrder]:
        """Every order the exchange took under this client's id."""
        return [order for order in list(self.account.orders.values()) if order.asked.client_id == client_order_id]

    def quote(self, symbol: str = SYMBOL) -> tuple[Decimal, Decimal]:
        told = self.loop.run(self.site.get("/api/v3/ticker/bookTicker", symbol=symbol))
        return Decimal(told["bidPrice"]), Decimal(told["askPrice"])

    def fault(self, kind: str, **options: Any) -> None:
        self.loop.run(self._fault({"kind": kind, **options}))

    async def _fault(self, body: dict[str, Any]) -> None:
        url = self.site.url + control.PATH
        async with self.site.session.post(url, json=body, headers={CONTROL_HEADER: "1"}) as response:
            assert response.status == 201, await response.text()

    def clear_faults(self) -> None:
        self.loop.run(self._clear())

    async def _clear(self) -> None:
        async with self.site.session.delete(self.site.url + control.PATH, headers={CONTROL_HEADER: "1"}) as response:
            assert response.status == 200

    def ticket(self, side: str = "BUY", quantity: str = "2", **changes: Any) -> Ticket:
        """A market order, or what is asked for instead."""
        values: dict[str, Any] = {
            "client_order_id": uuid4().hex,
            "symbol": SYMBOL,
            "side": side,
            "quantity": Decimal(quantity),
            "limit_price": None,
            "reduce_only": side == "SELL",
            "claimed_at": datetime.fromtimestamp(self.site.clock.now_s(), UTC),
        }
        return Ticket(**(values | changes))

    def priced(self, factor: str, *, order_type: str = "LIMIT_IOC", quantity: str = "2", **changes: Any) -> Ticket:
        """A buy limited to the ask times `factor`."""
        price = (self.quote()[1] * Decimal(factor)).quantize(Decimal("0.01"))
        return self.ticket(limit_price=price, order_type=order_type, quantity=quantity, **changes)


class Heard:
    """What a venue told of itself."""

    def __init__(self, venue: MexcVenue) -> None:
        self.reports: dict[str, list[Report]] = {}
        self.connections = 0
        venue.listen(self.take, self.count)
        eventually(lambda: venue.connected)

    def take(self, reports: Any) -> None:
        for report in reports:
            self.reports.setdefault(report.client_order_id, []).append(report)

    def count(self) -> None:
        self.connections += 1

    def last(self, client_order_id: str) -> Report | None:
        return (self.reports.get(client_order_id) or [None])[-1]


def unfelt_limiter() -> Limiter:
    name = f"test:rest:{uuid4().hex}"
    shared = Shared(Keys(spent=f"{name}:spent", pause=f"{name}:pause", refusals=f"{name}:refusals"))
    return Limiter(shared, limit=NO_LIMIT)


def eventually(true: Callable[[], Any], within_s: float = 15.0) -> None:
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


@contextmanager
def running_rig(folder: Path, *, rate: float = 1.0, fee_in_quote: bool = False) -> Iterator[ExchangeRig]:
    account = SimAccount(name="ours", fee_in_quote=fee_in_quote)
    for asset, amount in (("USDT", 100_000), ("SOL", 1000)):
        account.balances.change(asset, free=Decimal(amount), why=Why.DEPOSIT)
    keys = [ApiKey(key=KEY, secret=SECRET, account=account)]
    loop = LoopThread("exchange")
    stack = AsyncExitStack()

    async def start() -> Site:
        return await stack.enter_async_context(running_exchange(folder, rate=rate, keys=keys))

    rig = ExchangeRig(loop.run(start()), account, loop)
    try:
        yield rig
    finally:
        rig.close()
        loop.run(stack.aclose())
        loop.stop()
