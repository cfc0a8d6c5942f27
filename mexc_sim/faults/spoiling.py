"""What each fault does to one frame on its way to a subscriber.

A spoiler takes a frame and returns what is sent instead: pairs of a delay in wall seconds and a frame. An empty
list: the frame is lost; a text is sent as a text frame. Numbers come from the fault, chance from its own random
generator, so the same fault over the same frames does the same. No clock: the caller says what time it is.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from mexc_sim.faults.kinds import SEED, Fault

Sent = tuple[float, bytes | str]

MIB = 1024 * 1024
RUBBISH_TEXT = '{"code":0,"msg":"\u0000 <html>502 Bad Gateway'
RUBBISH_BYTES = 200
# A field number that the exchange's frames do not have, with a length-delimited value: readers skip it.
UNKNOWN_FIELD = 1999


class Frame(NamedTuple):
    """One frame before it is sent. `closing`: the closed state of a candle. `now_s`: monotonic wall seconds."""

    channel: str
    symbol: str
    body: bytes | str
    closing: bool
    now_s: float

    @property
    def private(self) -> bool:
        """Of an account's own stream."""
        return self.channel.startswith("spot@private.")


@dataclass(kw_only=True)
class Acting:
    """A fault that holds: until when, what it did so far, and its chance.

    `done` counts by deed; `finished`: it did all it was asked for, whatever time is left. `chosen`: which orders it
    strikes, once chance has said so.
    """

    fault_id: int
    fault: Fault
    ends_s: float
    done: Counter[str] = field(default_factory=Counter)
    due_s: float = 0.0
    finished: bool = False
    released_s: dict[str, float] = field(default_factory=dict)
    chosen: dict[str, bool] = field(default_factory=dict)
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(int(self.fault.values[SEED]))  # noqa: S311  (repeatable on purpose)

    def value(self, name: str) -> float:
        return self.fault.values[name]

    def strikes(self) -> bool:
        """Whether chance picks this one, by the fault's share."""
        return self.chance.random() < self.value("share")

    def due(self, now_s: float) -> bool:
        """Whether to act now: at once, then every `every_s` seconds, if that is given."""
        if self.finished or now_s < self.due_s:
            return False
        self.due_s = now_s + self.value("every_s")
        self.finished = not self.value("every_s")
        return True


def _lost(acting: Acting, frame: Frame) -> list[Sent]:
    acting.done["frames lost"] += 1
    return []


def _silence(acting: Acting, frame: Frame) -> list[Sent]:
    """Of the market alone: an account's own frames go on."""
    return [(0.0, frame.body)] if frame.private else _lost(acting, frame)


def _garbage(acting: Acting, frame: Frame) -> list[Sent]:
    if not acting.strikes():
        return [(0.0, frame.body)]
    acting.done["frames replaced"] += 1
    if acting.done["frames replaced"] % 2:
        return [(0.0, acting.chance.randbytes(RUBBISH_BYTES))]
    return [(0.0, RUBBISH_TEXT)]


def _corrupt(acting: Acting, frame: Frame) -> list[Sent]:
    if not acting.strikes() or isinstance(frame.body, str) or len(frame.body) < 2:
        return [(0.0, frame.body)]
    acting.done["frames corrupted"] += 1
    if acting.chance.random() < 0.5:
        return [(0.0, frame.body[: acting.chance.randrange(1, len(frame.body))])]
    flipped = bytearray(frame.body)
    for _ in range(acting.chance.randint(1, 3)):
        flipped[acting.chance.randrange(len(flipped))] ^= 1 << acting.chance.randrange(8)
    return [(0.0, bytes(flipped))]


def _oversized(acting: Acting, frame: Frame) -> list[Sent]:
    if isinstance(frame.body, str) or not acting.due(frame.now_s):
        return [(0.0, frame.body)]
    acting.done["frames blown up"] += 1
    return [(0.0, blown_up(frame.body, int(acting.value("mb") * MIB)))]


def _gaps(acting: Acting, frame: Frame) -> list[Sent]:
    return _lost(acting, frame) if acting.strikes() else [(0.0, frame.body)]


def _duplicates(acting: Acting, frame: Frame) -> list[Sent]:
    if not acting.strikes():
        return [(0.0, frame.body)]
    acting.done["frames doubled"] += 1
    return [(0.0, frame.body), (acting.value("ms") / 1000, frame.body)]


def _reordering(acting: Acting, frame: Frame) -> list[Sent]:
    if not acting.strikes():
        return [(0.0, frame.body)]
    acting.done["frames held back"] += 1
    return [(acting.chance.random() * acting.value("ms") / 1000, frame.body)]


def _delay(acting: Acting, frame: Frame) -> list[Sent]:
    """Later by the delay, but never before the channel's former frame."""
    jitter_ms = acting.chance.uniform(-1, 1) * acting.value("jitter_ms")
    wanted_s = frame.now_s + max(0.0, acting.value("ms") + jitter_ms) / 1000
    leaves_s = max(wanted_s, acting.released_s.get(frame.channel, 0.0))
    acting.released_s[frame.channel] = leaves_s
    acting.done["frames delayed"] += 1
    return [(leaves_s - frame.now_s, frame.body)]


def _lost_last_push(acting: Acting, frame: Frame) -> list[Sent]:
    if not frame.closing or not acting.strikes():
        return [(0.0, frame.body)]
    acting.done["last pushes lost"] += 1
    return []


def _late_last_push(acting: Acting, frame: Frame) -> list[Sent]:
    if not frame.closing or not acting.strikes():
        return [(0.0, frame.body)]
    acting.done["last pushes late"] += 1
    return [(acting.value("late_s"), frame.body)]


Spoiler = Callable[[Acting, Frame], list[Sent]]


def _of_accounts(spoiler: Spoiler) -> Spoiler:
    """The same, of accounts' own frames alone."""

    def spoil(acting: Acting, frame: Frame) -> list[Sent]:
        return spoiler(acting, frame) if frame.private else [(0.0, frame.body)]

    return spoil


SPOILERS: dict[str, Spoiler] = {
    "silence": _silence,
    "garbage": _garbage,
    "corrupt": _corrupt,
    "oversized": _oversized,
    "gaps": _gaps,
    "duplicates": _duplicates,
    "reordering": _reordering,
    "delay": _delay,
    "lost_last_push": _lost_last_push,
    "late_last_push": _late_last_push,
    "delisted": _silence,
    "pushes_twice": _of_accounts(_duplicates),
    "pushes_reordered": _of_accounts(_reordering),
    "pushes_lost": _of_accounts(_gaps),
}


def spoiled(acting: list[Acting], frame: Frame) -> list[Sent]:
    """What all holding faults together make of a frame: each takes what the former one let through."""
    sending: list[Sent] = [(0.0, frame.body)]
    for item in acting:
        spoiler = SPOILERS.get(item.fault.kind)
        if spoiler is not None and item.fault.concerns(frame.symbol):
            sending = [
                (before_s + delay_s, body)
                for before_s, former in sending
                for delay_s, body in spoiler(item, frame._replace(body=former))
            ]
    return sending


def blown_up(body: bytes, size: int) -> bytes:
    """The same message with an unknown field of zeros that brings it to about `size` bytes: valid but for its size."""
    return body + _varint(UNKNOWN_FIELD << 3 | 2) + _varint(size) + bytes(size)


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)
