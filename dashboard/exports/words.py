"""The words of the Export page for the names and codes of files, their filters and values."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from dashboard.trades import words

TITLES = {
    "orders": _("Orders"),
    "fills": _("Fills"),
    "ledger": _("Ledger"),
    "decisions": _("Decisions"),
    "round-trips": _("Round trips"),
    "tax": _("For the tax"),
}
ABOUT = {
    "orders": _("Every order, by the day of its decision."),
    "fills": _("Every fill, as it was booked."),
    "ledger": _("Every change of cash and holdings, with all its legs."),
    "decisions": _("Every decision with its reason and what each layer saw."),
    "round-trips": _("Every position from flat to flat, by the day on which it was closed."),
    "tax": _(
        "One row a closed round trip: cost with fees, proceeds, gain, days held, and a row of sums. Cost by average "
        "entry, as the books count; not first-in-first-out. Amounts are not converted."
    ),
}
FIELDS = {
    "from": _("First day"),
    "to": _("Last day"),
    "zone": _("Time zone"),
    "numbers": _("Numbers in CSV files"),
    "symbol": _("Symbol"),
    "side": _("Side"),
    "state": _("State"),
    "kind": _("Kind"),
    "outcome": _("Outcome"),
    "exit_reason": _("Exit"),
}
VALUES: dict[str, dict[str, Any]] = {
    "side": words.SIDES,
    "state": words.ORDER_STATES,
    "exit_reason": words.EXITS,
    "kind": words.CAUSES
    | {
        "DEPOSIT": _("Paid in"),
        "WITHDRAWAL": _("Paid out"),
        "TRADE": _("Trade"),
        "FEE": _("Fee"),
        "WRITE_OFF": _("Written off"),
        "DUST": _("Dust"),
    },
    "outcome": {
        "APPROVED": _("approved"),
        "TRIMMED": _("trimmed"),
        "REJECTED": _("denied"),
        "EXPIRED": _("expired"),
    },
}
FORMS = {"csv": "CSV", "json": "JSON", "jsonl": "JSON Lines"}
