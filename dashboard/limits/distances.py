"""How far the account is from each limit, as gauges: the figures of `manage.py status`, drawn."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from dashboard import formats
from dashboard.limits.breaker_rows import breaker_rows
from dashboard.limits.gauges import gauge
from risk.rules.limits import Limits

ZERO = Decimal(0)
Worst = Mapping[str, Decimal]


def distances(status: dict[str, Any], limits: Limits, worst: Worst) -> list[dict[str, Any]]:
    """A row a limit, in the order of the layers. `status`: what `status_report.report` told; `worst`: what the day's
    points show, as `worst_today` has it."""
    day, peak, exposure = (Decimal(row["observed"]) for row in status["limits"])
    seen = floors(status, limits)
    loss = _fraction("1", _("Daily loss"), day, limits.max_daily_drawdown_pct, status, worst.get("day"))
    fall = _fraction("2", _("24 h drawdown"), peak, limits.max_drawdown_pct, status, worst.get("drawdown"))
    whole = _fraction("3", _("Total exposure"), exposure, limits.max_exposure_pct, status, worst.get("exposure"))
    return [
        loss | {"effect": _("halts and sells everything"), "room": _money(seen["equity"] - seen["halts_at"], status)},
        fall | {"effect": _("exits only, latched")},
        *_silence(status, limits),
        *breaker_rows(status, limits),
        whole | {"effect": _("denies buys, sells nothing")},
        *_largest(status, limits),
        *_nearest_stop(status, limits),
    ]


def floors(status: dict[str, Any], limits: Limits) -> dict[str, Decimal]:
    """The equity at which the day's loss halts, and the equity of now."""
    equity = Decimal(status["equity"])
    opening = equity - Decimal(status["day_pnl"])
    return {"halts_at": opening * (1 - limits.max_daily_drawdown_pct), "equity": equity}


def worst_today(status: dict[str, Any], told: Mapping[str, str | None]) -> dict[str, Decimal]:
    """The largest loss, fall and exposure of the day so far, from `DaySoFar`'s texts."""
    opening = Decimal(status["equity"]) - Decimal(status["day_pnl"])
    found = {name: Decimal(value) for name, value in told.items() if value is not None}
    worst = {"drawdown": found.get("drawdown_24h"), "exposure": found.get("exposure")}
    if "equity" in found and opening > 0:
        worst["day"] = max(ZERO, 1 - found["equity"] / opening)
    return {name: value for name, value in worst.items() if value is not None}


def _fraction(
    layer: str, title: str, observed: Decimal, limit: Decimal, status: dict[str, Any], worst: Decimal | None = None
) -> dict[str, Any]:
    used = observed / limit if limit > 0 else ZERO
    neutral = layer in ("3", "4")
    room = (limit - observed) * Decimal(status["equity"])
    return {
        "layer": layer,
        "title": title,
        "now": formats.percent(observed),
        "observed": observed,
        "limit": _("of %(limit)s") % {"limit": formats.percent_short(limit)},
        "used": formats.percent(used, 0),
        "room": _money(room, status),
        **gauge(used, neutral=neutral, worst=worst / limit if worst is not None and limit > 0 else None),
    }


def _money(room: Decimal, status: dict[str, Any]) -> str:
    return f"{formats.whole(room)} {status['quote_asset']}" if room > 0 else _("none")


def _silence(status: dict[str, Any], limits: Limits) -> list[dict[str, Any]]:
    """Unknown while Redis is away, or before the first quote: then there is nothing to draw."""
    age = status["data"].get("newest_s")
    if age is None:
        return []
    seconds, limit = Decimal(str(age)), limits.max_data_silence_s
    used = seconds / limit
    left = max(ZERO, limit - seconds)
    return [
        {
            "layer": "",
            "title": _("Feed silence"),
            "now": formats.of_unit(seconds, "SECONDS"),
            "observed": seconds,
            "limit": _("of %(limit)s") % {"limit": formats.of_unit(limit, "SECONDS")},
            "used": formats.percent(used, 0),
            "room": formats.of_unit(left, "SECONDS"),
            "effect": _("exits only"),
            **gauge(used),
        }
    ]


def _largest(status: dict[str, Any], limits: Limits) -> list[dict[str, Any]]:
    equity = Decimal(status["equity"])
    worth = {row["symbol"]: Decimal(row["quantity"]) * Decimal(row["mark"]) for row in status["positions"]}
    if not worth or equity <= 0:
        return []
    symbol = max(worth, key=lambda name: worth[name])
    title = _("Largest position, %(symbol)s") % {"symbol": formats.base(symbol)}
    row = _fraction("4", title, worth[symbol] / equity, limits.max_position_pct, status)
    return [row | {"effect": _("trims buys")}]


def _nearest_stop(status: dict[str, Any], limits: Limits) -> list[dict[str, Any]]:
    """Full when the mark is at the stop, empty at the price of entry or above it."""
    held = [row for row in status["positions"] if row["stop_distance"] is not None and not row["dust"]]
    if not held:
        return []
    row = min(held, key=lambda one: Decimal(one["stop_distance"]))
    entry, mark, stop = (Decimal(row[name]) for name in ("entry", "mark", "stop"))
    used = max(ZERO, (entry - mark) / (entry - stop)) if entry > stop else ZERO
    away = Decimal(row["stop_distance"])
    return [
        {
            "layer": "5",
            "title": _("Nearest stop, %(symbol)s") % {"symbol": formats.base(row["symbol"])},
            "now": formats.percent(away),
            "observed": away,
            "limit": _("above it"),
            "used": formats.percent(used, 0),
            "room": formats.price(mark - stop),
            "effect": _("sells the position"),
            **gauge(used),
        }
    ]
