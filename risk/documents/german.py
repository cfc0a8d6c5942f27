"""The German words of the operators' document: limits, breakers, reason codes and alerts, as in the English catalogs.

Sentences take the same parameters as their English twins. A test compares both.
"""

from __future__ import annotations

LIMITS = {
    "max_daily_drawdown_pct": "Verlust des UTC-Tages, der den Handel anhält",
    "max_drawdown_pct": "Rückgang vom Höchststand des Eigenkapitals der letzten 24 h",
    "max_slippage_pct": "schlechtester Preis einer Ausführung gegenüber ihrem Entscheidungspreis",
    "max_data_silence_s": "Stille des Datenstroms oder eines Symbols",
    "max_jump_pct": "Bewegung eines Symbols binnen einer Marktminute",
    "max_spread_bps": "Spanne (Spread) eines Symbols",
    "max_orders_per_minute": "Aufträge binnen einer Minute Uhrzeit",
    "max_reject_rate_pct": "Anteil der letzten Aufträge, die der Handelsplatz zurückwies",
    "max_clock_skew_s": "Unterschied zwischen der Uhr des Handelsplatzes und unserer",
    "good_data_s": "so lange müssen die Daten gut sein, bis sich eine Sicherung selbst löst",
    "max_exposure_pct": "Gesamt-Exposure als Anteil des Eigenkapitals",
    "max_position_pct": "eine Position als Anteil des Eigenkapitals",
    "stop_loss_pct": "Fall des Geldkurses unter den mittleren Einstieg",
    "stop_cooldown_s": "Pause eines Symbols für Einstiege nach einem Stop",
    "max_price_age_s": "Alter eines Preises, auf den ein Einstieg entschieden werden darf",
}
UNITS = {"fraction": "Anteil", "s": "s", "market s": "s Marktzeit", "bps": "Bp", "orders": "Aufträge"}

# kind → (what happened, what to do next)
BREAKERS = {
    "DRAWDOWN": (
        "Das Eigenkapital fiel zu weit unter seinen Höchststand der letzten 24 Stunden.",
        "Offene Positionen und letzte Entscheidungen ansehen; lösen, wenn die Ursache verstanden ist.",
    ),
    "REJECT_RATE": (
        "Der Handelsplatz wies zu viele der letzten Aufträge zurück.",
        "Gründe der Zurückweisungen lesen (`manage.py explain ORDER`), Ursache beheben, lösen.",
    ),
    "SLIPPAGE": (
        "Eine Ausführung lag zu weit von dem Preis, auf den sie entschieden wurde.",
        "Orderbuch und Spanne des Symbols ansehen; lösen, wenn es normal handelt.",
    ),
    "SILENCE": (
        "Zu lange kamen keine Marktdaten.",
        "Zustand der WS- und REST-Screener ansehen; löst sich selbst, wenn wieder Daten fließen.",
    ),
    "CLOCK_SKEW": (
        "Die Uhr des Handelsplatzes und die dieser Maschine liegen zu weit auseinander.",
        "Zeitabgleich dieser Maschine prüfen; löst sich selbst, wenn die Uhren übereinstimmen.",
    ),
    "ORDER_RATE": (
        "Binnen einer Minute wurden zu viele Aufträge erteilt.",
        "Nach einem Signal suchen, das immer wieder feuert; löst sich selbst, wenn es weniger werden.",
    ),
    "SPREAD": ("Die Spanne des Symbols ist zu weit.", "Nichts: löst sich selbst, wenn die Spanne wieder eng ist."),
    "JUMP": (
        "Der Preis des Symbols bewegte sich binnen einer Minute zu weit.",
        "Nach Nachrichten zum Symbol suchen; löst sich selbst, wenn der Preis ruhig ist.",
    ),
}

