"""Every reason code of a decision, and the sentence an operator reads for it, in English and in German.

Codes and numbers are stored, sentences never: they are made when somebody reads. Both languages ask for the same
parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cdb_site.languages import twin
from cdb_site.units import in_unit


@dataclass(frozen=True, slots=True)
class Reason:
    sentence: str
    sentence_de: str


REASONS: dict[str, Reason] = {
    "SIGNAL_APPROVED": Reason(
        "Approved as wanted.",
        "Wie gewünscht genehmigt.",
    ),
    "STOP_APPROVED": Reason(
        "The stop was reached: the position goes to the venue to be sold.",
        "Der Stop ist erreicht: die Position geht zum Handelsplatz, um verkauft zu werden.",
    ),
    "HALT_APPROVED": Reason(
        "Trading was halted: the position goes to the venue to be sold.",
        "Der Handel wurde angehalten: die Position geht zum Handelsplatz, um verkauft zu werden.",
    ),
    "OPERATOR_APPROVED": Reason(
        "Approved on an operator's order: the position goes to the venue to be sold.",
        "Auf Anweisung genehmigt: die Position geht zum Handelsplatz, um verkauft zu werden.",
    ),
    "POSITION_LIMIT_TRIMMED": Reason(
        "Trimmed: the position would have been {observed} of equity, {limit} are allowed.",
        "Gekürzt: die Position wäre {observed} des Eigenkapitals, erlaubt sind {limit}.",
    ),
    "EXPOSURE_LIMIT_EXCEEDED": Reason(
        "Blocked: total exposure would have been {observed} of equity, {limit} are allowed.",
        "Gesperrt: das Gesamt-Exposure wäre {observed} des Eigenkapitals, erlaubt sind {limit}.",
    ),
    "POSITION_BELOW_MINIMUM": Reason(
        "Denied: what the limits leave is below the exchange's minimum.",
        "Abgelehnt: was die Grenzen übrig lassen, liegt unter dem Minimum der Börse.",
    ),
    "POSITION_CASH_TRIMMED": Reason(
        "Trimmed: free cash does not pay for more.",
        "Gekürzt: das freie Guthaben bezahlt nicht mehr.",
    ),
    "STOP_LOSS_NOT_REACHED": Reason(
        "Denied: the bid recovered above the stop before the exit was decided.",
        "Abgelehnt: der Geldkurs stieg über den Stop, ehe der Ausstieg entschieden war.",
    ),
    "STOP_LOSS_REACHED": Reason(
        "Denied: the position has reached its stop; nothing is added to it.",
        "Abgelehnt: die Position hat ihren Stop erreicht; nichts kommt hinzu.",
    ),
    "POSITION_NONE": Reason(
        "Denied: there is no position to sell.",
        "Abgelehnt: es gibt keine Position zu verkaufen.",
    ),
    "POSITION_NOT_YET": Reason(
        "Nothing is held yet: the open buy is canceled, and what fills all the same is sold.",
        "Noch nichts gehalten: der offene Kauf wird storniert, und was dennoch ausgeführt wird, wird verkauft.",
    ),
    "POSITION_DUST": Reason(
        "Denied: what is held is less than the exchange takes; it is kept as dust.",
        "Abgelehnt: gehalten wird weniger, als die Börse annimmt; es bleibt als Staub.",
    ),
    "POSITION_WRITTEN_OFF": Reason(
        "Written off on an operator's order: the position is out of the books, its whole entry value is lost.",
        "Auf Anweisung ausgebucht: die Position ist aus den Büchern, ihr ganzer Einstandswert ist verloren.",
    ),
    "SIGNAL_OVERTAKEN": Reason(
        "Denied: a later candle has already said to sell the symbol.",
        "Abgelehnt: eine spätere Kerze hat das Symbol schon zum Verkauf gestellt.",
    ),
    "POSITION_EXITING": Reason(
        "Denied: an exit of this position is under way; nothing is added to it.",
        "Abgelehnt: ein Ausstieg dieser Position läuft; nichts kommt hinzu.",
    ),
    "POSITION_EXIT_JOINED": Reason(
        "Joined the exit of this position that is under way.",
        "Schließt sich dem laufenden Ausstieg dieser Position an.",
    ),
    "DAILY_LOSS_REACHED": Reason(
        "Blocked: the day's loss is {observed} of the opening equity, {limit} are allowed.",
        "Gesperrt: der Tagesverlust ist {observed} des Anfangskapitals, erlaubt sind {limit}.",
    ),
    "BREAKER_OPEN": Reason(
        "Blocked: a circuit breaker is open ({breakers}).",
        "Gesperrt: eine Sicherung ist offen ({breakers}).",
    ),
    "DRAWDOWN_REACHED": Reason(
        "Blocked: equity is {observed} below its 24 h peak, {limit} are allowed.",
        "Gesperrt: {observed} unter dem 24-h-Höchststand des Eigenkapitals, erlaubt sind {limit}.",
    ),
    "SPREAD_TOO_WIDE": Reason(
        "Blocked: the spread is {observed} wide, {limit} are allowed.",
        "Gesperrt: die Spanne ist {observed} weit, erlaubt sind {limit}.",
    ),
    "ORDER_RATE_REACHED": Reason(
        "Blocked: {observed} within a minute, {limit} are allowed.",
        "Gesperrt: {observed} binnen einer Minute, erlaubt sind {limit}.",
    ),
    "STOP_LOSS_COOLDOWN": Reason(
        "Blocked: the symbol was stopped a short while ago; {observed} of its pause are left.",
        "Gesperrt: das Symbol wurde vor kurzem gestoppt; von seiner Pause bleiben {observed}.",
    ),
    "SIGNAL_EXPIRED": Reason(
        "Expired: the signal is older than its time to live.",
        "Verfallen: das Signal ist älter als seine Gültigkeit.",
    ),
    "PRICE_MISSING": Reason(
        "Denied: there is no price for the symbol.",
        "Abgelehnt: es gibt keinen Preis für das Symbol.",
    ),
    "PRICE_STALE": Reason(
        "Denied: the price is {age_ms} ms old, {limit_ms} ms are allowed.",
        "Abgelehnt: der Preis ist {age_ms} ms alt, erlaubt sind {limit_ms} ms.",
    ),
    "TRADING_HALTED": Reason(
        "Denied: trading is halted.",
        "Abgelehnt: der Handel ist angehalten.",
    ),
    "TRADING_REDUCING": Reason(
        "Denied: only exits are allowed.",
        "Abgelehnt: nur Ausstiege sind erlaubt.",
    ),
    "EQUITY_NONE": Reason(
        "Denied: the account has no equity.",
        "Abgelehnt: das Konto hat kein Eigenkapital.",
    ),
    "INSTRUMENT_PAUSED": Reason(
        "Denied: the symbol is paused; nothing is bought of it.",
        "Abgelehnt: das Symbol ist pausiert; davon wird nichts gekauft.",
    ),
    "INSTRUMENT_NOT_TRADABLE": Reason(
        "Denied: the exchange does not let the symbol be bought now.",
        "Abgelehnt: die Börse lässt das Symbol derzeit nicht kaufen.",
    ),
    "INSTRUMENT_UNKNOWN": Reason(
        "Denied: the exchange lists no such symbol.",
        "Abgelehnt: die Börse führt kein solches Symbol.",
    ),
    "SYSTEM_DEAD_LETTER": Reason(
        "Denied: the signal could not be processed; see the dead letters.",
        "Abgelehnt: das Signal ließ sich nicht verarbeiten; siehe unzustellbare Nachrichten.",
    ),
}


# Which layer a reason speaks for. What is refused for another reason was refused before the layers.
STOPPED_BY: dict[int, tuple[str, ...]] = {
    1: ("DAILY_LOSS_REACHED",),
    2: ("BREAKER_OPEN", "DRAWDOWN_REACHED", "SPREAD_TOO_WIDE", "ORDER_RATE_REACHED"),
    3: ("EXPOSURE_LIMIT_EXCEEDED",),
    4: ("POSITION_LIMIT_TRIMMED", "POSITION_CASH_TRIMMED", "POSITION_BELOW_MINIMUM"),
    5: ("STOP_LOSS_NOT_REACHED", "STOP_LOSS_REACHED", "STOP_LOSS_COOLDOWN"),
}


def sentence(reason_code: str, params: dict[str, Any], language: str | None = None) -> str:
    """The reason in words of the language, or of the one that is read now. An unknown code or a missing parameter is
    shown as it is."""
    reason = REASONS.get(reason_code)
    if reason is None:
        return reason_code
    unit = params.get("unit") or "FRACTION"
    shown = {name: _shown(name, value, unit, language) for name, value in params.items()}
    try:
        return twin(reason, "sentence", language).format(**shown)
    except KeyError:
        return f"{reason_code} {params}"


def _shown(name: str, value: Any, unit: str, language: str | None) -> Any:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return in_unit(value, unit, language) if name in ("observed", "limit") else value
