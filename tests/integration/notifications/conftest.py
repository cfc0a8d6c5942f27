"""A house of notifications and the servers that are told, for every test of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.notifications.catchers import WebCatcher
    from tests.integration.notifications.post_house import PostHouse


@pytest.fixture
def house() -> PostHouse:
    from tests.integration.notifications.post_house import PostHouse

    return PostHouse()


@pytest.fixture
def web() -> Iterator[WebCatcher]:
    from tests.integration.notifications.catchers import web_catcher

    with web_catcher() as catcher:
        yield catcher


@pytest.fixture(autouse=True)
def _static_files_need_no_collecting(settings: Any) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