SENTENCES = {
    "SIGNAL_APPROVED": "Wie gewünscht genehmigt.",
    "STOP_APPROVED": "Der Stop ist erreicht; die ganze Position wird verkauft.",
    "HALT_APPROVED": "Der Handel wurde angehalten; die ganze Position wird verkauft.",
    "OPERATOR_APPROVED": "Auf Anweisung verkauft.",
    "POSITION_LIMIT_TRIMMED": "Gekürzt: die Position wäre {observed} des Eigenkapitals, erlaubt sind {limit}.",
    "EXPOSURE_LIMIT_EXCEEDED": "Gesperrt: das Gesamt-Exposure wäre {observed} des Eigenkapitals, erlaubt sind {limit}.",
    "POSITION_BELOW_MINIMUM": "Abgelehnt: was die Grenzen übrig lassen, liegt unter dem Minimum der Börse.",
    "POSITION_CASH_TRIMMED": "Gekürzt: das freie Guthaben bezahlt nicht mehr.",
    "STOP_LOSS_NOT_REACHED": "Abgelehnt: der Geldkurs stieg über den Stop, ehe der Ausstieg entschieden war.",
    "STOP_LOSS_REACHED": "Abgelehnt: die Position hat ihren Stop erreicht; nichts kommt hinzu.",
    "POSITION_NONE": "Abgelehnt: es gibt keine Position zu verkaufen.",
    "POSITION_EXITING": "Abgelehnt: ein Ausstieg dieser Position läuft; nichts kommt hinzu.",
    "POSITION_EXIT_JOINED": "Schließt sich dem laufenden Ausstieg dieser Position an.",
    "DAILY_LOSS_REACHED": "Gesperrt: der Tagesverlust ist {observed} des Anfangskapitals, erlaubt sind {limit}.",
    "BREAKER_OPEN": "Gesperrt: eine Sicherung ist offen ({breakers}).",
    "DRAWDOWN_REACHED": "Gesperrt: {observed} unter dem 24-h-Höchststand des Eigenkapitals, erlaubt sind {limit}.",
    "SPREAD_TOO_WIDE": "Gesperrt: die Spanne ist {observed} weit, erlaubt sind {limit}.",
    "ORDER_RATE_REACHED": "Gesperrt: {observed} binnen einer Minute, erlaubt sind {limit}.",
    "STOP_LOSS_COOLDOWN": "Gesperrt: das Symbol wurde vor kurzem gestoppt; von seiner Pause bleiben {observed}.",
    "SIGNAL_EXPIRED": "Verfallen: das Signal ist älter als seine Gültigkeit.",
    "PRICE_MISSING": "Abgelehnt: es gibt keinen Preis für das Symbol.",
    "PRICE_STALE": "Abgelehnt: der Preis ist {age_ms} ms alt, erlaubt sind {limit_ms} ms.",
    "TRADING_HALTED": "Abgelehnt: der Handel ist angehalten.",
    "TRADING_REDUCING": "Abgelehnt: nur Ausstiege sind erlaubt.",
    "EQUITY_NONE": "Abgelehnt: das Konto hat kein Eigenkapital.",
    "INSTRUMENT_PAUSED": "Abgelehnt: das Symbol ist pausiert; davon wird nichts gekauft.",
    "INSTRUMENT_UNKNOWN": "Abgelehnt: die Börse führt kein solches Symbol.",
    "SYSTEM_DEAD_LETTER": "Abgelehnt: das Signal ließ sich nicht verarbeiten; siehe unzustellbare Nachrichten.",
}

ALERTS = {
    "SYSTEM_DEAD_LETTER": "Eine Nachricht wurde aufgegeben.",
    "SYSTEM_LAG_PAST_CAP": "Ein Verbraucher liegt zu weit zurück und wird aus der Datenbank bedient.",
    "SERVICE_DOWN": "Ein Dienst gibt kein Lebenszeichen.",
    "AUDIT_MISSED": "Die Bücher wurden zu lange nicht geprüft.",
    "TRADING_HALTED": "Der Handel ist angehalten.",
    "TRADING_REDUCING": "Nur Ausstiege sind erlaubt.",
    "STOP_LOSS": "Der Geldkurs hat den Stop erreicht; die Position wird verkauft.",
    "ORDER_REJECTED": "Der Handelsplatz hat einen Auftrag zurückgewiesen.",
    "DAILY_LOSS": "Tagesverlust: der Handel ist angehalten, jede Position wird verkauft.",
    "CLOSE_OUT_FAILED": "Positionen ließen sich nicht verkaufen.",
    "EXPOSURE_ABOVE_LIMIT": "Exposure über der Grenze, durch Preise oder eine gesenkte Grenze; nichts wird gekauft.",
    "BREAKER_DRAWDOWN": "Rückgang vom 24-h-Höchststand; nur Ausstiege.",
    "BREAKER_REJECT_RATE": "Zu viele Zurückweisungen; nur Ausstiege.",
    "BREAKER_SILENCE": "Keine Marktdaten; darauf wird nichts gekauft.",
    "BREAKER_CLOCK_SKEW": "Die Uhren liegen auseinander; nur Ausstiege.",
    "BREAKER_ORDER_RATE": "Zu viele Aufträge binnen einer Minute; nur Ausstiege.",
    "BREAKER_SLIPPAGE": "Eine Ausführung glitt zu weit ab; keine Einstiege in das Symbol, bis es gelöst ist.",
    "BREAKER_SPREAD": "Weite Spanne; vorerst keine Einstiege in das Symbol.",
    "BREAKER_JUMP": "Sprunghafter Preis; vorerst keine Einstiege in das Symbol.",
    "BOOKS_DIFFER": "Die Buchprüfung fand Unterschiede.",
    "FEED_SILENT": "Der Datenstrom schweigt.",
    "UNIVERSE_UNUSABLE": "Die Auswahl der Symbole ist nicht brauchbar; die alte bleibt.",
    "FEED_PARTLY_SILENT": "Ein Teil der Symbole schweigt.",
    "SYMBOL_SILENT": "Ein Symbol schweigt.",
    "FEED_MALFORMED": "Die Börse sendet Unbrauchbares.",
    "SUBSCRIPTION_REFUSED": "Die Börse lehnt einen Kanal ab.",
    "FEED_FALLBACK": "Quotierungen kommen ersatzweise über REST.",
    "EXCHANGE_UNREACHABLE": "Die REST-Schnittstelle der Börse antwortet nicht.",
    "CLOCK_SKEW": "Die angegebene Zeit der Börse weicht ab.",
    "CANDLES_MISSING": "Geschlossene Kerzen fehlen.",
}
