"""What `make up` decides before and while it starts containers: settings of a first start, what is still awaited, what
is in the way, what to say at the end. Pure: it reads and starts nothing (`backoffice/automation/containers.py` does).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HEAD = "# Made by `make up`; yours from now on. All settings: .env.example.\n"
WITHOUT_TLS = "# Hardened, by http, for browsers of this machine alone.\nENV=local\nTRUSTED_PROXIES=0\n"
WITH_TLS = """# Behind the TLS proxy. For other machines: their name for this one in all three, and TLS_ADDRESS=0.0.0.0.
ENV=prod
TRUSTED_PROXIES=1
ALLOWED_HOSTS=localhost
TRUSTED_ORIGINS=https://localhost
TLS_HOST=localhost
"""
SET_UP = "cdb_migrate"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command line asked for."""

    sim: bool = False
    scale: bool = False
    tls: bool = False

    @property
    def profiles(self) -> list[str]:
        asked = {"demo": self.sim, "scale": self.scale, "tls": self.tls}
        return [name for name, wanted in asked.items() if wanted]


def env_text(wanted: Wanted) -> str:
    """The `.env` of a first start."""
    return HEAD + (WITH_TLS if wanted.tls else WITHOUT_TLS)


def refusal(wanted: Wanted, mode: str) -> str | None:
    """Why these cannot be had together with ENV=`mode`, and what to do."""
    if wanted.sim and wanted.tls:
        return "SIM=1 is ENV=demo, by plain http on this machine: leave TLS=1 out."
    if wanted.tls and mode != "prod":
        return (
            f"TLS=1 wants ENV=prod, and .env says ENV={mode}. Set in .env: ENV=prod, TRUSTED_PROXIES=1, the address in "
            "ALLOWED_HOSTS=claire.example, TRUSTED_ORIGINS=https://claire.example, TLS_HOST=claire.example."
        )
    return None


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container that is there, running or not."""

    name: str
    project: str
    folder: str


def in_the_way(there: Iterable[Container], project: str, folder: str) -> str | None:
    """Names and ports are the same for every project, so one can run at a time. The sentence, or None."""
    others = [item for item in there if (item.project, item.folder) != (project, folder)]
    if not others:
        return None
    other = others[0]
    whose = f"project {other.project}" if other.project else "no project of compose"
    where = f" of {other.folder}" if other.folder not in ("", folder) else ""
    elsewhere = "" if other.folder in ("", folder) else f" in {other.folder}"
    return (
        f"{other.name} and {len(others) - 1} others are there ({whose}{where}) and have the names and ports. "
        f"`make containers-down`{elsewhere} first."
    )


def awaited(rows: Sequence[Mapping[str, Any]], services: Iterable[str]) -> dict[str, str]:
    """Service → what it is instead of running well; rows as `docker compose ps --format json` tells them."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(str(row["Service"]), []).append(_state(row))
    told = {name: [state for state in found.get(name, ["not there"]) if state] for name in services}
    return {name: states[0] for name, states in told.items() if states}


def _state(row: Mapping[str, Any]) -> str:
    """Empty when it is well."""
    if row["Service"] == SET_UP:
        ended = row["State"] == "exited"
        return ("" if row["ExitCode"] == 0 else f"ended with {row['ExitCode']}") if ended else str(row["State"])
    if row["State"] != "running":
        return str(row["State"])
    return "" if row.get("Health", "") in ("", "healthy") else str(row["Health"])


def box(wanted: Wanted, *, mode: str, origins: Sequence[str], compose: str) -> str:
    """The address, and how the first person gets in."""
    https = mode == "prod"
    address = f"{origins[0]}/" if https and origins else "http://localhost:8004/"
    lines = [
        f"Claire de Binaire  {address}",
        f"first login        {compose} exec cdb_dashboard python manage.py create_admin",
        "                   (asks for a password; there is no default one)",
        "market             " + ("SIMULATED" if wanted.sim else "MEXC, real feed") + "; trading PAPER",
        "Grafana            http://127.0.0.1:3000/  user admin, password in secrets/grafana_password",
        f"what runs          {compose} ps",
        "stop               make containers-down   (all data stays)",
    ]
    if https and not wanted.tls:
        lines.append("https              your own proxy in front of 127.0.0.1:8004; or TLS=1 starts one")
    width = max(map(len, lines))
    edge = "─" * (width + 2)
    return "\n".join([f"┌{edge}┐", *(f"│ {line:<{width}} │" for line in lines), f"└{edge}┘"])
