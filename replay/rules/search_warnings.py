"""What speaks against believing the best set of a search, each with its sentence in both languages. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from replay.rules.heat_map import Summit
from replay.rules.overfitting import Overfit
from replay.rules.trial_figures import TrialFigures

TRIPS_LEAST = 100
PBO_MOST = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchWarning:
    """A reason for doubt, by its code."""

    code: str
    meaning: str
    meaning_de: str


WARNINGS = {
    one.code: one
    for one in (
        SearchWarning(
            code="FEW_TRIPS",
            meaning=f"The best set made fewer than {TRIPS_LEAST} trips: too few to tell skill from luck.",
            meaning_de=f"Der beste Satz machte weniger als {TRIPS_LEAST} Rundläufe: zu wenige, um Können von Glück "
            "zu unterscheiden.",
        ),
        SearchWarning(
            code="OVERFIT",
            meaning="The best of one half of the time is more often than not in the lower half of all in the other.",
            meaning_de="Der Beste der einen Hälfte der Zeit liegt in der anderen öfter als nicht in der unteren "
            "Hälfte aller.",
        ),
        SearchWarning(
            code="PEAK_ALONE",
            meaning="The best set stands alone: its neighbours reach less than half of it.",
            meaning_de="Der beste Satz steht allein: seine Nachbarn erreichen weniger als die Hälfte.",
        ),
        SearchWarning(
            code="FEES_ABOVE_GROSS",
            meaning="The fees of the best set are more than its trips earned before fees.",
            meaning_de="Die Gebühren des besten Satzes sind höher als das, was seine Rundläufe vor Gebühren brachten.",
        ),
    )
}


def warnings_of(best: TrialFigures, peak: Summit | None, overfit: Overfit | None) -> list[SearchWarning]:
    """Those that hold, in the order of the table. What is not known warns of nothing."""
    holds = {
        "FEW_TRIPS": best.trips < TRIPS_LEAST,
        "OVERFIT": overfit is not None and overfit.probability > PBO_MOST,
        "PEAK_ALONE": peak is not None and bool(peak.alone),
        "FEES_ABOVE_GROSS": best.fees > best.gross,
    }
    return [one for code, one in WARNINGS.items() if holds[code]]
