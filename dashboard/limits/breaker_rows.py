"""Layer 2's breakers among the distances: what each reads now, as the risk manager's heartbeat says it.

A figure that is not read now has its row all the same: that nothing is known is no reason to look calm.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard import formats
from dashboard.limits.gauges import gauge
from risk.rules.circuit_breakers import KINDS
from risk.rules.limits import Limits

ZERO = Decimal(0)
TITLES = {
    "REJECT_RATE": gettext_lazy("Reject rate"),
    "SLIPPAGE": gettext_lazy("Worst slippage"),
    "ORDER_RATE": gettext_lazy("Orders a minute"),
    "CLOCK_SKEW": gettext_lazy("Clock skew"),
    "SPREAD": gettext_lazy("Widest spread"),
    "JUMP": gettext_lazy("Largest jump"),
}
WHOLE_ACCOUNT = ("REJECT_RATE", "ORDER_RATE", "CLOCK_SKEW")
# What the figure of a kind waits for, where the risk manager is heard and has none.
WAITS = {
    "REJECT_RATE": gettext_lazy("fewer than 10 orders lately"),
    "SLIPPAGE": gettext_lazy("no order lately"),
}


def breaker_rows(status: dict[str, Any], limits: Limits) -> list[dict[str, Any]]:
    told = status["breaker_readings"]
    return [_row(kind, told.get(kind), limits, heard=bool(told)) for kind in TITLES]


def _row(kind: str, reading: dict[str, str] | None, limits: Limits, *, heard: bool) -> dict[str, Any]:
    rule = KINDS[kind]
    limit = getattr(limits, rule.limit)
    row = {
        "layer": "",
        "title": str(TITLES[kind]),
        "limit": _("of %(limit)s") % {"limit": _shown(limit, rule.unit)},
        "effect": _effect(kind),
    }
    if reading is None:
        unread = {"observed": "", "now": formats.MISSING, "used": formats.MISSING, "room": formats.MISSING}
        waits = {"effect": str(WAITS[kind])} if heard and kind in WAITS else {}
        return row | unread | gauge(ZERO) | waits
    observed = Decimal(reading["observed"])
    used = observed / limit if limit > 0 else ZERO
    if reading["symbol"]:
        row["title"] = f"{row['title']}, {formats.base(reading['symbol'])}"
    return row | {
        "observed": observed,
        "now": _shown(observed, rule.unit),
        "used": formats.percent(used, 0),
        "room": _shown(limit - observed, rule.unit) if observed < limit else _("none"),
        **gauge(used),
    }


def _shown(value: Decimal, unit: str) -> str:
    """An order a minute is a number: its unit stands in the title."""
    if unit == "orders":
        return formats.number(value, 0)
    return formats.percent_short(value) if unit == "fraction" else formats.of_unit(value, unit.upper())


def _effect(kind: str) -> str:
    latched = KINDS[kind].latched
    if kind in WHOLE_ACCOUNT:
        return _("exits only, latched") if latched else _("exits only")
    return _("no entries in the symbol, latched") if latched else _("no entries in the symbol")
