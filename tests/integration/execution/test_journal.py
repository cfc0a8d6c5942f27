"""The paper venue's journal: the same order gets the same answer, through torn lines and from several processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from msgspec.structs import replace

from execution.venues.journal import Journal
from execution.venues.paper import PaperVenue
from execution.venues.protocol import Report, Ticket, Trade
from tests.builders import make_book, make_model, make_rules

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]


def make_report(*, name: str, price: str = "100.10") -> Report:
    trade = Trade(
        trade_id=f"{name}-1",
        price=Decimal(price),
        quantity=Decimal("1.50"),
        fee=Decimal("0.075"),
        fee_asset="USDT",
        executed_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    )
    return Report(
        client_order_id=name, trades=(trade,), venue_order_id=f"paper-{name[:12]}", model={"bid": "99", "ask": "100"}
    )


def add(journal: Journal, *reports: Report) -> None:
    with journal.exclusive():
        journal.append(reports)


def get(journal: Journal, name: str) -> Report | None:
    with journal.exclusive():
        return journal.get(name)


def make_ticket(*, name: str, quantity: str = "1") -> Ticket:
    return Ticket(
        client_order_id=name,
        symbol="AAAUSDT",
        side="BUY",
        quantity=Decimal(quantity),
        limit_price=Decimal(101),
        reduce_only=False,
    )


def make_venue(path: Path, *, ask: str = "100", quoted_at: datetime | None = None) -> PaperVenue:
    return PaperVenue(
        journal=Journal(path),
        model=make_model(),
        quote_asset="USDT",
        now=lambda: NOW,
        book_of=lambda symbol: replace(make_book(ask=ask, ask_quantity="1000"), quoted_at=quoted_at),
        rules_of=lambda symbol: make_rules(),
    )


def test_an_answer_is_read_back_to_the_last_digit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    report = make_report(name="a" * 32)

    add(journal, report)

    read = get(journal, "a" * 32)
    assert read == report
    assert read and str(read.trades[0].price) == "100.10"


def test_an_order_that_never_came_has_no_answer(tmp_path: Path) -> None:
    assert get(Journal(tmp_path / "journal"), "unknown") is None


def test_a_journal_opened_again_knows_what_was_answered(tmp_path: Path) -> None:
    add(Journal(tmp_path / "journal"), make_report(name="one"), make_report(name="two"))

    again = Journal(tmp_path / "journal")

    assert [get(again, name) for name in ("one", "two")] == [make_report(name="one"), make_report(name="two")]


@pytest.mark.parametrize("torn", [b"{", b'{"client_order_id":"torn","trad', b"\x00\x00\x00"])
def test_a_torn_last_line_is_cut_and_the_next_answer_is_whole(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "journal"
    add(Journal(path), make_report(name="one"))
    with path.open("ab") as file:
        file.write(torn)
    journal = Journal(path)

    add(journal, make_report(name="two"), make_report(name="three", price="7"))

    assert get(journal, "torn") is None
    for reader in (journal, Journal(path)):
        assert get(reader, "one") == make_report(name="one")
        assert get(reader, "two") == make_report(name="two")
        assert get(reader, "three") == make_report(name="three", price="7")
    assert [orjson.loads(line)["client_order_id"] for line in path.read_bytes().splitlines()] == ["one", "two", "three"]


def test_a_line_torn_while_another_has_the_journal_open_is_cut_too(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    add(journal, make_report(name="one"))
    get(journal, "one")
    with path.open("ab") as file:
        file.write(b'{"client_order_id":"to')

    add(journal, make_report(name="two", price="8"))

    assert get(journal, "two") == make_report(name="two", price="8")
    assert get(Journal(path), "two") == make_report(name="two", price="8")


def test_two_journals_of_one_file_see_each_others_answers(tmp_path: Path) -> None:
    first, second = Journal(tmp_path / "journal"), Journal(tmp_path / "journal")
    for number in range(20):
        add(first if number % 2 else second, make_report(name=f"order {number}", price=str(number + 1)))

    for journal in (first, second):
        for number in range(20):
            assert get(journal, f"order {number}") == make_report(name=f"order {number}", price=str(number + 1))


def test_the_same_order_gets_the_same_answer_whatever_the_market_does_meanwhile(tmp_path: Path) -> None:
    [first] = make_venue(tmp_path / "journal").submit([make_ticket(name="a" * 32)])
    [second] = make_venue(tmp_path / "journal", ask="50").submit([make_ticket(name="a" * 32)])

    assert first == second
    assert first.trades[0].price == Decimal(100)


@pytest.mark.parametrize("ahead_s", [-0.2, 0.0, 68.0])
def test_a_trade_is_no_earlier_than_its_quote_though_our_clock_lags(tmp_path: Path, ahead_s: float) -> None:
    quoted_at = NOW + timedelta(seconds=ahead_s)

    [report] = make_venue(tmp_path / "journal", quoted_at=quoted_at).submit([make_ticket(name="a" * 32)])

    assert report.trades[0].executed_at == max(NOW, quoted_at)


def test_the_same_order_twice_in_one_submission_is_answered_once(tmp_path: Path) -> None:
    venue = make_venue(tmp_path / "journal")

    first, second = venue.submit([make_ticket(name="a" * 32)] * 2)

    assert first == second
    assert len((tmp_path / "journal").read_bytes().splitlines()) == 1


def test_the_venue_knows_only_what_it_answered(tmp_path: Path) -> None:
    venue = make_venue(tmp_path / "journal")
    venue.submit([make_ticket(name="a" * 32)])

    said = venue.query([make_ticket(name="a" * 32), make_ticket(name="b" * 32)])

    assert (list(said.known), said.absent) == (["a" * 32], {"b" * 32})


SUBMITTER = """
import sys
from pathlib import Path
import tests.integration.execution.test_journal as it
venue = it.make_venue(Path(sys.argv[1]), ask=sys.argv[2])
for number in range(200):
    venue.submit([it.make_ticket(name=f"order {number}")])
"""


def test_two_processes_that_send_the_same_orders_get_one_set_of_answers(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    import os

    rivals = [
        subprocess.Popen([sys.executable, "-c", "import django; django.setup()\n" + SUBMITTER, str(path), ask],
                         cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL)
        for ask in ("90", "100")
    ]  # fmt: skip

    assert [rival.wait(60) for rival in rivals] == [0, 0]

    names = [orjson.loads(line)["client_order_id"] for line in path.read_bytes().splitlines()]
    assert sorted(names) == sorted(f"order {number}" for number in range(200))


def test_two_threads_of_one_process_share_the_journal_as_two_processes_do(tmp_path: Path) -> None:
    venue, problems = make_venue(tmp_path / "journal"), []
    barrier = threading.Barrier(4)

    def submit() -> None:
        try:
            barrier.wait(10)
            for number in range(150):
                [report] = venue.submit([make_ticket(name=f"order {number}")])
                assert report.client_order_id == f"order {number}"
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    names = [orjson.loads(line)["client_order_id"] for line in (tmp_path / "journal").read_bytes().splitlines()]
    assert problems == []
    assert sorted(names) == sorted(f"order {number}" for number in range(150))
