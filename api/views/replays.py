"""Runs of the replay: listed, read, asked for, canceled and deleted; their decisions and round trips.

The header `Idempotency-Key` of a wish is the run's id: sent again, there is one run. 202: it waits, and is carried out
beside trading; 400 a value is wrong, 403 not yours, 409 refused in words, 422 the key belongs to another wish.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import filters
from api.problems import ApiProblem, BadValues
from api.reading import read_body, read_key
from api.rows.acts import NoWish
from api.rows.replays import ReplayWish, RunDecisionRow, RunRow, RunTripRow, RunWhole
from api.views.acts import KEY_PARAMETER
from api.views.base import ApiAddress, OneRow, RowList, not_found, reading
from cdb_site.clock import SYSTEM
from replay import operations
from replay.models import ReplayRun, ReplayRunDecision, ReplayRunTrip
from replay.operations import KeyOfAnother, RunRefused
from replay.wishes import UnfitRun, read_run
from risk.roles import OPERATE, OPERATOR

TAG = "replays"
PLAYED = {"from": "2026-01-01", "to": "2026-01-31", "symbols": "BTCUSDT,ETHUSDT"}
EXAMPLES = {
    "replay": PLAYED | {"max_exposure_pct": "0.4"},
    "what if": {"kind": "WHAT_IF", "day": "2026-01-30", "stop_loss_pct": "0.015"},
    "search": PLAYED | {"kind": "SEARCH", "threshold": "0.005..0.03:0.005", "stop_loss_pct": "0.01,0.02"},
}


class MayReplay(BasePermission):
    """Operators ask for runs and end them; everybody reads them."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method != "POST" or request.user.has_perm(OPERATE):
            return True
        words = _("This is not yours to do: it needs the role %(role)s.") % {"role": OPERATOR}
        raise ApiProblem(403, "not-allowed", words)


@reading("list_replays", TAG, "Runs of the replay, newest first, without what they brought.")
class RunsList(RowList):
    queryset = ReplayRun.objects.defer("manifest", "result")
    serializer_class, filterset_class, key = RunRow, filters.RunNarrowing, ("-asked_at", "-run_id")


@reading("read_replay", TAG, "One run with its manifest and what it brought.")
class OneRun(OneRow):
    queryset = ReplayRun.objects.all()
    serializer_class, lookup_field = RunWhole, "run_id"


class OfOneRun(RowList):
    """Rows of the run that the address names."""

    key = ("number",)

    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset()
        run_id = self.kwargs.get("run_id")
        if run_id is not None and not ReplayRun.objects.filter(run_id=run_id).exists():
            raise not_found(str(run_id))
        return rows.filter(run_id=run_id)


@reading("list_replay_decisions", TAG, "Decisions of a run in the order they were made.")
class RunDecisions(OfOneRun):
    queryset = ReplayRunDecision.objects.defer("inputs")
    serializer_class, filterset_class = RunDecisionRow, filters.RunDecisionNarrowing


@reading("list_replay_trips", TAG, "Round trips of a run in the order they were closed.")
class RunTrips(OfOneRun):
    queryset = ReplayRunTrip.objects.all()
    serializer_class, filterset_class = RunTripRow, filters.RunTripNarrowing


class RunAct(ApiAddress):
    permission_classes = (IsAuthenticated, MayReplay)


@extend_schema_view(
    post=extend_schema(
        operation_id="begin_replay",
        tags=[TAG],
        request=ReplayWish,
        responses={202: RunRow},
        parameters=[KEY_PARAMETER],
        description="Asks for a run, which waits until it is carried out beside trading. Role: operator.",
        examples=[OpenApiExample(name, value=value, request_only=True) for name, value in EXAMPLES.items()],
    )
)
class BeginRun(RunAct):
    def post(self, request: Request) -> Response:
        run_id = read_key(request)
        typed = {name: value for name, value in read_body(ReplayWish, request).items() if value != ""}
        try:
            wish = read_run(typed.pop("kind", ReplayRun.Kind.REPLAY), typed, SYSTEM.market_now())
            run = operations.ask(run_id, wish.kind, wish.parameters, by=request.user.get_username())
        except UnfitRun as problem:
            raise BadValues(problem.errors) from problem
        except KeyOfAnother as problem:
            raise ApiProblem(422, "key-used", str(problem)) from problem
        except RunRefused as problem:
            raise ApiProblem(409, "refused", str(problem)) from problem
        return Response(RunRow(run).data, status=202)


@extend_schema_view(
    post=extend_schema(
        operation_id="cancel_replay",
        tags=[TAG],
        request=NoWish,
        responses={200: RunRow},
        description="Ends a run before it is through: one that waits at once, one that runs within seconds. "
        "Role: operator.",
    )
)
class CancelRun(RunAct):
    def post(self, request: Request, run_id: UUID) -> Response:
        read_body(NoWish, request)
        _there(run_id)
        try:
            run = operations.cancel(run_id, by=request.user.get_username(), now=SYSTEM.wall_now())
        except RunRefused as problem:
            raise ApiProblem(409, "refused", str(problem)) from problem
        return Response(RunRow(run).data)


@extend_schema_view(
    post=extend_schema(
        operation_id="delete_replay",
        tags=[TAG],
        request=NoWish,
        responses={204: None},
        description="Deletes a run that is over, with its decisions and round trips. Role: operator.",
    )
)
class DeleteRun(RunAct):
    def post(self, request: Request, run_id: UUID) -> Response:
        read_body(NoWish, request)
        _there(run_id)
        try:
            operations.delete(run_id, by=request.user.get_username())
        except RunRefused as problem:
            raise ApiProblem(409, "refused", str(problem)) from problem
        return Response(status=204)


def _there(run_id: UUID) -> None:
    if not ReplayRun.objects.filter(run_id=run_id).exists():
        raise not_found(str(run_id))
