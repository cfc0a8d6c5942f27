"""Numbers and times as a person reads them on a page that the server writes; the twin of `js/format.js`.

Numbers follow the language of the page, times its time zone; a minus is a minus sign, and what is unknown is a dash.
Money has two decimals, or six where one unit of the quote asset is worth much; a price as many as its size needs.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cdb_site.units import in_unit

MINUS, MISSING = "\u2212", "–"
STABLE = ("USDT", "USDC", "USD", "EUR", "FDUSD", "TUSD", "DAI")


def number(value: Any, digits: int) -> str:
    """With exactly so many decimals."""
    if value is None:
        return MISSING
    rounded = round(Decimal(str(value)), digits)
    return number_format(rounded or abs(rounded), digits, force_grouping=True).replace("-", MINUS)


def money(value: Any) -> str:
    return number(value, money_digits())


def money_digits() -> int:
    return 2 if settings.ENVIRONMENT.QUOTE_ASSET in STABLE else 6


def cents(value: Decimal) -> Decimal:
    """What is written of an amount of money: what must add up as it is read is added up of these."""
    return round(value, money_digits())


def whole(value: Any) -> str:
    """Large amounts, where decimals would only be noise."""
    return MISSING if value is None else number(value, 0)


def signed_bps(value: Any) -> str:
    return MISSING if value is None else signed(of_unit(round(value, 1), "BPS"), round(value, 1))


def signed(shown: str, value: Any) -> str:
    """A figure already written, with a plus where it is more than nothing."""
    return f"+{shown}" if value is not None and Decimal(str(value)) > 0 else shown


def price(value: Any) -> str:
    if value is None:
        return MISSING
    return number(value, price_digits(Decimal(str(value))))


def price_digits(value: Decimal) -> int:
    size = abs(value)
    if size >= 1000 or not size:
        return 2
    return 4 if size >= 1 else min(12, 4 - math.floor(math.log10(size)))


def quantity(value: Any) -> str:
    """Base units, without zeros at the end."""
    if value is None:
        return MISSING
    size = abs(Decimal(str(value)))
    digits = 0 if size >= 1000 else 3 if size >= 1 else 6
    rounded = round(Decimal(str(value)), digits)
    whole, _dot, rest = format(abs(rounded), "f").partition(".")
    shown = number_format(Decimal(whole), 0, force_grouping=True)
    decimals = rest.rstrip("0")
    if decimals:
        shown = number_format(Decimal(f"{whole}.{decimals}"), len(decimals), force_grouping=True)
    return f"{MINUS}{shown}" if rounded < 0 else shown


def percent(value: Any, digits: int = 2) -> str:
    """A fraction as per cent: 0.0123 is 1.23 %."""
    return MISSING if value is None else f"{number(Decimal(str(value)) * 100, digits)} %"


def percent_short(value: Any) -> str:
    """A limit as people say it: 5 %, 2.5 %."""
    return MISSING if value is None else f"{quantity(round(Decimal(str(value)) * 100, 2))} %"


def of_unit(value: Any, unit: str) -> str:
    """What a layer or breaker saw, in the unit it was judged in."""
    match unit:
        case "PRICE":
            return price(value)
        case "FRACTION":
            return percent(value)
        case _:
            return MISSING if value is None else in_unit(value, unit).replace("-", MINUS)


def base(symbol: str) -> str:
    """BTCUSDT is BTC where the quote asset is USDT."""
    quote = settings.ENVIRONMENT.QUOTE_ASSET
    return symbol.removesuffix(quote) or symbol


def clock(moment: datetime | None) -> str:
    """The time of day in the reader's zone."""
    return MISSING if moment is None else f"{timezone.localtime(moment):%H:%M:%S}"


def exact(moment: datetime | None) -> str:
    """The same to the millisecond."""
    return MISSING if moment is None else f"{timezone.localtime(moment):%H:%M:%S.%f}"[:-3]


def day(moment: datetime | None) -> str:
    return MISSING if moment is None else date_format(timezone.localtime(moment), pgettext("format of a day", "d M"))


def utc(moment: datetime | None) -> str:
    """For who must compare with a log: date and time in UTC."""
    return MISSING if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"


def utc_clock(moment: datetime | None) -> str:
    """The same moment's time of day in UTC; nothing for who reads UTC already."""
    if moment is None or not timezone.localtime(moment).utcoffset():
        return ""
    return f"{moment.astimezone(UTC):%H:%M:%S} UTC"


def tail(name: str) -> str:
    """The end of a long name, by which two that stand under each other differ."""
    return name if len(name) <= 12 else f"…{name[-8:]}"


def held(seconds: float | None) -> str:
    """How long something was held, short enough for a column: 38 s, 53 min, 1 h 03, 2 d 4 h."""
    if seconds is None:
        return MISSING
    whole = int(max(0, seconds))
    if whole < 60:
        return _("%(seconds)s s") % {"seconds": whole}
    if whole < 3600:
        return _("%(minutes)s min") % {"minutes": whole // 60}
    if whole < 86_400:
        return _("%(hours)s h %(minutes)s") % {"hours": whole // 3600, "minutes": f"{whole % 3600 // 60:02}"}
    return _("%(days)s d %(hours)s h") % {"days": whole // 86_400, "hours": whole % 86_400 // 3600}


def lasted(seconds: float) -> str:
    """171 ms, 38 s, 1 min 12 s, 8 h 39 min, 3 d 4 h."""
    seconds = max(0.0, seconds)
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return _("%(seconds)s s") % {"seconds": number(seconds, 1 if seconds < 10 else 0)}
    whole = int(seconds)
    if whole < 3600:
        words = _("%(minutes)s min %(seconds)s s") if whole % 60 else _("%(minutes)s min")
        return words % {"minutes": whole // 60, "seconds": whole % 60}
    if whole < 86_400:
        return _("%(hours)s h %(minutes)s min") % {"hours": whole // 3600, "minutes": whole % 3600 // 60}
    return _("%(days)s d %(hours)s h") % {"days": whole // 86_400, "hours": whole % 86_400 // 3600}
