"""People of every role, their browsers, and a login by the page's form."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from risk.roles import give_role, keep_groups

PASSWORD = "correct-horse-battery-9"


def person(role: str, name: str = "") -> User:
    """Somebody of this role; `superuser` is one who may everything."""
    if role == "superuser":
        return User.objects.create_superuser(name or "super-anna", password=PASSWORD)
    keep_groups()
    user = User.objects.create_user(name or f"{role}-anna", password=PASSWORD)
    give_role(user, role)
    return user


def browser(user: User | None = None, **headers: str) -> Client:
    """A client, logged in as that person."""
    client = Client(headers=headers)
    if user is not None:
        client.force_login(user)
    return client


def try_login(client: Client, name: str, password: str = PASSWORD, *, address: str = "192.0.2.1", **more: Any) -> Any:
    form = {"username": name, "password": password}
    return client.post("/login/", form, REMOTE_ADDR=address, **more)
