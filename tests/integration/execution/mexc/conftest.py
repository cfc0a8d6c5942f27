"""The simulated exchange of this folder's tests, one for each module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.execution.mexc.exchange_rig import ExchangeRig


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeRig]:
    from tests.integration.execution.mexc.exchange_rig import running_rig

    with running_rig(tmp_path_factory.mktemp("exchange")) as rig:
        yield rig


@pytest.fixture
def exchange(house: ExchangeRig, valkey: Any) -> Iterator[ExchangeRig]:
    yield house
    house.clear_faults()
    house.close()
