"""Signals that were stored a while ago and have no decision. What was once found decided is not read again."""

from __future__ import annotations

from datetime import datetime, timedelta

from cdb_site import db
from cdb_site.bus.events import id_text

UNDECIDED = """SELECT signal_id FROM signal WHERE created_at < now() - make_interval(secs => %s)
      AND created_at >= coalesce(%s::timestamptz, '-infinity')
      AND NOT EXISTS (SELECT 1 FROM decision WHERE decision.signal_id = signal.signal_id)
    ORDER BY created_at LIMIT %s"""
# A signal is stored under the time at which its transaction began; none lasts as long.
OPEN_MOST = timedelta(minutes=5)
MOST = 5000


class UndecidedSignals:
    """As one process looks for them, again and again; the first look reads everything."""

    def __init__(self) -> None:
        self._decided_until: datetime | None = None

    def look(self, seconds: float) -> list[str]:
        """Event ids, oldest first, of those stored so many seconds ago or earlier."""
        found, [(now,)] = db.select_together([(UNDECIDED, (seconds, self._decided_until, MOST)), ("SELECT now()", ())])
        if self._decided_until and now < self._decided_until:
            self._decided_until = None  # the server's clock was set back
        elif not found:
            self._decided_until = now - timedelta(seconds=seconds) - OPEN_MOST
        return [id_text("signals", str(row[0])) for row in found]
