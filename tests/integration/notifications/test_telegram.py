"""Commands by Telegram: who may, what is answered, that twice is once, and that nothing loosens."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from cdb_site.alerts import operations as alerts
from dashboard.models import Preference
from execution.models import TradingStateChange
from marketdata.models import Pause
from notifications.telegram import acting, answering, poller
from notifications.telegram.bot_api import BotProblem
from risk.acts import door
from risk.acts.table import ACTS, ALL
from risk.models import Decision, OperatorAct
from tests.builders import open_paper_account, plant_instrument
from tests.integration.notifications.bot_house import TOKEN, BotHouse, refused, user
from tests.integration.notifications.catchers import WebCatcher
from tests.integration.risk import report_house
from tests.integration.risk.acts_house import halt, state
from tests.integration.risk.house import House, holding

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def bot(web: WebCatcher) -> BotHouse:
    return BotHouse(web)


@pytest.fixture
def trading(tmp_path: Path) -> House:
    plant_instrument()
    open_paper_account()
    house = House(tmp_path)
    house.price("100")
    return house


def heard(outcome: str) -> float:
    return answering.HEARD.labels(outcome)._value.get()


def test_a_halt_is_done_as_the_chats_user_and_answered(bot: BotHouse, trading: House) -> None:
    anna = user("operator")

    said = bot.ask("/halt storm over Malta")

    row = OperatorAct.objects.get()
    assert said == ["Trading is halted: no entry is sent from now on, open ones are being canceled."]
    assert (row.name, row.by, row.reason) == ("halt", anna.get_username(), "Telegram: storm over Malta")
    assert state() == "HALTED"


def test_the_same_update_twice_acts_once_also_for_a_listener_that_began_anew(bot: BotHouse, trading: House) -> None:
    user("operator")
    update = bot.write("/halt")
    bot.bot.turn()
    halt_again = TradingStateChange.objects.filter(state="HALTED").count()
    bot.bot = bot.another_bot()
    bot.updates = [update]
    bot.clock.ahead_s += 3600
    bot.bot.turn()

    assert OperatorAct.objects.count() == 1
    assert TradingStateChange.objects.filter(state="HALTED").count() == halt_again == 1
    assert bot.said[0] == bot.said[1], "answered as it was, however late it comes again"


def test_a_symbol_is_paused_for_a_while_and_a_wrong_one_is_answered_with_the_remedy(
    bot: BotHouse, trading: House
) -> None:
    user("operator")

    paused = bot.ask("/pause aaausdt 2h odd news")
    again = bot.ask("/pause AAAUSDT")
    wrong = [bot.ask(text)[0] for text in ("/pause", "/pause <b>", "/pause NOPEUSDT 2h", "/pause AAAUSDT 2y")]

    row = Pause.objects.get()
    assert paused[0].startswith("AAAUSDT is paused until ") and row.reason == "Telegram: odd news"
    assert "is paused already" in again[0]
    assert "symbol: is missing" in wrong[0]
    assert "letters and digits" in wrong[1]
    assert "is not listed" in wrong[2]
    assert "a duration such as 90s" in wrong[3]


@pytest.mark.parametrize("text", ["/halt", "/pause AAAUSDT"])
def test_who_only_looks_on_is_refused_in_words_and_changes_nothing(bot: BotHouse, trading: House, text: str) -> None:
    user("viewer")

    said = bot.ask(text)

    assert said == ["This is not yours to do: it needs the role operator."]
    assert not OperatorAct.objects.exists()
    assert state() == "ACTIVE"


def test_a_role_that_was_taken_away_counts_at_once(bot: BotHouse, trading: House) -> None:
    anna = user("operator")
    anna.groups.clear()

    assert "not yours to do" in bot.ask("/halt")[0]
    anna.is_active = False
    anna.save()
    assert bot.ask("/status") == []


def test_a_command_older_than_a_minute_is_answered_and_not_acted_on(bot: BotHouse, trading: House) -> None:
    user("operator")

    old, young = bot.ask("/halt", age_s=75), bot.ask("/halt", age_s=50)

    assert "Not done: the command is 7" in old[0] and "Send it again" in old[0]
    assert young[0].startswith("Trading is halted")
    assert OperatorAct.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"chat": 43},
        {"chat": {"id": 42, "type": "group"}},
        {"from": {"id": 99}},
        {"from": None},
        {"text": None},
        {"date": "yesterday"},
    ],
)
def test_a_chat_that_is_not_allowed_gets_no_answer(bot: BotHouse, trading: House, changes: dict[str, Any]) -> None:
    user("operator")
    before = heard("unknown_chat") + heard("no_command")
    named = {key: value for key, value in changes.items() if not isinstance(value, int)}

    said = bot.ask("/halt", chat=changes["chat"] if isinstance(changes.get("chat"), int) else 42) if not named else None
    if named:
        update = bot.write("/halt")
        update["message"] |= named
        bot.bot.turn()

    assert said in ([], None) and bot.said == []
    assert heard("unknown_chat") + heard("no_command") == before + 1
    assert state() == "ACTIVE" and not OperatorAct.objects.exists()


def test_a_chat_that_was_switched_off_gets_no_answer(bot: BotHouse, trading: House) -> None:
    user("operator", enabled=False)

    assert bot.ask("/halt") == []
    assert state() == "ACTIVE"


def test_no_act_that_loosens_can_be_reached_by_any_word(bot: BotHouse, trading: House) -> None:
    """Every act of the table, by its name and by what people might call it, as somebody who may everything."""
    anna = user("admin")
    anna.is_superuser = True
    anna.save()
    halt("ben")
    before = OperatorAct.objects.count()
    words = {word for act in ALL for word in (act.name, act.name.replace("_", ""), act.name.split("_")[0])}
    words |= {"resume", "unpause", "start", "continue", "release", "limits", "approve", "go", "active"}
    words -= set(acting.TIGHTENING)
    for number, word in enumerate(sorted(words)):
        for form in (f"/{word}", f"/{word.upper()}@cdb_bot AAAUSDT 1", f"/{word} 1 because"):
            bot.write(form, age_s=number % 50)
    bot.bot.turn()
    bot.bot.turn()

    assert OperatorAct.objects.count() == before
    assert state() == "HALTED"
    assert len(bot.said) >= len(words) * 3
    assert not [name for name in acting.TIGHTENING.values() if ACTS[name].loosens]
    assert set(acting.TIGHTENING.values()) == {"halt", "pause_symbol"}


@pytest.mark.parametrize("act", [act for act in ALL if act.loosens or act.name in ("unpause_symbol", "reset_account")])
def test_words_behind_a_command_reach_no_other_act(bot: BotHouse, trading: House, act: Any) -> None:
    user("admin")

    bot.ask(f"/halt how={act.name} {act.name}")
    bot.ask(f"/pause AAAUSDT {act.name} how={act.name}")

    assert set(OperatorAct.objects.values_list("name", flat=True)) == {"halt", "pause_symbol"}
    assert OperatorAct.objects.get(name="halt").parameters == {"how": "keep"}
    assert state() == "HALTED"


def test_status_and_positions_are_short_with_units(bot: BotHouse, trading: House) -> None:
    user("viewer")
    holding(trading)
    alerts.raise_alert("FEED_SILENT", source="risk", key="feed", params={"age_s": 40})

    status, positions = bot.ask("/status")[0], bot.ask("/positions")[0]

    assert "Trading ACTIVE" in status and " USDT, today " in status
    assert "Exposure " in status and " % of 50.00 %" in status
    assert "Positions 1, open orders 0" in status and "Alerts open: 1, critical 1" in status
    assert positions.startswith("AAAUSDT: 10 @ 100, now ") and "% away" in positions
    assert max(map(len, (status, positions))) < 600


def test_an_empty_account_and_one_that_was_never_opened_are_said_in_words(bot: BotHouse) -> None:
    user("viewer")

    missing = bot.ask("/status")[0]
    open_paper_account()

    assert missing and "Traceback" not in missing
    assert bot.ask("/positions") == ["Nothing is held."]
    assert bot.ask("/performance")[0]


def test_profit_and_performance_are_those_of_the_reports(bot: BotHouse, tmp_path: Path) -> None:
    house = report_house.opened(tmp_path)
    report_house.first_day(house)
    report_house.second_day(house)
    house.go_to(report_house.midnight_of(report_house.SECOND) + report_house.timedelta(hours=20))
    bot.clock.market_now = house.clock.market_now  # type: ignore[method-assign]
    user("viewer")

    profit, performance = bot.ask("/profit")[0], bot.ask("/performance")[0]

    assert "30 days " in profit and "USDT" in profit
    assert "Round trips 1, won 1" in performance and "2026-03-05 (UTC)" in performance


def test_why_tells_a_chain_by_its_first_six_digits(bot: BotHouse, trading: House) -> None:
    user("viewer")
    decision = trading.ask_for()

    told = bot.ask(f"/why {str(decision.decision_id)[:8]}")[0]
    unknown, bare = bot.ask("/why ffffff")[0], bot.ask("/why")[0]

    assert Decision.objects.count() == 1
    assert f"{decision.outcome} BUY AAAUSDT: " in told and "Signal BUY AAAUSDT, momentum" in told
    assert "first six digits" in unknown and "first six digits" in bare


def test_answers_are_in_the_language_the_person_has_chosen(bot: BotHouse, trading: House) -> None:
    anna = user("operator")
    english = bot.ask("/positions")
    german_phone = bot.ask("/positions", **{"from": {"id": 42, "language_code": "de-AT"}})
    Preference.objects.create(user=anna, language="de")
    chosen = bot.ask("/positions")

    assert english == ["Nothing is held."]
    assert german_phone == chosen == ["Nichts wird gehalten."]
    assert "nichts davon kaufen" in bot.ask("hallo")[0]


def test_what_fails_is_answered_logged_and_holds_up_no_other(
    bot: BotHouse, trading: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    user("operator")

    def broken(*_: object) -> str:
        raise RuntimeError("odd")

    monkeypatch.setitem(answering.READINGS, "status", broken)
    bot.write("/status")
    bot.write("/positions")
    bot.bot.turn()
    bot.bot.turn()

    assert [text for _, text in bot.said] == [poller.SORRY, "Nothing is held."]
    assert bot.updates == []


def test_while_the_database_is_away_updates_wait_unconfirmed(
    bot: BotHouse, trading: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    user("operator")
    real = answering.READINGS["positions"]

    def away(*_: object) -> str:
        raise OperationalError("server closed the connection")

    monkeypatch.setitem(answering.READINGS, "positions", away)
    bot.write("/positions")
    with pytest.raises(OperationalError):
        bot.bot.turn()
    monkeypatch.setitem(answering.READINGS, "positions", real)
    bot.bot.turn()

    assert [text for _, text in bot.said] == ["Nothing is held."]


@pytest.mark.parametrize(
    "answer",
    [
        refused(401), refused(404), refused(409), refused(500), (200, {}, b"<html>"), (200, {}, b"[]"),
        (200, {}, b'{"ok":true,"result":[7,{"update_id":"x"},{"update_id":5,"message":7}]}'), (502, {}, b""),
    ],
)  # fmt: skip
def test_whatever_telegram_says_is_survived_and_no_line_holds_the_token(
    bot: BotHouse, trading: House, answer: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    user("operator")
    monkeypatch.setattr(bot.bot, "_rest", lambda seconds: None)
    bot.refusals = [answer]
    root = logging.getLogger()
    root.setLevel(logging.DEBUG)
    try:
        bot.bot.turn()
        said = bot.ask("/positions")
    finally:
        root.setLevel(logging.INFO)

    assert said == ["Nothing is held."]
    assert TOKEN not in "".join(capfd.readouterr())


def test_a_request_to_wait_is_heeded(bot: BotHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr(bot.bot, "_rest", rests.append)
    bot.refusals = [refused(429, parameters={"retry_after": 17}), *(refused(500) for _ in range(5))]

    for _ in range(6):
        bot.bot.turn()

    assert rests == [17, 5, 15, 60, 60, 60]


def test_nobody_listening_at_the_address_is_survived(bot: BotHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    away = bot.another_bot()
    object.__setattr__(away.api, "base_url", "http://127.0.0.1:9")
    monkeypatch.setattr(away, "_rest", rests.append)

    assert away.turn() == 0
    assert rests == [2]


def test_without_a_token_nothing_is_asked_and_the_part_turns(bot: BotHouse, web: WebCatcher) -> None:
    idle = bot.another_bot(token="")
    thread = threading.Thread(target=idle.run, daemon=True)
    thread.start()
    idle.runtime.stopping.wait(0.2)
    idle.runtime.stopping.set()
    thread.join(5)

    assert not thread.is_alive() and web.caught == []
    assert idle.runtime.progress.slowest()[0] == "telegram"


def test_a_poll_that_hangs_is_seen_to_turn_and_ends_with_the_service(
    bot: BotHouse, web: WebCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "TURN_S", 0.05)
    web.hang()

    def run() -> None:
        try:
            bot.bot.run()
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not web.caught:
        bot.bot.runtime.stopping.wait(0.01)
    bot.bot.runtime.stopping.wait(0.3)
    _, age_s = bot.bot.runtime.progress.slowest()
    bot.bot.runtime.stopping.set()
    thread.join(5)

    assert age_s < 0.3 and not thread.is_alive()


def test_a_halt_whose_answer_is_not_taken_is_done_all_the_same(
    bot: BotHouse, trading: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    user("operator")
    monkeypatch.setattr(bot.bot, "_rest", lambda seconds: None)

    async def refuses(chat_id: int, text: str) -> None:
        raise BotProblem("sendMessage: no")

    object.__setattr__(bot.bot.api, "say", refuses)
    bot.ask("/halt")

    assert state() == "HALTED"
    assert door.sentence(OperatorAct.objects.get()).startswith("Trading is halted")
