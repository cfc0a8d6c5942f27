"""Pausing an instrument: in the admin, on the command line, and what it does to signals and rankings."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cdb_site.clock import SYSTEM
from marketdata import pausing, queries
from marketdata.models import Pause, UniverseMember
from signals_app.models import Evaluation, Ranking
from signals_app.ranking_clock import rank_at
from tests.builders import plant_instrument
from tests.integration.signals_app.engine_market import FLAT, engine_at, market, minute, play, said, stored

__all__ = ["market"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
ADD, LIST = "/admin/marketdata/pause/add/", "/admin/marketdata/pause/"
FORM = {"instrument": "AUSDT", "reason": "delisting rumor", "expires_at_0": "", "expires_at_1": ""}


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    """The admin's own pages without a collected manifest."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create(username="anna", is_staff=True, is_superuser=True))
    return client


def pause(symbol: str = "AUSDT", *, expires_at: datetime | None = None) -> Pause:
    return pausing.pause(symbol, reason="news", by="anna", expires_at=expires_at)


def let_expire(row: Pause) -> None:
    """As if it had begun two minutes ago, for one."""
    now = SYSTEM.wall_now()
    begun, over = now - timedelta(minutes=2), now - timedelta(minutes=1)
    Pause.objects.filter(pk=row.pk).update(paused_at=begun, expires_at=over)


def paused() -> dict[str, str]:
    return queries.paused(SYSTEM.wall_now())


def command(name: str, *arguments: str) -> str:
    output = io.StringIO()
    call_command(name, *arguments, stdout=output)
    return output.getvalue()


def test_nothing_is_bought_of_a_paused_symbol_and_the_evaluation_says_why() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    pause("AUSDT")

    play(engine, clock, 3, ["A 102 B 101 C 100"])

    assert said() == ["3 BUY B"]
    assert Evaluation.objects.get(open_time=minute(3)).skipped == {"AUSDT": "PAUSED"}
    assert Evaluation.objects.get(open_time=minute(3)).signals == 1


def test_a_paused_symbol_is_still_sold() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3 + ["A 102 B 100 C 100"])
    pause("AUSDT")

    # A falls through the exit while B rises through the threshold, so that pauses are looked at
    play(engine, clock, 4, ["A 99 B 101 C 100"])

    assert said() == ["3 BUY A", "4 BUY B", "4 SELL A"]
    assert Evaluation.objects.get(open_time=minute(4)).skipped == {}


def test_a_resumed_symbol_and_one_whose_pause_is_over_are_bought_again() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    pause("AUSDT")
    pausing.resume("AUSDT", by="bert")
    let_expire(pause("BUSDT", expires_at=SYSTEM.wall_now() + timedelta(hours=1)))

    play(engine, clock, 3, ["A 102 B 101 C 100"])

    assert said() == ["3 BUY A", "3 BUY B"]


def test_the_ranking_says_that_a_symbol_is_paused() -> None:
    stored(0, FLAT)
    pause("AUSDT")

    rank_at(int(minute(0).timestamp()))

    assert Ranking.objects.get(symbol="AUSDT").excluded == "PAUSED"
    assert Ranking.objects.get(symbol="BUSDT").excluded != "PAUSED"


def test_a_newcomer_waits_for_its_lookback_with_a_reason_and_is_then_evaluated() -> None:
    engine, clock = engine_at(0)
    play(engine, clock, 0, [FLAT] * 3)
    plant_instrument(symbol="DUSDT")
    UniverseMember.objects.create(instrument_id="DUSDT", chosen_by="test", since=minute(3))
    UniverseMember.objects.filter(instrument_id="CUSDT").delete()

    play(engine, clock, 3, ["A 100 B 100 D 100"])
    alone = Evaluation.objects.get(open_time=minute(3))
    for number in range(3):
        stored(number, "D 100", "BACKFILL")
    play(engine, clock, 4, ["A 100 B 100 D 101"])

    assert (alone.complete, alone.universe_size, alone.skipped) == (True, 3, {"DUSDT": "BASE_MISSING"})
    assert said() == ["4 BUY D"]


def test_the_admin_pauses_with_who_and_when_and_resumes_by_an_action(admin: Client) -> None:
    before = SYSTEM.wall_now()

    made = admin.post(ADD, FORM)
    row = Pause.objects.get()
    listed = admin.get(LIST, {"state": "paused"}).content.decode()
    ended = admin.post(LIST, {"action": "resume", "_selected_action": [row.pk]}, follow=True).content.decode()
    over = Pause.objects.get()

    assert made.status_code == 302
    assert (row.instrument_id, row.reason, row.paused_by, row.expires_at) == ("AUSDT", "delisting rumor", "anna", None)
    assert before <= row.paused_at <= SYSTEM.wall_now()
    assert "delisting rumor" in listed
    assert "AUSDT may be bought again." in ended
    assert over.ended_by == "anna" and over.ended_at is not None
    assert paused() == {}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"reason": "  "}, "This field is required."),
        ({"expires_at_0": "2020-01-01", "expires_at_1": "12:00:00"}, "is over; name a time to come, or none."),
        ({"instrument": "BUSDT"}, "BUSDT is paused already (news); resume it first."),
        ({"instrument": "NOUSDT"}, "Select a valid choice."),
    ],
)
def test_an_unusable_pause_is_refused_on_the_page(admin: Client, changes: dict[str, str], told: str) -> None:
    pause("BUSDT")

    answer = admin.post(ADD, FORM | changes)

    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert Pause.objects.count() == 1


