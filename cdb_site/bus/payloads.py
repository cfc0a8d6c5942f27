"""The payload of every topic as a TypedDict, generated from backoffice/docs/EVENT_SCHEMA.json.

Written by `manage.py generate_payload_types`; change the schema and run it again. Decimals and times travel as
text: `DecimalText` is plain digits, `TimeText` ISO-8601 UTC, `UuidText` a hyphenated UUID.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

DecimalText = str
TimeText = str
UuidText = str
SymbolText = str
Side = Literal["BUY", "SELL"]
OrderStatus = Literal["NEW", "SUBMITTED", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED", "UNKNOWN"]


class MarketDataCandle(TypedDict):
    """One closed candle; prices snapped to the tick."""

    symbol: SymbolText
    open: DecimalText
    high: DecimalText
    low: DecimalText
    close: DecimalText
    volume: DecimalText
    quote_volume: DecimalText


class MarketData(TypedDict):
    """Candles of one interval that closed together."""

    interval: str
    open_time: TimeText
    candles: list[MarketDataCandle]
    source: NotRequired[Literal["WS", "REST", "BACKFILL"]]


class MarketDataQuotesQuote(TypedDict):
    """Best bid and ask of one symbol."""

    symbol: SymbolText
    bid: DecimalText
    ask: DecimalText
    last: DecimalText
    event_at: TimeText
    received_at: TimeText
    bid_quantity: NotRequired[DecimalText]
    ask_quantity: NotRequired[DecimalText]
    quote_volume_24h: NotRequired[DecimalText]
    change_24h: NotRequired[DecimalText]


class MarketDataQuotes(TypedDict):
    """All quotes that changed since the last flush."""

    quotes: list[MarketDataQuotesQuote]


class MarketDataDepthBookBid(TypedDict):
    """What is offered at one price."""

    price: DecimalText
    quantity: DecimalText


class MarketDataDepthBookAsk(TypedDict):
    """What is offered at one price."""

    price: DecimalText
    quantity: DecimalText


class MarketDataDepthBook(TypedDict):
    """The best levels of one symbol's book, best first."""

    symbol: SymbolText
    bids: list[MarketDataDepthBookBid]
    asks: list[MarketDataDepthBookAsk]
    event_at: TimeText
    received_at: TimeText


class MarketDataDepth(TypedDict):
    """Levels of the books that changed since the last flush, of the few symbols that are near an order."""

    books: list[MarketDataDepthBook]


class Signals(TypedDict):
    """One momentum signal."""

    signal_id: UuidText
    strategy: str
    symbol: SymbolText
    interval: str
    open_time: TimeText
    side: Side
    momentum: DecimalText
    strength: DecimalText
    rank: int
    universe_size: int
    close: DecimalText
    base_close: DecimalText
    quote_volume: DecimalText
    expires_at: TimeText


class Orders(TypedDict):
    """A command to the venue."""

    command: Literal["PLACE", "CANCEL"]
    order_id: UuidText
    client_order_id: str
    decision_id: UuidText
    account: str
    symbol: SymbolText
    side: Side
    order_type: Literal["LIMIT", "LIMIT_IOC", "MARKET"]
    quantity: DecimalText
    reduce_only: bool
    version: int
    kind: NotRequired[str]
    status: NotRequired[OrderStatus]
    signal_id: NotRequired[UuidText | None]
    limit_price: NotRequired[DecimalText | None]
    decision_price: NotRequired[DecimalText | None]


class OrderResultsFill(TypedDict):
    """One execution at the venue."""

    trade_id: str
    price: DecimalText
    quantity: DecimalText
    fee: DecimalText
    fee_asset: str
    executed_at: TimeText


class OrderResults(TypedDict):
    """The state of an order after a change."""

    order_id: UuidText
    client_order_id: str
    decision_id: UuidText
    account: str
    symbol: SymbolText
    side: Side
    order_type: Literal["LIMIT", "LIMIT_IOC", "MARKET"]
    status: OrderStatus
    version: int
    quantity: DecimalText
    filled_quantity: DecimalText
    fills: list[OrderResultsFill]
    fee: DecimalText
    signal_id: NotRequired[UuidText | None]
    avg_fill_price: NotRequired[DecimalText | None]
    limit_price: NotRequired[DecimalText | None]
    decision_price: NotRequired[DecimalText | None]
    reason_code: NotRequired[str | None]
    kind: NotRequired[str]
    created_at: NotRequired[TimeText]
    realized_pnl: NotRequired[DecimalText | None]
    slippage: NotRequired[DecimalText | None]


