"""The page of a chain as the server writes it: from every id, with every part missing, and for hostile ids."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cdb_site.alerts.models import Alert
from cdb_site.clock import SYSTEM
from dashboard.chains.layers import layers_of
from dashboard.chains.page import again
from dashboard.chains.strip import strip_band
from execution.models import Fill, Order
from risk.models import Breaker, Decision, OperatorAct
from tests.ui import chains, planting

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("valkey"),
    # Nothing is collected for tests that have no browser.
    pytest.mark.filterwarnings("ignore:No directory at"),
]


@pytest.fixture
def client(settings: Any) -> Client:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    planting.plant()
    chains.plant()
    client = Client()
    client.force_login(User.objects.get(username=planting.USER))
    return client


def page(client: Client, wanted: str, status: int = 200) -> str:
    answer = client.get(f"/why/{quote(wanted, safe='')}/")
    assert answer.status_code == status, answer.content[:500]
    return answer.content.decode()


def test_every_id_of_a_chain_leads_to_its_page(client: Client) -> None:
    decision = Decision.objects.get(decision_id=chains.decision_id("trimmed"))
    fill = Fill.objects.filter(order_id=decision.order_id).first()
    assert fill
    order = Order.objects.get(order_id=decision.order_id)
    ids = [
        str(decision.decision_id), decision.decision_id.hex, str(decision.signal_id), order.client_order_id,
        fill.trade_id, decision.decision_id.hex[:8],
    ]  # fmt: skip

    pages = [page(client, wanted) for wanted in ids]

    assert all(f'data-decision="{decision.decision_id}"' in text for text in pages)


def test_an_alert_leads_to_the_chain_it_names_and_else_to_what_was_decided_around_it(client: Client) -> None:
    named = page(client, chains.alert_id("order"))
    loose = page(client, chains.alert_id("spread"))

    assert f'data-decision="{chains.decision_id("bought")}"' in named
    assert "What is this alert about?" in loose
    assert f"/why/{chains.decision_id('trimmed')}/" in loose


def test_every_stored_decision_comes_out_the_same_when_decided_again(client: Client) -> None:
    for name in [name for name in chains.SIGNALS if name != "undecided"]:
        assert 'data-again="same"' in page(client, chains.decision_id(name)), name


def test_a_decision_that_comes_out_otherwise_says_what_was_and_what_is_now(client: Client) -> None:
    decision = Decision.objects.get(decision_id=chains.decision_id("bought"))
    decision.inputs["strength"] = "0.25"

    told = again(decision)

    assert told["same"] is False
    assert any(words.startswith("wanted_quantity was") for words in told["words"])


def test_a_decision_whose_inputs_were_not_stored_is_not_said_to_be_the_same(client: Client) -> None:
    text = page(client, planting.DECISION_ID)

    assert 'data-again="unknown"' in text
    assert "its inputs were not stored" in text


def test_the_band_is_as_thick_as_what_is_left_of_the_quantity(client: Client) -> None:
    decision = Decision.objects.get(decision_id=chains.decision_id("trimmed"))
    layers = layers_of(decision)

    band = strip_band(decision.wanted_quantity, layers)

    assert band
    assert [layer.verdict for layer in layers] == ["PASS", "PASS", "PASS", "TRIM", "PASS"]
    assert len(band.losses) == 1
    left = 26 - 22 * float(decision.quantity / decision.wanted_quantity)
    assert f" {left:.2f} H1228.0 V26.0" in band.path


def test_a_denial_ends_the_band_where_it_was_denied(client: Client) -> None:
    decision = Decision.objects.get(decision_id=chains.decision_id("denied"))

    band = strip_band(decision.wanted_quantity, layers_of(decision))

    assert decision.outcome == "REJECTED"
    assert band
    assert " 26.00 H8" in band.path and band.path.endswith("V26.0 H0 Z")


HOSTILE = (
    "nope", "<b>x</b>", '"><script>alert(1)</script>', "x" * 3000, "a/b/../c", "\x00", "ffffff", "🙂", "%s %(x)s",
    "' OR 1=1",
)  # fmt: skip


def test_an_unknown_or_hostile_id_is_answered_with_what_ids_look_like_and_some_that_exist(client: Client) -> None:
    newest = Decision.objects.order_by("-decided_at")[0].decision_id

    for wanted in HOSTILE:
        text = page(client, wanted, status=404)

        assert "32 hex digits" in text
        assert f"/why/{newest}/" in text
        assert "<script>alert" not in text and "<b>x" not in text


def test_the_chain_is_there_as_json(client: Client) -> None:
    answer = client.get(f"/why/{chains.decision_id('bought')}/?format=json")

    assert json.loads(answer.content)["decision"]["outcome"] == "APPROVED"
    assert client.get("/why/nope/?format=json").status_code == 404


def test_a_page_asks_the_same_number_of_questions_whatever_happened_around_it(client: Client) -> None:
    def asked(wanted: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            page(client, wanted)
        return len(queries)

    before = asked(chains.decision_id("bought"))
    order = Order.objects.get(order_id=chains.decision_id("bought"))
    model = Fill.objects.filter(order=order)[0]
    for number in range(30):
        model.pk, model.trade_id = None, f"more {number}"
        model.save(force_insert=True)

    assert asked(chains.decision_id("bought")) == before < 40


def test_who_acted_around_a_chain_is_among_its_people_with_a_way_to_what_they_did(client: Client) -> None:
    decision = Decision.objects.get(decision_id=chains.decision_id("bought"))
    for name, by, parameters, answer, params in (
        ("pause_symbol", "anna", {"symbol": "CCCUSDT", "lasting": None}, "PAUSED", {"symbol": "CCCUSDT"}),
        ("pause_symbol", "else", {"symbol": "EEEUSDT", "lasting": None}, "PAUSED", {"symbol": "EEEUSDT"}),
        ("cancel_order", "bert", {"order_id": str(decision.order_id)}, "CANCEL_ASKED", {}),
        ("cancel_order", "else", {"order_id": str(uuid.uuid4())}, "CANCEL_ASKED", {}),
        ("halt", "else", {"how": "keep"}, "HALTED", {}),
    ):
        OperatorAct.objects.create(
            key=uuid.uuid4(), account="paper", name=name, parameters=parameters, by=by, reason="<b>odd</b>",
            state="DONE", answer=answer, answer_params=params, done_at=decision.decided_at,
        )  # fmt: skip
    Decision.objects.create(
        decision_id=(sale := uuid.uuid4()), kind="OPERATOR", outcome="REJECTED", reason_code="POSITION_NONE",
        params={"by": "carl", "reason": "enough"}, account="paper", symbol="CCCUSDT", side="SELL",
        episode_id=uuid.uuid4(), wanted_quantity=1, quantity=0, trading_state="ACTIVE", limits_version=1,
        max_price_age_ms=1000, occurred_at=decision.occurred_at,
    )  # fmt: skip

    people = page(client, str(decision.decision_id)).partition('id="people-title"')[2].partition("</section>")[0]

    assert "<b>anna</b> Pause a symbol: CCCUSDT is paused" in people and "/markets/CCCUSDT/" in people
    assert "<b>bert</b> Cancel an order" in people and f"/why/{decision.order_id}/" in people
    assert "<b>carl</b> had CCC sold: enough" in people and f"/why/{sale}/" in people
    assert "acknowledged BREAKER_SPREAD" in people and f"/why/{chains.alert_id('spread')}/" in people
    assert "<b>else</b>" not in people and "<b>odd" not in people
    assert f"/risk/?before={decision.limits_version + 1}#history-title" in people


def test_an_open_breaker_is_released_from_its_alert_by_who_may(client: Client) -> None:
    now = SYSTEM.wall_now()
    breaker = Breaker.objects.create(
        account="paper", kind="SLIPPAGE", symbol="CCCUSDT", occurred_at=now, observed="0.02", limit="0.01",
        limits_version=1,
    )  # fmt: skip
    Alert.objects.create(
        code="BREAKER_SLIPPAGE", level="WARNING", state="RAISED", source="tests", key="paper SLIPPAGE CCCUSDT",
        params={"symbol": "CCCUSDT", "observed": "0.02", "limit": "0.01"}, raised_at=now,
    )  # fmt: skip
    operator = Client()
    operator.force_login(User.objects.get(username=chains.OPERATOR))

    release = f"/acts/release_breaker/?breaker={breaker.pk}"
    assert release in operator.get("/alerts/").content.decode()
    assert release not in client.get("/alerts/").content.decode()
