"""Which instruments are watched: a whitelist, or the most liquid pairs of the quote asset that can be traded cheaply.

rank      by 24 h quote volume among the pairs of the quote asset, 1 is the most liquid
excluded  the first that holds: NOT_WANTED (off the whitelist, or quoted in another asset), STATUS (may not be traded),
          PAUSED, VOLUME (24 h below the minimum, or nothing traded), SPREAD (too wide, or nobody bids or offers), RANK
band      a fifth of the size: who ranks that far inside comes in, a member goes only when it ranks that far outside,
          so that two pairs of like volume do not change places all day

A member stays for one wide moment: it goes when its spread was too wide at the choice before as well. A paused member
keeps its place and gets no BUY. Held symbols are watched in any case. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from marketdata.universe.near_misses import near_assets, near_symbols, no_such_asset

BAND_SHARE = 5
NOTHING = Decimal(0)


class UniverseProblem(Exception):
    """The settings name no usable universe. The text names the variable and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One instrument as the exchange tells of it; the spread is None while nobody bids or nobody offers."""

    symbol: str
    base_asset: str
    quote_asset: str
    trading: bool
    quote_volume_24h: Decimal = NOTHING
    spread_bps: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedUniverse:
    """The settings. `min_volume` is 24 h quote volume."""

    quote_asset: str
    size: int
    whitelist: tuple[str, ...] = ()
    max_spread_bps: Decimal = Decimal(100)
    min_volume: Decimal = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand before the choice. `wide`: whose spread was too wide at the choice before."""

    members: Collection[str] = ()
    held: Collection[str] = ()
    paused: Collection[str] = ()
    wide: Collection[str] = ()


AT_FIRST = Standing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What became of one instrument. Who is chosen may be excluded as PAUSED only; who is not chosen has a reason."""

    symbol: str
    rank: int | None
    quote_volume_24h: Decimal
    spread_bps: Decimal | None
    chosen: bool
    held: bool
    excluded: str

    @property
    def watched(self) -> bool:
        return self.chosen or self.held


def places(offers: Sequence[Offer], wanted: WantedUniverse, standing: Standing = AT_FIRST) -> list[Place]:
    """Every instrument of the quote asset and every held one with its place, by rank. Raises UniverseProblem."""
    own = [offer for offer in offers if offer.quote_asset == wanted.quote_asset]
    if not any(offer.trading for offer in own):
        raise UniverseProblem(_nothing_to_trade(offers, wanted.quote_asset))
    _check_whitelist(offers, wanted)
    ranked = sorted(own, key=lambda offer: (-offer.quote_volume_24h, offer.symbol))
    ranks = {offer.symbol: rank for rank, offer in enumerate(ranked, 1)}
    reasons = {offer.symbol: _reason(offer, wanted, standing) for offer in ranked}
    fit = [
        offer.symbol for offer in ranked if not reasons[offer.symbol] or _kept_though_paused(offer, wanted, standing)
    ]
    chosen = set(fit if wanted.whitelist else most_liquid(fit, wanted.size, standing.members))
    if not chosen:
        raise UniverseProblem(_all_filtered(reasons, wanted))
    ranked += _held_elsewhere(offers, wanted, standing)
    return [_place(offer, ranks, reasons, chosen, standing) for offer in ranked]


def choose(
    *, offered: Sequence[str], turnover: Mapping[str, Decimal], whitelist: Sequence[str], size: int, quote_asset: str
) -> list[str]:
    """Sorted symbols out of `offered` (tradable, in `quote_asset`) by `turnover` alone, which is 24 h quote volume."""
    offers = [
        Offer(
            symbol=symbol,
            base_asset=symbol.removesuffix(quote_asset),
            quote_asset=quote_asset,
            trading=True,
            quote_volume_24h=turnover.get(symbol, NOTHING),
            spread_bps=NOTHING,
        )
        for symbol in offered
    ]
    wanted = WantedUniverse(quote_asset=quote_asset, size=size, whitelist=tuple(whitelist))
    return sorted(place.symbol for place in places(offers, wanted) if place.chosen)


def settings_key(*, whitelist: Sequence[str], size: int, quote_asset: str, market: str) -> str:
    """The settings that decide the universe, as text: under others it is chosen without regard to who was in."""
    return f"{market} {quote_asset} " + (",".join(sorted(whitelist)) if whitelist else f"top {size}")


def _reason(offer: Offer, wanted: WantedUniverse, standing: Standing) -> str:
    """Why the instrument is out before any ranking; nothing when it is not."""
    if wanted.whitelist and offer.symbol not in wanted.whitelist:
        return "NOT_WANTED"
    if not offer.trading:
        return "STATUS"
    if offer.symbol in standing.paused:
        return "PAUSED"
    if wanted.whitelist:
        return ""
    if offer.quote_volume_24h <= 0 or offer.quote_volume_24h < wanted.min_volume:
        return "VOLUME"
    wide = too_wide(offer.spread_bps, wanted)
    return "SPREAD" if wide and (offer.symbol not in standing.members or offer.symbol in standing.wide) else ""


def too_wide(spread: Decimal | None, wanted: WantedUniverse) -> bool:
    return spread is None or spread > wanted.max_spread_bps


def _kept_though_paused(offer: Offer, wanted: WantedUniverse, standing: Standing) -> bool:
    """A pause alone takes no member out, nor anything off the whitelist."""
    if not offer.trading or offer.symbol not in standing.paused:
        return False
    return offer.symbol in wanted.whitelist if wanted.whitelist else offer.symbol in standing.members


def most_liquid(fit: Sequence[str], size: int, members: Collection[str]) -> list[str]:
    """`size` of the symbols that are fit, given from the most liquid, with the members' advantage of a band."""
    band = size // BAND_SHARE
    certain = fit[: size - band]
    staying = [symbol for symbol in fit[size - band : size + band] if symbol in members]
    coming = [symbol for symbol in fit[size - band :] if symbol not in staying]
    return [*certain, *staying, *coming][:size]


