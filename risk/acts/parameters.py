"""What an act is told besides who and why, and how each of it is read from a form or a program's JSON.

A value that cannot be read is refused by the name of its field, with what would be right. Numbers may be written as
people do: `0.05`, `0,05` and, for a fraction, `5 %`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cdb_site.typed_numbers import with_point
from cdb_site.units import plain

Words = str | Promise
TEXT_MAX = 2000
DIGITS_MAX = 15


class BadValue(Exception):
    """A value that cannot be read; `words` say what would be right."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words = words


class BadParameters(Exception):
    """Values that cannot be an act's: field → what is wrong with it and what would be right."""

    def __init__(self, problems: Mapping[str, Words]) -> None:
        super().__init__("; ".join(f"{field}: {words}" for field, words in problems.items()))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ActParameter:
    """One value of an act: `read` makes what is stored (plain JSON) from what was typed."""

    name: str
    title: Words
    read: Callable[[str], Any]
    required: bool = True
    default: Any = None


def symbol(typed: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{2,30}", typed):
        raise BadValue(_("a symbol has letters and digits, such as BTCUSDT"))
    return typed.upper()


def row_number(typed: str) -> int:
    digits = typed.removeprefix("#")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise BadValue(_("a number, as the list shows it"))
    return int(digits)


def row_id(typed: str) -> str:
    try:
        return str(UUID(typed))
    except ValueError as problem:
        raise BadValue(_("an id has 32 hex digits, with or without dashes")) from problem


def one_of(*choices: str) -> Callable[[str], str]:
    def read(typed: str) -> str:
        if typed not in choices:
            raise BadValue(_("one of: %(choices)s") % {"choices": ", ".join(choices)})
        return typed

    return read


def whole_seconds(low: int, high: int) -> Callable[[str], int]:
    def read(typed: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", typed) or not low <= int(typed) <= high:
            raise BadValue(_("whole seconds from %(low)s to %(high)s") % {"low": low, "high": high})
        return int(typed)

    return read


def lasting(typed: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,3}[smhd]", typed):
        raise BadValue(_("a duration such as 90s, 30m, 2h or 3d; empty: until it is resumed"))
    return typed


def decimal(typed: str) -> str:
    """A plain decimal from what people write: `0,05` is `0.05`, `5 %` is `0.05`. Kept as text, exact."""
    bare = typed.strip()
    try:
        number = Decimal(with_point(bare.removesuffix("%")))
    except ValidationError as problem:
        raise BadValue(problem.message) from problem
    except InvalidOperation as problem:
        raise BadValue(_("a number such as 0.05 or 0,05")) from problem
    if not number.is_finite() or abs(number.adjusted()) > DIGITS_MAX:
        raise BadValue(_("a number such as 0.05 or 0,05"))
    return plain(number / 100 if bare.endswith("%") else number)


def read_all(parameters: tuple[ActParameter, ...], typed: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an act. Raises BadParameters naming every field that is wrong."""
    values: dict[str, Any] = {}
    problems: dict[str, Words] = {}
    for parameter in parameters:
        text = str(typed.get(parameter.name) or "").strip()[:TEXT_MAX]
        if not text:
            if parameter.required:
                problems[parameter.name] = _("is missing")
            values[parameter.name] = parameter.default
            continue
        try:
            values[parameter.name] = parameter.read(text)
        except BadValue as problem:
            problems[parameter.name] = problem.words
    if problems:
        raise BadParameters(problems)
    return values
