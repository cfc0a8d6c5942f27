"""A text passes an empty queue by, and only an empty one: no screen is sent its texts out of order."""

from __future__ import annotations

import asyncio

from dashboard.live.screen import Screen


class Socket:
    """What was sent, straight or by the screen's own task; `takes` is whether it takes a text straight."""

    def __init__(self, *, takes: bool = True) -> None:
        self.sent: list[tuple[str, str]] = []
        self.takes = takes
        self.screen = Screen(self._straight)

    def _straight(self, text: str) -> bool:
        if self.takes:
            self.sent.append(("straight", text))
        return self.takes

    async def pump(self) -> None:
        while (text := await self.screen.take()) is not None:
            self.sent.append(("in turn", text))


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_text_goes_straight_once_everything_before_it_is_sent() -> None:
    socket = Socket()
    socket.screen.offer("before the pump runs")
    pump = asyncio.create_task(socket.pump())
    await _settle()

    socket.screen.offer("after it")

    assert socket.sent == [("in turn", "before the pump runs"), ("straight", "after it")]
    pump.cancel()


async def test_what_comes_behind_a_text_that_waits_waits_too() -> None:
    socket = Socket(takes=False)
    pump = asyncio.create_task(socket.pump())
    await _settle()

    socket.screen.offer("refused")
    socket.takes = True
    socket.screen.offer("behind it")
    await _settle()

    assert socket.sent == [("in turn", "refused"), ("in turn", "behind it")]
    socket.screen.offer("all sent again")
    assert socket.sent[-1] == ("straight", "all sent again")
    pump.cancel()


async def test_nothing_goes_straight_before_the_snapshot_that_a_screen_needs() -> None:
    socket = Socket()
    pump = asyncio.create_task(socket.pump())
    await _settle()

    socket.screen.must_start_anew()
    socket.screen.offer("before the snapshot")

    assert socket.sent == []
    await pump
