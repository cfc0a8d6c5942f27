"""An export as the text of a file, portion by portion: CSV, JSON lines, or one JSON array with a row a line.

CSV has the columns' names in its head, a comma between cells and a point in numbers; with decimal commas a semicolon
stands between cells and a byte order mark in front, as spreadsheets of such a language want it. In JSON an exact
decimal is a text. Times are ISO-8601 in UTC.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from cdb_site.cells import cell
from cdb_site.clock import iso
from cdb_site.units import plain
from risk.exports import tax
from risk.exports.reading import ExportRow, portions
from risk.exports.wishes import ExportWish

# So that a spreadsheet reads umlauts.
BYTE_ORDER_MARK = "\ufeff"
REMARK = "# "
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
}


def head_lines(what: str, form: str) -> int:
    """How many lines of a file are none of a row, so that who receives it can count rows by lines."""
    if form == "csv":
        return 1 + (len(tax.HEAD) if what == "tax" else 0)
    return 2 if form == "json" else 0


def rows_of(wish: ExportWish, account: str) -> Iterator[list[ExportRow]]:
    """Every row of the file in its portions; of the tax file its sum as well."""
    return tax.tax_portions(wish, account) if wish.what == "tax" else portions(wish, account)


def written(wish: ExportWish, rows: Iterable[Sequence[ExportRow]]) -> Iterator[str]:
    """The file's text: its head first, so that it is there when no row is; then a text for each portion."""
    match wish.form:
        case "csv":
            return _csv(wish, rows)
        case "jsonl":
            return ("".join(f"{_json(row)}\n" for row in portion) for portion in rows)
        case _:
            return _json_array(rows)


def broken(wish: ExportWish) -> Callable[[str], str]:
    """What the last line of a file that broke off is. A JSON array that has it is none."""

    def told(sentence: str) -> str:
        return (
            f"{REMARK}{sentence}\n" if wish.form == "csv" else f"\n{orjson.dumps({'broken_off': sentence}).decode()}\n"
        )

    return told


def _csv(wish: ExportWish, rows: Iterable[Sequence[ExportRow]]) -> Iterator[str]:
    columns = tuple(wish.table.columns)
    remarks = "".join(f"{REMARK}{line}\n" for line in (tax.HEAD if wish.what == "tax" else ()))
    yield (BYTE_ORDER_MARK if wish.comma else "") + remarks + _lines([columns], wish.comma)
    for portion in rows:
        yield _lines(([_cell(row[name], wish.comma) for name in columns] for row in portion), wish.comma)


def _cell(value: Any, comma: bool) -> str:
    return cell(value).replace(".", ",") if comma and isinstance(value, Decimal) else cell(value)


def _lines(rows: Iterable[Sequence[str]], comma: bool) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";" if comma else ",", lineterminator="\n").writerows(rows)
    return text.getvalue()


def _json_array(rows: Iterable[Sequence[ExportRow]]) -> Iterator[str]:
    before = "[\n"
    for portion in rows:
        text = ",\n".join(_json(row) for row in portion)
        if text:
            yield before + text
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _json(row: ExportRow) -> str:
    return orjson.dumps({name: _plain(value) for name, value in row.items()}, default=str).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    return iso(value) if isinstance(value, datetime) else value
