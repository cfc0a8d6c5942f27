"""The words of the Trades page for the codes that its rows carry."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

TABS = {"trips": _("Round trips"), "orders": _("Orders"), "fills": _("Fills")}
EXITS = {
    "SIGNAL": _("Momentum below exit"),
    "STOP": _("Stop loss"),
    "HALT": _("Sold at a halt"),
    "OPERATOR": _("Closed by a person"),
    "WRITE_OFF": _("Written off"),
}
CAUSES = {
    "SIGNAL": _("Signal"),
    "STOP": _("Stop loss"),
    "HALT": _("Halt"),
    "OPERATOR": _("A person"),
}
OUTCOMES = {"WON": _("won"), "LOST": _("lost"), "FLAT": _("exactly 0")}
SIDES = {"BUY": _("Buy"), "SELL": _("Sell")}
STATES = {
    "OPEN": _("open"),
    "FILLED": _("filled"),
    "PARTIAL": _("partly filled"),
    "EXPIRED": _("expired"),
    "REJECTED": _("rejected by the venue"),
    "CANCELED": _("canceled"),
}
ORDER_STATES = {
    "NEW": _("waiting"),
    "SUBMITTED": _("at the venue"),
    "PARTIALLY_FILLED": _("partly filled"),
    "FILLED": _("filled"),
    "EXPIRED": _("expired"),
    "REJECTED": _("rejected"),
    "CANCELED": _("canceled"),
    "UNKNOWN": _("unknown"),
}
OPEN_STATES = ("NEW", "SUBMITTED", "PARTIALLY_FILLED", "UNKNOWN")
NOTHING = {"trips": _("No round trip."), "orders": _("No order."), "fills": _("No fill.")}
COMES_NEXT = {
    "trips": _("A round trip is written here when a position has been sold whole."),
    "orders": _("An order is written here when a decision approves one."),
    "fills": _("A fill is written here when the venue has executed an order."),
}
