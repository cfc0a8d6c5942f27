"""Alerts about days that were verified."""

from __future__ import annotations

from cdb_site.alerts.kind import AlertKind

REPLAY_KINDS: dict[str, AlertKind] = {
    "DAY_DIFFERS": AlertKind(
        level="CRITICAL",
        sentence="The day {day} does not come out of its rows again: {different} rows differ, {holes} holes. {first}",
        sentence_de="Der Tag {day} ergibt sich nicht noch einmal aus seinen Zeilen: {different} Zeilen weichen ab,"
        " {holes} Löcher. {first}",
        next_step="`manage.py verify_day --day` with that day names each row and field; when it verifies the alert"
        " closes.",
        next_step_de="`manage.py verify_day --day` mit diesem Tag nennt jede Zeile und jedes Feld; ergibt er sich, wird"
        " der Alarm geschlossen.",
    ),
}
