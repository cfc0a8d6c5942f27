"""A value as a cell of a table that programs and spreadsheets read: exact, and never a formula.

A text that a spreadsheet would take for a formula gets an apostrophe; a number stays what it is.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from cdb_site.clock import iso
from cdb_site.units import plain

FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def harmless(text: str) -> str:
    """The text, with an apostrophe where it would be a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def cell(value: Any) -> str:
    """Numbers with a point, times in UTC, what is a list or an object as JSON; empty: not known."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain(value)
        case datetime():
            return iso(value)
        case dict() | list():
            return orjson.dumps(value).decode()
    text = str(value)
    return text if NUMBER.fullmatch(text) else harmless(text)
