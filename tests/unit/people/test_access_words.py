"""The table in the document is the table that is asked."""

from __future__ import annotations

from pathlib import Path

from people.access import ROWS, AccessRow, Door, Least
from people.access_words import MARKS, lines, with_table

ROLES = Path(__file__).resolve().parents[3] / "docs" / "roles.md"


def test_the_document_says_what_the_table_says() -> None:
    text = ROLES.read_text(encoding="utf-8")

    assert MARKS[0] in text
    assert with_table(text) == text


def test_every_cell_is_said_in_words() -> None:
    said = "\n".join(lines())

    assert "| `GET /health` | yes | yes | yes | yes |" in said
    assert "| `POST /acts/halt/` | login | 403 | yes | yes |" in said
    assert "| `POST /acts/reset_account/` | login | 403 | 403 | yes |" in said
    assert "| `GET /api/v1/status/` | 401 | yes | yes | yes |" in said
    assert "any other row | login | 403 | 403 | 403 |" in said


def test_an_address_asks_for_the_row_s_own_route_when_no_other_is_given() -> None:
    row = AccessRow(route="risk/", least=Least.VIEWER)

    assert (row.address, row.door, row.method) == ("/risk/", Door.PAGE, "GET")


def test_no_row_stands_twice() -> None:
    asked = [(row.method, row.address) for row in ROWS]

    assert len(asked) == len(set(asked)) > 60
