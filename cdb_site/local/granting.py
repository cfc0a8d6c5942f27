"""The supervisor grants what a service of its simulated market asked of it (`cdb_site.wishes`).

Only processes of its own table are touched: one is killed as by a crash and comes back after its pause, or is stopped
in order, rests, and is started again. Whoever has not ended when its rest is over is killed then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cdb_site import wishes
from cdb_site.clock import SYSTEM
from cdb_site.local.children import Child
from cdb_site.wishes import ServiceWish

SAY_EVERY_S = 1.0


class Granting:
    """`look()` is called some times a second by the thread that also revives what ended."""

    def __init__(self, data_dir: Path, children: Sequence[Child], note: Callable[[str], None]) -> None:
        self.data_dir, self.children, self.note = data_dir, children, note
        self.resting: dict[str, float] = {}
        self._said_s = 0.0

    def begin(self) -> None:
        wishes.begin(self.data_dir)

    def end(self) -> None:
        wishes.end(self.data_dir)

    def look(self) -> None:
        now_s = SYSTEM.monotonic_s()
        if now_s - self._said_s >= SAY_EVERY_S:
            wishes.still_there(self.data_dir)
            self._said_s = now_s
        for wish in wishes.taken(self.data_dir, SYSTEM.wall_s()):
            self._grant(wish)
        for child in self.children:
            if child.name in self.resting and SYSTEM.monotonic_s() >= self.resting[child.name]:
                self._wake(child)

    def _grant(self, wish: ServiceWish) -> None:
        child = next((child for child in self.children if wish.service in child.services), None)
        if child is None:
            self.note(f"nobody here is named {wish.service!r}; nothing done")
        elif wish.deed == "stop":
            ends_s = SYSTEM.monotonic_s() + wish.seconds
            self.resting[child.name] = max(ends_s, self.resting.get(child.name, 0.0))
            child.ask_to_stop()
            self.note(f"{child.name} stops for {wish.seconds} s, as the dashboard asked")
        elif child.pid is not None:
            child.kill()
            self.note(f"{child.name} killed, as the dashboard asked")

    def _wake(self, child: Child) -> None:
        del self.resting[child.name]
        child.finish(SYSTEM.monotonic_s())
        child.start()
        self.note(f"{child.name} has rested and starts again")
