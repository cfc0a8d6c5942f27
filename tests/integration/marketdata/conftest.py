"""The REST screener's parts with two symbols, for the tests of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.marketdata.rest_rig import Rig


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    from marketdata import operations
    from tests.integration.marketdata.rest_rig import ETH, Rig, quick_attempts
    from tests.integration.marketdata.test_candles import make_instrument

    quick_attempts(monkeypatch)
    operations.upsert_instruments([make_instrument(), make_instrument(symbol=ETH)])
    made = Rig()
    yield made
    made.close_connections()
