"""One row of every table that keeps all its constraints; keyword arguments change it into one that does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User

from cdb_site.alerts.models import Alert
from cdb_site.bus.models import DeadLetter, DeliveryAttempt
from dashboard.models import Preference
from execution.models import (
    Account,
    AccountReset,
    Fill,
    LedgerEntry,
    Order,
    Position,
    QuarantinedAnswer,
    TradingStateChange,
)
from marketdata.models import Candle, Instrument, Pause, UniverseChoice, UniverseEntry
from risk.models import (
    Breaker,
    CloseOut,
    DailyReport,
    DayOpening,
    Decision,
    EquitySnapshot,
    ExitIntent,
    LimitVersion,
    OperatorAct,
    Proposal,
    RoundTrip,
    ViolationAcknowledgement,
)
from risk.rules.limits import LIMITS as LIMIT_TABLE
from signals_app.models import Evaluation, Ranking, Signal
from tests.builders import LIMITS

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
EARLIER = NOW - timedelta(seconds=1)
ONE, TWO, HALF = Decimal(1), Decimal(2), Decimal("0.5")
SAME = UUID(int=7)


def account(**changes: Any) -> Account:
    return Account.objects.create(**{"account": str(uuid4()), "quote_asset": "USDT", "cash": ONE} | changes)


def order(**changes: Any) -> Order:
    name = uuid4()
    values = {
        "order_id": name,
        "client_order_id": name.hex,
        "decision_id": name,
        "symbol": "AAAUSDT",
        "kind": "SIGNAL",
        "side": "BUY",
        "order_type": "LIMIT_IOC",
        "reduce_only": False,
        "quantity": TWO,
        "limit_price": ONE,
        "valid_for_s": ONE,
        "occurred_at": NOW,
    }
    return Order.objects.create(**values | {"account": changes.pop("account", None) or account()} | changes)


def quarantined(**changes: Any) -> QuarantinedAnswer:
    values = {"order": changes.pop("order", None) or order(), "report": {}, "error": "no"}
    return QuarantinedAnswer.objects.create(**values | changes)


def quarantined_twice() -> None:
    owner = order()
    for _ in range(2):
        quarantined(order=owner)


def fill(**changes: Any) -> Fill:
    owner = changes.pop("order", None) or order()
    values = {
        "order": owner,
        "trade_id": "1",
        "account": owner.account,
        "symbol": "AAAUSDT",
        "side": "BUY",
        "price": ONE,
        "quantity": ONE,
        "fee": Decimal(0),
        "fee_asset": "USDT",
        "executed_at": NOW,
    }
    return Fill.objects.create(**values | changes)


def ledger(**changes: Any) -> LedgerEntry:
    """Balanced: what cash gains comes from capital, of what has a fill from inventory."""
    values = {"kind": "DEPOSIT", "amount": ONE, "occurred_at": NOW} | changes
    against = "capital" if values["kind"] in ("DEPOSIT", "WITHDRAWAL") else "inventory"
    changes.setdefault(against, -values["amount"])
    return LedgerEntry.objects.create(**values | {"account": changes.pop("account", None) or account()} | changes)


def new_start(**changes: Any) -> AccountReset:
    values = {"withdrawn": ONE, "deposited": TWO, "reset_by": "anna", "reason": "r", "occurred_at": NOW}
    return AccountReset.objects.create(**values | {"account": account()} | changes)


def position(**changes: Any) -> Position:
    values = {"symbol": "AAAUSDT", "quantity": ONE, "avg_entry_price": ONE, "episode_id": uuid4()}
    return Position.objects.create(**values | {"account": changes.pop("account", None) or account()} | changes)


def state_change(**changes: Any) -> TradingStateChange:
    return TradingStateChange.objects.create(
        **{"account": account(), "state": "HALTED", "reason": "drill", "changed_by": "anna"} | changes
    )


def reset(**changes: Any) -> AccountReset:
    values = {"withdrawn": ONE, "deposited": ONE, "reset_by": "anna", "reason": "next try", "occurred_at": NOW}
    return AccountReset.objects.create(**{"account": account()} | values | changes)


def acknowledgement(**changes: Any) -> ViolationAcknowledgement:
    values = {"code": "EXIT_BLOCKED", "row": "decision 1", "detail": "d", "reason": "seen", "acknowledged_by": "anna"}
    return ViolationAcknowledgement.objects.create(**values | changes)


def decision(**changes: Any) -> Decision:
    values = {
        "decision_id": uuid4(),
        "kind": "SIGNAL",
        "outcome": "APPROVED",
        "reason_code": "X",
        "account": "paper",
        "symbol": "AAAUSDT",
        "side": "BUY",
        "signal_id": uuid4(),
        "order_id": uuid4(),
        "wanted_quantity": ONE,
        "quantity": ONE,
        "price": ONE,
        "price_age_ms": 1,
        "trading_state": "ACTIVE",
        "limits_version": 1,
        "max_price_age_ms": 10,
        "occurred_at": NOW,
    }
    return Decision.objects.create(**values | changes)


SAW = {"number": 1, "account_version": 1, "market_now": NOW, "look": {}, "marks": {}}
STOP = {"kind": "STOP", "signal_id": None, "episode_id": SAME, "side": "SELL"}


def limits(**changes: Any) -> LimitVersion:
    return LimitVersion.objects.create(**LIMITS | {"reason": "x", "changed_by": "anna"} | changes)


def breaker(**changes: Any) -> Breaker:
    values = {"account": "paper", "kind": "SLIPPAGE", "symbol": "AAAUSDT", "occurred_at": NOW, "observed": ONE}
    return Breaker.objects.create(**values | {"limit": HALF, "limits_version": 1, "cause": "one order"} | changes)


def close_out(**changes: Any) -> CloseOut:
    values = {"account": "paper", "cause": "OPERATOR", "asked_by": "anna", "reason": "storm", "occurred_at": NOW}
    return CloseOut.objects.create(**values | changes)


def exit_intent(**changes: Any) -> ExitIntent:
    values = {"account": "paper", "symbol": "AAAUSDT", "kind": "STOP", "begun_at": NOW, "occurred_at": NOW}
    return ExitIntent.objects.create(**values | {"next_at": NOW} | changes)


def operator_act(**changes: Any) -> OperatorAct:
    values = {"key": uuid4(), "account": "paper", "name": "halt", "by": "anna"}
    return OperatorAct.objects.create(**values | changes)


def proposal(**changes: Any) -> Proposal:
    values = {"account": "paper", "kind": "RESUME", "summary": "resume", "reason": "calm", "proposed_by": "anna"}
    return Proposal.objects.create(**values | {"expires_at": NOW} | changes)


def snapshot() -> EquitySnapshot:
    return EquitySnapshot.objects.create(account="paper", taken_at=NOW, equity=ONE, cash=ONE, exposure=ONE)


def opening() -> DayOpening:
    return DayOpening.objects.create(account="paper", day=date(2026, 1, 2), equity=ONE)


def signal(**changes: Any) -> Signal:
    values = {
        "signal_id": uuid4(),
        "strategy": "m",
        "symbol": "AAAUSDT",
        "interval": "1m",
        "open_time": NOW,
        "side": "BUY",
        "momentum": ONE,
        "strength": HALF,
        "rank": 1,
        "universe_size": 1,
        "close": ONE,
        "base_close": ONE,
        "quote_volume": ONE,
        "expires_at": NOW,
    }
    return Signal.objects.create(**values | changes)


def evaluation() -> Evaluation:
    return Evaluation.objects.create(
        interval="1m", open_time=NOW, complete=True, late=False, universe_size=1, candles=1
    )


def ranking(**changes: Any) -> Ranking:
    return Ranking.objects.create(**{"symbol": "AAAUSDT", "ranked_at": NOW, "quote_volume": ONE} | changes)


def instrument(**changes: Any) -> Instrument:
    values = {
        "symbol": str(uuid4()),
        "base_asset": "AAA",
        "quote_asset": "USDT",
        "price_tick": ONE,
        "quantity_step": ONE,
        "min_quantity": ONE,
        "min_notional": ONE,
        "taker_fee": Decimal(0),
        "updated_at": NOW,
    }
    return Instrument.objects.create(**values | changes)


def candle(**changes: Any) -> Candle:
    values = {
        "interval": "1m",
        "open_time": NOW,
        "open": TWO,
        "high": TWO,
        "low": TWO,
        "close": TWO,
        "volume": ONE,
        "quote_volume": ONE,
        "source": "WS",
        "received_at": NOW,
    }
    listed = changes.pop("instrument", None) or instrument()
    return Candle.objects.create(**values | {"instrument": listed} | changes)


def choice() -> UniverseChoice:
    return UniverseChoice.objects.create(chosen_at=NOW, recorded_at=NOW, settings="test", listed=1, chosen=1, held=0)


def entry(**changes: Any) -> UniverseEntry:
    values = {"symbol": "AAAUSDT", "quote_volume_24h": ONE, "chosen": True, "held": False}
    made = changes.pop("choice", None) or choice()
    return UniverseEntry.objects.create(**values | {"choice": made} | changes)


def pause(**changes: Any) -> Pause:
    values = {"reason": "news", "paused_at": NOW, "paused_by": "anna"}
    listed = changes.pop("instrument", None) or instrument()
    return Pause.objects.create(**values | {"instrument": listed} | changes)


def alert(**changes: Any) -> Alert:
    return Alert.objects.create(**{"code": "X", "level": "INFO", "source": "risk", "key": "k"} | changes)


def letter(**changes: Any) -> DeadLetter:
    return DeadLetter.objects.create(
        **{"topic": "t", "group": "g", "entry_id": "1-0", "body": "", "error": ""} | changes
    )


def attempt() -> DeliveryAttempt:
    return DeliveryAttempt.objects.create(topic="t", group="g", entry_id="1-0", attempts=1)


def twice(make: Callable[..., Any], **same: Any) -> Callable[[], None]:
    """Plant one row, so that the same again offends."""

    def plant() -> None:
        make(**same)
        make(**same)

    return plant


def two_live_exits() -> None:
    owner = account()
    for _ in range(2):
        order(account=owner, side="SELL", order_type="MARKET")


def same_trade_twice() -> None:
    owner = order()
    fill(order=owner)
    fill(order=owner)


def same_kind_twice() -> None:
    booked = fill()
    for _ in range(2):
        ledger(kind="TRADE", fill=booked, account=booked.account)


def same_position_twice() -> None:
    owner = account()
    position(account=owner)
    position(account=owner)


def same_candle_twice() -> None:
    listed = instrument()
    candle(instrument=listed)
    candle(instrument=listed)


def past_the_bounds() -> list[tuple[str, dict[str, Decimal]]]:
    """The constraint of every limit, once past its high bound and once past its low one."""
    named = zip(LIMIT_TABLE, LimitVersion._meta.constraints, strict=True)
    return [
        (constraint.name, {rule.name: value})
        for rule, constraint in named for value in (rule.high + ONE, rule.low - ONE)
    ]  # fmt: skip


def same_entry_twice() -> None:
    made = choice()
    entry(choice=made)
    entry(choice=made)


def paused_twice() -> None:
    listed = instrument()
    pause(instrument=listed)
    pause(instrument=listed)


def round_trip(**changes: Any) -> RoundTrip:
    values = {
        "last_fill_id": 2,
        "first_fill_id": 1,
        "account": "paper",
        "symbol": "AAAUSDT",
        "opened_at": EARLIER,
        "closed_at": NOW,
        "quantity": ONE,
        "entry_notional": ONE,
        "exit_notional": TWO,
        "avg_entry_price": ONE,
        "avg_exit_price": TWO,
        "gross": ONE,
        "fees": HALF,
        "net": HALF,
        "entry_decision_id": uuid4(),
        "exit_decision_id": uuid4(),
        "exit_reason": "SIGNAL",
    }
    return RoundTrip.objects.create(**values | changes)


def daily_report(**changes: Any) -> DailyReport:
    """Opened with 1, earned 1: 2 realised, ½ lost on what is open, ½ of fees."""
    values = {
        "account": "paper",
        "day": date(2026, 1, 2),
        "opening_equity": ONE,
        "closing_equity": TWO,
        "paid_in": Decimal(0),
        "result": ONE,
        "realized_pnl": TWO,
        "open_pnl": -HALF,
        "fees": HALF,
        "slippage_cost": Decimal(0),
        "body": {},
    }
    return DailyReport.objects.create(**values | changes)


def preference(**changes: Any) -> Preference:
    user = User.objects.create(username=str(uuid4()))
    return Preference.objects.create(**{"user": user} | changes)
