"""The database says no: for every named constraint one row that offends it, refused by that very name."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from cdb_site.bus.models import BooksMarket, Consumption
from marketdata.models import CandleMonth
from tests.integration.house.notification_rows import (
    alert_channel,
    channel_delivery,
    channel_delivery_twice,
    telegram_chat,
)
from tests.integration.house.replay_rows import REPLAY_OFFENDERS, replay_decision, replay_run, replay_trip
from tests.integration.house.rows import (
    EARLIER,
    HALF,
    NOW,
    ONE,
    SAME,
    SAW,
    STOP,
    TWO,
    account,
    acknowledgement,
    alert,
    attempt,
    breaker,
    candle,
    choice,
    close_out,
    daily_report,
    decision,
    entry,
    evaluation,
    exit_intent,
    fill,
    instrument,
    ledger,
    letter,
    limits,
    new_start,
    opening,
    operator_act,
    order,
    past_the_bounds,
    pause,
    paused_twice,
    position,
    preference,
    proposal,
    quarantined,
    quarantined_twice,
    ranking,
    reset,
    round_trip,
    same_candle_twice,
    same_entry_twice,
    same_kind_twice,
    same_position_twice,
    same_trade_twice,
    signal,
    snapshot,
    state_change,
    twice,
    two_live_exits,
)
from tests.integration.house.tape_rows import tape_file, tape_hole
from tests.integration.house.venue_rows import (
    enabled_step,
    enabled_twice,
    external_order,
    external_order_twice,
    live_step,
    mode_row,
    reconciliation,
    venue_baseline,
)

pytestmark = pytest.mark.django_db


def same_month_twice() -> None:
    """The first one is the trigger's."""
    month = CandleMonth.objects.get(symbol=candle().instrument_id)
    month.pk = None
    month.save()


