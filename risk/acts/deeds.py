"""What each act does: one call of the operation that the commands call, and its answer as a code.

Each runs inside the transaction that settles the act's row, so that both are or neither is. What must not wait for the
account is left for after the commit (`Said.then`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError

import execution.operations
import execution.queries
from cdb_site import wishes
from cdb_site.alerts import operations as alerts
from cdb_site.alerts.models import Alert
from cdb_site.bus import outbox
from cdb_site.clock import Clock
from cdb_site.units import plain
from cdb_site.wishes import ServiceWish
from execution import live_trading, payments
from execution.models import LedgerEntry, Order
from execution.operations import Refused
from execution.resetting import reset_account as begin_anew
from execution.rules.states import TERMINAL
from marketdata import pausing
from risk.marks import Marks
from risk.models import Breaker, Proposal
from risk.operator import holders, proposals, selling
from risk.rules.limits import NAMES
from risk.watch import kill_switch


@dataclass(frozen=True, kw_only=True)
class AskedAct:
    """Who asks for what and why; the market is read only where it is needed."""

    account: str
    by: str
    reason: str
    values: dict[str, Any]
    market: Callable[[], Marks]
    clock: Clock


@dataclass(frozen=True, kw_only=True)
class Said:
    """The answer: code and parameters. `then` is done after the commit, and may fail."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)
    then: Callable[[], object] | None = None


class Refusal(Exception):
    """The act is not done; code and parameters of the sentence that says why."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def halt(asked: AskedAct) -> Said:
    """Engages under the gate's lock alone; canceling the open entries comes after."""
    if asked.values["how"] == "exits_only":
        return exits_only(asked)
    selling_all = asked.values["how"] == "sell"
    before = execution.queries.holds(asked.account)
    changed = kill_switch.engage(
        asked.account, by=asked.by, reason=asked.reason, close_positions=selling_all, clock=asked.clock
    )
    then = lambda: _cancel_entries(asked)  # noqa: E731
    if selling_all:
        return Said(code="HALTED_SELLING", then=then)
    if changed or not before:
        return Said(code="HALTED", then=then)
    return Said(code="HALTED_BEFORE", params={"by": before[0].by}, then=then)


def _cancel_entries(asked: AskedAct) -> None:
    if execution.queries.has_entries_to_cancel(asked.account):
        kill_switch.cancel_entries(asked.account, asked.clock)


def exits_only(asked: AskedAct) -> Said:
    changed = kill_switch.only_exits(asked.account, by=asked.by, reason=asked.reason)
    return Said(code="EXITS_ONLY" if changed else "EXITS_ONLY_BEFORE")


def resume(asked: AskedAct) -> Said:
    done = proposals.resume(asked.account, by=asked.by, reason=asked.reason, marks=asked.market(), clock=asked.clock)
    if isinstance(done, Proposal):
        return _proposed(done)
    trading = holders.told(asked.account)
    if trading["holders"]:
        names = ", ".join(f"{hold['owner']} {hold['state']} ({hold['reason']})" for hold in trading["holders"])
        return Said(code="STILL_HELD", params={"state": trading["state"], "holders": names})
    return Said(code="RESUMED" if done else "ACTIVE_BEFORE")


def _proposed(proposal: Proposal) -> Said:
    return Said(code="PROPOSED", params={"number": proposal.pk})


def release_breaker(asked: AskedAct) -> Said:
    breaker = Breaker.objects.filter(account=asked.account, pk=asked.values["breaker"]).first()
    if breaker is None:
        raise Refusal("NOT_FOUND", what=f"#{asked.values['breaker']}")
    done = proposals.release_breaker(breaker, by=asked.by, reason=asked.reason)
    if isinstance(done, Proposal):
        return _proposed(done)
    return Said(code="BREAKER_RELEASED" if done else "BREAKER_RELEASED_BEFORE", params={"breaker": str(breaker)})


def close_position(asked: AskedAct) -> Said:
    return _sell(asked, [asked.values["symbol"]])


def close_all(asked: AskedAct) -> Said:
    return _sell(asked, None)


def _sell(asked: AskedAct, symbols: list[str] | None) -> Said:
    sales = selling.sell(
        asked.account, symbols, by=asked.by, reason=asked.reason, marks=asked.market(), clock=asked.clock
    )
    going = [sale.symbol for sale in sales if sale.state != selling.DUST]
    if going:
        return Said(code="SELLING", params={"symbols": ", ".join(sorted(going))})
    dust = ", ".join(sorted(sale.symbol for sale in sales))
    return Said(code="SELLING_NOTHING", params={"why": f" ({dust}: dust)" if dust else ""})


def cancel_order(asked: AskedAct) -> Said:
    """An entry alone: whoever cancels an exit leaves its position without protection."""
    with outbox.unit_of_work("risk") as unit:
        execution.queries.account(asked.account, lock=True)
        order = Order.objects.filter(account_id=asked.account, order_id=asked.values["order_id"]).first()
        if order is None:
            raise Refusal("NOT_FOUND", what=asked.values["order_id"])
        if order.reduce_only:
            raise Refusal("EXIT_ORDER")
        if order.state in TERMINAL:
            raise Refusal("ORDER_OVER", state=order.state)
        execution.operations.cancel_entry(
            unit, asked.account, order.order_id, reason_code="OPERATOR_CANCELED", clock=asked.clock
        )
    return Said(code="ORDER_CANCELED" if order.state == "NEW" else "CANCEL_ASKED")


