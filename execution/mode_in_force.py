"""The mode in force in this process: what the environment asks for, with the keys that it and the database hold now.

The environment is read once; the database's keys again every second, and anew at each claim under the gate's lock, so
that no entry is sent with a key that was withdrawn before. While the database is away no entry can be claimed; what is
told meanwhile is PAPER, because what cannot be read is no key.
"""

from __future__ import annotations

import logging
from threading import Lock

from django.db import DatabaseError, InterfaceError

from cdb_site import db
from cdb_site.clock import Clock
from cdb_site.env import Environment
from execution import live_trading
from execution.live_trading import LiveKeys
from execution.rules.mode import LIVE_VENUE, MissingKey, Mode, ModeKeys, ModeTold, effective, what_lacks

log = logging.getLogger(__name__)
LIFETIME_S = 1.0
EVER_REAL = 'SELECT EXISTS (SELECT FROM "order" WHERE account_id = %s AND venue = %s)'


def keys_of(environment: Environment, stored: LiveKeys, *, build: bool) -> ModeKeys:
    """All keys as they stand. The demo asks for no secrets and lets admins be without a second factor: what
    LIVE_TRADING says there counts at a simulated exchange alone."""
    serious = environment.ENV != "demo" or environment.MARKET == "SIMULATED"
    return ModeKeys(
        venue=environment.VENUE == "MEXC",
        live_trading=environment.LIVE_TRADING == "yes" and serious,
        api_key=bool(environment.MEXC_API_KEY),
        api_secret=bool(environment.MEXC_API_SECRET),
        enabled=stored.enabled,
        limits=stored.limits,
        build=build,
    )


class ModeInForce:
    """`build`: whether this build has the exchange's venues. Threads share one."""

    def __init__(self, environment: Environment, account: str, *, build: bool, clock: Clock) -> None:
        self.environment, self.account, self.build, self.clock = environment, account, build, clock
        self.asked = Mode(environment.EXECUTION_MODE)
        self._lock = Lock()
        self._told: ModeTold | None = None
        self._read_at = float("-inf")
        self._only_paper: bool | None = None

    @property
    def only_paper(self) -> bool:
        """Whether no order of this process can have to do with the exchange: none may go there, and none ever did. Then
        nobody need ask where an order goes."""
        if self._only_paper is None:
            paper = self.environment.VENUE == "PAPER"
            self._only_paper = paper and not db.select(EVER_REAL, (self.account, LIVE_VENUE))[0][0]
        return self._only_paper

    def told(self) -> ModeTold:
        """As it was within the last second."""
        with self._lock:
            now_s = self.clock.monotonic_s()
            if self._told is None or now_s - self._read_at > LIFETIME_S:
                self._read_at = now_s
                self._told = self._readable()
            return self._told

    def read(self) -> ModeTold:
        """As it is now; call with the gate locked. Raises what the database raises."""
        return effective(self.asked, self.keys())

    def lacks(self) -> dict[Mode, tuple[MissingKey, ...]]:
        """What each mode beyond paper still takes."""
        stored = live_trading.keys(self.account)
        return what_lacks(self.asked, keys_of(self.environment, stored, build=self.build))

    def keys(self) -> ModeKeys:
        """The database is asked only where its keys can matter."""
        asks = self.environment.VENUE == "MEXC"
        stored = live_trading.keys(self.account) if asks else LiveKeys()
        return keys_of(self.environment, stored, build=self.build)

    def _readable(self) -> ModeTold:
        try:
            return self.read()
        except (DatabaseError, InterfaceError) as problem:
            log.warning("live trading not read, orders are paper: %s", problem)
            return effective(self.asked, keys_of(self.environment, LiveKeys(), build=self.build))
