"""What the WS screener's intake makes of frames that are well formed and still cannot be."""

from __future__ import annotations

import pytest

from benchmarks.flood.clients import screener_intake
from benchmarks.flood.frames import SYMBOLS
from marketdata.mexc.errors import BadFrame
from marketdata.screeners.ws.intake import AHEAD_S
from mexc_sim.server import frames

SYMBOL = SYMBOLS[0]
TEXTS = ("100", "110", "90", "100", "5", "500")


def kline(start_s: int, *, at_s: int) -> bytes:
    return frames.encode_candle(SYMBOL, "Min1", start_s, start_s + 60, TEXTS, at_s * 1000)


def test_a_window_of_the_far_future_is_refused_and_the_real_candles_go_on_closing() -> None:
    intake = screener_intake()
    now_s = int(intake.clock.market_s()) // 60 * 60
    far_s = now_s + int(AHEAD_S) + 120
    intake.frame(kline(now_s, at_s=now_s + 61))

    with pytest.raises(BadFrame, match="candle_future"):
        intake.frame(kline(far_s, at_s=now_s + 62))
    intake.frame(kline(now_s + 60, at_s=now_s + 63))

    assert intake.batches.waiting == 1
    assert not len(intake.confirmations)