OFFENDERS: list[tuple[str, Callable[[], Any]]] = [
    ("books_of_one_market", lambda: BooksMarket.objects.create(single=False, market="SIM")),
    ("preference_language", lambda: preference(language="fr")),
    ("preference_theme", lambda: preference(theme="pink")),
    ("preference_motion", lambda: preference(motion="never")),
    ("preference_csv_style", lambda: preference(csv_style="tab")),
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
    ("reconciliation_result_known", lambda: reconciliation(result="FINE")),
    ("reconciliation_result_known", lambda: reconciliation(cause="WHIM")),
    ("reconciliation_differs_by_something", lambda: reconciliation(differences=[{"what": "USDT"}])),
    ("venue_baseline_says_who_and_why", lambda: venue_baseline(taken_by="")),
    ("venue_baseline_says_who_and_why", lambda: venue_baseline(reason="")),
    ("external_order_once", external_order_twice),
    ("external_order_amounts", lambda: external_order(quantity=Decimal(-1))),
    ("external_order_amounts", lambda: external_order(filled_quantity=Decimal(-1))),
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
    ("fill_fee_quantity_of_base", lambda: fill(fee_quantity=HALF, fee_asset="MX")),
    ("fill_fee_quantity_of_base", lambda: fill(fee_quantity=Decimal(0), fee_asset="AAA")),
    ("fill_dust_of_an_exit", lambda: fill(dust_quantity=HALF)),
    ("fill_dust_of_an_exit", lambda: fill(dust_quantity=Decimal(0), side="SELL")),
    ("ledger_balances", lambda: ledger(capital=ONE)),
    ("ledger_balances", lambda: ledger(kind="TRADE", fill=fill(), realized=Decimal("1e-18"))),
    ("ledger_legs_of_its_kind", lambda: ledger(kind="DEPOSIT", capital=-HALF, inventory=-HALF)),
    ("ledger_legs_of_its_kind", lambda: ledger(kind="WITHDRAWAL", amount=-ONE, units=ONE)),
    ("ledger_legs_of_its_kind", lambda: ledger(kind="TRADE", fill=fill(), inventory=-TWO, capital=ONE)),
    ("ledger_legs_of_its_kind", lambda: ledger(kind="TRADE", fill=fill(), inventory=-TWO, fees=ONE)),
    ("ledger_legs_of_its_kind", lambda: ledger(kind="FEE", fill=fill(), amount=Decimal(0), inventory=ONE, fees=-ONE)),
    ("ledger_legs_of_its_kind", lambda: ledger(kind="FEE", fill=fill(), amount=-ONE, units=ONE)),
    ("ledger_legs_of_its_kind", lambda: ledger(kind="WRITE_OFF", fill=fill())),
    ("ledger_legs_of_its_kind", lambda: ledger(kind="DUST", fill=fill())),
    ("ledger_payment_says_who_and_why", lambda: ledger(paid_by="anna")),
    ("ledger_payment_says_who_and_why", lambda: ledger(reason="more")),
    ("ledger_payment_says_who_and_why", lambda: ledger(kind="TRADE", fill=fill(), paid_by="anna", reason="more")),
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
    ("operator_act_state_known", lambda: operator_act(state="LOST", done_at=NOW, answer="HALTED")),
    ("operator_act_ends_with_an_answer", lambda: operator_act(state="DONE")),
    ("operator_act_says_who", lambda: operator_act(by="")),
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
    ("decision_number_once", twice(decision, **SAW)),
    *(("decision_says_what_it_saw", partial(decision, **SAW | {name: None})) for name in SAW if name != "marks"),
    ("decision_says_what_it_saw", lambda: decision(**SAW | {"number": 0})),
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
    ("candle_month_once", same_month_twice),
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
    ("live_trading_step_known", lambda: live_step(step="MAYBE")),
    ("live_trading_says_why", lambda: live_step(reason="")),
    ("live_trading_asked_by_somebody", lambda: live_step(asked_by="")),
    ("live_trading_asked_by_somebody", lambda: live_step(limits_version=None)),
    ("live_trading_asked_by_somebody", lambda: live_step(confirmed_by="anna")),
    ("live_trading_enabled_is_confirmed", lambda: enabled_step(confirmed_by="")),
    ("live_trading_enabled_is_confirmed", lambda: enabled_step(request=None)),
    ("live_trading_enabled_is_confirmed", lambda: enabled_step(limits_version=None)),
    ("live_trading_withdrawn_by_somebody", lambda: live_step(step="WITHDRAWN")),
    ("live_trading_confirmed_once", enabled_twice),
    ("mode_change_known", lambda: mode_row(mode="DREAM")),
    ("mode_change_missing_a_key_is_paper", lambda: mode_row(mode="LIVE", missing=["ENABLED"])),
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
    ("tape_file_once", lambda: (tape_file(), tape_file())),
    ("tape_file_digests_are_hex", lambda: tape_file(before="")),
    ("tape_file_digests_are_hex", lambda: tape_file(digest="F" * 64)),
    ("tape_file_written_after_begun", lambda: tape_file(written_at=EARLIER)),
    ("tape_file_number_from_one", lambda: tape_file(number=0)),
    ("tape_hole_once", lambda: (tape_hole(), tape_hole())),
    ("tape_hole_reason_known", lambda: tape_hole(reason="WHIM")),
    ("tape_hole_ends_after_it_began", lambda: tape_hole(until_at=EARLIER)),
    ("round_trip_opened_once", lambda: (round_trip(), round_trip(last_fill_id=3))),
    ("round_trip_exit_known", lambda: round_trip(exit_reason="WHIM")),
    ("round_trip_net_is_after_fees", lambda: round_trip(net=ONE)),
    ("round_trip_was_held", lambda: round_trip(quantity=Decimal(0))),
    ("round_trip_was_held", lambda: round_trip(entry_notional=Decimal(0))),
    ("round_trip_was_held", lambda: round_trip(exit_notional=-ONE)),
    ("round_trip_opens_before_it_closes", lambda: round_trip(first_fill_id=2)),
    ("daily_report_once", twice(daily_report)),
    ("daily_report_result_is_what_equity_gained", lambda: daily_report(paid_in=ONE)),
    ("daily_report_result_adds_up", lambda: daily_report(fees=ONE)),
    ("order_named_by_its_decision", lambda: order(client_order_id="another")),
    ("order_named_by_its_decision", lambda: order(decision_id=SAME)),
    ("decision_signal_id", twice(decision, signal_id=SAME)),
    ("notification_channel_level_known", lambda: alert_channel(least_level="LOUD")),
    ("notification_channel_language", lambda: alert_channel(language="fr")),
    ("notification_channel_quiet_from_and_until", lambda: alert_channel(quiet_from="22:00")),
    ("notification_channel_quiet_from_and_until", lambda: alert_channel(quiet_from="22:00", quiet_until="22:00")),
    ("notification_channel_per_minute", lambda: alert_channel(per_minute=0)),
    ("notification_channel_has_an_address", lambda: alert_channel(url="")),
    ("notification_channel_name", twice(alert_channel, name="ops")),
    ("notification_delivery_once_per_alert", channel_delivery_twice),
    (
        "notification_delivery_once_per_report",
        lambda: channel_delivery_twice(kind="REPORT", alert_id=None, day="2026-01-02"),
    ),
    ("notification_delivery_of_something", lambda: channel_delivery(kind="REPORT")),
    ("notification_delivery_of_something", lambda: channel_delivery(kind="WHIM")),
    ("notification_delivery_state_has_its_times", lambda: channel_delivery(state="SENDING")),
    ("notification_delivery_state_has_its_times", lambda: channel_delivery(state="SENT")),
    ("notification_delivery_state_has_its_times", lambda: channel_delivery(state="LOST")),
    ("notification_delivery_together_known", lambda: channel_delivery(together="MOOD")),
    ("notification_telegram_chat_is_private", lambda: telegram_chat(chat_id=-7)),
    ("notification_telegram_chat_chat_id", twice(telegram_chat)),
    *REPLAY_OFFENDERS,
]
# The row that offends these offends another one, too, which PostgreSQL names first: that one is lifted for the test.
SHADOWED = {
    "position_long_only": ("position", "position_flat_or_priced"),
    "decision_kind_known": ("decision", "decision_has_its_cause"),
    "decision_outcome_known": ("decision", "decision_order_iff_approved"),
    "replay_run_state_known": ("replay_run", "replay_run_ended_when_over"),
}
FIELDS = {("decision", "signal_id"), ("notification_channel", "name"), ("notification_telegram_chat", "chat_id")}
APPS = ("bus", "alerts", "marketdata", "signals_app", "execution", "risk", "replay", "notifications", "dashboard")


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
    operator_act, snapshot, opening, signal, evaluation, ranking, instrument, candle, choice, entry, pause, alert,
    letter, attempt, acknowledgement, reset, round_trip, daily_report, alert_channel, channel_delivery,
    tape_file, tape_hole, telegram_chat, live_step, enabled_step, mode_row, replay_run, replay_decision, replay_trip,
    lambda: decision(**STOP),
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
