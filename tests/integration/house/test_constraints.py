"""The database says no: for every named constraint one row that offends it, refused by that very name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from cdb_site.alerts.models import Alert
from cdb_site.bus.models import Consumption, DeadLetter, DeliveryAttempt
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
    DayOpening,
    Decision,
    EquitySnapshot,
    ExitIntent,
    LimitVersion,
    Proposal,
    ViolationAcknowledgement,
)
from risk.rules.limits import LIMITS as LIMIT_TABLE
from signals_app.models import Evaluation, Ranking, Signal
from tests.builders import LIMITS

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
EARLIER = NOW - timedelta(seconds=1)
ONE, TWO, HALF = Decimal(1), Decimal(2), Decimal("0.5")
SAME = UUID(int=7)


def account(**changes: Any) -> Account:
    return Account.objects.create(**{"account": str(uuid4()), "quote_asset": "USDT", "cash": ONE} | changes)


def order(**changes: Any) -> Order:
    values = {
        "order_id": uuid4(),
        "client_order_id": uuid4().hex,
        "decision_id": uuid4(),
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
    values = {"kind": "DEPOSIT", "amount": ONE, "occurred_at": NOW}
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


OFFENDERS: list[tuple[str, Callable[[], Any]]] = [
    ("account_cash_not_negative", lambda: account(cash=-ONE)),
    ("trading_state_known", lambda: state_change(state="ASLEEP")),
    ("trading_state_release_needs_reason", lambda: state_change(state="ACTIVE", reason="")),
    ("order_side_known", lambda: order(side="HOLD")),
    ("order_state_known", lambda: order(state="DONE")),
    ("order_quantity_positive", lambda: order(quantity=Decimal(0))),
    ("order_not_overfilled", lambda: order(filled_quantity=Decimal(3))),
    ("order_not_overfilled", lambda: order(filled_quantity=-ONE)),
    ("order_filled_means_whole", lambda: order(state="FILLED", filled_quantity=ONE)),
    ("order_limit_has_price", lambda: order(limit_price=Decimal(0))),
    ("order_limit_has_price", lambda: order(limit_price=None)),
    ("order_long_only", lambda: order(reduce_only=True)),
    ("quarantined_answer_settled_by_somebody", lambda: quarantined(state="BOOKED", settled_at=NOW)),
    ("quarantined_answer_settled_by_somebody", lambda: quarantined(settled_at=NOW)),
    (
        "quarantined_answer_dismissed_with_reason",
        lambda: quarantined(state="DISMISSED", settled_at=NOW, settled_by="anna"),
    ),
    ("quarantined_answer_once_per_order", quarantined_twice),
    ("order_open_entry_has_deadline", lambda: order(valid_for_s=None)),
    ("order_open_entry_has_deadline", lambda: order(valid_for_s=0)),
    ("order_closed_reserves_nothing", lambda: order(state="CANCELED", reserved_notional=ONE)),
    ("order_one_live_exit", two_live_exits),
    ("fill_once_per_trade", same_trade_twice),
    ("fill_quantity_positive", lambda: fill(quantity=Decimal(0))),
    ("fill_price_positive", lambda: fill(price=Decimal(0))),
    ("fill_fee_not_negative", lambda: fill(fee=-ONE)),
    ("ledger_once_per_fill_and_kind", same_kind_twice),
    ("ledger_kind_known", lambda: ledger(kind="GIFT")),
    ("ledger_trade_has_fill", lambda: ledger(kind="TRADE")),
    ("ledger_trade_has_fill", lambda: ledger(kind="DEPOSIT", fill=fill())),
    ("fill_price_positive", lambda: fill(price=Decimal(0), fee=ONE, side="SELL", trade_id="write-off")),
    ("ledger_write_off_moves_no_cash", lambda: ledger(kind="WRITE_OFF", fill=fill(), amount=ONE)),
    ("ledger_fee_costs", lambda: ledger(kind="FEE", fill=fill(), amount=ONE)),
    ("ledger_withdrawal_takes", lambda: ledger(kind="WITHDRAWAL")),
    ("account_reset_deposits", lambda: new_start(deposited=Decimal(0))),
    ("account_reset_says_who_and_why", lambda: new_start(reason="")),
    ("account_reset_says_who_and_why", lambda: new_start(reset_by="")),
    ("position_once_per_symbol", same_position_twice),
    ("position_long_only", lambda: position(quantity=-ONE)),
    ("position_flat_or_priced", lambda: position(quantity=Decimal(0))),
    ("position_flat_or_priced", lambda: position(episode_id=None)),
    ("position_flat_or_priced", lambda: position(avg_entry_price=Decimal(0))),
    *[(name, lambda changes=changes: limits(**changes)) for name, changes in past_the_bounds()],
    ("breaker_kind_known", lambda: breaker(kind="MOOD")),
    ("breaker_release_says_who_and_why", lambda: breaker(released_at=NOW, released_by="anna")),
    ("breaker_release_says_who_and_why", lambda: breaker(reason="calm")),
    ("breaker_open_once", twice(lambda: breaker(cause=""))),
    ("breaker_once_per_cause", lambda: (breaker(symbol="AAAUSDT"), breaker(symbol="BBBUSDT"))),
    ("proposal_kind_known", lambda: proposal(kind="WHIM")),
    ("proposal_state_known", lambda: proposal(state="LOST", decided_by="bert", decided_at=NOW)),
    ("proposal_decision_says_who_and_when", lambda: proposal(state="REJECTED")),
    ("proposal_decision_says_who_and_when", lambda: proposal(decided_by="bert")),
    ("proposal_needs_a_second_person", lambda: proposal(state="APPROVED", decided_by="anna", decided_at=NOW)),
    ("close_out_cause_known", lambda: close_out(cause="WHIM")),
    ("close_out_one_at_a_time", twice(lambda: close_out())),
    ("exit_intent_kind_known", lambda: exit_intent(kind="WHIM")),
    ("exit_intent_says_how_it_ended", lambda: exit_intent(ended_at=NOW)),
    ("exit_intent_says_how_it_ended", lambda: exit_intent(ending="FLAT")),
    ("exit_intent_open_once", twice(lambda: exit_intent())),
    ("decision_kind_known", lambda: decision(kind="WHIM")),
    ("decision_outcome_known", lambda: decision(outcome="MAYBE")),
    ("decision_order_iff_approved", lambda: decision(order_id=None)),
    ("decision_order_iff_approved", lambda: decision(outcome="REJECTED", quantity=Decimal(0))),
    ("decision_order_iff_approved", lambda: decision(outcome="REJECTED", order_id=None)),
    ("decision_no_entry_on_stale_price", lambda: decision(price_age_ms=11)),
    ("decision_no_entry_on_stale_price", lambda: decision(price=None)),
    ("decision_no_entry_on_stale_price", lambda: decision(price_age_ms=None)),
    ("decision_has_its_cause", lambda: decision(signal_id=None)),
    ("decision_has_its_cause", lambda: decision(kind="STOP", signal_id=None)),
    ("decision_once_per_attempt", twice(decision, **STOP)),
    ("equity_snapshot_once", twice(snapshot)),
    ("day_opening_once", twice(opening)),
    ("signal_once_per_candle", twice(signal)),
    ("signal_side_known", lambda: signal(side="HOLD")),
    ("signal_strength_0_to_1", lambda: signal(strength=TWO)),
    ("signal_strength_0_to_1", lambda: signal(strength=-ONE)),
    ("evaluation_once", twice(evaluation)),
    ("ranking_once_per_symbol", twice(ranking)),
    ("ranking_exclusion_known", lambda: ranking(excluded="MOOD")),
    ("instrument_price_tick_positive", lambda: instrument(price_tick=Decimal(0))),
    ("instrument_quantity_step_positive", lambda: instrument(quantity_step=Decimal(0))),
    ("instrument_minimums_not_negative", lambda: instrument(min_notional=-ONE)),
    ("instrument_taker_fee_fraction", lambda: instrument(taker_fee=ONE)),
    ("instrument_status_known", lambda: instrument(status="RESTING")),
    ("instrument_sides_known", lambda: instrument(sides="LEND")),
    ("candle_once", same_candle_twice),
    ("candle_low_is_lowest", lambda: candle(low=Decimal(3), high=Decimal(3))),
    ("candle_high_is_highest", lambda: candle(high=TWO, low=ONE, open=Decimal(3))),
    ("candle_volume_not_negative", lambda: candle(volume=-ONE)),
    ("candle_source_known", lambda: candle(source="RUMOUR")),
    ("universe_entry_once", same_entry_twice),
    ("universe_entry_exclusion_known", lambda: entry(chosen=False, excluded="MOOD")),
    ("universe_entry_chosen_or_why", lambda: entry(chosen=False)),
    ("universe_entry_chosen_or_why", lambda: entry(excluded="RANK")),
    ("pause_open_once_per_instrument", paused_twice),
    ("pause_has_a_reason", lambda: pause(reason=" ")),
    ("pause_expires_after_it_began", lambda: pause(expires_at=NOW)),
    ("pause_ends_after_it_began", lambda: pause(ended_at=EARLIER, ended_by="anna")),
    ("pause_ended_by_somebody", lambda: pause(ended_at=NOW)),
    ("pause_ended_by_somebody", lambda: pause(ended_by="anna")),
    ("trading_state_owner_known", lambda: state_change(owner="NOBODY")),
    ("violation_acknowledged_once", twice(acknowledgement)),
    ("violation_acknowledgement_says_who_and_why", lambda: acknowledgement(reason="")),
    ("ledger_withdrawal_takes", lambda: ledger(kind="WITHDRAWAL", amount=ONE)),
    ("account_reset_deposits", lambda: reset(deposited=Decimal(0))),
    ("account_reset_says_who_and_why", lambda: reset(reason="")),
    ("alert_open_once_per_condition", twice(alert)),
    ("alert_level_known", lambda: alert(level="LOUD")),
    ("alert_state_known", lambda: alert(state="FORGOTTEN")),
    ("alert_acknowledged_says_who_and_when", lambda: alert(state="ACKNOWLEDGED")),
    ("consumption_once", twice(Consumption.objects.create, group="g", event_id=SAME)),
    ("delivery_attempt_entry", twice(attempt)),
    ("dead_letter_entry", twice(letter)),
    ("dead_letter_state_known", lambda: letter(state="LOST")),
    ("order_client_order_id", twice(order, client_order_id="same")),
    ("order_decision_id", twice(order, decision_id=SAME)),
    ("decision_signal_id", twice(decision, signal_id=SAME)),
]
# The row that offends these offends another one, too, which PostgreSQL names first: that one is lifted for the test.
SHADOWED = {
    "position_long_only": ("position", "position_flat_or_priced"),
    "decision_kind_known": ("decision", "decision_has_its_cause"),
    "decision_outcome_known": ("decision", "decision_order_iff_approved"),
}
FIELDS = {("order", "client_order_id"), ("order", "decision_id"), ("decision", "signal_id")}
APPS = ("bus", "alerts", "marketdata", "signals_app", "execution", "risk")


@pytest.mark.parametrize(("name", "offend"), OFFENDERS, ids=[name for name, _ in OFFENDERS])
def test_the_offending_row_is_refused_by_name(name: str, offend: Callable[[], Any]) -> None:
    if name in SHADOWED:
        table, other = SHADOWED[name]
        connection.cursor().execute(f"ALTER TABLE {table} DROP CONSTRAINT {other}")

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        offend()

    assert name in str(refusal.value)


@pytest.mark.parametrize("make", [
    account, order, fill, ledger, position, state_change, decision, limits, breaker, close_out, exit_intent, proposal,
    snapshot, opening, signal, evaluation, ranking, instrument, candle, choice, entry, pause, alert, letter, attempt,
    acknowledgement, reset, lambda: decision(**STOP),
])  # fmt: skip
def test_the_same_row_without_the_offence_is_taken(make: Callable[[], Any]) -> None:
    assert make().pk is not None


def test_every_named_constraint_has_an_offender() -> None:
    models = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    named = {constraint.name for model in models for constraint in model._meta.constraints}

    assert not named - {name for name, _ in OFFENDERS}


def test_every_unique_column_has_an_offender() -> None:
    models = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    unique = {
        (model._meta.db_table, field.name)
        for model in models for field in model._meta.local_fields if field.unique and not field.primary_key
    }  # fmt: skip

    assert unique == FIELDS
