"""Every test of the API is made without collected static files."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as site_settings


@pytest.fixture(scope="session", autouse=True)
def _static_folder() -> None:
    """Before a server of tests looks for it."""
    site_settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def _static_files_need_no_collecting(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
