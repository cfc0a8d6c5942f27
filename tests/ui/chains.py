"""Plants chains by the real way, signal to fill, beside what every dashboard test plants; by the tested
site's hand.

CCC is bought twice, the second time trimmed by layer 4; a third buy is denied. EEE is bought and sold again. DDD has an
order that nobody has sent, a signal that nobody has decided, sells of nothing and a buy without a price.
"""

from __future__ import annotations

import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from execution.order_gateway import Desk
    from risk.models import Decision

OPERATOR, PASSWORD = "olga", "a-password-for-tests-2"
SIGNALS = (
    "bought", "trimmed", "denied", "entered", "left", "unsent", "nothing-1", "nothing-2", "priceless", "expired",
    "undecided",
)  # fmt: skip
HOSTILE = '<b>"it\'s"</b> ' + "long " * 500


def signal_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"chains/{name}"))


def alert_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"chains/alert/{name}"))


def decision_id(name: str) -> str:
    from cdb_site.bus.events import deterministic_id

    return str(deterministic_id("decision", signal_id(name)))


def plant() -> None:
    from django.contrib.auth.models import User

    from execution.models import Account
    from tests.builders import make_board, make_desk

    Account.objects.update(cash=10_000)
    User.objects.create_superuser(OPERATOR, password=PASSWORD)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    plant_candles(now)
    with tempfile.TemporaryDirectory() as folder:
        desk = make_desk(folder=Path(folder), board=make_board(quoted("CCCUSDT", "3.6175", "3.6190")))
        plant_trades(desk)
    plant_alerts(now)


def quoted(symbol: str, bid: str, ask: str) -> dict[str, Any]:
    from tests.builders import make_quote

    return {**make_quote(symbol=symbol, bid=bid, ask=ask), "bid_quantity": "60", "ask_quantity": "60"}


def plant_candles(now: datetime) -> None:
    from marketdata.models import Candle
    from tests.builders import plant_instrument

    grid = {"price_tick": Decimal("0.0001"), "quantity_step": Decimal("0.1")}
    for symbol in ("CCCUSDT", "DDDUSDT", "EEEUSDT"):
        instrument = plant_instrument(symbol=symbol, **grid)
        for minute in range(60):
            price = Decimal("3.50") + Decimal(minute) / 500 + Decimal(minute % 5) / 200
            Candle.objects.create(
                instrument=instrument, interval="1m", open_time=now - timedelta(minutes=60 - minute), open=price,
                high=price + Decimal("0.02"), low=price - Decimal("0.02"), close=price + Decimal("0.01"),
                volume=1000 + minute * 20, quote_volume=3600, source="WS", received_at=datetime.now(UTC),
            )  # fmt: skip


def plant_trades(desk: Desk) -> None:
    decide(desk, "bought", "CCCUSDT", "BUY", strength="0.5")
    send(desk)
    decide(desk, "trimmed", "CCCUSDT", "BUY", strength="0.935")
    send(desk)
    decide(desk, "denied", "CCCUSDT", "BUY")
    desk.board.take([quoted("EEEUSDT", "3.6175", "3.6190")])
    decide(desk, "entered", "EEEUSDT", "BUY")
    send(desk)
    desk.board.take([quoted("EEEUSDT", "3.5675", "3.5690")])
    decide(desk, "left", "EEEUSDT", "SELL")
    send(desk)
    for name in ("nothing-1", "nothing-2"):
        decide(desk, name, "EEEUSDT", "SELL")
    decide(desk, "priceless", "DDDUSDT", "BUY")
    desk.board.take([quoted("DDDUSDT", "3.6175", "3.6190")])
    decide(desk, "unsent", "DDDUSDT", "BUY")
    decide(desk, "expired", "DDDUSDT", "BUY", good_for_s=-30)
    signal("undecided", "DDDUSDT", "BUY")


def send(desk: Desk) -> None:
    from execution.models import Order

    desk.execute([str(pk) for pk in Order.objects.filter(state="NEW").values_list("pk", flat=True)])


