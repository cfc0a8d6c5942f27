"""`make ps`: what runs, and who shares a process."""

from __future__ import annotations

from typing import Any

import pytest

from cdb_site.local import listing


def row(name: str, pid: str) -> listing.Row:
    return ("demo", name, pid, "-", "5s", "0")


def shown(monkeypatch: pytest.MonkeyPatch, *rows: listing.Row) -> list[str]:
    monkeypatch.setattr(listing, "rows_of", lambda folder: list(rows))
    folder: Any = None
    return listing.table([folder]).splitlines()


def test_services_of_one_process_are_said_to_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, row("ws", "7"), row("signal", "9"), row("risk", "9"), row("execution", "9"))

    assert lines[-1] == "signal, risk and execution live in one process, 9"
    assert len(lines) == 6


def test_processes_of_their_own_need_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(shown(monkeypatch, row("ws", "7"), row("rest", "8"))) == 3
