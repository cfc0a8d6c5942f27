"""What the kline channels push: the state of every subscribed candle whenever it changed, and once at its close.

The last push of a candle is its closed state and nothing marks it; it goes out at the close even if no deal came
since the push before. Candles longer than the source's own grow by addition: what is closed is summed once and kept,
only the newest part is read again. A week or month that was never asked for is summed up over several pulses, so
that nobody else's candles are late.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from marketdata.intervals import window_start_s
from mexc_sim.market.exchange import Exchange, candle_texts
from mexc_sim.market.source import Candles, Units
from mexc_sim.market.windows import CHANNEL_OF_INTERVAL, closes_s, opens_s
from mexc_sim.server import frames
from mexc_sim.server.channels import Channel

SUMMED_AT_ONCE_S = 3600


class Push(NamedTuple):
    """One encoded frame of a channel. `closing`: the closed state of a candle."""

    channel: Channel
    frame: bytes
    closing: bool = False


class Moment(NamedTuple):
    """The stretch of market time a pulse tells of, and the milliseconds that its frames state."""

    before_s: float
    at_s: float
    said_ms: int


class Growing(NamedTuple):
    """The window from `start_s` on, summed up to `upto_s`, where a candle of the source opens."""

    start_s: int
    upto_s: int
    candle: Candles


class CandlePushes:
    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._growing: dict[str, Growing] = {}
        self._shown: dict[str, tuple[int, tuple[int, ...], bool]] = {}

    def forget(self, channel: Channel) -> None:
        """The next pulse shows this channel's state, changed or not."""
        self._shown.pop(channel.name, None)

    def between(self, channels: Sequence[Channel], moment: Moment) -> Iterator[Push]:
        for interval in sorted({channel.interval for channel in channels}):
            chosen = [channel for channel in channels if channel.interval == interval]
            start_s = opens_s(interval, moment.before_s)
            while start_s <= moment.at_s:
                yield from self._window(interval, start_s, chosen, moment)
                start_s = closes_s(interval, start_s)

    def _window(self, interval: str, start_s: int, channels: list[Channel], moment: Moment) -> Iterator[Push]:
        end_s = closes_s(interval, start_s)
        closing = end_s <= moment.at_s
        candle = self._candle(interval, (start_s, end_s), moment)
        if candle is None:
            return
        states = list(zip(*(column[:, 0].tolist() for column in candle[1:]), strict=True))
        for channel in channels:
            row = self.exchange.rows[channel.symbol]
            shown = (start_s, states[row], closing)
            if not states[row][0] or self._shown.get(channel.name) == shown:
                continue
            self._shown[channel.name] = shown
            texts = candle_texts(self.exchange.source.listings[row], candle, row, 0)
            name = CHANNEL_OF_INTERVAL[interval]
            frame = frames.encode_candle(channel.symbol, name, start_s, end_s, texts, moment.said_ms)
            yield Push(channel, frame, closing)

    def _candle(self, interval: str, bounds: tuple[int, int], moment: Moment) -> Candles | None:
        """One column; None while a long window is still being summed up."""
        base_s, (start_s, end_s) = self.exchange.source.interval_s, bounds
        if end_s - start_s == base_s:
            return self.exchange.window(start_s, base_s, moment.at_s)
        current_s = min(window_start_s(moment.at_s, base_s), end_s)
        growing = self._growing.get(interval)
        if growing is None or growing.start_s != start_s:
            growing = Growing(start_s, start_s, self._nothing(start_s))
        pace_s = max(SUMMED_AT_ONCE_S, 2 * int(moment.at_s - moment.before_s)) // base_s * base_s or base_s
        upto_s = current_s if current_s == end_s else min(current_s, growing.upto_s + pace_s)
        if upto_s > growing.upto_s:
            newer = self.exchange.window(growing.upto_s, upto_s - growing.upto_s, moment.at_s)
            growing = Growing(start_s, upto_s, joined(growing.candle, newer))
        self._growing[interval] = growing
        if upto_s < current_s:
            return None
        if current_s == end_s:
            return growing.candle
        return joined(growing.candle, self.exchange.window(current_s, base_s, moment.at_s))

    def _nothing(self, start_s: int) -> Candles:
        none: Units = np.zeros((len(self.exchange.source.listings), 1), dtype=np.int64)
        return Candles(np.array([start_s]), none, none, none, none, none, none)


def joined(older: Candles, newer: Candles) -> Candles:
    """One candle out of two that follow each other, one column each; where nothing traded, open is 0."""
    empty, idle = older.open == 0, newer.open == 0
    lows = np.where(empty, newer.low, np.where(idle, older.low, np.minimum(older.low, newer.low)))
    return Candles(
        older.open_s,
        np.where(empty, newer.open, older.open),
        np.maximum(older.high, newer.high),
        lows,
        np.where(idle, older.close, newer.close),
        older.volume + newer.volume,
        older.quote_volume + newer.quote_volume,
    )
