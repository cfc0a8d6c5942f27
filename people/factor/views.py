"""The login in its two steps, and the page on which a second factor is set up."""

from __future__ import annotations

from typing import Any

import django_otp
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from people.factor import operations, waiting
from people.lockout import locked_page

NOT_RIGHT, NOT_YET = 422, 429
# The key that this session was shown, and no other one.
PENDING = "factor_begun"


class FirstStep(LoginView):
    """Name and password; who has a second factor is not logged in by them alone."""

    redirect_authenticated_user = True
    http_method_names = ["get", "head", "post"]

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        if operations.enrolled(user) is None:
            return super().form_valid(form)
        waiting.wait_for(self.request, user, self.get_redirect_url())
        return HttpResponseRedirect(resolve_url("login-factor"))


@login_not_required
@never_cache
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """The code; without a password before it there is nothing to ask for."""
    user = waiting.awaited(request)
    if user is None:
        waiting.over(request)
        return redirect("login")
    if waiting.is_locked(request, user):
        return locked_page(request, None, {"username": user.get_username()})
    if request.method != "POST":
        return render(request, "people/second_step.html")
    try:
        device = operations.checked(user, request.POST.get("code", ""))
    except operations.TooSoon as soon:
        return _not_yet(render(request, "people/second_step.html", {"wait_s": soon.wait_s}, status=NOT_YET), soon)
    if device is None:
        waiting.failed(request, user)
        return render(request, "people/second_step.html", {"wrong": True}, status=NOT_RIGHT)
    onward = waiting.where_to(request)
    waiting.over(request)
    login(request, user)
    django_otp.login(request, device)
    here = url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure())
    return redirect(onward if here else "overview")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def factor(request: HttpRequest) -> HttpResponse:
    """Set up, or what is set up; the recovery codes are shown once, when they are made."""
    user: Any = request.user
    device = operations.enrolled(user)
    if request.method != "POST":
        return _told(request, user)
    try:
        return _new_codes(request, user) if device else _set_up(request, user)
    except operations.TooSoon as soon:
        return _not_yet(_told(request, user, NOT_YET, wait_s=soon.wait_s), soon)


def _not_yet(page: HttpResponse, soon: operations.TooSoon) -> HttpResponse:
    page["Retry-After"] = str(soon.wait_s)
    return page


def _set_up(request: HttpRequest, user: User) -> HttpResponse:
    """Password and code: a browser that somebody left open must not lock its owner out."""
    if authenticate(request, username=user.get_username(), password=request.POST.get("password", "")) is None:
        return _told(request, user, NOT_RIGHT, wrong="password")
    pending, session = request.session.get(PENDING), request.session.session_key
    device = operations.confirm(user, request.POST.get("code", ""), pending=pending, session=session)
    if device is None:
        return _told(request, user, NOT_RIGHT, wrong="code")
    request.session.pop(PENDING, None)
    django_otp.login(request, device)
    return render(request, "people/recovery_codes.html", {"codes": operations.new_recovery_codes(user)})


def _new_codes(request: HttpRequest, user: User) -> HttpResponse:
    if operations.checked(user, request.POST.get("code", "")) is None:
        return _told(request, user, NOT_RIGHT, wrong="code")
    return render(request, "people/recovery_codes.html", {"codes": operations.new_recovery_codes(user)})


def _told(request: HttpRequest, user: User, status: int = 200, **more: Any) -> HttpResponse:
    device = operations.enrolled(user)
    shown: dict[str, Any] = {"device": device, "left": operations.recovery_codes_left(user)} | more
    if device is None:
        key = operations.begun(user, request.session.get(PENDING))
        request.session[PENDING] = key.pk
        shown |= {"picture": operations.key_as_picture(key), "key": operations.key_as_text(key)}
    return render(request, "people/factor.html", shown, status=status)


def must_be_set_up(request: HttpRequest) -> HttpResponse:
    messages.warning(request, _("The admin asks for a second factor. Set one up, then go on."))
    return redirect("factor")
