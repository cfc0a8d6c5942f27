"""Positions as this process knows them: exact as long as the account's version is the one they were read or booked at.

Whatever changes a position raises the version of its account, in the same transaction. Whoever has read the version,
and holds the account or a snapshot, needs no second look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType

from django.db import transaction

from cdb_site import db
from execution import queries
from execution.queries import AccountRow
from execution.rules.accounting import Holding

NONE: Mapping[str, Holding] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """Every position row of an account, by symbol, as of one of its versions; no `opened_at`: nothing is known."""

    opened_at: datetime | None
    version: int
    rows: Mapping[str, Holding]
    quote_asset: str = ""


class KnownPositions:
    """Every position row of one account, the flat ones too. Replaced whole: readers need no lock."""

    def __init__(self) -> None:
        self._known = KnownAccount(None, 0, NONE)

    @property
    def last(self) -> KnownAccount:
        """What was known last. It may be of the past: whoever goes by it lets the database compare the version."""
        return self._known

    def of(self, account: AccountRow) -> Mapping[str, Holding]:
        """The rows by symbol; read only when the account has gone on without us. Call with the account locked, or in
        the snapshot that its row was read in."""
        known = self._known
        if (known.opened_at, known.version) == (account.opened_at, account.version):
            return known.rows
        rows = queries.positions_from(db.select(queries.POSITIONS, (account.account,)))
        # A version of this very transaction is nobody's while it may be rolled back, and another's after that.
        transaction.on_commit(lambda: self._learn(account, rows))
        return rows

    def _learn(self, account: AccountRow, rows: Mapping[str, Holding]) -> None:
        self._known = KnownAccount(account.opened_at, account.version, rows, account.quote_asset)

    def booked(self, account: AccountRow | KnownAccount, changed: Mapping[str, Holding]) -> None:
        """A booking on `account` as it was read has been committed: its version is one higher, and these rows are new.
        Something else may have been read since: then that is the newer."""
        known = self._known
        if (known.opened_at, known.version) == (account.opened_at, account.version):
            rows = {**known.rows, **changed}
            self._known = KnownAccount(account.opened_at, account.version + 1, rows, account.quote_asset)


@cache
def known_positions(account: str) -> KnownPositions:
    """Those of this process, one for all its threads."""
    return KnownPositions()
