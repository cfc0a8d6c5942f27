"""As in production: ENV=prod behind the TLS proxy, the first admin made, and logged in over https."""

from __future__ import annotations

import http.cookiejar
import re
import secrets
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial

from proofs.containers.commands import output
from proofs.containers.project import PROJECT, Project
from proofs.containers.promises import ASK_S
from proofs.rig.waiting import expect, wait_for

PORT = 8443
ADDRESS = f"https://localhost:{PORT}"
SETTINGS = f"""ENV=prod
TRUSTED_PROXIES=1
ALLOWED_HOSTS=localhost
TRUSTED_ORIGINS={ADDRESS}
TLS_PORT={PORT}
MARKET=SIMULATED
MEXC_REST_URL=http://cdb_mexc_sim:8010
MEXC_WS_URL=ws://cdb_mexc_sim:8010/ws
SIM_RATE=1
COMPOSE_PROJECT_NAME={PROJECT}-tls
COMPOSE_PROFILES=demo
"""
ROOT = "/data/caddy/pki/authorities/local/root.crt"


def https(project: Project) -> Iterator[tuple[str, Callable[[], str]]]:
    """(Sentence, question) in their order; nothing of another project runs any more."""
    password = secrets.token_urlsafe(24)
    yield "`make up TLS=1` with ENV=prod starts behind the TLS proxy.", partial(_start, project)
    yield "The first admin is made in the container, without a default password.", partial(_admin, project, password)
    yield "He logs in over https with a certificate that its authority signed.", partial(_log_in, password)
    yield "By http the dashboard sends everybody to https.", _sent_away


def _start(project: Project) -> str:
    (project.folder / ".env").write_text(SETTINGS)
    said = project.start("--tls")
    expect(f"{ADDRESS}/" in said and "create_admin" in said, said[-500:])
    return f"{len(project.running())} containers"


def _admin(project: Project, password: str) -> str:
    words = ("exec", "-T", "cdb_dashboard", "python", "manage.py", "create_admin", "anna", "--password-file", "-")
    return project.compose(*words, stdin=password)


def browser() -> urllib.request.OpenerDirector:
    """Keeps cookies, and trusts nobody but the proxy's authority."""
    context = ssl.create_default_context(cadata=output("docker", "exec", "cdb_tls", "cat", ROOT))
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), jar)


def _log_in(password: str) -> str:
    wait_for(lambda: bool(output("docker", "exec", "cdb_tls", "cat", ROOT)), "the proxy's certificate", 30)
    asked = browser()
    with asked.open(f"{ADDRESS}/", timeout=ASK_S) as answer:
        login, page = answer.url, answer.read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    expect(token, f"no form on {login}")
    form = {"username": "anna", "password": password, "csrfmiddlewaretoken": token[1]}
    posted = urllib.request.Request(login, urllib.parse.urlencode(form).encode(), {"Origin": ADDRESS})  # noqa: S310
    with asked.open(posted, timeout=ASK_S) as answer:
        expect(answer.url == f"{ADDRESS}/", f"is on {answer.url}")
        hsts = answer.headers.get("Strict-Transport-Security", "")
        expect(hsts, "no Strict-Transport-Security")
    return f"HSTS {hsts}"


def _sent_away() -> str:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        urllib.request.build_opener(Stay).open("http://127.0.0.1:8004/", timeout=ASK_S)
    except urllib.error.HTTPError as answer:
        expect(answer.code == 301 and answer.headers["Location"].startswith("https://"), f"{answer.code}")
        return str(answer.headers["Location"])
    expect(False, "200 by http")
    return ""
