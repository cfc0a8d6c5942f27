"""What the screeners count, under the names the dashboards and alerts use."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

WS_MESSAGES = Counter("cdb_ws_messages_total", "WebSocket frames received", ["kind"])
CANDLES_STORED = Counter("cdb_candles_stored_total", "Closed candles stored for the first time", ["source"])
CANDLES_REVISED = Counter("cdb_candles_revised_total", "Stored candles that were corrected later")
FEED_AGE_S = Gauge("cdb_feed_age_seconds", "Wall seconds since the last market data of any kind")
MALFORMED = Counter("cdb_malformed_total", "Messages that could not be used", ["where", "reason"])
SOCKET_RECONNECTS = Counter("cdb_ws_reconnects_total", "Connections lost and opened again")
