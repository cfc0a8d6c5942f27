"""Alerts about days that were verified: one that differs lasts until it is mended, a hole is told once."""

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
    "DAY_LACKS_TAPE": AlertKind(
        level="WARNING",
        sentence="The day {day} comes out of its rows again, but its tape lacks {holes} stretches: {first}",
        sentence_de="Der Tag {day} ergibt sich noch einmal aus seinen Zeilen, doch seinem Band fehlen {holes} Stücke:"
        " {first}",
        next_step="What was decided then is not compared with the tape. `manage.py tape list` names the holes; an alert"
        " said why when each arose.",
        next_step_de="Was damals entschieden wurde, ist nicht mit dem Band verglichen. `manage.py tape list` nennt die"
        " Löcher; warum jedes entstand, sagte damals ein Alarm.",
        momentary=True,
    ),
}
