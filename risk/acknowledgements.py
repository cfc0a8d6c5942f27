"""Violations an operator has looked at: named rows with a reason, kept for ever, shown, and no cause to halt again.

An acknowledgement speaks of one row as it differed then. If the same row differs otherwise later, that is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from execution.operations import Refused
from risk.models import ViolationAcknowledgement

Key = tuple[str, str, str]


class Named(Protocol):
    """What an audit finds: a row, what is wrong with it, and by which check."""

    @property
    def code(self) -> str: ...

    @property
    def row(self) -> str: ...

    @property
    def detail(self) -> str: ...


Item = TypeVar("Item", bound=Named)


def split(found: Sequence[Item]) -> tuple[list[Item], list[tuple[Item, ViolationAcknowledgement]]]:
    """(what nobody has acknowledged, what somebody has, with that acknowledgement)."""
    known = {(row.code, row.row, row.detail): row for row in ViolationAcknowledgement.objects.all()} if found else {}
    new = [item for item in found if _key(item) not in known]
    return new, [(item, known[_key(item)]) for item in found if _key(item) in known]


def acknowledge(found: Sequence[Item], code: str, row: str, *, by: str, reason: str) -> list[Item]:
    """Acknowledge what was found in this row by this check; `row` as the audit names it, or its id alone.

    Raises Refused when nothing of that name was found, or without a reason.
    """
    if not reason.strip():
        raise Refused(_("an acknowledgement needs a reason; say why trading may go on with this"))
    new, _known = split(found)
    meant = [item for item in new if item.code == code and row in (item.row, item.row.split()[-1])]
    if not meant:
        names = ", ".join(f"{item.code} '{item.row}'" for item in new) or "nothing that is not acknowledged"
        raise Refused(
            _("no such violation: %(code)s '%(row)s'. Found: %(names)s") % {"code": code, "row": row, "names": names}
        )
    with transaction.atomic():
        for item in meant:
            ViolationAcknowledgement.objects.create(
                code=item.code, row=item.row, detail=item.detail, acknowledged_by=by, reason=reason
            )
    return meant


def _key(item: Named) -> Key:
    return item.code, item.row, item.detail
