"""All channels that are wanted, over as many connections as that takes.

Channels that belong together (a symbol's candles and its book) share a connection. When the wanted ones change, the
living connections change with them: what is gone is unsubscribed, what is new fills free places first, a connection
without channels is closed, and the other symbols' streams notice nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from marketdata.mexc.ws import SUBSCRIPTIONS_MAX, Connection

Group = Sequence[str]


def placed(groups: Sequence[Group], shards: Sequence[Sequence[str]]) -> list[list[str]]:
    """The channels of each shard, present ones staying where they are; further shards as needed, empty ones kept."""
    wanted = {channel for group in groups for channel in group}
    kept = [[channel for channel in shard if channel in wanted] for shard in shards]
    present = {channel for shard in kept for channel in shard}
    for group in groups:
        missing = [channel for channel in group if channel not in present]
        if not missing:
            continue
        room = next((shard for shard in kept if len(shard) + len(missing) <= SUBSCRIPTIONS_MAX), None)
        if room is None:
            room = []
            kept.append(room)
        room.extend(missing)
    return kept


class MarketFeed:
    """`connect` makes a connection for some channels; the feed runs it."""

    def __init__(self, connect: Callable[[Sequence[str]], Connection]) -> None:
        self.connect = connect
        self._running: dict[Connection, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> list[Connection]:
        return list(self._running)

    @property
    def refused(self) -> set[str]:
        return {channel for connection in self._running for channel in connection.rejected}

    def want(self, groups: Sequence[Group]) -> None:
        """These channels from now on."""
        present = self.connections
        shards = placed(groups, [connection.channels for connection in present])
        for connection, channels in zip(present, shards, strict=False):
            if not channels:
                self._end(connection)
            elif channels != list(connection.channels):
                connection.want(channels)
        for channels in shards[len(present) :]:
            connection = self.connect(channels)
            self._running[connection] = asyncio.create_task(connection.run())

    def check(self) -> None:
        """Raise what ended a connection for good: an error of ours, not of the network."""
        for task in self._running.values():
            if task.done():
                task.result()

    async def close(self) -> None:
        for connection in self.connections:
            self._end(connection)
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _end(self, connection: Connection) -> None:
        task = self._running.pop(connection)
        task.cancel()
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