def _held_elsewhere(offers: Iterable[Offer], wanted: WantedUniverse, standing: Standing) -> list[Offer]:
    """Held symbols that are not pairs of the quote asset, or that the exchange does not tell of any more."""
    told = {offer.symbol: offer for offer in offers}
    gone = [symbol for symbol in sorted(standing.held) if symbol not in told]
    strange = [told[symbol] for symbol in sorted(standing.held) if symbol in told]
    return [offer for offer in strange if offer.quote_asset != wanted.quote_asset] + [
        Offer(symbol=symbol, base_asset=symbol, quote_asset="", trading=False) for symbol in gone
    ]


def _place(
    offer: Offer, ranks: Mapping[str, int], reasons: Mapping[str, str], chosen: Collection[str], standing: Standing
) -> Place:
    symbol = offer.symbol
    reason = reasons.get(symbol, "NOT_WANTED" if offer.trading else "STATUS")
    return Place(
        symbol=symbol,
        rank=ranks.get(symbol),
        quote_volume_24h=offer.quote_volume_24h,
        spread_bps=offer.spread_bps,
        chosen=symbol in chosen,
        held=symbol in standing.held,
        excluded=reason if symbol in chosen else reason or "RANK",
    )


def _nothing_to_trade(offers: Sequence[Offer], quote_asset: str) -> str:
    if any(offer.quote_asset == quote_asset for offer in offers):
        return f"QUOTE_ASSET: none of the pairs in {quote_asset} may be traded at the moment; wait, or choose another."
    tradable = Counter(offer.quote_asset for offer in offers if offer.trading)
    return no_such_asset(quote_asset, near_assets(quote_asset, tradable))


def _check_whitelist(offers: Sequence[Offer], wanted: WantedUniverse) -> None:
    told = {offer.symbol: offer for offer in offers}
    refused = [_refusal(symbol, told, wanted) for symbol in dict.fromkeys(wanted.whitelist)]
    if any(refused):
        raise UniverseProblem("SYMBOL_WHITELIST: " + "; ".join(text for text in refused if text))


def _refusal(symbol: str, told: Mapping[str, Offer], wanted: WantedUniverse) -> str:
    offer = told.get(symbol)
    if offer and offer.trading and offer.quote_asset == wanted.quote_asset:
        return ""
    listed = offer is not None and offer.quote_asset == wanted.quote_asset
    what = "is listed but may not be traded" if listed else f"is not traded in {wanted.quote_asset}"
    tradable = {
        name: other.quote_volume_24h
        for name, other in told.items()
        if other.trading and other.quote_asset == wanted.quote_asset
    }
    typed = offer.base_asset + wanted.quote_asset if offer and not listed else symbol
    near = [] if listed else near_symbols(typed, tradable, wanted.quote_asset)
    return f"{symbol} {what}; " + (f"did you mean {' or '.join(near)}?" if near else "remove it.")


def _all_filtered(reasons: Mapping[str, str], wanted: WantedUniverse) -> str:
    counted = ", ".join(f"{count} {reason}" for reason, count in sorted(Counter(reasons.values()).items()))
    return (
        f"UNIVERSE_MAX_SPREAD_BPS, UNIVERSE_MIN_VOLUME: no pair in {wanted.quote_asset} passes ({counted}); "
        f"the limits are {wanted.max_spread_bps:f} bps and {wanted.min_volume:f}, ease one of them."
    )