def acknowledge(asked: AskedAct) -> Said:
    try:
        done = alerts.acknowledge(UUID(asked.values["alert_id"]), by=asked.by)
    except Alert.DoesNotExist as problem:
        raise Refusal("NOT_FOUND", what=asked.values["alert_id"]) from problem
    return Said(code="ACKNOWLEDGED", params={"by": asked.by}) if done else Said(code="ACKNOWLEDGED_BEFORE")


def pause_symbol(asked: AskedAct) -> Said:
    symbol, lasting = asked.values["symbol"], asked.values["lasting"]
    try:
        until = asked.clock.wall_now() + pausing.lasting(lasting) if lasting else None
        pausing.pause(symbol, reason=asked.reason, by=asked.by, expires_at=until)
    except pausing.PauseProblem as problem:
        raise Refused(str(problem)) from problem
    if until is None:
        return Said(code="PAUSED", params={"symbol": symbol})
    return Said(code="PAUSED_UNTIL", params={"symbol": symbol, "until": f"{until:%Y-%m-%d %H:%M:%S}"})


def unpause_symbol(asked: AskedAct) -> Said:
    try:
        pausing.resume(asked.values["symbol"], by=asked.by)
    except pausing.PauseProblem as problem:
        raise Refused(str(problem)) from problem
    return Said(code="UNPAUSED", params={"symbol": asked.values["symbol"]})


def propose_limits(asked: AskedAct) -> Said:
    values = {name: Decimal(asked.values[name]) for name in NAMES}
    try:
        done = proposals.change_limits(
            asked.account, values, by=asked.by, reason=asked.reason, based_on=asked.values["based_on"]
        )
    except ValidationError as problem:
        words = "; ".join(f"{name}: {', '.join(said)}" for name, said in problem.message_dict.items())
        raise Refused(words) from problem
    return (
        _proposed(done)
        if isinstance(done, Proposal)
        else Said(code="LIMITS_IN_FORCE", params={"version": done.version})
    )


def approve(asked: AskedAct) -> Said:
    proposals.approve(asked.values["proposal"], by=asked.by, marks=asked.market(), clock=asked.clock)
    return Said(code="APPROVED", params={"number": asked.values["proposal"]})


def reject(asked: AskedAct) -> Said:
    proposal = proposals.reject(asked.values["proposal"], by=asked.by)
    return Said(code=proposal.state, params={"number": proposal.pk})


def reset_account(asked: AskedAct) -> Said:
    """With the drawdown's breaker, whose peak counts no more: released, or its release is proposed."""
    deposit = Decimal(asked.values["cash"] or settings.ENVIRONMENT.STARTING_CASH)
    done = begin_anew(asked.account, deposit=deposit, by=asked.by, reason=asked.reason, clock=asked.clock)
    proposals.release_after_reset(asked.account, by=asked.by, reason=asked.reason)
    return Said(code="ACCOUNT_RESET", params={"deposited": plain(done.deposited)})


def deposit(asked: AskedAct) -> Said:
    return _paid(asked, payments.deposit, "DEPOSITED")


def withdraw(asked: AskedAct) -> Said:
    return _paid(asked, payments.withdraw, "PAID_OUT")


def _paid(asked: AskedAct, pay: Callable[..., LedgerEntry], code: str) -> Said:
    amount = Decimal(asked.values["amount"])
    entry = pay(asked.account, amount=amount, by=asked.by, reason=asked.reason, clock=asked.clock)
    return Said(code=code, params={"amount": plain(amount), "number": entry.pk})


def ask_live_trading(asked: AskedAct) -> Said:
    """Opens nothing: an admin has to confirm it on the page of the settings, with a second factor."""
    live_trading.ask(asked.account, limits_version=asked.values["limits_version"], by=asked.by, reason=asked.reason)
    return Said(code="LIVE_TRADING_ASKED")


def withdraw_live_trading(asked: AskedAct) -> Said:
    done = live_trading.withdraw(asked.account, by=asked.by, reason=asked.reason)
    return Said(code="LIVE_TRADING_WITHDRAWN" if done else "LIVE_TRADING_NOT_ENABLED")


def disturb_service(asked: AskedAct) -> Said:
    """Only where the market is a simulation, and by the supervisor that started the service."""
    if settings.ENVIRONMENT.MARKET != "SIMULATED":
        raise Refusal("NOT_SIMULATED")
    folder = settings.ENVIRONMENT.DATA_DIR
    if not wishes.offered(folder, asked.clock.wall_s()):
        raise Refusal("NO_SUPERVISOR")
    wish = ServiceWish(deed=asked.values["how"], service=asked.values["service"], seconds=asked.values["seconds"])
    wishes.ask(folder, wish)
    return Said(code="SERVICE_KILLED" if wish.deed == "kill" else "SERVICE_STOPPED", params=asdict(wish))
