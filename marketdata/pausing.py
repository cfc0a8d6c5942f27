"""Pausing an instrument: nothing is bought of it, whatever its momentum. Selling, stops and watching go on.

A pause takes effect with the next signal, and is over when somebody resumes the instrument or, by the clock alone, when
its time has come. Times are wall time. Who paused and who resumed stays as history.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from cdb_site.clock import SYSTEM
from marketdata import queries
from marketdata.models import Instrument, Pause
from marketdata.universe.near_misses import near_symbols

EXPIRY = "expiry"


class PauseProblem(Exception):
    """The pause cannot be made or ended. The text names the field and the remedy."""


def pause(symbol: str, *, reason: str, by: str, expires_at: datetime | None = None) -> Pause:
    """Pause an instrument. Raises PauseProblem when it is unknown or paused already, or the values are unusable."""
    now = SYSTEM.wall_now()
    require(symbol, reason=reason, expires_at=expires_at, now=now)
    try:
        with transaction.atomic():
            settle_expired(symbol, now)
            return Pause.objects.create(
                instrument_id=symbol, reason=reason.strip(), paused_at=now, paused_by=by, expires_at=expires_at
            )
    except IntegrityError as problem:
        raise PauseProblem(_paused_already(symbol, now)) from problem


def resume(symbol: str, *, by: str) -> Pause:
    """End the pause of an instrument. Raises PauseProblem when it is not paused."""
    now = SYSTEM.wall_now()
    with transaction.atomic():
        settle_expired(symbol, now)
        row = Pause.objects.select_for_update().filter(instrument_id=symbol, ended_at=None).first()
        if row is None:
            raise PauseProblem(_not_paused(symbol))
        row.ended_at, row.ended_by = max(now, row.paused_at), by
        row.save(update_fields=["ended_at", "ended_by"])
        return row


def require(symbol: str, *, reason: str, expires_at: datetime | None, now: datetime) -> None:
    """Raise PauseProblem unless these values can make a pause now."""
    if not Instrument.objects.filter(symbol=symbol).exists():
        raise PauseProblem(unknown(symbol))
    if not reason.strip():
        raise PauseProblem(_("reason: say why, for the history."))
    if expires_at is not None and expires_at <= now:
        raise PauseProblem(
            _("expires at: %(time)s is over; name a time to come, or none.")
            % {"time": f"{expires_at:%Y-%m-%d %H:%M:%S %Z}"}
        )
    if symbol in queries.paused(now):
        raise PauseProblem(_paused_already(symbol, now))


def settle_expired(symbol: str, now: datetime) -> None:
    """Write down the end of a pause whose time is over."""
    over = Pause.objects.filter(instrument_id=symbol, ended_at=None, expires_at__lte=now)
    over.update(ended_at=F("expires_at"), ended_by=EXPIRY)


def unknown(symbol: str) -> str:
    """The sentence for a symbol that is no stored instrument."""
    quote_assets = Instrument.objects.order_by().values_list("quote_asset", flat=True).distinct()
    named = next((asset for asset in quote_assets if symbol.upper().endswith(asset)), settings.ENVIRONMENT.QUOTE_ASSET)
    near = near_symbols(symbol, queries.turnover(), named)
    if near:
        told = {"symbol": symbol, "near": ", ".join(near)}
        return _("symbol: %(symbol)s is not listed; did you mean %(near)s?") % told
    return _("symbol: %(symbol)s is not listed; see Instruments in the admin.") % {"symbol": symbol}


def lasting(text: str) -> timedelta:
    """A duration such as 90s, 30m, 2h or 3d. Raises PauseProblem."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = text[:-1], text[-1:]
    if not number.isascii() or not number.isdigit() or unit not in units or not 0 < int(number) <= 10_000:
        raise PauseProblem(_("for: '%(text)s' is no duration; say for example 30m, 2h or 3d.") % {"text": text})
    return timedelta(seconds=int(number) * units[unit])


def _paused_already(symbol: str, now: datetime) -> str:
    reason = queries.paused(now).get(symbol, "")
    told = {"symbol": symbol, "reason": reason}
    return _("symbol: %(symbol)s is paused already (%(reason)s); resume it first.") % told


def _not_paused(symbol: str) -> str:
    if not Instrument.objects.filter(symbol=symbol).exists():
        return unknown(symbol)
    return _("symbol: %(symbol)s is not paused.") % {"symbol": symbol}
