"""All that one decision is made from, as plain values: the request, the market, the account as it stands, the limits.

A decision is a pure function of its `DecisionInputs`; they are stored with it, so that it can be decided again.
Amounts are in the quote asset, quantities in base units, `_pct` limits are fractions, ages in ms of wall time. Fields
with a default were added later: inputs stored before that read as if the field did not exist.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import chain, repeat
from operator import attrgetter
from typing import Any, get_args, get_type_hints

import msgspec

from execution.rules.fill_model import Rules
from execution.rules.orders import CLAIM_GRACE_S
from risk.rules.portfolio import stop_price

NEVER = Decimal(1_000_000_000)


class DecisionInputs(msgspec.Struct, frozen=True, gc=False):
    """`rules` are None for a symbol that is not listed. `price` is the ask for a BUY and the bid for a SELL, None when
    there is none. `exposure` and `symbol_exposure` are positions at mark plus open buys at their worst price.
    `breakers` are the open breakers that concern this symbol, `KIND` for the whole account and `KIND SYMBOL` for one.
    `live_exit_order` is the exit that is under way; `cooldown_left_s` is market time. `sellable_quantity` is what the
    exchange takes of what is held, None: all; `entry_open`: a buy may still fill; `exit_wanted`: the symbol is to be
    flat and is not; `overtaken`: a later candle has said SELL; `tradable`: the exchange lets it be bought.

    `DecisionBatch.inputs` gives them by place, for a Struct of this size takes named ones nine times as slowly."""

    kind: str
    side: str
    symbol: str
    strength: Decimal
    expired: bool
    rules: Rules | None
    price: Decimal | None
    bid: Decimal | None
    price_age_ms: int | None
    trading_state: str
    equity: Decimal
    exposure: Decimal
    symbol_exposure: Decimal
    free_cash: Decimal
    held_quantity: Decimal
    avg_entry_price: Decimal
    live_exit: bool
    limits_version: int
    max_exposure_pct: Decimal
    max_position_pct: Decimal
    stop_loss_pct: Decimal
    max_slippage_pct: Decimal
    max_price_age_ms: int
    live_exit_order: str | None = None
    day_opening_equity: Decimal | None = None
    peak_equity: Decimal | None = None
    orders_last_minute: int = 0
    breakers: tuple[str, ...] = ()
    cooldown_left_s: Decimal | None = None
    paused: bool = False
    sellable_quantity: Decimal | None = None
    entry_open: bool = False
    exit_wanted: bool = False
    overtaken: bool = False
    tradable: bool = True
    max_daily_drawdown_pct: Decimal = NEVER
    max_drawdown_pct: Decimal = NEVER
    max_spread_bps: Decimal = NEVER
    max_orders_per_minute: Decimal = NEVER

    @property
    def listed(self) -> bool:
        return self.rules is not None

    @property
    def venue_rules(self) -> Rules:
        assert self.rules is not None  # noqa: S101 - what is not listed is refused before sizing
        return self.rules

    @property
    def entry_price(self) -> Decimal:
        """The price an entry is sized at."""
        assert self.price is not None  # noqa: S101 - entries without a price are refused before sizing
        return self.price

    @property
    def entry_valid_for_s(self) -> Decimal:
        """How long an entry decided on this may wait for its claim: the age its price could have had, and a grace."""
        return Decimal(self.max_price_age_ms) / 1000 + CLAIM_GRACE_S

    @property
    def worst_price(self) -> Decimal:
        """What an entry may cost at most per base unit, before rounding to the tick."""
        return self.entry_price * (1 + self.max_slippage_pct)

    @property
    def exit_quantity(self) -> Decimal:
        """What an exit sells, in base units."""
        return self.held_quantity if self.sellable_quantity is None else self.sellable_quantity

    @property
    def stop_price(self) -> Decimal:
        return stop_price(self.avg_entry_price, self.stop_loss_pct)


_TYPES = get_type_hints(DecisionInputs)
_RULE_NAMES = Rules.__struct_fields__
_NAMES = tuple(name for name in DecisionInputs.__struct_fields__ if name != "rules")
_rule_values, _values = attrgetter(*_RULE_NAMES), attrgetter(*_NAMES)


def to_json(inputs: DecisionInputs) -> dict[str, Any]:
    """Plain JSON values; Decimals as exact text. The instrument's rules stand beside the rest, null if not listed."""
    rules = _rule_values(inputs.rules) if inputs.rules else repeat(None)
    values = chain(zip(_NAMES, _values(inputs), strict=True), zip(_RULE_NAMES, rules, strict=False))
    stored = {name: str(value) if isinstance(value, Decimal) else value for name, value in values}
    return stored | {"listed": inputs.listed}


def from_json(values: dict[str, Any]) -> DecisionInputs:
    """The inputs exactly as they were stored. What stood for the rules of an unlisted symbol once is not read."""
    plain = {name: value for name, value in values.items() if name not in ("listed", *_RULE_NAMES)}
    rules = Rules(**{name: Decimal(values[name]) for name in _RULE_NAMES}) if values["listed"] else None
    return DecisionInputs(rules=rules, **{name: _typed(_TYPES[name], value) for name, value in plain.items()})


def _typed(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if kind is Decimal or Decimal in get_args(kind):
        return Decimal(value)
    return tuple(value) if isinstance(value, list) else value
