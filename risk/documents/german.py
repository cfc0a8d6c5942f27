"""The German words of the limits, for the operators' document.

All other German words stand beside their English ones: alerts, reasons, breakers and layers where they are defined.
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
