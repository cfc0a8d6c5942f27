"""Ctrl-C, SIGTERM and SIGHUP as one exception, so that every `with` block gets to stop what it started."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """The person or the machine asks the program to end in order."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Within the block the first of the signals raises StopRequested in the main thread; later ones do nothing."""
    asked = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if not asked.is_set():
            asked.set()
            raise StopRequested(signal.Signals(number).name)

    before = {number: signal.signal(number, on_signal) for number in HANDLED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Within the block the signals wait: for starting and stopping a process, which must not be left half done.

    A signal mask would not do: it holds for one thread only, the signal then arrives by another, and a process
    started within the block would inherit it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        waiting.append(number)

    before = {number: signal.signal(number, on_signal) for number in HANDLED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for asked in waiting:
            signal.raise_signal(asked)
