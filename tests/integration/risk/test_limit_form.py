"""The admin page of the limits: it starts from what is in force, says what is wrong, and keeps history."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cdb_site.bus import latest
from marketdata.models import UniverseMember
from risk.models import LimitVersion
from risk.rules.limits import LIMITS
from tests.builders import make_quote, open_paper_account, plant_instrument, set_limits

pytestmark = pytest.mark.django_db
ADD = "/admin/risk/limitversion/add/"
FORM = {limit.name: str(limit.default) for limit in LIMITS} | {"max_exposure_pct": "0.4", "reason": "quieter week"}


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    """The admin's own pages without a collected manifest."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("anna", password="not used here"))
    return client


def post(admin: Client, **changes: str) -> Any:
    """The confirmed form: what the preview's button sends."""
    return admin.post(ADD, FORM | {"_confirmed": "1"} | changes)


def test_the_form_starts_from_the_values_in_force(admin: Client) -> None:
    set_limits(max_exposure_pct="0.37")

    page = admin.get(ADD).content.decode()

    assert 'value="0.370000"' in page
    assert "0.50 means 50 %" in page


def test_the_form_is_grouped_by_layer_with_units_bounds_and_what_is_in_force(admin: Client) -> None:
    set_limits(max_spread_bps="77")

    page = admin.get(ADD).content.decode()

    assert "Layer 2: abnormal market" in page
    assert "spread of one symbol, in bps, 1 to 10000; in force: 77" in page


def test_before_anything_is_stored_the_page_shows_what_would_change(admin: Client, valkey: Any) -> None:
    open_paper_account()
    plant_instrument()
    UniverseMember.objects.create(instrument_id="AAAUSDT", chosen_by="test", since=datetime.now(UTC))
    latest.store_quotes([make_quote()])

    page = admin.post(ADD, FORM | {"max_position_pct": "0.05"}).content.decode()

    assert "<strong>max_position_pct</strong> 0.1 → 0.05" in page
    # 10 % of 10,000 at 100 is 10 units, 5 % are 5
    assert "<td>AAAUSDT</td><td>APPROVED 10</td><td>APPROVED 5</td>" in page
    assert LimitVersion.objects.count() == 1, "nothing is stored yet"


def test_an_empty_reason_is_refused(admin: Client) -> None:
    set_limits()

    answer = post(admin, reason="  ")

    assert (answer.status_code, LimitVersion.objects.count()) == (200, 1)


def test_saving_makes_the_next_version_with_who_and_why(admin: Client) -> None:
    first = set_limits()

    answer = post(admin)

    version = LimitVersion.objects.first()
    assert answer.status_code == 302
    assert version and version.version > first.version
    assert (version.max_exposure_pct, version.changed_by, version.reason) == (Decimal("0.4"), "anna", "quieter week")


@pytest.mark.parametrize(("name", "value"), [
    ("stop_loss_pct", "2"), ("max_exposure_pct", "50"), ("max_position_pct", "1.1"),
])  # fmt: skip
def test_more_than_one_is_refused_saying_what_a_fraction_means(admin: Client, name: str, value: str) -> None:
    answer = post(admin, **{name: value})

    assert answer.status_code == 200
    assert re.search("is a fraction and may not exceed (1|0.99); 0.02 means 2 %", answer.content.decode())
    assert not LimitVersion.objects.exists()


def test_a_stop_of_the_whole_entry_is_an_error_on_the_page(admin: Client) -> None:
    answer = post(admin, stop_loss_pct="1")

    assert (answer.status_code, LimitVersion.objects.count()) == (200, 0)


def test_a_version_cannot_be_changed_or_deleted(admin: Client) -> None:
    version = set_limits()
    page = f"/admin/risk/limitversion/{version.pk}/"

    assert admin.post(page + "change/", FORM).status_code == 403
    assert admin.post(page + "delete/", {"post": "yes"}).status_code == 403
    assert LimitVersion.objects.get().max_exposure_pct == Decimal("0.5")


def test_who_may_not_add_limits_is_refused() -> None:
    client = Client()
    client.force_login(User.objects.create_user("bert", password="not used here", is_staff=True))

    assert client.post(ADD, FORM).status_code == 403
    assert not LimitVersion.objects.exists()


@pytest.mark.parametrize("path", [
    "risk/limitversion", "risk/decision", "risk/equitysnapshot", "risk/dayopening", "risk/auditrun", "risk/exitintent",
    "execution/account", "execution/tradingstatechange", "execution/order", "execution/fill", "execution/ledgerentry",
    "execution/position", "bus/event", "bus/outbox", "bus/deadletter", "alerts/alert",
])  # fmt: skip
def test_every_page_of_the_books_can_be_looked_at(admin: Client, path: str) -> None:
    assert admin.get(f"/admin/{path}/").status_code == 200
    if path != "risk/limitversion":
        assert admin.get(f"/admin/{path}/add/").status_code == 403
