"""What the screeners count, under the names the dashboards and alerts use."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

WS_MESSAGES = Counter("cdb_ws_messages_total", "WebSocket frames received", ["kind"])
CANDLES_STORED = Counter("cdb_candles_stored_total", "Closed candles stored for the first time", ["source"])
CANDLES_REVISED = Counter("cdb_candles_revised_total", "Stored candles that were corrected later")
FEED_AGE_S = Gauge("cdb_feed_age_seconds", "Wall seconds since the last market data of any kind")
MALFORMED = Counter("cdb_malformed_total", "Messages that could not be used", ["where", "reason"])

SOCKET_RECONNECTS = Counter("cdb_ws_reconnects_total", "Connections lost and opened again", ["reason"])
SOCKET_RENEWALS = Counter("cdb_ws_renewals_total", "Connections replaced before their age limit, without a gap")
SOCKETS_OPEN = Gauge("cdb_ws_connections_open", "Connections whose channels are all acknowledged or refused")
SUBSCRIPTIONS = Gauge("cdb_ws_subscriptions", "Channels of the WS screener", ["state"])
STALE = Counter("cdb_ws_stale_total", "Pushes older than what was already known, or the same again", ["kind"])
QUOTE_AGE_S = Gauge("cdb_quote_age_seconds", "Wall seconds since a watched symbol's last book push", ["of"])
SYMBOLS_SILENT = Gauge("cdb_symbols_silent", "Watched symbols without a book push for max_data_silence_s")
QUOTE_DELAY_S = Histogram(
    "cdb_quote_delay_seconds",
    "Market seconds from the exchange's event time to our flush, the worst quote of each flush",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
QUOTES_FLUSH_S = Histogram(
    "cdb_quotes_flush_seconds",
    "Wall seconds to publish the quotes of one flush",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
CANDLES_CLOSED = Counter(
    "cdb_candles_closed_total", "Candles closed by the WS screener: by push or asked of REST", ["by"]
)
CANDLE_LATENESS_S = Histogram(
    "cdb_candle_lateness_seconds",
    "Wall seconds from a candle's end to its storing",
    ["by"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 120),
)
CANDLES_WAITING = Gauge(
    "cdb_candles_waiting", "Closed candles not yet stored: of the batches, or to be asked of REST", ["for"]
)
CANDLES_DROPPED = Counter("cdb_candles_dropped_total", "Closed candles left to gap filling because too many waited")

REST_REQUESTS = Counter("cdb_rest_requests_total", "Requests to the exchange's REST API", ["endpoint", "outcome"])
REST_SECONDS = Histogram(
    "cdb_rest_seconds",
    "Wall seconds to an answer of the exchange's REST API",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REST_SUCCEEDED_AT = Gauge("cdb_rest_succeeded_timestamp_seconds", "Wall time of the last answer", ["endpoint"])
REST_WAIT_S = Counter("cdb_rest_wait_seconds_total", "Wall seconds requests waited for room in the limit", ["purpose"])
CLOCK_SKEW_S = Gauge("cdb_clock_skew_seconds", "How far the exchange's stated time is from the expected one")
CLOCK_ROUND_TRIP_S = Gauge("cdb_clock_round_trip_seconds", "Wall seconds to the last answer of the exchange's clock")
CANDLES_MISSING = Gauge("cdb_candles_missing", "Closed candles of watched symbols not stored", ["window"])
CANDLES_ABSENT = Gauge("cdb_candles_absent", "Missing candles that the exchange was asked for in vain many times")
CANDLES_DELETED = Counter("cdb_candles_deleted_total", "Stored candles deleted for their age")
CANDLES_VERIFIED = Counter("cdb_candles_verified_total", "Stored candles read once more from REST")
FALLBACK_SYMBOLS = Gauge("cdb_fallback_symbols", "Watched symbols whose quotes come from REST")

UNIVERSE = Gauge("cdb_universe_symbols", "Watched instruments: chosen, or only held", ["of"])
UNIVERSE_CHOICES = Counter("cdb_universe_choices_total", "Choices of the universe", ["outcome"])
