"""What people do, as addresses: each calls the one door of all acts (`risk/acts/door.py`), as the pages do.

The header `Idempotency-Key` is the act's key: 200 with the answer, 202 under way (ask at /api/v1/acts/<key>/), 409
refused in words, 400 a value is wrong, 403 not yours, 422 the key belongs to another wish.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from api.problems import ApiProblem, BadValues
from api.reading import KEY, read_body, read_key
from api.rows.acts import (
    AccountWish,
    AmountWish,
    HaltWish,
    LimitsWish,
    LiveTradingWish,
    NoWish,
    PauseWish,
    ReasonedWish,
)
from api.rows.risk import ActRow
from api.views.base import ApiAddress, MayAct
from execution.queries import PAPER
from risk import queries
from risk.acts import door
from risk.acts.door import ActWish, KeyUsed
from risk.acts.parameters import BadParameters
from risk.models import OperatorAct
from risk.rules.limits import NAMES

KEY_PARAMETER = OpenApiParameter(
    KEY,
    {"type": "string", "format": "uuid"},
    OpenApiParameter.HEADER,
    required=True,
    description="Name of this wish, a new UUID for each. Sent again with the same key, it is done once.",
)


class ActView(ApiAddress):
    """One act; its parameters come with the body and with the address."""

    act: ClassVar[str]
    wish: ClassVar[type[serializers.Serializer[Any]]] = NoWish
    # The act's parameter that the address names.
    named: ClassVar[str] = ""
    permission_classes = (IsAuthenticated, MayAct)

    def post(self, request: Request, **address: Any) -> Response:
        key = read_key(request)
        typed = read_body(self.wish, request)
        reason = typed.pop("reason", "")
        values = self.values(typed) | ({self.named: str(address["name"])} if self.named else {})
        try:
            done = door.perform(
                ActWish(name=self.act, key=key, by=request.user.get_username(), reason=reason, typed=values)
            )
        except BadParameters as problem:
            raise BadValues({name: str(words) for name, words in problem.problems.items()}) from problem
        except KeyUsed as problem:
            words = _("This key belongs to another wish; nothing was done.")
            raise ApiProblem(422, "key-used", words, {KEY: _("a new UUID for a new wish")}) from problem
        return answered(done)

    def values(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """The act's parameters as texts."""
        return {name: str(value) for name, value in typed.items() if value not in (None, "")}


def answered(row: OperatorAct) -> Response:
    if row.state == OperatorAct.State.REFUSED:
        status, code = (404, "not-found") if row.answer == "NOT_FOUND" else (409, "refused")
        raise ApiProblem(status, code, door.sentence(row), answer=row.answer)
    status = 202 if row.state == OperatorAct.State.UNDER_WAY else 200
    return Response(ActRow(row).data, status=status)


def doing(
    operation_id: str,
    tag: str,
    wish: type[serializers.Serializer[Any]],
    words: str,
    example: Any = None,
    role: str = "operator",
) -> Any:
    """The description of an act's address."""
    shown = [OpenApiExample("request", value=example, request_only=True)] if example is not None else []
    told = extend_schema(
        operation_id=operation_id,
        tags=[tag],
        request=wish,
        responses={200: ActRow, 202: ActRow},
        parameters=[KEY_PARAMETER],
        description=f"{words} Role: {role}.",
        examples=shown,
    )
    return extend_schema_view(post=told)


@doing("halt", "trading state", HaltWish, "No entry is sent from now on.", {"how": "keep", "reason": "odd prices"})
class Halt(ActView):
    act, wish = "halt", HaltWish


@doing("exits_only", "trading state", ReasonedWish, "Only exits are sent from now on.", {"reason": "odd prices"})
class ExitsOnly(ActView):
    act, wish = "exits_only", ReasonedWish


@doing("resume", "trading state", ReasonedWish, "Releases the operator's hold, or proposes it.", {"reason": "calm"})
class Resume(ActView):
    act, wish = "resume", ReasonedWish


