"""The second factor: a code of six digits that a person's own device makes anew every 30 seconds (TOTP, RFC 6238).

It is begun with a key that nobody has confirmed and that one session alone is shown: whoever knew the password in
another one never learns it. It holds from the first right code on, and ends the person's tokens and other sessions.
It comes with ten recovery codes that are good for one login each. A code is good once; wrong ones make the device wait
longer and longer (django-otp), up to about a minute: a stranger who has the password must not lock its owner out.
"""

from __future__ import annotations

from base64 import b32encode, b64encode
from io import BytesIO
from math import ceil
from typing import Any

import qrcode
from django.contrib.auth.models import User
from django.db import transaction
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from knox.models import get_token_model
from qrcode.image.svg import SvgPathImage

from cdb_site.clock import SYSTEM
from people.sessions import end_others

RECOVERY_CODES = 10
DIGITS = 6
# Seven wrong codes make 64 s, and so do more of them.
FAILURES_THAT_COUNT = 7


class TooSoon(Exception):
    """The device takes no code yet, not even the right one; it was not looked at."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"no code is taken for {wait_s} s")
        self.wait_s = wait_s


def enrolled(user: User) -> TOTPDevice | None:
    """The device that holds, None while there is none."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).order_by("pk").first()


def begun(user: User, pending: int | None) -> TOTPDevice:
    """The key to be shown: the session's own, so that a page that is loaded again changes nothing."""
    waiting = TOTPDevice.objects.filter(pk=pending, user=user, confirmed=False).first()
    return waiting or TOTPDevice.objects.create(user=user, name="authenticator", confirmed=False)


def confirm(user: User, code: str, *, pending: int | None, session: str | None) -> TOTPDevice | None:
    """The session's own device holds from now on, if its code is right. Only one ever does, and only what was opened
    with it stays open: other keys, the tokens and the other sessions are gone. Raises TooSoon."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        device = TOTPDevice.objects.select_for_update().filter(pk=pending, user=user, confirmed=False).first()
        if device is None or enrolled(user) is not None or not _taken(device, plain(code)):
            return None
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        TOTPDevice.objects.filter(user=user, confirmed=False).delete()
        get_token_model().objects.filter(user=user).delete()
        end_others(user, session)
        return device


def checked(user: User, code: str) -> Device | None:
    """The device that took this code, of the authenticator or one of the recovery codes. It takes it never again.
    Raises TooSoon."""
    typed = plain(code)
    kind = TOTPDevice if typed.isdigit() and len(typed) == DIGITS else StaticDevice
    with transaction.atomic():
        device = kind.objects.select_for_update().filter(user=user, confirmed=True).first()
        return device if device is not None and _taken(device, typed) else None


def _taken(device: Any, typed: str) -> bool:
    device.throttling_failure_count = min(device.throttling_failure_count, FAILURES_THAT_COUNT)
    allowed, told = device.verify_is_allowed()
    if not allowed:
        left = told["locked_until"] - SYSTEM.wall_now()
        raise TooSoon(max(1, ceil(left.total_seconds())))
    return bool(device.verify_token(typed))


def new_recovery_codes(user: User) -> list[str]:
    """Ten codes; those before them are worth nothing."""
    with transaction.atomic():
        StaticDevice.objects.filter(user=user).delete()
        device = StaticDevice.objects.create(user=user, name="recovery codes")
        codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
        StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def recovery_codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user).count()


def reset(user: User) -> bool:
    """Forget the factor and its recovery codes; whether there was one."""
    with transaction.atomic():
        gone = TOTPDevice.objects.filter(user=user).delete()[0]
        StaticDevice.objects.filter(user=user).delete()
    return bool(gone)


def plain(code: str) -> str:
    """As people type it: with blanks, in capitals, far too long."""
    return "".join(code.split()).lower()[:16].replace("\0", "")


def key_as_text(device: TOTPDevice) -> str:
    """For a device without a camera, in groups of four."""
    text = b32encode(device.bin_key).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def key_as_picture(device: TOTPDevice) -> str:
    """The QR code as an address of an image that needs no request."""
    picture = BytesIO()
    qrcode.make(device.config_url, image_factory=SvgPathImage).save(picture)
    return "data:image/svg+xml;base64," + b64encode(picture.getvalue()).decode()