class Alerts(TypedDict):
    """An alert's state after a change."""

    alert_id: UuidText
    code: str
    level: Literal["CRITICAL", "WARNING", "INFO"]
    state: Literal["RAISED", "ACKNOWLEDGED", "CLOSED"]
    params: dict[str, Any]
    raised_at: TimeText
    version: int
    symbol: NotRequired[SymbolText | None]
    source: NotRequired[str]
    count: NotRequired[int]
    acknowledged_by: NotRequired[str | None]
    closed_at: NotRequired[TimeText | None]


class Health(TypedDict):
    """A heartbeat whose payload proves progress."""

    service: str
    instance: str
    pid: int
    loop_age_ms: int
    lag: int
    processed: int
    status: Literal["OK", "DEGRADED", "RECOVERING", "FAILING"]
    port: NotRequired[int | None]
    rss_bytes: NotRequired[int]
    cpu_ms: NotRequired[int]
    up_s: NotRequired[int]
    detail: NotRequired[dict[str, Any]]
    interval_s: NotRequired[DecimalText]


class DecisionsLayer(TypedDict):
    """What one layer saw and did."""

    layer: int
    code: str
    verdict: Literal["PASS", "TRIM", "REJECT", "SKIP", "TRIGGER"]
    quantity_before: DecimalText
    quantity_after: DecimalText
    observed: NotRequired[DecimalText | None]
    limit: NotRequired[DecimalText | None]
    unit: NotRequired[Literal["FRACTION", "PRICE", "BPS", "ORDERS", "SECONDS"]]


class Decisions(TypedDict):
    """One decision with its layers."""

    decision_id: UuidText
    kind: Literal["SIGNAL", "STOP", "HALT", "OPERATOR"]
    outcome: Literal["APPROVED", "TRIMMED", "REJECTED", "EXPIRED"]
    reason_code: str
    params: dict[str, Any]
    account: str
    symbol: SymbolText
    side: Side
    wanted_quantity: DecimalText
    quantity: DecimalText
    trading_state: Literal["ACTIVE", "REDUCING", "HALTED"]
    limits_version: int
    layers: list[DecisionsLayer]
    signal_id: NotRequired[UuidText | None]
    order_id: NotRequired[UuidText | None]
    price: NotRequired[DecimalText | None]
    price_age_ms: NotRequired[int | None]
    equity: NotRequired[DecimalText | None]
    exposure: NotRequired[DecimalText | None]
    decided_at: NotRequired[TimeText]


class PortfolioPosition(TypedDict):
    """One open position at its mark."""

    symbol: SymbolText
    quantity: DecimalText
    avg_entry_price: DecimalText
    mark_price: DecimalText
    mark_source: Literal["BOOK", "CANDLE"]
    notional: DecimalText
    unrealized_pnl: DecimalText
    stop_price: DecimalText
    version: int
    stop_distance: NotRequired[DecimalText]
    exit: NotRequired[Literal["LEAVING", "NOT_SOLD", "DUST"] | None]
    opened_at: NotRequired[TimeText]
    episode_id: NotRequired[UuidText]


class PortfolioBreaker(TypedDict):
    """An open circuit breaker; an empty symbol means the whole account."""

    id: int
    kind: str
    symbol: str


class Portfolio(TypedDict):
    """The account at its marks; the latest one holds."""

    account: str
    marked_at: TimeText
    equity: DecimalText
    cash: DecimalText
    positions_value: DecimalText
    exposure: DecimalText
    day_opening_equity: DecimalText
    day_pnl: DecimalText
    drawdown: DecimalText
    trading_state: Literal["ACTIVE", "REDUCING", "HALTED"]
    positions: list[PortfolioPosition]
    version: int
    unrealized_pnl: NotRequired[DecimalText]
    realized_pnl: NotRequired[DecimalText]
    fees: NotRequired[DecimalText]
    limits: NotRequired[dict[str, Any]]
    reserved: NotRequired[DecimalText]
    drawdown_24h: NotRequired[DecimalText]
    breakers: NotRequired[list[PortfolioBreaker]]