def decide(desk: Desk, name: str, symbol: str, side: str, *, strength: str = "1", good_for_s: float = 90) -> Decision:
    from cdb_site.clock import Clock
    from risk import operations
    from risk.decision.requests import from_signal
    from risk.marks import Marks
    from risk.models import Decision

    request = from_signal(signal(name, symbol, side, strength=strength, good_for_s=good_for_s))
    operations.decide_batch("paper", [request], marks=Marks(board=desk.board, interval="1m"), clock=Clock())
    return Decision.objects.get(decision_id=request.decision_id)


def signal(name: str, symbol: str, side: str, *, strength: str = "1", good_for_s: float = 90) -> Any:
    """A signal as the engine stores and says it, of the candle that closed last."""
    from cdb_site.bus import outbox
    from cdb_site.clock import iso
    from signals_app.models import Signal

    closed_at = datetime.now(UTC).replace(second=0, microsecond=0)
    rising = side == "BUY"
    words = {"strategy": f"momentum-{name}", "symbol": symbol, "interval": "1m", "side": side}
    numbers = {
        "momentum": "0.0187" if rising else "-0.0019", "strength": strength, "close": "3.615", "base_close": "3.5486",
        "quote_volume": "412380",
    }  # fmt: skip
    times = {
        "open_time": closed_at - timedelta(minutes=1),
        "expires_at": datetime.now(UTC) + timedelta(seconds=good_for_s),
    }
    closes = {"previous_base": "3.54", "base": "3.5486", "previous": "3.573", "close": "3.615"}
    context = {
        "ranked": 30, "complete": True, "top": [[symbol, "0.0187"]], "closes": closes, "threshold": "0.01",
        "exit": "0", "top_n": 10, "min_volume": "100000",
    }  # fmt: skip
    counts = {"rank": 3, "universe_size": 30}
    identity = signal_id(name)
    with outbox.unit_of_work("signal") as unit:
        decimals = {key: Decimal(value) for key, value in numbers.items()}
        Signal.objects.create(signal_id=identity, context=context, **decimals, **words, **counts, **times)
        told = {"signal_id": identity, **numbers, **words, **counts, **{key: iso(at) for key, at in times.items()}}
        return unit.emit("signals", told, key=identity, occurred_at=closed_at)


def plant_alerts(now: datetime) -> None:
    """A spread that somebody saw, a stop of the CCC decision, one open of each level, and forty of last week."""
    from cdb_site.alerts.models import Alert

    wall = datetime.now(UTC)
    spread = {"symbol": "CCCUSDT", "observed": "118.4", "limit": "100.0", "unit": "BPS"}
    stop = {"symbol": "CCCUSDT", "reason_code": "VENUE_NO"}
    dead = {"topic": "t", "service": "s", "error": HOSTILE}
    slow = {"symbol": "DDDUSDT", "age_s": "44"}
    rows = [
        ("spread", "BREAKER_SPREAD", "WARNING", "CLOSED", "CCCUSDT", spread, timedelta(seconds=50)),
        ("order", "ORDER_REJECTED", "WARNING", "CLOSED", decision_id("bought"), stop, timedelta()),
        ("silent", "FEED_SILENT", "CRITICAL", "RAISED", "feed", {"age_s": "30.2"}, timedelta(minutes=20)),
        ("slow", "SYMBOL_SILENT", "WARNING", "RAISED", "DDDUSDT", slow, timedelta(hours=2)),
        ("hostile", "SYSTEM_DEAD_LETTER", "WARNING", "CLOSED", "x", dead, timedelta(hours=30)),
    ]
    for name, code, level, state, key, params, age in rows:
        at = wall - age
        seen = {"acknowledged_by": "anna", "acknowledged_at": at} if name == "spread" else {}
        Alert.objects.create(
            alert_id=alert_id(name), code=code, level=level, state=state, source="tests", key=key, params=params,
            raised_at=at, changed_at=at, closed_at=at + timedelta(seconds=38) if state == "CLOSED" else None, **seen,
        )  # fmt: skip
    for number in range(40):
        at = wall - timedelta(days=3, minutes=number * 150)
        Alert.objects.create(
            alert_id=alert_id(f"old {number}"), code="FEED_FALLBACK", level="WARNING", state="CLOSED", source="tests",
            key=f"old {number}", params={"count": number, "watched": 30}, raised_at=at, changed_at=at, closed_at=at,
        )  # fmt: skip
