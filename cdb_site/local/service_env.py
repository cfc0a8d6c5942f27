"""The environment each service is started with: explicit, so that nothing of the starter's shell leaks in.

From weak to strong: generated values, what the user set (only names that are settings of ours), the servers of
this folder, and what the mode stands for: the demo always runs on the simulated exchange.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from cdb_site import env
from cdb_site.local import venue
from cdb_site.local.folders import Folder
from cdb_site.local.processes import MARK
from cdb_site.local.servers import Servers


def base_env(mode: str, folder: Folder, servers: Servers, given: Mapping[str, str]) -> dict[str, str]:
    """What is the same for services and for the set-up of one folder."""
    values = {
        "ENV": "demo" if mode == "demo" else "dev",
        "LOG_FORMAT": "plain" if mode == "demo" else "json",
        "SECRET_KEY": servers.credentials.secret_key,
    }
    for name, value in given.items():
        if name.removesuffix("_FILE") in venue.KEYS:
            continue
        values[name] = value
        if name.endswith("_FILE"):
            values.pop(name.removesuffix("_FILE"), None)
    values |= servers.env
    if mode == "demo":
        values["ENV"] = "demo"
    values |= {"DATA_DIR": str(folder.path), MARK: str(folder.path), "DJANGO_SETTINGS_MODULE": "cdb_site.settings"}
    # A process that is ended by a fault of native code says where it was.
    values |= {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
    # Nobody multiplies matrices: the numeric library's threads would only take memory, and hinder a fork.
    values |= {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    if os.geteuid() == 0:
        # Root is the user's choice (a container, a throwaway machine); seven copies of Celery's warning hide the log.
        values |= {"C_FORCE_ROOT": "true", "PYTHONWARNINGS": "ignore:You're running the worker with superuser"}
    return env.ambient() | values


def market_env(mode: str, ports: Mapping[str, int], given: Mapping[str, str]) -> dict[str, str]:
    """Which exchange the services talk to, in which mode, and on which ports they listen."""
    values = {"PORTS": ",".join(f"{name}={port}" for name, port in ports.items())}
    if mode == "demo" and "mexc_sim" in ports:
        address = f"127.0.0.1:{ports['mexc_sim']}"
        values |= {"MARKET": "SIMULATED", "MEXC_REST_URL": f"http://{address}", "MEXC_WS_URL": f"ws://{address}/ws"}
        values |= venue.mode_env(given)
    elif mode != "demo":
        values["MARKET"] = "MEXC"
    return values
