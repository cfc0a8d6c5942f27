"""What one open page still has to be sent: a bounded queue of texts, passed by while it is empty.

    nothing waits          a text goes straight to the socket, in the turn of the loop that made it
    something is under way a snapshot, texts before it: the text waits its turn

One that does not keep up is marked and closed by its socket, and costs the others nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

QUEUE_TEXTS_MAX = 400
QUEUE_BYTES_MAX = 8_000_000


class Screen:
    """What one socket still has to send. `overflowed`: it stopped taking; `stale`: it needs a new snapshot.

    `straight` sends a text at once, or says that it must wait: the socket's own way round the queue.
    """

    def __init__(self, straight: Callable[[str], bool] = lambda text: False) -> None:
        self._straight = straight
        self._texts: deque[str] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._all_sent = False
        self.overflowed = False
        self.stale = False

    def offer(self, text: str) -> None:
        if self.overflowed or (self._all_sent and self._straight(text)):
            return
        self._texts.append(text)
        self._bytes += len(text)
        if len(self._texts) > QUEUE_TEXTS_MAX or self._bytes > QUEUE_BYTES_MAX:
            self.overflowed = True
            self.clear()
        self._wake_up()

    def must_start_anew(self) -> None:
        self.clear()
        self.stale = True
        self._wake_up()

    def _wake_up(self) -> None:
        self._all_sent = False
        self._wake.set()

    def clear(self) -> None:
        self._texts.clear()
        self._bytes = 0

    async def take(self) -> str | None:
        """The next text; None when the screen overflowed or went stale."""
        while not (self._texts or self.overflowed or self.stale):
            self._wake.clear()
            self._all_sent = True
            await self._wake.wait()
        if self.overflowed or self.stale:
            return None
        text = self._texts.popleft()
        self._bytes -= len(text)
        return text