@doing("release_breaker", "risk", ReasonedWish, "Releases a breaker, or proposes it.", {"reason": "checked"})
class ReleaseBreaker(ActView):
    act, wish, named = "release_breaker", ReasonedWish, "breaker"


@doing("close_position", "trading", ReasonedWish, "Sells a position at the market.", {"reason": "taking it off"})
class ClosePosition(ActView):
    act, wish, named = "close_position", ReasonedWish, "symbol"


@doing("close_all", "trading", ReasonedWish, "Sells every position at the market.", {"reason": "taking it off"})
class CloseAll(ActView):
    act, wish = "close_all", ReasonedWish


@doing("cancel_order", "trading", ReasonedWish, "Cancels an entry; an exit is not canceled.", {"reason": "too late"})
class CancelOrder(ActView):
    act, wish, named = "cancel_order", ReasonedWish, "order_id"


@doing("acknowledge", "alerts", ReasonedWish, "Notes that somebody has seen an alert.", {})
class Acknowledge(ActView):
    act, wish, named = "acknowledge", ReasonedWish, "alert_id"


@doing("pause_symbol", "market", PauseWish, "Nothing is bought of a symbol.", {"lasting": "2h", "reason": "delisting"})
class PauseSymbol(ActView):
    act, wish, named = "pause_symbol", PauseWish, "symbol"


@doing("unpause_symbol", "market", ReasonedWish, "A symbol may be bought again.", {})
class UnpauseSymbol(ActView):
    act, wish, named = "unpause_symbol", ReasonedWish, "symbol"


@doing(
    "propose_limits",
    "limits",
    LimitsWish,
    "Other limits from the next decision on, or a proposal when they protect less and a second person is asked for. "
    "A limit that is not named stays as it is in force.",
    {"based_on": 7, "reason": "calmer market", "max_exposure_pct": "0.4"},
)
class ProposeLimits(ActView):
    act, wish = "propose_limits", LimitsWish

    def values(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """All limits: those that are not named are those in the version that the wish is based on."""
        try:
            held = queries.limits_of(PAPER, int(typed["based_on"]))
        except LookupError as problem:
            raise BadValues({"based_on": _("is no version of the limits; /api/v1/limits/ names it")}) from problem
        return {name: getattr(held, name) for name in NAMES} | super().values(typed)


@doing("approve", "limits", NoWish, "Carries out what another person has proposed.", {})
class Approve(ActView):
    act, wish, named = "approve", NoWish, "proposal"


@doing("reject", "limits", NoWish, "Settles a proposal without doing it; one's own is withdrawn.", {})
class Reject(ActView):
    act, wish, named = "reject", NoWish, "proposal"


@doing("reset_account", "account", AccountWish, "Begins the account anew.", {"reason": "new season"}, "admin")
class ResetAccount(ActView):
    act, wish = "reset_account", AccountWish


@doing(
    "deposit", "account", AmountWish, "Pays into the account.", {"amount": "500", "reason": "more to trade"}, "admin"
)
class Deposit(ActView):
    act, wish = "deposit", AmountWish


@doing("withdraw", "account", AmountWish, "Pays out of the account.", {"amount": "500", "reason": "profit"}, "admin")
class Withdraw(ActView):
    act, wish = "withdraw", AmountWish


@doing(
    "ask_live_trading",
    "account",
    LiveTradingWish,
    "Asks for live trading, which opens nothing: an admin confirms it in the settings, with a second factor.",
    {"limits_version": 7, "reason": "a month of paper went well"},
    "admin",
)
class AskLiveTrading(ActView):
    act, wish = "ask_live_trading", LiveTradingWish


@doing("withdraw_live_trading", "account", ReasonedWish, "No entry is real from now on.", {"reason": "holiday"})
class WithdrawLiveTrading(ActView):
    act, wish = "withdraw_live_trading", ReasonedWish
