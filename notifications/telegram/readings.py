"""What a chat may ask to read: short answers, numbers with their units, what is not known is –."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cdb_site.clock import Clock
from cdb_site.units import in_unit
from execution.queries import PAPER
from notifications.report_text import brief, trips
from risk.operator import status_report
from risk.operator.status_report import fresh_source
from risk.operator.trace import Chain, NotFound, find
from risk.reports import period
from risk.reports.period import PeriodReport
from risk.reports.words import NONE, fraction, money
from risk.rules.measures import told_tally
from risk.rules.reasons import sentence

POSITIONS_MOST = 20
SPANS = (1, 7, 30)
PERFORMANCE_DAYS = 30


def status(_words: Sequence[str], clock: Clock) -> str:
    told = status_report.report(fresh_source(PAPER, clock))
    return "\n".join(_status(told))


def _status(told: dict[str, Any]) -> Iterator[str]:
    trading, asset = told["trading"], told["quote_asset"]
    held = f" ({trading['by']}: {trading['reason']})" if trading["state"] != "ACTIVE" else ""
    yield _("Trading %(state)s") % {"state": trading["state"]} + held
    mode = told["mode"]
    yield _("Orders: %(mode)s") % {"mode": mode["mode"]} + (" ⚠" if mode["mode"] == "LIVE" else "")
    if mode["mode_missing"]:
        words = {"asked": mode["mode_asked"], "keys": ", ".join(mode["mode_missing"])}
        yield _("%(asked)s is asked for; missing: %(keys)s") % words
    values = {"equity": money(told["equity"]), "asset": asset, "result": brief(told["day_pnl"])}
    yield _("Equity %(equity)s %(asset)s, today %(result)s %(asset)s") % values
    names = {"daily loss": _("Daily loss"), "drawdown of 24 h": _("Drawdown of 24 h"), "exposure": _("Exposure")}
    for row in told["limits"]:
        values = {"name": names.get(row["name"], row["name"]), "seen": fraction(row["observed"])}
        yield _("%(name)s %(seen)s of %(limit)s") % {**values, "limit": fraction(row["limit"])}
    counts = {"positions": len(told["positions"]), "orders": len(told["open_orders"])}
    yield _("Positions %(positions)s, open orders %(orders)s") % counts
    breakers = ", ".join(f"{row['kind']} {row['symbol']}".strip() for row in told["breakers"])
    yield _("Breakers open: %(list)s") % {"list": breakers} if breakers else _("No breaker is open.")
    critical = sum(row["level"] == "CRITICAL" for row in told["alerts"])
    yield _("Alerts open: %(count)s, critical %(critical)s") % {"count": len(told["alerts"]), "critical": critical}
    down = ", ".join(row["service"] for row in told["services"] if row["status"] != "OK")
    if told["services"] and not down:
        yield _("Every service is well.")
    else:
        yield _("Services not well: %(list)s") % {"list": down or NONE}


def positions(_words: Sequence[str], clock: Clock) -> str:
    told = status_report.report(fresh_source(PAPER, clock))
    rows = told["positions"]
    if not rows:
        return _("Nothing is held.")
    lines = [_position(row, told["quote_asset"]) for row in rows[:POSITIONS_MOST]]
    if len(rows) > POSITIONS_MOST:
        lines.append(_("and %(count)s more") % {"count": len(rows) - POSITIONS_MOST})
    return "\n".join(lines)


def _position(row: dict[str, Any], asset: str) -> str:
    age = NONE if row["mark_age_s"] is None else in_unit(row["mark_age_s"], "SECONDS")
    values = {
        "symbol": row["symbol"], "quantity": in_unit(row["quantity"], "PRICE"), "entry": _price(row["entry"]),
        "mark": _price(row["mark"]), "result": brief(row["unrealized_pnl"]), "asset": asset,
        "stop": _price(row["stop"]), "distance": fraction(row["stop_distance"]), "age": age,
    }  # fmt: skip
    return (
        _(
            "%(symbol)s: %(quantity)s @ %(entry)s, now %(mark)s (%(age)s old), %(result)s %(asset)s;"
            " stop %(stop)s, %(distance)s away"
        )
        % values
    )


def _price(value: str) -> str:
    """Seven digits that count: a mean of several fills has no end."""
    return in_unit(format(Decimal(f"{Decimal(value):.7g}"), "f"), "PRICE")


def profit(_words: Sequence[str], clock: Clock) -> str:
    """Results of the last days, today's so far included."""
    told = _period(max(SPANS), clock)
    rows = []
    for days in SPANS:
        since = told.last - timedelta(days=days - 1)
        found = [one.result for one in told.days if one.day >= since and one.result is not None]
        amount = brief(str(sum(found))) if found else NONE
        values = {"days": days, "result": amount, "asset": told.quote_asset}
        if days == 1:
            rows.append(_("Today %(result)s %(asset)s") % values)
        else:
            rows.append(_("%(days)s days %(result)s %(asset)s") % values)
    return "\n".join(rows)


