"""The list of decisions: its equation adds up, its filters narrow, its pages neither skip nor repeat a row, and none of
its queries reads a table from end to end, with 100,000 decisions behind it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cdb_site import db
from cdb_site.clock import SYSTEM
from dashboard import snapshot
from dashboard.lists.decision_counts import counts, statements
from dashboard.lists.decision_list import context
from risk.models import Decision
from signals_app.models import Signal
from tests.integration.dashboard.plans import plant, whole_reads
from tests.ui import chains, planting

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("valkey"),
    pytest.mark.filterwarnings("ignore:No directory at"),
]
MANY = 100_000
ID, SIGNAL_ID = (f"(lpad(to_hex(n), 8, '0') || '-{word}-4000-8000-000000000000')::uuid" for word in ("0003", "0004"))
AT = "date_trunc('minute', now()) - (n / 30) * interval '1 minute'"
PLANTED = (
    "SET session_replication_role = replica",
    f"""INSERT INTO signal (signal_id, strategy, symbol, "interval", open_time, side, momentum, strength, rank,
          universe_size, close, base_close, quote_volume, expires_at, context, created_at)
        SELECT {SIGNAL_ID}, 'many', 'S' || (n % 30) || 'USDT', '1m', {AT} - interval '1 minute',
          CASE WHEN n % 2 = 0 THEN 'BUY' ELSE 'SELL' END, 0.01, 1, 1, 3, 100, 99, 1000, {AT}, '{{}}', {AT}
        FROM generate_series(1, {MANY}) n""",
    f"""INSERT INTO decision (decision_id, kind, outcome, reason_code, params, account, symbol, side, signal_id,
          attempt, order_id, wanted_quantity, quantity, price, price_age_ms, trading_state, limits_version,
          max_price_age_ms, layers, inputs, occurred_at, decided_at)
        SELECT {ID}, 'SIGNAL', 'REJECTED', CASE WHEN n % 5000 = 0 THEN 'SPREAD_TOO_WIDE' WHEN n % 2 = 0 THEN
          'EXPOSURE_LIMIT_EXCEEDED' ELSE 'POSITION_NONE' END, '{{}}', 'paper', 'S' || (n % 30) || 'USDT',
          CASE WHEN n % 2 = 0 THEN 'BUY' ELSE 'SELL' END, {SIGNAL_ID}, 1, NULL, 1, 0, 100, 1, 'ACTIVE', 1, 10000, '[]',
          jsonb_build_object('filler', repeat('x', 600)), {AT}, {AT} FROM generate_series(1, {MANY}) n
        WHERE n % 1000 <> 7""",
    "SET session_replication_role = origin",
    "VACUUM (ANALYZE) signal",
    "VACUUM (ANALYZE) decision",
)
ADDRESSES = (
    "day=all", "day=all&nothing=show", "day=all&symbol=S7USDT", "day=all&layer=2", "day=all&reason=SPREAD_TOO_WIDE",
    "day=all&side=BUY", "day=all&outcome=REJECTED&nothing=show", "", "layer=3", "outcome=UNDECIDED",
)  # fmt: skip


@pytest.fixture
def client(settings: Any) -> Client:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    planting.plant()
    chains.plant()
    client = Client()
    client.force_login(User.objects.get(username=planting.USER))
    return client


def shown(given: str) -> dict[str, Any]:
    return context(dict(part.split("=") for part in given.split("&") if part), SYSTEM)


def names(given: str) -> list[str]:
    return [str(line["row"].decision_id) for line in shown(given)["rows"]]


def test_signals_are_approved_trimmed_denied_expired_or_undecided(client: Client) -> None:
    found = counts(None).equation(symbol="CCCUSDT")
    others = counts(None).equation(symbol="DDDUSDT")
    eee = counts(None).equation(symbol="EEEUSDT")

    assert (found.signals, found.approved, found.trimmed, found.denied) == (3, 1, 1, 1)
    assert (others.signals, others.approved, others.denied, others.expired, others.undecided) == (4, 1, 1, 1, 1)
    assert (eee.signals, eee.approved, eee.denied) == (4, 2, 2)
    assert found.holds and others.holds and eee.holds


def test_a_decision_whose_signal_is_gone_is_told_and_not_made_to_fit(client: Client) -> None:
    whole = counts(None).equation()

    assert whole.signals == Signal.objects.count() == 11
    assert not whole.holds  # the one that every dashboard test plants has no signal
    assert 'data-equation="differs"' in client.get("/decisions/?day=all").content.decode()


NARROWED: list[tuple[str, list[str]]] = [
    ("symbol=CCCUSDT", ["bought", "trimmed", "denied"]),
    ("symbol=EEEUSDT", ["entered", "left"]),
    ("symbol=EEEUSDT&nothing=show", ["entered", "left", "nothing-1", "nothing-2"]),
    ("reason=POSITION_NONE", ["nothing-1", "nothing-2"]),
    ("side=SELL", ["left"]),
    ("outcome=TRIMMED", ["trimmed"]),
    ("outcome=EXPIRED", ["expired"]),
    ("layer=4", ["trimmed", "denied"]),
    ("layer=0", ["priceless", "expired"]),
    ("symbol=DDDUSDT&outcome=APPROVED", ["unsent"]),
    ("symbol=CCCUSDT&kind=STOP", []),
    ("symbol=%00", []),
]


def test_a_filter_narrows_the_list_and_its_number_alike(client: Client) -> None:
    for given, expected in NARROWED:
        found = shown(f"day=all&{given}")

        listed = {str(line["row"].decision_id) for line in found["rows"]}
        assert listed == {chains.decision_id(name) for name in expected}, given
        assert found["matching"] == len(expected), given


def test_an_undecided_signal_is_listed_as_such(client: Client) -> None:
    found = shown("outcome=UNDECIDED&day=all")

    assert [str(row.signal_id) for row in found["undecided"]] == [chains.signal_id("undecided")]


def test_what_makes_no_sense_in_the_address_narrows_nothing(client: Client) -> None:
    hostile = "/decisions/?day=x&side=%3Cb%3E&layer=9&before=zzz&after=2026_1&decision=nope&outcome='&symbol=%00%3Cb%3E"

    answer = client.get(hostile)

    assert answer.status_code == 200
    assert "<b>" not in re.sub(r"<b[ >][^<]*</b>", "", answer.content.decode())


def test_an_empty_list_names_what_it_was_asked_for(client: Client) -> None:
    decisions = client.get("/decisions/?day=all&symbol=<b>&side=BUY").content.decode()
    alerts = client.get("/alerts/?symbol=NONEUSDT&level=INFO").content.decode()

    assert "Asked for: Side buy, Symbol &lt;b&gt;, all days." in decisions
    assert "Asked for: Level note, Symbol NONE." in alerts
    assert decisions.count("data-narrowed") == alerts.count("data-narrowed") == 1


def test_the_drawer_tells_one_decision_and_the_preview_decides_nothing(client: Client) -> None:
    before = Decision.objects.count()

    text = client.get(f"/decisions/?day=all&decision={chains.decision_id('trimmed')}&now=1").content.decode()

    assert f'data-drawer="{chains.decision_id("trimmed")}"' in text
    assert "Preview: nothing is decided, nothing is sent" in text
    assert 'data-again="same"' in text
    assert Decision.objects.count() == before


def test_with_many_decisions_every_page_is_reached_once_and_no_query_reads_a_table_whole(client: Client) -> None:
    plant(PLANTED)

    first = shown("day=all&symbol=S7USDT&nothing=show")
    second = shown(unquote_plus(first["older"]))
    back = shown(unquote_plus(second["newer"]))
    ids = [[line["row"].decision_id for line in found["rows"]] for found in (first, second, back)]

    assert len(ids[0]) == len(ids[1]) == 25
    assert not set(ids[0]) & set(ids[1])
    assert ids[2] == ids[0]
    assert first["equation"].holds and first["equation"].undecided > 0

    numbers = set()
    for address in ADDRESSES:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/decisions/?{address}").status_code == 200
        numbers.add(len(queries))
        assert whole_reads([row["sql"] for row in queries], "decision", "signal") == [], address
    with CaptureQueriesContext(connection) as queries:
        begun = snapshot.read({"decisions", "signals"})
    assert (len(begun["decisions"]), len(begun["signals"])) == (snapshot.DECISIONS, snapshot.SIGNALS)
    assert whole_reads([row["sql"] for row in queries], "decision", "signal") == []
    for day in (None, SYSTEM.market_now().date()):
        for statement, parameters in statements(day):
            plan = "\n".join(row[0] for row in db.select(f"EXPLAIN {statement}", parameters))
            assert not re.search(r"Seq Scan on (decision|signal)\b", plan), plan
    assert max(numbers) - min(numbers) <= 2
    assert max(numbers) < 20
