"""What is said of an alert's code: how bad it is, its sentence and what to do next, each in both languages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AlertKind:
    """`momentary`: an occurrence that is over at once, closed with its raising."""

    level: str
    sentence: str
    sentence_de: str
    next_step: str
    next_step_de: str
    momentary: bool = False
