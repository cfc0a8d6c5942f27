"""GET /api/v1/status/: how the system stands, for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from cdb_site.clock import SYSTEM
from execution import gate, operations

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def static_folder(settings: Any) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


def test_a_stranger_is_refused(client: Client) -> None:
    answer = client.get(reverse("api-status"), headers={"accept": "application/json"})

    assert answer.status_code in (302, 401, 403)


def test_a_user_reads_trading_state_and_market(client: Client) -> None:
    client.force_login(User.objects.create_user("reader"))
    operations.open_account("paper", quote_asset="USDT", deposit=Decimal(100), clock=SYSTEM)
    gate.halt("paper", by="test", reason="looking closely")

    body = client.get(reverse("api-status")).json()

    assert (body["mode"], body["trading_state"], body["reason"]) == ("PAPER", "HALTED", "looking closely")
    assert body["quote_asset"] == "USDT"


def test_nothing_can_be_changed_there(client: Client) -> None:
    client.force_login(User.objects.create_user("writer"))

    assert client.post(reverse("api-status"), {}).status_code == 405
