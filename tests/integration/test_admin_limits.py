"""The admin page of the limits: it starts from what is in force, says what is wrong, and keeps history."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from risk.models import LimitVersion
from tests.builders import set_limits

pytestmark = pytest.mark.django_db
ADD = "/admin/risk/limitversion/add/"
FORM = {
    "max_exposure_pct": "0.4",
    "max_position_pct": "0.1",
    "stop_loss_pct": "0.02",
    "max_slippage_pct": "0.01",
    "max_price_age_s": "10",
    "reason": "quieter week",
}


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
    return admin.post(ADD, FORM | changes)


def test_the_form_starts_from_the_values_in_force(admin: Client) -> None:
    set_limits(max_exposure_pct="0.37")

    page = admin.get(ADD).content.decode()

    assert 'value="0.370000"' in page
    assert "0.5 means 50 %" in page


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
    assert "is a fraction and may not exceed 1; 0.02 means 2 %" in answer.content.decode()
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
    "risk/limitversion", "risk/decision", "risk/equitysnapshot", "risk/dayopening", "risk/auditrun",
    "execution/account", "execution/tradingstatechange", "execution/order", "execution/fill", "execution/ledgerentry",
    "execution/position", "bus/event", "bus/outbox", "bus/deadletter", "alerts/alert",
])  # fmt: skip
def test_every_page_of_the_books_can_be_looked_at(admin: Client, path: str) -> None:
    assert admin.get(f"/admin/{path}/").status_code == 200
    if path != "risk/limitversion":
        assert admin.get(f"/admin/{path}/add/").status_code == 403
