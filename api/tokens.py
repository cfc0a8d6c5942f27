"""Tokens of the API: given for a password, kept as a hash, over after API_TOKEN_HOURS, at the logout, and whenever the
password changes or the person is switched off.

    Authorization: Bearer 1f0c…   64 hex digits
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.db.models.signals import pre_save
from django.http import HttpRequest
from django.utils.translation import gettext as _
from knox.auth import TokenAuthentication
from knox.models import get_token_model
from rest_framework import exceptions

from api.problems import ApiProblem
from cdb_site.clock import SYSTEM
from people.factor import operations as factor
from people.factor import waiting

TOKEN = re.compile(rb"[0-9a-f]{64}")
# Who needs more has forgotten to log out.
TOKENS_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenToken:
    """A token as it is told once, and never again."""

    text: str
    expires_at: datetime
    person: Any


class BearerToken(TokenAuthentication):
    """`Authorization: Bearer …`, of a person who is active."""

    def authenticate_credentials(self, token: bytes) -> Any:
        if not TOKEN.fullmatch(token):
            raise exceptions.AuthenticationFailed(_("The token is none: it has 64 hex digits."))
        try:
            return super().authenticate_credentials(token)
        except exceptions.AuthenticationFailed as problem:
            words = _("The token is unknown, expired or revoked: log in at /api/v1/auth/login/ for a new one.")
            raise exceptions.AuthenticationFailed(words) from problem


def log_in(request: HttpRequest, username: str, password: str, code: str = "") -> GivenToken:
    """A new token. Raises ApiProblem: 401 for a wrong password, or a wrong code of who has a second factor; 409 for too
    many tokens; and Throttled, 429, while the second factor takes no code. The session of a page has no part in it,
    whosever it is."""
    page = request.session
    request.session = SessionStore()
    try:
        return _logged_in(request, username, password, code)
    finally:
        # What was written into the other one is never saved, nor is it a row.
        request.session = page


def _logged_in(request: HttpRequest, username: str, password: str, code: str) -> GivenToken:
    person = authenticate(request, username=username, password=password)
    if person is None:
        raise ApiProblem(401, "not-authenticated", _("User and password do not fit, or the user may not log in now."))
    if factor.enrolled(person) is not None and not (code and _takes(person, code)):
        if code:
            waiting.failed(request, person)
        words = _("the code of your authenticator, or one of your recovery codes")
        raise ApiProblem(
            401, "code-wanted", _("This user has a second factor; its code is missing or wrong."), {"code": words}
        )
    now = SYSTEM.wall_now()
    mine = get_token_model().objects.filter(user=person)
    mine.filter(expiry__lte=now).delete()
    if mine.count() >= TOKENS_MOST:
        words = _("You have %(most)s tokens already: log out with one of them, or everywhere.") % {"most": TOKENS_MOST}
        raise ApiProblem(409, "refused", words)
    token, text = get_token_model().objects.create(
        user=person, expiry=timedelta(hours=settings.ENVIRONMENT.API_TOKEN_HOURS)
    )
    user_logged_in.send(sender=person.__class__, request=request, user=person)
    return GivenToken(text=text, expires_at=token.expiry, person=person)


def _takes(person: Any, code: str) -> bool:
    try:
        return factor.checked(person, code) is not None
    except factor.TooSoon as soon:
        words = _("After wrong codes the authenticator's are not taken for a while; a recovery code is.")
        raise exceptions.Throttled(soon.wait_s, words) from soon


def end_with_the_password() -> None:
    """From now on another password ends the tokens that were given for the old one, and switching somebody off all."""
    pre_save.connect(_ends, sender=get_user_model(), dispatch_uid="api-tokens-of-old-password")


def _ends(instance: AbstractUser, update_fields: Any = None, **_: Any) -> None:
    if instance.pk is None or (update_fields is not None and not {"password", "is_active"} & set(update_fields)):
        return
    before = get_user_model().objects.filter(pk=instance.pk).values_list("password", flat=True).first()
    if before is not None and (before != instance.password or not instance.is_active):
        for token in get_token_model().objects.filter(user_id=instance.pk):
            token.delete()
