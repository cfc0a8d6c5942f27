"""Logging in to the dashboard as a browser does."""

from __future__ import annotations

import urllib.parse
import urllib.request
from http.cookiejar import CookieJar


def log_in(url: str, user: str, password: str) -> str:
    """The Cookie header of a logged-in session."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = opener.open(f"{url}/login/", timeout=10).read().decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"username": user, "password": password, "csrfmiddlewaretoken": token}
    request = urllib.request.Request(  # noqa: S310
        f"{url}/login/", data=urllib.parse.urlencode(form).encode(), headers={"Referer": f"{url}/login/"}
    )
    opener.open(request, timeout=10)
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
