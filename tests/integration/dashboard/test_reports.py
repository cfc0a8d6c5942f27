"""The Reports page before, at and after the account's first days, without a browser."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cdb_site.clock import SYSTEM
from risk.loss_baselines import midnight_of
from tests.integration.risk.report_house import SECOND, ReportHouse, first_day, opened, plant_point

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
pytestmark += [pytest.mark.filterwarnings("ignore:No directory at")]


@pytest.fixture
def viewer(settings: Any) -> Client:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    client = Client()
    client.force_login(User.objects.create_user("viewer", password="a-password-for-tests-1"))
    return client


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReportHouse:
    house = opened(tmp_path)
    monkeypatch.setattr(SYSTEM, "market_s", lambda: house.clock.market_now().timestamp())
    return house


def test_without_an_account_the_page_says_so(viewer: Client) -> None:
    assert "was never opened" in viewer.get("/reports/").content.decode()
    assert viewer.get("/reports/today/").status_code == 404


def test_an_account_without_a_mark_has_a_day_of_which_nothing_is_known(house: ReportHouse, viewer: Client) -> None:
    assert viewer.get("/reports/").status_code == 200
    assert "–" in viewer.get("/reports/today/").content.decode()


def test_a_day_that_is_over_and_not_stored_yet_is_told_and_summed(house: ReportHouse, viewer: Client) -> None:
    first_day(house)
    plant_point(midnight_of(SECOND) + timedelta(seconds=40), "9979")

    days = viewer.get("/reports/?file=json").json()

    assert [(one["result"], one["final"]) for one in days["days"]] == [("-31", False), ("10", False)]
    assert days["result"] == "-21"
    for address in ("/reports/", "/reports/today/", "/reports/yesterday/"):
        assert viewer.get(address).status_code == 200
