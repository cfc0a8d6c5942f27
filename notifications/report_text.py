"""The report of a day in a few lines, as it is sent: amounts in the quote asset, what is not known is –."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from cdb_site.units import in_unit
from risk.reports.words import NONE, fraction, money, signed


def brief(value: str | None) -> str:
    """An amount with its sign, to the cent from 1 on; below, in an asset of which one is worth much, as it is."""
    if value is None or abs(Decimal(value)) < 1:
        return signed(value)
    return signed(str(round(Decimal(value), 2)))


def lines(body: dict[str, Any]) -> Iterator[str]:
    """From the report's body, as it is stored."""
    pnl, asset = body["pnl"], settings.ENVIRONMENT.QUOTE_ASSET
    told = {"asset": asset, "result": brief(pnl["result"]), "share": fraction(pnl["result_fraction"])}
    yield _("Result %(result)s %(asset)s (%(share)s)") % told
    told = {"asset": asset, "opening": money(pnl["opening_equity"]), "closing": money(pnl["closing_equity"])}
    yield _("Equity %(opening)s → %(closing)s %(asset)s") % told
    if pnl["paid_in"] != "0":
        yield _("Paid in %(amount)s %(asset)s") % {"amount": brief(pnl["paid_in"]), "asset": asset}
    fees = brief(f"-{pnl['fees']}")
    told = {"realized": brief(pnl["realized"]), "open": brief(pnl["open"]), "fees": fees, "asset": asset}
    yield _("Realised %(realized)s, open %(open)s, fees %(fees)s %(asset)s") % told
    yield _("Deepest drawdown %(share)s") % {"share": fraction(body["drawdown"]["fraction"])}
    told = {"orders": body["orders"]["total"], "fills": body["orders"]["fills"], "total": body["decisions"]["total"]}
    yield _("Decisions %(total)s, orders %(orders)s, fills %(fills)s") % told
    yield trips(body["trips"]["total"])


def trips(total: dict[str, Any]) -> str:
    """Round trips of a day or a period in one line."""
    if not total["trips"]:
        return _("No round trip was closed")
    told = {
        "trips": total["trips"], "won": total["won"], "share": fraction(total["win_rate"]),
        "net": brief(total["net"]), "factor": _factor(total["profit_factor"]),
        "asset": settings.ENVIRONMENT.QUOTE_ASSET,
    }  # fmt: skip
    return _("Round trips %(trips)s, won %(won)s (%(share)s), net %(net)s %(asset)s, profit factor %(factor)s") % told


def _factor(value: str | None) -> str:
    return NONE if value is None else in_unit(str(round(Decimal(value), 2)), "PRICE")
