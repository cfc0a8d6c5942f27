"""More people for the planted site.

A person's settings follow them, so that a test which changes some needs a person of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, StorageState

from tests.ui.kept_pages import KeptPages
from tests.ui.planting import PASSWORD
from tests.ui.site import Site

PLANT = """
from django.contrib.auth.models import Permission, User
name, password, *permissions = words
user = User.objects.create_user(name, password=password, is_superuser="everything" in permissions)
for permission in set(permissions) - {"everything"}:
    app, _, codename = permission.partition(".")
    user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
"""

# As a login by the form leaves it, which is tried by the tests of the login page.
LOG_IN = """
from django.contrib.auth.models import User
from django.test import Client
client = Client()
client.force_login(User.objects.get(username=words[0]))
say({name: cookie.value for name, cookie in client.cookies.items()})
"""


def somebody(site: Site, *permissions: str) -> str:
    """The name of a new person who may do this; `everything` names all there is."""
    name = f"person-{uuid.uuid4().hex[:8]}"
    site.hand.run(PLANT, name, PASSWORD, *permissions)
    return name


def keys_of(site: Site, name: str) -> StorageState:
    """What a browser has of a new login of this person."""
    cookies = site.hand.run(LOG_IN, name)
    home = {"domain": "127.0.0.1", "path": "/", "httpOnly": True, "sameSite": "Lax"}
    return {"cookies": [{"name": key, "value": value, **home} for key, value in cookies.items()]}


@contextmanager
def logged_in(pages: KeptPages, site: Site, name: str, **look: Any) -> Iterator[Page]:
    """A page of their own for who has just logged in."""
    with pages.page(site.url, keys_of(site, name), **look) as page:
        yield page
