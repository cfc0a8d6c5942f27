"""Faults of our own services: one is killed, or stopped for a while, by the local supervisor that started it.

Each is an act like every other (`disturb_service`): it needs the operator's right and is kept with who and when. The
dashboard itself is left out: who kills the page cannot watch what follows. Containers have no such supervisor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cdb_site import wishes
from cdb_site.clock import SYSTEM
from cdb_site.services import SERVICES
from cdb_site.wishes import STOP_S, STOP_USUAL_S
from dashboard.live.hub import FEED
from mexc_sim.faults.catalog import FaultProblem
from mexc_sim.faults.kinds import SECONDS, ExpectedAlert, Parameter
from risk.acts import door
from risk.acts.door import ActWish
from risk.acts.parameters import BadParameters

SERVICE = "service"
NAMES = tuple(row.name for row in SERVICES if row.kind != "web")
RESTS = Parameter(
    name=SECONDS, default=STOP_USUAL_S, low=STOP_S[0], high=STOP_S[1], help="wall seconds it lasts", whole=True
)


@dataclass(frozen=True, kw_only=True)
class ServiceFault:
    """One way of disturbing a service, told as the faults of the market are. `how`: the act's word for it;
    `back_within_s`: so soon after the fault's end a new process of the service is heard."""

    name: str
    how: str
    title: str | Promise
    help: str | Promise
    seen: str | Promise
    back_within_s: float
    expects: tuple[ExpectedAlert, ...] = ()
    fields: tuple[Parameter, ...] = ()
    at_once: bool = False
    category: ClassVar[str] = "services"
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    by_symbol: ClassVar[bool] = False
    services: ClassVar[tuple[str, ...]] = NAMES


SERVICE_KINDS = {
    kind.name: kind
    for kind in (
        ServiceFault(
            name="kill_service",
            how="kill",
            title=_("Kill a service"),
            help=_("its process ends as by a crash, with all services that live in it"),
            seen=_("heartbeats of a new process within seconds; no signal lost, nothing booked twice"),
            back_within_s=10,
            at_once=True,
        ),
        ServiceFault(
            name="stop_service",
            how="stop",
            title=_("Stop a service"),
            help=_("its process ends in order, rests, and is started again"),
            seen=_("SERVICE_DOWN after three heartbeats; what waited meanwhile is worked off, entries only in time"),
            back_within_s=15,
            expects=(ExpectedAlert(code="SERVICE_DOWN", within_s=15, needs_s=10, closes_within_s=30),),
            fields=(RESTS,),
        ),
    )
}


def offered() -> bool:
    """Whether somebody is there to start again what ends."""
    return wishes.offered(settings.ENVIRONMENT.DATA_DIR, SYSTEM.wall_s())


def back_after_s(service: str, began_s: float) -> float | None:
    """When a process of the service began, in seconds after the fault: by its last heartbeat, which tells whole seconds
    of its age. None while the old one is the last that was heard."""
    beats = [beat for beat in FEED.latest()["health"] if beat["service"] == service and "up_s" in beat]
    after_s = max((beat["received_s"] - beat["up_s"] - began_s for beat in beats), default=-1.0)
    return after_s if after_s > 0 else None


def order(kind: ServiceFault, form: Mapping[str, Any], *, by: str) -> tuple[dict[str, float], str]:
    """Do it; the numbers it was done with, and what was answered. Raises FaultProblem in words for who ordered it."""
    typed = {"service": form.get(SERVICE, ""), "how": kind.how, SECONDS: form.get(SECONDS, "")}
    try:
        act = door.perform(ActWish(name="disturb_service", key=uuid4(), by=by, reason="", typed=typed))
    except BadParameters as problem:
        raise FaultProblem(str(problem)) from problem
    if act.state != act.State.DONE:
        raise FaultProblem(door.sentence(act))
    return ({} if kind.at_once else {SECONDS: act.parameters[SECONDS]}), door.sentence(act)