def performance(_words: Sequence[str], clock: Clock) -> str:
    told = _period(PERFORMANCE_DAYS, clock)
    fall = None if told.curve.fall is None else str(told.curve.fall.fraction)
    return "\n".join(
        [
            _("%(first)s to %(last)s (UTC)") % {"first": told.first, "last": told.last},
            _("Result %(result)s %(asset)s (%(share)s), universe %(universe)s")
            % {
                "result": brief(str(told.result)),
                "asset": told.quote_asset,
                "share": _share(told.result_fraction),
                "universe": _share(told.universe_fraction),
            },  # fmt: skip
            _("Deepest drawdown %(share)s") % {"share": fraction(fall)},
            trips(told_tally(told.groups.total)),
        ]
    )


def _share(value: Any) -> str:
    return NONE if value is None else fraction(str(value))


def _period(days: int, clock: Clock) -> PeriodReport:
    now = clock.market_now()
    return period.period(PAPER, now.date() - timedelta(days=days - 1), now.date(), now)


def why(words: Sequence[str], _clock: Clock) -> str:
    if not words:
        return _("Which one? /why and the id of a signal, decision, order or alert; its first six digits are enough.")
    try:
        return "\n".join(_chain(find(words[0]))) or NONE
    except NotFound:
        return _("Nothing, or more than one thing, has this id; the first six digits are enough if they are unique.")


def _chain(chain: Chain) -> Iterator[str]:
    if chain.signal:
        values = {"side": chain.signal.side, "symbol": chain.signal.symbol}
        yield _("Signal %(side)s %(symbol)s, momentum %(momentum)s") % {
            **values, "momentum": in_unit(chain.signal.momentum, "FRACTION")
        }  # fmt: skip
    if chain.decision:
        row = chain.decision
        yield f"{row.outcome} {row.side} {row.symbol}: {sentence(row.reason_code, row.params)}"
    if chain.order:
        values = {"state": chain.order.state, "filled": in_unit(chain.order.filled_quantity, "PRICE")}
        yield _("Order %(state)s, %(filled)s of %(quantity)s filled") % {
            **values, "quantity": in_unit(chain.order.quantity, "PRICE")
        }  # fmt: skip
    for fill in chain.fills[:POSITIONS_MOST]:
        values = {"quantity": in_unit(fill.quantity, "PRICE"), "price": in_unit(fill.price, "PRICE")}
        yield _("Fill %(quantity)s @ %(price)s, fee %(fee)s %(asset)s") % {
            **values, "fee": in_unit(fill.fee_quantity or fill.fee, "PRICE"), "asset": fill.fee_asset
        }  # fmt: skip
    if chain.alert:
        yield f"{chain.alert.level} {chain.alert.code}"
        yield from (f"{row.outcome} {row.side} {row.symbol} {str(row.decision_id)[:8]}" for row in chain.near)
