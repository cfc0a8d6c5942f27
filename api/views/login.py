"""Tokens: given for user and password, taken back one or all."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from knox.models import get_token_model
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import UtcTime
from api.problems import ApiProblem
from api.reading import read_body
from api.throttling import LoginThrottle
from api.tokens import log_in
from api.views.base import ApiAddress
from risk.roles import ROLES, role_of


class LoginWish(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150, help_text="name of the user")
    password = serializers.CharField(max_length=4096, trim_whitespace=False, write_only=True, help_text="password")
    code = serializers.CharField(
        max_length=64, required=False, help_text="of the second factor, or a recovery code; for users who have one"
    )


class GivenTokenRow(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="goes into `Authorization: Bearer …`; it is told this once")
    expires_at = UtcTime(help_text="wall time after which it is refused")
    role = serializers.ChoiceField(choices=ROLES, help_text="what it may: docs/roles.md")


class Login(ApiAddress):
    """A token for user and password."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (LoginThrottle,)

    @extend_schema(
        operation_id="log_in",
        tags=["login"],
        auth=[],
        request=LoginWish,
        responses={200: GivenTokenRow},
        description="A token for user and password. It expires, and is told this once.",
        examples=[
            OpenApiExample("anna", value={"username": "anna", "password": "her password"}, request_only=True),  # nosec B105
        ],
    )
    def post(self, request: Request) -> Response:
        typed = read_body(LoginWish, request)
        given = log_in(request._request, typed["username"], typed["password"], typed.get("code", ""))
        row = {"token": given.text, "expires_at": given.expires_at, "role": role_of(given.person)}
        return Response(GivenTokenRow(row).data)


class Logout(ApiAddress):
    """The token that asks is revoked; its sockets are closed."""

    @extend_schema(
        operation_id="log_out",
        tags=["login"],
        request=None,
        responses={204: None},
        description="Revokes the token that asks; its sockets are closed.",
    )
    def post(self, request: Request) -> Response:
        if request.auth is None:
            raise ApiProblem(400, "bad-request", _("A page's session ends at /logout/; this address revokes tokens."))
        request.auth.delete()
        return Response(status=204)


class LogoutEverywhere(ApiAddress):
    """All tokens of the person are revoked."""

    @extend_schema(
        operation_id="log_out_everywhere",
        tags=["login"],
        request=None,
        responses={204: None},
        description="Revokes all tokens of the user who asks.",
    )
    def post(self, request: Request) -> Response:
        for token in get_token_model().objects.filter(user=request.user):
            token.delete()
        return Response(status=204)
