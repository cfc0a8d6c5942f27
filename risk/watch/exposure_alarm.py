"""The alarm of layer 3: exposure above its limit although no entry was ever allowed past it.

Prices that rise or a limit that was lowered do that. It is no breach: layer 3 blocks entries, nothing is sold. The
alert is raised at once and closed when exposure was within the limit for GOOD_DATA_S, so that it does not flicker.
"""

from __future__ import annotations

from cdb_site.alerts import operations as alerts
from cdb_site.clock import Clock
from cdb_site.units import text
from risk.account_reading import Reading

CODE = "EXPOSURE_ABOVE_LIMIT"


class ExposureAlarm:
    """One account. Not knowing yet whether the alert is open, the first look settles it either way."""

    def __init__(self, account: str, clock: Clock) -> None:
        self.account, self.clock = account, clock
        self._raised: bool | None = None
        self._calm_since: float | None = None

    def look(self, reading: Reading) -> None:
        """Raise or close after one mark."""
        portfolio, limits = reading.portfolio, reading.limits
        above = portfolio.exposure > limits.max_exposure_pct * portfolio.equity
        if above:
            self._calm_since = None
            if not self._raised:
                self._raise(reading)
        elif self._raised is not False and self._calm_for_s() >= limits.good_data_s:
            alerts.close_alert(CODE, source="risk", key=self.account)
            self._raised = False

    def _calm_for_s(self) -> float:
        now = self.clock.monotonic_s()
        if self._calm_since is None:
            self._calm_since = now
        return now - self._calm_since

    def _raise(self, reading: Reading) -> None:
        portfolio = reading.portfolio
        share = portfolio.exposure / portfolio.equity if portfolio.equity > 0 else None
        params = {
            "observed": text(round(share, 6)) if share is not None else "more than all",
            "limit": text(reading.limits.max_exposure_pct),
        }
        alerts.raise_alert(CODE, source="risk", key=self.account, params=params)
        self._raised = True
