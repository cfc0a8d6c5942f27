"""A decision's five layers as pages show them: what each saw, its verdict, how far its limit was, in a sentence.

The gauge is as every gauge of the house: filled = used, tick at 5/6 = the limit. Distance = 1 − observed ÷ limit, at
least 0. Numbers come from the decision as it was stored; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdb_site.languages import twin
from dashboard import formats
from marketdata.ticks import spread_bps
from risk.models import Decision
from risk.rules.layers import LAYERS
from risk.rules.reasons import sentence

TRACK, LIMIT_AT = Decimal(150), Decimal(125)
# verdict → (class, sign, word)
VERDICTS = {
    "PASS": ("approved", "✓", gettext_lazy("pass")),
    "TRIM": ("trimmed", "✂", gettext_lazy("trim")),
    "REJECT": ("rejected", "✕", gettext_lazy("deny")),
    "TRIGGER": ("rejected", "!", gettext_lazy("trigger")),
    "SKIP": ("expired", "–", gettext_lazy("let through")),
    "": ("expired", "·", gettext_lazy("not asked")),
}
MARKS = {"PASS": "f-fill", "TRIM": "f-warn", "REJECT": "f-text", "TRIGGER": "f-bad"}  # nosec B105 - classes of a style sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerShown:
    """One layer of one decision. `used` and `past` are widths in a track of 150; `distance` is in words or empty."""

    number: int
    title: str
    verdict: str
    seen: str
    limit: str
    used: str
    past: str
    distance: str
    before: Decimal | None
    after: Decimal | None
    words: str

    @property
    def look(self) -> str:
        return VERDICTS[self.verdict][0]

    @property
    def sign(self) -> str:
        return VERDICTS[self.verdict][1]

    @property
    def verdict_word(self) -> str:
        return str(VERDICTS[self.verdict][2])

    @property
    def decisive(self) -> bool:
        return self.verdict in ("TRIM", "REJECT", "TRIGGER")

    @property
    def mark(self) -> str:
        return MARKS.get(self.verdict, "")


def layers_of(decision: Decision) -> list[LayerShown]:
    """All five, whether or not they were asked."""
    stored = {row["layer"]: row for row in decision.layers}
    stopped = next((row["layer"] for row in decision.layers if row["verdict"] == "REJECT"), None)
    return [_shown(decision, layer, stored.get(layer.number), stopped) for layer in LAYERS]


def marks(decision: Decision) -> list[tuple[int, str, str]]:
    """(x of the square, its fill, its word) of the five marks of a list, without any input being read."""
    verdicts = {row["layer"]: row["verdict"] for row in decision.layers}
    found = [verdicts.get(layer.number, "") for layer in LAYERS]
    return [(at * 10, MARKS.get(name, ""), str(VERDICTS[name][2])) for at, name in enumerate(found)]


def _shown(decision: Decision, layer: Any, row: dict[str, Any] | None, stopped: int | None) -> LayerShown:
    title = twin(layer, "title")
    if row is None:
        words = _("layer %(layer)s had denied it") % {"layer": stopped} if stopped else _("settled before the layers")
        return LayerShown(
            number=layer.number, title=title, verdict="", seen=formats.MISSING, limit="", used="0", past="0",
            distance="", before=None, after=None, words=words,
        )  # fmt: skip
    observed, limit = _decimal(row.get("observed")), _decimal(row.get("limit"))
    unit = row.get("unit") or ("PRICE" if layer.number == 5 else "FRACTION")
    seen, beside = _seen(observed, limit, unit)
    used, past, distance = _gauge(observed, limit, unit)
    return LayerShown(
        number=layer.number, title=title, verdict=row["verdict"], seen=seen, limit=beside, used=used, past=past,
        distance=distance, before=_decimal(row["quantity_before"]), after=_decimal(row["quantity_after"]),
        words="; ".join(_words(layer.number, decision, row)),
    )  # fmt: skip


def _decimal(text: Any) -> Decimal | None:
    return None if text is None else Decimal(str(text))


def _seen(observed: Decimal | None, limit: Decimal | None, unit: str) -> tuple[str, str]:
    """("14.47 %", "of 10 %"); of a stop how far the bid is above it."""
    if observed is None or limit is None:
        return formats.MISSING, ""
    if unit == "PRICE" and limit:
        return formats.percent(observed / limit - 1), _("above the stop")
    if unit == "SECONDS":
        return formats.of_unit(observed, unit), _("of its pause are left")
    short = formats.percent_short(limit) if unit == "FRACTION" else formats.of_unit(limit, unit)
    return formats.of_unit(observed, unit), _("of %(limit)s") % {"limit": short}


def _gauge(observed: Decimal | None, limit: Decimal | None, unit: str) -> tuple[str, str, str]:
    """(width up to the limit, width past it, the distance in words)."""
    if observed is None or not limit or unit in ("PRICE", "SECONDS"):
        return "0", "0", ""
    share = max(Decimal(0), observed / limit)
    left = formats.percent(max(Decimal(0), 1 - share), 0)
    past = f"{min(TRACK, LIMIT_AT * share):.1f}" if share > 1 else "0"
    used = f"{min(LIMIT_AT, LIMIT_AT * share):.1f}" if share else "0"
    return used, past, _("%(left)s of it left") % {"left": left}


def _words(number: int, decision: Decision, row: Mapping[str, Any]) -> Iterator[str]:
    """What a layer looked at, in a few words each."""
    if row["verdict"] == "SKIP":
        yield _("exits pass every layer")
        return
    if row["verdict"] in ("REJECT", "TRIM") and number in (2, 5):
        yield sentence(decision.reason_code, decision.params)
    known = {name: value for name, value in decision.inputs.items() if value is not None}
    yield from WORDS[number](known, decision)


def _day(known: Mapping[str, Any], decision: Decision) -> Iterator[str]:
    if not {"equity", "day_opening_equity", "max_daily_drawdown_pct"} <= known.keys():
        return
    equity, opening = Decimal(known["equity"]), Decimal(known["day_opening_equity"])
    if opening <= 0:
        return
    change = equity / opening - 1
    yield _("the day was %(change)s") % {"change": formats.signed(formats.percent(change), change)}
    to_halt = equity - opening * (1 - Decimal(known["max_daily_drawdown_pct"]))
    if to_halt > 0:
        yield _("%(amount)s to the halt") % {"amount": formats.money(to_halt)}


def _market(known: Mapping[str, Any], decision: Decision) -> Iterator[str]:
    spread = spread_bps(_decimal(known.get("bid")), _decimal(known.get("price"))) if decision.side == "BUY" else None
    if spread is not None and "max_spread_bps" in known:
        yield _("spread %(seen)s of %(limit)s") % {
            "seen": formats.number(spread, 1), "limit": formats.of_unit(known["max_spread_bps"], "BPS"),
        }  # fmt: skip
    if "orders_last_minute" in known and "max_orders_per_minute" in known:
        yield _("%(seen)s of %(limit)s orders within a minute") % {
            "seen": known["orders_last_minute"], "limit": formats.quantity(known["max_orders_per_minute"]),
        }  # fmt: skip
    if "breakers" in known:
        yield _("open breakers: %(names)s") % {"names": ", ".join(known["breakers"]) or _("none")}


def _exposure(known: Mapping[str, Any], decision: Decision) -> Iterator[str]:
    yield _("with this order at its worst price")
    if decision.equity and decision.exposure_before is not None and decision.equity > 0:
        yield _("%(share)s before it") % {"share": formats.percent(decision.exposure_before / decision.equity)}


def _position(known: Mapping[str, Any], decision: Decision) -> Iterator[str]:
    if decision.equity and "symbol_exposure" in known and decision.equity > 0:
        share = Decimal(known["symbol_exposure"]) / decision.equity
        yield _("%(share)s were held or being bought") % {"share": formats.percent(share)}
    if decision.reason_code == "POSITION_CASH_TRIMMED":
        yield _("free cash pays for %(quantity)s") % {"quantity": formats.quantity(decision.quantity)}
    elif decision.outcome == "TRIMMED":
        yield _("the limit leaves %(quantity)s") % {"quantity": formats.quantity(decision.quantity)}


def _stop(known: Mapping[str, Any], decision: Decision) -> Iterator[str]:
    held = Decimal(known.get("held_quantity", 0))
    stop = next((row.get("limit") for row in decision.layers if row["layer"] == 5), None)
    if held and stop is not None and "bid" in known:
        yield _("bid %(bid)s, stop %(stop)s") % {"bid": formats.price(known["bid"]), "stop": formats.price(stop)}
    elif "held_quantity" in known:
        yield _("nothing was held")
    if decision.side == "BUY" and known and "cooldown_left_s" not in known:
        yield _("no pause after a stop")


WORDS: dict[int, Callable[[Mapping[str, Any], Decision], Iterator[str]]] = {
    1: _day,
    2: _market,
    3: _exposure,
    4: _position,
    5: _stop,
}
