"""The trading floor's journal: a file of JSON lines to which each act is added before anybody hears of it.

A kill at any moment loses nothing that was answered: a line is handed to the operating system whole before the answer
is; a line that was torn is dropped at the next start, and its act was never told. A power cut may lose the last lines.
What cannot be written, for want of room, is not told either: it is kept, and written before whatever comes next.

At a start the journal is written anew where it is long, without the states that orders had in between. A journal of
another market, or one that is to be forgotten, is kept beside it under `.before`. One exchange at a time owns it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mexc_sim.trading import witness
from mexc_sim.trading.floor import FloorOrder, News, Payment, Shown, SimAccount
from mexc_sim.trading.journal_rows import account_lines, act_line, market_line

LONG_BYTES = 8 * 1024 * 1024


class JournalProblem(Exception):
    """A journal that cannot be used now, and what to do."""


class TradingJournal:
    """`accounts` are those of the former run, as they were when it ended. Raises JournalProblem, WitnessProblem or
    OSError."""

    def __init__(
        self, path: Path, market: Mapping[str, Any], *, start_fresh: bool = False, long_bytes: int = LONG_BYTES
    ) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise JournalProblem(f"{path}: another simulated exchange trades on it. End that one first.") from None
        told = witness.Witness() if start_fresh else witness.read(path)
        self.anew = told.market != dict(market)
        if self.anew:
            if path.exists():
                os.replace(path, path.with_suffix(".before.jsonl"))
            told = witness.Witness()
        self.accounts = told.accounts
        rewritten = self.anew or told.whole_bytes > long_bytes
        if rewritten:
            self._write_anew(market)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._bytes = path.stat().st_size if rewritten else told.whole_bytes
        os.ftruncate(self._file, self._bytes)

    def _write_anew(self, market: Mapping[str, Any]) -> None:
        fresh = self.path.with_suffix(".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(market_line(market))
            for account in self.accounts.values():
                file.writelines(account_lines(account, 0))
        os.replace(fresh, self.path)

    def write(self, line: bytes) -> None:
        """Add a line, whole or not at all. Raises OSError."""
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self._bytes)
            raise
        self._bytes += len(line)

    def close(self) -> None:
        os.close(self._file)
        os.close(self._lock)


class FloorNews:
    """What happens on a floor, kept until its act is written, and told then. Orders are told as they were when it
    happened, for a stream shows each of their states, and written as they are at the act's end."""

    def __init__(self, write: Callable[[bytes], None], tell: Callable[[SimAccount, Shown, int], None]) -> None:
        self._write, self._tell = write, tell
        self._heard: list[tuple[SimAccount, News, int]] = []
        self._touched: dict[str, FloorOrder] = {}

    def hear(self, account: SimAccount, news: News, at_ms: int) -> None:
        if isinstance(news, FloorOrder):
            self._touched[news.order.order_id] = news
            news = replace(news)
        self._heard.append((account, news, at_ms))

    def done(self) -> None:
        """An act is at its end. Raises OSError where it cannot be written; then nobody hears of it yet."""
        if not self._heard:
            return
        self._write(act_line(self._heard, self._touched.values()))
        heard, self._heard = self._heard, []
        self._touched.clear()
        for account, news, at_ms in heard:
            if not isinstance(news, Payment):
                self._tell(account, news, at_ms)


def resumed(
    accounts: Iterable[SimAccount], known: Mapping[str, SimAccount]
) -> tuple[list[SimAccount], list[SimAccount]]:
    """The accounts of a file with what they did before, and of them those that are new. One that is in the file no more
    keeps its orders; nobody can sign for it."""
    every, new = list(accounts), []
    for account in every:
        before = known.get(account.name)
        if before is None:
            new.append(account)
        else:
            account.balances, account.payments = before.balances, before.payments
            account.orders, account.trades = before.orders, before.trades
    names = {account.name for account in every}
    return every + [account for name, account in known.items() if name not in names], new
