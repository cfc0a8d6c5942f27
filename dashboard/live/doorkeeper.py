"""Closes the sockets of whoever may not look any more, or may do less than their page believes.

One question to the database for all open sockets together, every two seconds, and at once when a nudge says that
somebody logged out or was changed. While the database does not answer nobody is turned away, for ten seconds: after
that no socket stays open whose person cannot be asked for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from channels.db import database_sync_to_async
from django.db import DatabaseError

from cdb_site.clock import SYSTEM
from dashboard.sessions import Person
from dashboard.standings import standings

log = logging.getLogger(__name__)
EVERY_S = 2.0
# Several nudges of one act are one look.
TOGETHER_S = 0.05
UNASKED_S_MAX = 10.0
NOT_LOGGED_IN, OTHER_RIGHTS, FAILED = 4401, 4403, 4500

Close = Callable[[int], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, eq=False)
class Guest:
    """An open socket: the key of its session or token, who it was when it opened, and how it is closed."""

    key: str
    standing: Person
    close: Close


class Doorkeeper:
    """Lives in the server's event loop."""

    def __init__(self) -> None:
        self._guests: set[Guest] = set()
        self._look = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._asked_at = 0.0

    def admit(self, guest: Guest) -> None:
        self._guests.add(guest)
        if self._task is None or self._task.done():
            self._asked_at = SYSTEM.monotonic_s()
            self._task = asyncio.get_running_loop().create_task(self._run())

    def leave(self, guest: Guest) -> None:
        self._guests.discard(guest)

    def look_now(self) -> None:
        self._look.set()

    async def _run(self) -> None:
        """As long as there is a guest."""
        while self._guests:
            try:
                await asyncio.wait_for(self._look.wait(), EVERY_S)
                await asyncio.sleep(TOGETHER_S)
            except TimeoutError:
                pass
            self._look.clear()
            try:
                await self.ask()
            except DatabaseError as problem:
                log.warning("nobody can be asked for who still may look: %s", problem)
                if SYSTEM.monotonic_s() - self._asked_at > UNASKED_S_MAX:
                    await self._turn_away(list(self._guests), FAILED)

    async def ask(self) -> None:
        guests = list(self._guests)
        now = await database_sync_to_async(standings)({guest.key for guest in guests})
        self._asked_at = SYSTEM.monotonic_s()
        gone = [guest for guest in guests if guest.key not in now]
        changed = [guest for guest in guests if guest not in gone and now[guest.key] != guest.standing]
        await self._turn_away(gone, NOT_LOGGED_IN)
        await self._turn_away(changed, OTHER_RIGHTS)

    async def _turn_away(self, guests: list[Guest], code: int) -> None:
        for guest in guests:
            self.leave(guest)
            try:
                await guest.close(code)
            except Exception:
                log.exception("a socket could not be closed")


DOORKEEPER = Doorkeeper()
