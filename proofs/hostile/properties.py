"""What must hold for whatever the exchange, or who speaks in its place, sends: it is understood or refused, never more.

    frame_holds    a binary frame is a Frame that satisfies the invariants, or BadFrame
    text_holds     a text frame is an Answer, or BadFrame
    rest_holds     the body of a REST answer is typed rows that satisfy theirs, or a problem of the exchange

Anything else that is raised is the finding. The same three are run by hypothesis, by the fuzzer and by the unit tests.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from cdb_site.units import plain
from marketdata.intervals import SECONDS
from marketdata.mexc import rest, rest_reading, wire
from marketdata.mexc.answers import ChannelAnswer, read_answer
from marketdata.mexc.errors import BadFrame, MexcProblem
from marketdata.ticks import snap

TICKS = (Decimal("0.01"), Decimal("1E-12"), Decimal(1))
REASON_MAX, TOLD_MAX = 24, 300
MEANT_MAX = 10**31


def frame_holds(body: bytes) -> bool:
    """Whether it was understood."""
    try:
        frame = wire.decode(body)
    except BadFrame as problem:
        _refusal_holds(problem)
        return False
    if isinstance(frame, wire.CandlePush):
        _candle_holds(frame)
    elif isinstance(frame, wire.BookTicker):
        _book_holds(frame)
    elif isinstance(frame, wire.DepthPush):
        _depth_holds(frame)
    elif frame is not None:
        for ticker in frame:
            _numbers_hold((ticker.price, abs(ticker.change), ticker.quote_volume))
            assert ticker.symbol, ticker
            assert 0 < ticker.sent_ms < wire.EPOCH_MAX_MS, ticker
    return True


def text_holds(text: bytes) -> bool:
    """Whether it was understood."""
    try:
        answer = read_answer(text)
    except BadFrame as problem:
        _refusal_holds(problem)
        return False
    assert isinstance(answer, ChannelAnswer)
    assert isinstance(answer.channel, str)
    return True


class _Heard(rest.MexcRest):
    """A client that was given this answer. Nothing is sent."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status, self.content = status, content

    async def _get(
        self,
        endpoint: str,
        read: Callable[[Any], Any],
        parameters: Mapping[str, str] | None = None,
        attempts: int = 1,
    ) -> Any:
        with rest_reading.shape_of(endpoint):
            return read(rest_reading.read_content(endpoint, self.status, self.content))


CALLS: dict[str, Callable[[_Heard], Awaitable[Any]]] = {
    "time": lambda heard: heard.server_time(),
    "exchangeInfo": lambda heard: heard.instruments(),
    "klines": lambda heard: heard.klines("BTCUSDT", "1m", start_s=60),
    "ticker24hr": lambda heard: heard.tickers_24h(),
    "bookTicker": lambda heard: heard.book_tickers(),
    "tickerPrice": lambda heard: heard.prices(),
}


def rest_holds(call: str, content: bytes, status: int = 200) -> bool:
    """Whether it was understood."""
    try:
        found = _at_once(CALLS[call](_Heard(status, content)))
    except MexcProblem as problem:
        assert len(str(problem)) < 10 * TOLD_MAX, "an endless message"
        return False
    rows = found.items() if isinstance(found, dict) else found
    _numbers_hold(abs(value) for row in rows for value in _values(row) if isinstance(value, Decimal))
    return True


def _at_once(awaitable: Awaitable[Any]) -> Any:
    """What it returns; it never waits."""
    try:
        awaitable.__await__().__next__()
    except StopIteration as done:
        return done.value
    raise AssertionError("the answer was there, and still it waited")


def _values(row: Any) -> Iterable[Any]:
    for value in row if isinstance(row, tuple) else ():
        yield from _values(value) if isinstance(value, tuple) else (value,)


def _refusal_holds(problem: BadFrame) -> None:
    assert problem.reason.isidentifier() and len(problem.reason) <= REASON_MAX, problem.reason
    assert len(str(problem)) <= TOLD_MAX, "an endless message"


def _candle_holds(push: wire.CandlePush) -> None:
    _numbers_hold(push[4:10])
    assert push.symbol and push.interval in SECONDS, push
    assert 0 < push.low <= push.open <= push.high < wire.LIMIT, push
    assert push.low <= push.close <= push.high, push
    assert 0 < push.start_s < push.end_s < wire.EPOCH_MAX_S, push
    assert 0 < push.sent_ms < wire.EPOCH_MAX_MS, push
    assert max(push.volume, push.quote_volume) < wire.LIMIT, push


def _book_holds(book: wire.BookTicker) -> None:
    _numbers_hold(book[1:5])
    assert book.symbol, book
    assert 0 < book.bid <= book.ask < wire.LIMIT, book
    assert max(book.bid_quantity, book.ask_quantity) < wire.LIMIT, book
    assert 0 < book.sent_ms < wire.EPOCH_MAX_MS, book
    assert 0 <= book.version < 10**20, book


def _depth_holds(frame: wire.DepthPush) -> None:
    assert frame.symbol, frame
    for side, best_first in ((frame.bids, -1), (frame.asks, 1)):
        _numbers_hold(number for level in side for number in level)
        prices = [price * best_first for price, _ in side]
        assert prices == sorted(set(prices)) and all(price > 0 and quantity > 0 for price, quantity in side), frame
    assert 0 < frame.sent_ms < wire.EPOCH_MAX_MS, frame


def _numbers_hold(values: Iterable[Decimal]) -> None:
    """Usable by all that follows: no signal, no endless text."""
    for value in values:
        assert type(value) is Decimal and value.is_finite() and 0 <= value < MEANT_MAX, value
        for tick in TICKS:
            assert len(plain(snap(value, tick))) < TOLD_MAX, value
        assert len(plain(value)) < TOLD_MAX, value
