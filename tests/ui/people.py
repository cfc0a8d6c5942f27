"""More people for the planted site.

A person's settings follow them, so that a test which changes some needs a person of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.ui.planting import PASSWORD
from tests.ui.site import Site

PATIENCE_MS = 60_000
PLANT = """
from django.contrib.auth.models import Permission, User
name, password, *permissions = words
user = User.objects.create_user(name, password=password, is_superuser="everything" in permissions)
for permission in set(permissions) - {"everything"}:
    app, _, codename = permission.partition(".")
    user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
"""


def somebody(site: Site, *permissions: str) -> str:
    """The name of a new person who may do this; `everything` names all there is."""
    name = f"person-{uuid.uuid4().hex[:8]}"
    site.hand.run(PLANT, name, PASSWORD, *permissions)
    return name


@contextmanager
def logged_in(browser: Browser, site: Site, name: str, **look: Any) -> Iterator[Page]:
    """A browser of their own in which the person has logged in, at the overview."""
    context: BrowserContext = browser.new_context(**look)
    try:
        page = context.new_page()
        page.goto(f"{site.url}/login/")
        page.fill("#id_username", name)
        page.fill("#id_password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(f"{site.url}/", timeout=PATIENCE_MS)
        yield page
    finally:
        context.close()
