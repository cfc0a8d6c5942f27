"""How many orders were placed within the last minute: counted in PostgreSQL once a second, one's own added since.

Counting reads every order of that minute, 14 ms of 24,000, and a batch of decisions is made in less. What another risk
manager placed within the last second is not in it.
"""

from __future__ import annotations

from cdb_site.clock import Clock

LIFETIME_S = 1.0


class OrderRate:
    """Of one account, as one process knows it; call with the account locked."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._counted, self._counted_at = 0, float("-inf")

    @property
    def known(self) -> int | None:
        """None when it has to be counted."""
        return self._counted if self.clock.monotonic_s() - self._counted_at < LIFETIME_S else None

    def counted(self, orders: int) -> None:
        self._counted, self._counted_at = orders, self.clock.monotonic_s()

    def placed(self, orders: int) -> None:
        """So many more are placed here. Should that not be committed, they count until the next counting."""
        self._counted += orders
