"""One line about how far a long command is, written over and over on a terminal, or now and then into a log.

BTCUSDT-1m.csv  43 %  129,000 rows, 51,200 a second, 3 s left
"""

from __future__ import annotations

from typing import Protocol

from cdb_site.clock import SYSTEM, Clock

TERMINAL_EVERY_S = 0.2
LOG_EVERY_S = 5.0


class Output(Protocol):
    """Where commands write: Django's wrapper of stderr."""

    def write(self, msg: str, /, style_func: None = None, ending: str | None = None) -> object: ...

    def flush(self) -> object: ...

    def isatty(self) -> bool: ...


class ImportProgress:
    """`wanted`: also where nobody looks at a terminal."""

    def __init__(self, output: Output, *, wanted: bool = False, clock: Clock = SYSTEM) -> None:
        self.output, self.clock = output, clock
        self.terminal = output.isatty()
        self.shown = self.terminal or wanted
        self._begun_s = clock.monotonic_s()
        self._said_s = float("-inf")
        self._width = 0

    def tell(self, title: str, share: float, count: int, unit: str, more: str = "") -> None:
        """`share` is 0 to 1 of the whole work, `count` what is done of it."""
        now_s = self.clock.monotonic_s()
        if not self.shown or now_s - self._said_s < (TERMINAL_EVERY_S if self.terminal else LOG_EVERY_S):
            return
        self._said_s = now_s
        elapsed_s = max(0.001, now_s - self._begun_s)
        left = f", {_spell(elapsed_s / share * (1 - share))} left" if share > 0 and elapsed_s > 1 else ""
        self._write(f"{title}  {share:4.0%}  {count:,} {unit}, {count / elapsed_s:,.0f} a second{more}{left}")

    def clear(self) -> None:
        """Make room for other lines."""
        if self._width:
            self.output.write("\r" + " " * self._width + "\r", ending="")
            self.output.flush()
            self._width = 0

    def _write(self, line: str) -> None:
        if not self.terminal:
            self.output.write(line)
            return
        self.output.write("\r" + line.ljust(self._width), ending="")
        self.output.flush()
        self._width = len(line)


def _spell(seconds: float) -> str:
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
