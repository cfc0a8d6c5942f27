"""The kill switch, and a crash between the venue's answer and its booking, in a running system."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter

from cdb_site.local.system import System
from tests.flow.looking import Books, venue_answers, wait_until

# Not when the command had ended: on a busy machine all that was held is sold by then.
HALTED_AT = "SELECT changed_at FROM trading_state_change WHERE state = 'HALTED' ORDER BY id DESC LIMIT 1"
ENTRIES = """SELECT count(*) FROM "order" WHERE side = 'BUY' AND claimed_at > %s AND state <> 'CANCELED'"""


def test_an_order_killed_between_answer_and_booking_is_filled_once(system: System, books: Books) -> None:
    execution = system.process("execution")
    execution.env["CDB_CRASH_POINT"] = "execution:after_send:1"
    before = execution.popen
    execution.kill()
    wait_until(lambda: execution.popen is not before, "the armed process")
    armed = execution.popen
    execution.env.pop("CDB_CRASH_POINT")
    assert armed is not None

    returncode = armed.wait(120)
    in_flight = unbooked(system, books)
    wait_until(lambda: in_flight and not in_flight & unbooked(system, books), "the booking of what was in flight")

    assert returncode == -signal.SIGKILL
    answered = Counter(answer["client_order_id"] for answer in venue_answers(system))
    booked = Counter(row["trade_id"] for row in books.rows("SELECT trade_id FROM fill"))
    assert max(answered.values()) == 1
    assert max(booked.values()) == 1
    states = books.rows('SELECT DISTINCT state FROM "order" WHERE client_order_id = ANY(%s)', sorted(in_flight))
    assert {row["state"] for row in states} <= {"FILLED", "EXPIRED"}


def unbooked(system: System, books: Books) -> set[str]:
    """client_order_ids whose trades the venue made and our books do not have."""
    booked = {row["trade_id"] for row in books.rows("SELECT trade_id FROM fill")}
    return {
        answer["client_order_id"]
        for answer in venue_answers(system)
        if any(trade["trade_id"] not in booked for trade in answer["trades"])
    }


def test_a_halt_stops_entries_at_once_and_lets_exits_go(system: System, books: Books) -> None:
    wait_until(lambda: books.value("SELECT count(*) FROM position WHERE quantity > 0") >= 5, "some positions")

    halted = system.manage("halt_trading", "--reason", "flow test")
    since = books.value(HALTED_AT)
    sold = "SELECT count(*) FROM fill WHERE side = 'SELL' AND recorded_at > %s"
    refused = "SELECT count(*) FROM decision WHERE reason_code = 'TRADING_HALTED' AND decided_at > %s"
    try:
        wait_until(lambda: books.value(sold, since) > 0, "an exit")
        wait_until(lambda: books.value(refused, since) > 0, "a refused entry")
        entries = books.value(ENTRIES, since)
    finally:
        released = system.manage("resume_trading", "--reason", "flow test over")

    assert halted.returncode == 0, halted.stderr
    assert released.returncode == 0, released.stderr
    assert entries == 0


def test_the_books_hold_after_all_of_it(system: System, books: Books) -> None:
    def holds(*command: str) -> subprocess.CompletedProcess[str]:
        return system.manage(*command)

    deadline_s = time.monotonic() + 60
    audit = holds("audit_books")
    while audit.returncode and time.monotonic() < deadline_s:
        audit = holds("audit_books")
    rebuilt = holds("rebuild_books", "--check")

    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
