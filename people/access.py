"""Who may ask for what: every address of the site, method by method, and every word of its sockets, in one table.

A row names the least role that is answered; whoever is less is turned away, in the manner of the row's door: a page
leads to the login or says 403, the API says 401 or 403, a socket is closed. `route` is the address as the resolver's.
A route that stands in no row fails `tests/integration/people/test_access_table.py`, which asks every row as every role;
so does a method that a row does not name and the site answers. To add an address: its row here, then
`manage.py write_access_table`. Everything below `admin/` follows from one rule, and from `ADMIN_WRITES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from risk.acts.table import ACTS
from risk.roles import ADMINISTER


class Least(IntEnum):
    """Who is answered: this role and every one above it."""

    ANYONE = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3
    NOBODY = 4


class Door(StrEnum):
    """How whoever may not is turned away."""

    PAGE = "page"
    API = "API"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRow:
    """One method of one route. `path`: an address of it to ask for. `answers`: what who may is answered there, with the
    values that the test sends, which are none: 400 and 404 come from behind the door."""

    route: str
    least: Least
    method: str = "GET"
    path: str = ""
    door: Door = Door.PAGE
    answers: tuple[int, ...] = (200,)

    @property
    def address(self) -> str:
        return f"/{self.path or self.route}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketRow:
    """One thing that can be said on a socket; the handshake is `connect`."""

    route: str
    action: str
    least: Least
    says: str = ""
    heard: tuple[str, ...] = ("hello",)


def page(route: str, *, least: Least = Least.VIEWER, path: str = "", answers: tuple[int, ...] = (200,)) -> AccessRow:
    return AccessRow(route=route, least=least, path=path, answers=answers)


def form(route: str, *, least: Least = Least.VIEWER, path: str = "", answers: tuple[int, ...] = (302,)) -> AccessRow:
    return AccessRow(route=route, least=least, method="POST", path=path, answers=answers)


def api(
    route: str, *, least: Least = Least.VIEWER, method: str = "GET", path: str = "", answers: tuple[int, ...] = (200,)
) -> AccessRow:
    return AccessRow(route=route, least=least, method=method, path=path, door=Door.API, answers=answers)


# Found nothing: behind the door.
NOTHING = (404,)
NO_KEY = (400,)
A_KEY = "00000000-0000-4000-8000-000000000001"

PAGES = (
    page("login/", least=Least.ANYONE, answers=(200, 302)),
    form("login/", least=Least.ANYONE, answers=(200, 302)),
    page("login/factor/", least=Least.ANYONE, answers=(302,)),
    form("login/factor/", least=Least.ANYONE),
    page("factor/"),
    form("factor/", answers=(422,)),
    form("logout/"),
    page("health", least=Least.ANYONE, answers=(200, 503)),
    page("metrics", least=Least.ANYONE),
    page("words/<str:language>-<str:asked>.js", least=Least.ANYONE, path="words/de-0.js"),
    page(""),
    page("markets/"),
    page("markets/<str:symbol>/", path="markets/NONE/", answers=NOTHING),
    page("find/"),
    page("trades/"),
    page("trades/file/"),
    page("decisions/"),
    page("decisions/file/"),
    page("why/<path:wanted>/", path="why/nothing/", answers=NOTHING),
    page("risk/"),
    page("risk/now/"),
    page("alerts/"),
    page("alerts/file/"),
    page("system/health/"),
    page("system/health/facts/"),
    page("export/"),
    page("reports/"),
    page("reports/<str:wanted>/", path="reports/2020-01-01/", answers=NOTHING),
    page("replays/"),
    page("replays/new/", least=Least.OPERATOR),
    form("replays/new/", least=Least.OPERATOR, answers=(422,)),
    page("replays/compare/", answers=(422,)),
    page("replays/<uuid:run_id>/", path=f"replays/{A_KEY}/", answers=NOTHING),
    page("replays/<uuid:run_id>/standing/", path=f"replays/{A_KEY}/standing/", answers=NOTHING),
    page("replays/<uuid:run_id>/decisions/<int:number>/", path=f"replays/{A_KEY}/decisions/1/", answers=NOTHING),
    page("replays/<uuid:run_id>/rows/<str:what>/", path=f"replays/{A_KEY}/rows/trips/", answers=NOTHING),
    page("replays/<uuid:run_id>/file/<str:what>/", path=f"replays/{A_KEY}/file/trips/", answers=NOTHING),
    *(
        AccessRow(
            route=f"replays/<uuid:run_id>/act/<str:name>/{more}",
            least=Least.OPERATOR,
            method=method,
            path=f"replays/{A_KEY}/act/delete/{more}",
            answers=answers,
        )  # fmt: skip
        for more, method, answers in (("", "GET", NOTHING), ("", "POST", (302,)), ("dialog/", "GET", NOTHING))
    ),
    page("settings/"),
    form("settings/", answers=(422,)),
    form("settings/choose/", answers=NO_KEY),
    form("settings/live-trading/", least=Least.ADMIN),
    page("break-it/"),
    page("break-it/standing/"),
    form("break-it/begin/<str:kind>/", least=Least.OPERATOR, path="break-it/begin/nothing/"),
    form("break-it/end/<int:number>/", least=Least.OPERATOR, path="break-it/end/1/"),
    form("break-it/prove/", least=Least.OPERATOR, answers=(200,)),
    page("acts/answers/<uuid:key>/", path=f"acts/answers/{A_KEY}/", answers=NOTHING),
)


def acts() -> tuple[AccessRow, ...]:
    """The question of every act as a page and as a dialog, and the act itself."""
    rows = []
    for name, act in ACTS.items():
        least = Least.ADMIN if act.permission == ADMINISTER else Least.OPERATOR
        rows += [
            page("acts/<str:name>/", least=least, path=f"acts/{name}/"),
            page("acts/<str:name>/dialog/", least=least, path=f"acts/{name}/dialog/"),
            AccessRow(
                route="acts/<str:name>/", least=least, method="POST", path=f"acts/{name}/", answers=(*NO_KEY, 302)
            ),
        ]
    return tuple(rows)


LISTS = (
    *("events", "instruments", "universe", "signals", "decisions", "orders", "fills", "round-trips", "ledger"),
    *("equity", "limits/history", "proposals", "breakers", "alerts", "reports", "acts", "replays"),
)
STANDING = ("status", "health", "quotes", "positions", "account", "limits", "trading-state")
# An act's address below /api/v1/, and one of that kind. Without a key nothing is done.
API_ACTS = (
    ("instruments/<symbol:name>/pause/", "instruments/NONE/pause/"),
    ("instruments/<symbol:name>/unpause/", "instruments/NONE/unpause/"),
    ("orders/<uuid:name>/cancel/", f"orders/{A_KEY}/cancel/"),
    ("positions/close-all/", ""),
    ("positions/<symbol:name>/close/", "positions/NONE/close/"),
    ("limits/propose/", ""),
    ("proposals/<number:name>/approve/", "proposals/1/approve/"),
    ("proposals/<number:name>/reject/", "proposals/1/reject/"),
    ("breakers/<number:name>/release/", "breakers/1/release/"),
    ("trading-state/halt/", ""),
    ("trading-state/exits-only/", ""),
    ("trading-state/resume/", ""),
    ("alerts/<uuid:name>/acknowledge/", f"alerts/{A_KEY}/acknowledge/"),
    ("live-trading/withdraw/", ""),
)
API_PREFIX = "api/v1/"
ANY_OTHER = rf"{API_PREFIX}^[\s\S]*\Z"


def api_act(route: str, path: str = "", *, least: Least = Least.OPERATOR) -> AccessRow:
    return api(API_PREFIX + route, least=least, method="POST", path=API_PREFIX + (path or route), answers=NO_KEY)


API = (
    api(f"{API_PREFIX}auth/login/", least=Least.ANYONE, method="POST", answers=(400,)),
    api(f"{API_PREFIX}auth/logout/", method="POST", answers=(400,)),
    api(f"{API_PREFIX}auth/logout-all/", method="POST", answers=(204,)),
    *(api(f"{API_PREFIX}{name}/") for name in (*STANDING, *LISTS)),
    api(f"{API_PREFIX}candles/", answers=(400,)),
    api(f"{API_PREFIX}decisions/<uuid:decision_id>/", path=f"{API_PREFIX}decisions/{A_KEY}/", answers=NOTHING),
    api(
        f"{API_PREFIX}decisions/<uuid:decision_id>/explanation/",
        path=f"{API_PREFIX}decisions/{A_KEY}/explanation/",
        answers=NOTHING,
    ),
    api(f"{API_PREFIX}orders/<uuid:order_id>/", path=f"{API_PREFIX}orders/{A_KEY}/", answers=NOTHING),
    api(f"{API_PREFIX}reports/<day:day>/", path=f"{API_PREFIX}reports/2020-01-01/", answers=NOTHING),
    api(f"{API_PREFIX}acts/<uuid:key>/", path=f"{API_PREFIX}acts/{A_KEY}/", answers=NOTHING),
    *(
        api(f"{API_PREFIX}replays/<uuid:run_id>/{more}", path=f"{API_PREFIX}replays/{A_KEY}/{more}", answers=NOTHING)
        for more in ("", "decisions/", "trips/")
    ),
    api(f"{API_PREFIX}replays/begin/", least=Least.OPERATOR, method="POST", answers=NO_KEY),
    *(
        api(
            f"{API_PREFIX}replays/<uuid:run_id>/{deed}/",
            least=Least.OPERATOR,
            method="POST",
            path=f"{API_PREFIX}replays/{A_KEY}/{deed}/",
            answers=NOTHING,
        )  # fmt: skip
        for deed in ("cancel", "delete")
    ),
    api(f"{API_PREFIX}limits/preview/", method="POST"),
    api(f"{API_PREFIX}export/<export:what>/", path=f"{API_PREFIX}export/tax/"),
    *(api_act(route, path) for route, path in API_ACTS),
    api_act("account/reset/", least=Least.ADMIN),
    api_act("account/deposit/", least=Least.ADMIN),
    api_act("account/withdraw/", least=Least.ADMIN),
    api_act("live-trading/ask/", least=Least.ADMIN),
    api(f"{API_PREFIX}openapi.yaml"),
    page(f"{API_PREFIX}docs/"),
    page(f"{API_PREFIX}docs/<interface:name>", path=f"{API_PREFIX}docs/swagger-ui.css"),
    *(
        api(ANY_OTHER, least=Least.ANYONE, method=method, path=f"{API_PREFIX}nothing/", answers=NOTHING)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    ),
)

WANT = '{"version":1,"resume":null,"want":["shell"]}'
SOCKETS = (
    SocketRow(route="ws/overview/", action="connect", least=Least.VIEWER),
    SocketRow(route="ws/overview/", action="want", least=Least.VIEWER, says=WANT, heard=("hello", "snapshot")),
    SocketRow(
        route="ws/overview/", action="chart", least=Least.VIEWER, says='{"chart":"AAAUSDT"}', heard=("hello", "chart")
    ),
    SocketRow(route="ws/overview/", action="ack", least=Least.VIEWER, says='{"ack":1}'),
)

# The admin: every table is looked at by admins; these alone are written there, by adding or changing a row.
ADMIN_PREFIX = "admin/"
ADMIN_WRITES = {
    ("risk.limitversion", "add"): Least.ADMIN,
    ("marketdata.pause", "add"): Least.ADMIN,
    ("auth.user", "add"): Least.ADMIN,
    ("auth.user", "change"): Least.ADMIN,
    ("notifications.alertchannel", "add"): Least.ADMIN,
    ("notifications.alertchannel", "change"): Least.ADMIN,
    ("notifications.alertchannel", "delete"): Least.ADMIN,
    ("notifications.telegramchat", "add"): Least.ADMIN,
    ("notifications.telegramchat", "change"): Least.ADMIN,
    ("notifications.telegramchat", "delete"): Least.ADMIN,
    ("knox.authtoken", "delete"): Least.ADMIN,
}


def admin_rows(label: str) -> tuple[AccessRow, ...]:
    """The addresses of one table of the admin; `label` as `risk.limitversion`. `path` ends at the table."""
    place = f"{ADMIN_PREFIX}{label.replace('.', '/')}/"
    writes = {deed: ADMIN_WRITES.get((label, deed), Least.NOBODY) for deed in ("add", "change", "delete")}
    looked_at = AccessRow(route=place, least=Least.ADMIN, door=Door.ADMIN)
    added = AccessRow(route=f"{place}add/", least=writes["add"], door=Door.ADMIN)
    more = tuple(
        AccessRow(route=f"{place}<pk>/{deed}/", least=least, method="POST", door=Door.ADMIN, answers=(200, 302))
        for deed, least in writes.items()
        if deed != "add"
    )
    return (looked_at, added, *more)


ROWS = (*PAGES, *acts(), *API)
