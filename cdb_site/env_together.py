"""What is wrong with settings together, each of which alone could be used; with what to do, and never a secret's value.

A start is refused with these as with one that cannot be read; `cdb_site.env` asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from cdb_site.env_effects import EFFECTS
from cdb_site.env_file import Problem
from cdb_site.env_variables import SCREENER_PORTS, THIS_MACHINE, Environment
from cdb_site.services import SERVICES, service

# Host names with an underscore are no valid ones for a web site, so `cdb_dashboard` has another name there.
PROMETHEUS_ASKS_FOR = "dashboard"


def whole_problems(environment: Environment) -> Iterable[tuple[Problem, set[str]]]:
    """What is wrong with variables together, and which of them must be usable for it to be judged."""
    if environment.LOOKBACK_MINUTES * 60 % environment.interval_s:
        text = "is not a multiple of INTERVAL. Momentum needs a candle exactly that long ago."
        yield Problem("LOOKBACK_MINUTES", text), {"LOOKBACK_MINUTES", "INTERVAL"}
    if environment.SIGNAL_EXIT_PCT >= environment.SIGNAL_THRESHOLD_PCT:
        text = "must lie below SIGNAL_THRESHOLD_PCT, or every BUY is sold at once."
        yield Problem("SIGNAL_EXIT_PCT", text), {"SIGNAL_EXIT_PCT", "SIGNAL_THRESHOLD_PCT"}
    if bool(environment.MEXC_API_KEY) != bool(environment.MEXC_API_SECRET):
        missing = "MEXC_API_SECRET" if environment.MEXC_API_KEY else "MEXC_API_KEY"
        yield Problem(missing, "is not set, but the other of the two is. Set both or neither."), {missing}
    if EFFECTS[environment.ENV].https_only and not environment.TRUSTED_PROXIES:
        text = (
            f"is 0, but with ENV={environment.ENV} the dashboard is reached through a proxy with TLS: everybody would "
            "seem to come from it, and wait together after failed logins. Set the number of proxies, such as 1."
        )
        yield Problem("TRUSTED_PROXIES", text), {"ENV", "TRUSTED_PROXIES"}
    yield from ((item, {"ENV", "ALLOWED_HOSTS", "TRUSTED_ORIGINS"}) for item in _address_problems(environment))
    yield from _port_problems(environment)


def _address_problems(environment: Environment) -> Iterable[Problem]:
    """What keeps people from the dashboard, or lets others come to it unprotected."""
    if environment.ENV == "local":
        outside = [host for host in environment.ALLOWED_HOSTS if host not in (*THIS_MACHINE, PROMETHEUS_ASKS_FOR)]
        if outside:
            yield Problem(
                "ALLOWED_HOSTS",
                f"{outside[0]} is not this machine, and ENV=local is plain http. Leave it out, or set ENV=prod and put "
                "a TLS proxy in front.",
            )
    if not EFFECTS[environment.ENV].https_only:
        return
    if not environment.TRUSTED_ORIGINS:
        yield Problem(
            "TRUSTED_ORIGINS",
            f"is empty, but with ENV={environment.ENV} the dashboard is reached by https only. Name its address, such "
            "as https://claire.example, and the host in ALLOWED_HOSTS.",
        )
    for origin in environment.TRUSTED_ORIGINS:
        yield from _origin_problems(origin, environment.ALLOWED_HOSTS)


def _origin_problems(origin: str, hosts: tuple[str, ...]) -> Iterable[Problem]:
    parts = urlsplit(origin)
    if parts.scheme != "https" or not parts.hostname or parts.path or parts.query:
        yield Problem("TRUSTED_ORIGINS", "an origin is https:// and a host, such as https://claire.example.")
    elif not any(_covers(host.lower(), parts.hostname) for host in hosts):
        yield Problem("ALLOWED_HOSTS", f"does not name {parts.hostname}, an address of TRUSTED_ORIGINS. Add it.")


def _covers(host: str, name: str) -> bool:
    """As Django reads ALLOWED_HOSTS: a name, all below `.example.com`, or `*`."""
    named = name in (host, host.strip("[]"))
    return host == "*" or named or (host.startswith(".") and f".{name}".endswith(host))


def _port_problems(environment: Environment) -> Iterable[tuple[Problem, set[str]]]:
    if not re.fullmatch(r"(\s*[a-z_]+=\d{1,5}\s*(,|$))*", environment.PORTS):
        yield Problem("PORTS", "expected service=port pairs separated by commas, such as risk=9002."), {"PORTS"}
    elif any(not 0 < port < 65536 for port in environment.ports.values()):
        yield Problem("PORTS", "a port lies between 1 and 65535."), {"PORTS"}
    else:
        at = {item.name: environment.ports.get(item.name, item.port) for item in SERVICES if item.port}
        for name, variable in SCREENER_PORTS.items():
            moved = getattr(environment, variable) != service(name).port
            others = [other for other in at if other != name and at[other] == at[name]]
            if moved and others:
                told = f"{name} and {others[0]} would listen on the same port. Choose another."
                yield Problem(variable, told), {"PORTS", *SCREENER_PORTS.values()}