def test_of_two_who_pause_at_the_same_moment_the_second_is_told_so(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause("AUSDT")
    monkeypatch.setattr(pausing, "require", lambda *_, **__: None)

    page = admin.post(ADD, FORM, follow=True)

    assert page.redirect_chain == [(LIST, 302)]
    assert "AUSDT is paused already (news); resume it first." in page.content.decode()
    assert Pause.objects.count() == 1


def test_a_pause_is_never_changed_or_deleted(admin: Client) -> None:
    row = pause()

    assert admin.post(f"{LIST}{row.pk}/change/", FORM).status_code == 403
    assert admin.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert paused() == {"AUSDT": "news"}


def test_who_may_only_look_can_neither_pause_nor_resume() -> None:
    row = pause("BUSDT")
    bert = User.objects.create(username="bert", is_staff=True)
    bert.user_permissions.add(Permission.objects.get(codename="view_pause"))
    client = Client()
    client.force_login(bert)

    added = client.post(ADD, FORM)
    client.post(LIST, {"action": "resume", "_selected_action": [row.pk]})

    assert added.status_code == 403
    assert paused() == {"BUSDT": "news"}


def test_the_list_of_instruments_leads_to_pausing_and_says_what_is_paused(admin: Client) -> None:
    pause("BUSDT")

    page = admin.get("/admin/marketdata/instrument/").content.decode()

    assert "?instrument=AUSDT" in page
    assert "paused: news" in page
    assert 'value="AUSDT"' in admin.get(ADD, {"instrument": "AUSDT"}).content.decode()


@pytest.mark.parametrize("path", [
    "instrument/", "candle/?interval=1m&source__exact=WS", "candle/?q=ausdt", "universemember/?q=AUSDT",
    "universechoice/", "universeentry/?excluded__exact=RANK&chosen__exact=0", "universeentry/?choice__id__exact=1",
    "pause/?state=over", "instrument/AUSDT/change/",
])  # fmt: skip
def test_every_page_of_the_market_can_be_looked_at(admin: Client, path: str) -> None:
    stored(0, FLAT)

    assert admin.get(f"/admin/marketdata/{path}").status_code == 200


def test_candles_are_never_all_counted_or_sorted(admin: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        admin.get("/admin/marketdata/candle/?revised__exact=1")

    counted, listed = [query["sql"] for query in asked if "marketdata_candle" in query["sql"]]
    assert "LIMIT 10000) subquery" in counted
    assert listed.endswith('ORDER BY "marketdata_candle"."id" DESC')


def test_the_command_pauses_for_a_while_and_lists_what_is_paused() -> None:
    nothing = command("pause")

    told = command("pause", "AUSDT", "--reason", "news", "--for", "2h", "--by", "anna")

    row = Pause.objects.get()
    assert row.expires_at is not None
    assert row.expires_at - row.paused_at == pytest.approx(timedelta(hours=2), abs=timedelta(minutes=1))
    assert told == f"AUSDT is paused until {row.expires_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC\n"
    assert (nothing, command("pause")) == ("nothing is paused\n", "AUSDT: news\n")


def test_the_command_resumes() -> None:
    pause()

    told = command("resume", "AUSDT", "--by", "bert")

    assert told == "AUSDT may be bought again; it was paused for: news\n"
    assert Pause.objects.get().ended_by == "bert"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("pause", "AUSD", "--reason", "x"), "symbol: AUSD is not listed; did you mean AUSDT?"),
        (("pause", "AUSDT"), "reason: say why, for the history."),
        (("pause", "AUSDT", "--reason", "x", "--for", "soon"), "for: 'soon' is no duration; say for example 30m"),
        (("pause", "BUSDT", "--reason", "x"), "symbol: BUSDT is paused already (news); resume it first."),
        (("resume", "AUSDT"), "symbol: AUSDT is not paused."),
        (("resume", "AUSD"), "symbol: AUSD is not listed; did you mean AUSDT?"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(arguments: tuple[str, ...], told: str) -> None:
    pause("BUSDT")

    with pytest.raises(CommandError) as refusal:
        command(*arguments)

    assert str(refusal.value).startswith(told)


def test_an_expired_pause_is_written_down_as_over_when_the_symbol_is_paused_again() -> None:
    first = pause(expires_at=SYSTEM.wall_now() + timedelta(hours=1))
    let_expire(first)

    second = pause()

    first.refresh_from_db()
    assert (first.ended_at, first.ended_by) == (first.expires_at, "expiry")
    assert Pause.objects.filter(ended_at=None).get() == second
