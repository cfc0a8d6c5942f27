"""Alerts about the tape of quotes: it cannot be written, or lacks a stretch. Trading goes on in both cases."""

from __future__ import annotations

from cdb_site.alerts.kind import AlertKind

TAPE_KINDS: dict[str, AlertKind] = {
    "TAPE_NOT_WRITTEN": AlertKind(
        level="WARNING",
        sentence="The quotes' tape of worker {worker} cannot be written: {error}",
        sentence_de="Das Kursband des Arbeiters {worker} kann nicht geschrieben werden: {error}",
        next_step="Trading goes on. Make room below DATA_DIR/tape; within minutes nothing is lost. Closes by itself.",
        next_step_de="Der Handel geht weiter. Platz unter DATA_DIR/tape schaffen; binnen Minuten geht nichts verloren."
        " Er schließt sich von selbst.",
    ),
    "TAPE_HOLE": AlertKind(
        level="WARNING",
        sentence="The quotes' tape of worker {worker} lacks {age_s:SECONDS}: {why}",
        sentence_de="Dem Kursband des Arbeiters {worker} fehlen {age_s:SECONDS}: {why}",
        next_step="What was decided then cannot be looked at again by the tape; `manage.py tape list` names all holes.",
        next_step_de="Was damals entschieden wurde, lässt sich mit dem Band nicht nachvollziehen; `manage.py tape list`"
        " nennt alle Löcher.",
        momentary=True,
    ),
    "TAPE_DAMAGED": AlertKind(
        level="CRITICAL",
        sentence="The quotes' tape is not what was written: {what}",
        sentence_de="Das Kursband ist nicht, was geschrieben wurde: {what}",
        next_step="`manage.py tape verify` names file and block; see who or what else writes below DATA_DIR/tape.",
        next_step_de="`manage.py tape verify` nennt Datei und Block; nachsehen, wer oder was sonst unter DATA_DIR/tape"
        " schreibt.",
    ),
}
