"""What a file's name tells: `BTCUSDT-1m.csv`, `BTC_USDT-1h.json`, `BTCUSDT-5m-2026-01.zip`, and names for new files.

freqtrade and Binance say 1h where the exchange's REST API says 60m. Pure.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from marketdata.intervals import SECONDS

NAME = re.compile(r"(?P<symbol>.+?)-(?P<interval>[1-9]\d*[a-zA-Z])(?=[-.]|$)")
OTHER_NAMES = {"1h": "60m", "60min": "60m", "24h": "1d", "1D": "1d", "4H": "4h", "1H": "60m"}
HOUR_NAMES = {"60m": "1h"}
SEPARATORS = str.maketrans("", "", "-_/ ")
EXTENSIONS = {"csv": "csv", "freqtrade": "json", "mexc": "json"}


class Told(NamedTuple):
    """Empty where the name does not say."""

    symbol: str
    interval: str


def told_by(name: str) -> Told:
    found = NAME.match(name)
    return Told(found["symbol"], known_interval(found["interval"])) if found else Told("", "")


def known_interval(text: str) -> str:
    """The interval as the REST API calls it; what is not known stays as it is."""
    return text if text in SECONDS else OTHER_NAMES.get(text, text)


def spellings(symbol: str) -> list[str]:
    """How the exchange may spell what somebody wrote: BTC_USDT, btcusdt."""
    return list(dict.fromkeys((symbol, symbol.upper(), symbol.upper().translate(SEPARATORS))))


def file_name(kind: str, interval: str, *, symbol: str, base_asset: str, quote_asset: str) -> str:
    """A name that the importer, and for freqtrade freqtrade, understands."""
    if kind == "freqtrade":
        symbol, interval = f"{base_asset}_{quote_asset}", HOUR_NAMES.get(interval, interval)
    return f"{symbol}-{interval}.{EXTENSIONS[kind]}".replace("/", "_").replace("\\", "_")
