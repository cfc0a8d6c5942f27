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
from risk import queries
from risk.models import LimitVersion
from risk.operator.limit_form import LimitForm
from risk.rules.limits import LIMITS
from tests.builders import PAPER, make_quote, open_paper_account, plant_instrument, set_limits

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
    client.force_login(User.objects.create_superuser("anna"))
    return client


def post(admin: Client, **changes: str) -> Any:
    """The confirmed form: what the preview's button sends."""
    return admin.post(ADD, FORM | {"_confirmed": "1", "based_on": newest()} | changes)


def newest() -> str:
    """The version in force, as a form opened now carries it."""
    current = LimitVersion.objects.first()
    return str(current.version) if current else ""


def opened(page: str) -> str:
    """The version that an opened form says it was made from."""
    [version] = re.findall(r'name="based_on" value="(\d+)"', page)
    return str(version)


def test_the_form_starts_from_the_values_in_force(admin: Client) -> None:
    set_limits(max_exposure_pct="0.37")

    page = admin.get(ADD).content.decode()

    assert 'value="0.37"' in page
    assert "0.5 means 50 %" in page


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

    page = admin.post(ADD, FORM | {"max_position_pct": "0.05", "based_on": newest()}).content.decode()

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


@pytest.mark.parametrize("step", [{}, {"_confirmed": "1"}], ids=["preview", "save"])
def test_a_form_opened_before_somebody_tightened_does_not_loosen_again(
    admin: Client, step: dict[str, str], valkey: Any
) -> None:
    open_paper_account()
    form = FORM | {"max_exposure_pct": "0.5", "based_on": opened(admin.get(ADD).content.decode())}
    bert = Client()
    bert.force_login(User.objects.create_superuser("bert"))
    post(bert, max_exposure_pct="0.2", reason="storm ahead")

    page = admin.post(ADD, form | step).content.decode()

    assert "Nothing is stored" in page
    assert re.search(r"bert at [\d:]{8} UTC \(storm ahead\): max_exposure_pct 0.5 → 0.2", page)
    assert [version.max_exposure_pct for version in LimitVersion.objects.all()] == [Decimal("0.2"), Decimal("0.5")]


def test_a_form_says_which_version_it_was_opened_from_in_its_preview_too(admin: Client, valkey: Any) -> None:
    open_paper_account()
    version = set_limits()

    page = admin.post(ADD, FORM | {"based_on": newest()}).content.decode()

    assert opened(page) == str(version.version)


def test_a_form_that_does_not_say_what_it_was_made_from_is_refused(admin: Client) -> None:
    set_limits()

    answer = post(admin, based_on="")

    assert (answer.status_code, LimitVersion.objects.count()) == (200, 1)


def test_who_saves_at_the_same_moment_as_another_is_told_so(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first = set_limits()
    set_limits(max_exposure_pct="0.2")
    monkeypatch.setattr(LimitForm, "clean", lambda form: form.cleaned_data)

    answer = admin.post(ADD, FORM | {"_confirmed": "1", "based_on": str(first.version)}, follow=True)

    assert "Nothing is stored" in answer.content.decode()
    assert queries.limits(PAPER).max_exposure_pct == Decimal("0.2")


@pytest.mark.parametrize(("name", "value"), [
    ("stop_loss_pct", "2"), ("max_exposure_pct", "50"), ("max_position_pct", "1.1"),
])  # fmt: skip
def test_more_than_one_is_refused_saying_what_a_fraction_means(admin: Client, name: str, value: str) -> None:
    answer = post(admin, **{name: value})

    assert answer.status_code == 200
    assert re.search("is a fraction and may not exceed 0.99; 0.01 means 1 %", answer.content.decode())
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
    client.force_login(User.objects.create_user("bert", is_staff=True))

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


def test_in_german_the_form_takes_a_comma_and_a_point_and_says_so_in_german(admin: Client, valkey: Any) -> None:
    open_paper_account()
    set_limits(max_exposure_pct="0.37")
    german = {"HTTP_ACCEPT_LANGUAGE": "de"}

    opened_page = admin.get(ADD, **german).content.decode()
    changes = {"max_exposure_pct": "0,25", "stop_loss_pct": "0.01", "max_clock_skew_s": "1,5", "based_on": newest()}
    preview = admin.post(ADD, FORM | changes, **german).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', preview))
    admin.post(ADD, hidden, **german)

    assert 'value="0,37"' in opened_page
    assert "Gesamt-Exposure als Anteil des Eigenkapitals, in Anteil, 0,0001 bis 0,99" in opened_page
    assert "<strong>max_exposure_pct</strong> 0,37 → 0,25" in preview
    version = LimitVersion.objects.first()
    assert version is not None
    stored = (version.max_exposure_pct, version.stop_loss_pct, version.max_clock_skew_s)
    assert stored == (Decimal("0.25"), Decimal("0.01"), Decimal("1.5"))


def test_what_is_out_of_bounds_is_said_in_german(admin: Client) -> None:
    form = FORM | {"stop_loss_pct": "2", "based_on": newest()}

    page = admin.post(ADD, form, HTTP_ACCEPT_LANGUAGE="de").content.decode()

    assert "ist ein Anteil und darf höchstens 0.99 sein; 0,01 heißt 1 %" in page
