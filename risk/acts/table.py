"""Every act of a person, in one table: its name, who may, what it is told, what it does, whether it loosens.

The dashboard draws from it and the doors for programs read it. `loosens`: with REQUIRE_SECOND_APPROVER on it opens a
proposal, or decides one; halting and tightening never wait. `urgent`: its answer comes within a second, done or under
way, and the risk service carries out what its process left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cdb_site.services import SERVICES
from cdb_site.wishes import DEEDS, STOP_S, STOP_USUAL_S
from risk.acts import deeds
from risk.acts.deeds import AskedAct, Said
from risk.acts.parameters import (
    ActParameter,
    Words,
    decimal,
    lasting,
    one_of,
    row_id,
    row_number,
    symbol,
    whole_seconds,
)
from risk.roles import ADMINISTER, OPERATE
from risk.rules.limits import LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    name: str
    title: Words
    deed: Callable[[AskedAct], Said]
    permission: str = OPERATE
    parameters: tuple[ActParameter, ...] = ()
    needs_reason: bool = False
    loosens: bool = False
    urgent: bool = False


SYMBOL = ActParameter(name="symbol", title=_("Symbol"), read=symbol)
PROPOSAL = ActParameter(name="proposal", title=_("Proposal"), read=row_number)
AMOUNT = ActParameter(name="amount", title=_("Amount"), read=decimal)
NEW_LIMITS = tuple(ActParameter(name=limit.name, title=limit.meaning, read=decimal) for limit in LIMITS)

ALL = (
    Act(
        name="halt",
        title=_("Halt trading"),
        deed=deeds.halt,
        parameters=(
            ActParameter(
                name="how",
                title=_("How"),
                read=one_of("keep", "sell", "exits_only"),
                required=False,
                default="keep",
            ),
        ),
        urgent=True,
    ),
    Act(name="exits_only", title=_("Exits only"), deed=deeds.exits_only, urgent=True),
    Act(name="resume", title=_("Resume trading"), deed=deeds.resume, needs_reason=True, loosens=True),
    Act(
        name="release_breaker",
        title=_("Release a breaker"),
        deed=deeds.release_breaker,
        parameters=(ActParameter(name="breaker", title=_("Breaker"), read=row_number),),
        needs_reason=True,
        loosens=True,
    ),
    Act(name="close_position", title=_("Sell a position"), deed=deeds.close_position, parameters=(SYMBOL,)),
    Act(name="close_all", title=_("Sell everything"), deed=deeds.close_all),
    Act(
        name="cancel_order",
        title=_("Cancel an order"),
        deed=deeds.cancel_order,
        parameters=(ActParameter(name="order_id", title=_("Order"), read=row_id),),
    ),
    Act(
        name="acknowledge",
        title=_("Acknowledge an alert"),
        deed=deeds.acknowledge,
        parameters=(ActParameter(name="alert_id", title=_("Alert"), read=row_id),),
    ),
    Act(
        name="pause_symbol",
        title=_("Pause a symbol"),
        deed=deeds.pause_symbol,
        parameters=(SYMBOL, ActParameter(name="lasting", title=_("For"), read=lasting, required=False)),
        needs_reason=True,
    ),
    Act(name="unpause_symbol", title=_("Allow a symbol again"), deed=deeds.unpause_symbol, parameters=(SYMBOL,)),
    Act(
        name="propose_limits",
        title=_("Change limits"),
        deed=deeds.propose_limits,
        parameters=(ActParameter(name="based_on", title=_("Version"), read=row_number), *NEW_LIMITS),
        needs_reason=True,
        loosens=True,
    ),
    Act(name="approve", title=_("Approve a proposal"), deed=deeds.approve, parameters=(PROPOSAL,), loosens=True),
    Act(name="reject", title=_("Reject a proposal"), deed=deeds.reject, parameters=(PROPOSAL,)),
    Act(
        name="reset_account",
        title=_("Begin the account anew"),
        deed=deeds.reset_account,
        permission=ADMINISTER,
        parameters=(ActParameter(name="cash", title=_("Amount"), read=decimal, required=False),),
        needs_reason=True,
    ),
    Act(
        name="deposit",
        title=_("Pay in"),
        deed=deeds.deposit,
        permission=ADMINISTER,
        parameters=(AMOUNT,),
        needs_reason=True,
    ),
    Act(
        name="withdraw",
        title=_("Pay out"),
        deed=deeds.withdraw,
        permission=ADMINISTER,
        parameters=(AMOUNT,),
        needs_reason=True,
    ),
    Act(
        name="ask_live_trading",
        title=_("Ask for live trading"),
        deed=deeds.ask_live_trading,
        permission=ADMINISTER,
        parameters=(ActParameter(name="limits_version", title=_("Version of the limits"), read=row_number),),
        needs_reason=True,
        loosens=True,
    ),
    Act(name="withdraw_live_trading", title=_("Withdraw live trading"), deed=deeds.withdraw_live_trading),
    Act(
        name="disturb_service",
        title=_("Kill or stop a service"),
        deed=deeds.disturb_service,
        parameters=(
            ActParameter(name="service", title=_("Service"), read=one_of(*(row.name for row in SERVICES))),
            ActParameter(name="how", title=_("How"), read=one_of(*DEEDS)),
            ActParameter(
                name="seconds", title=_("Seconds"), read=whole_seconds(*STOP_S), required=False, default=STOP_USUAL_S
            ),
        ),
    ),
)
ACTS = {act.name: act for act in ALL}
