"""Every setting there is: its name, type, default, bounds and one line of help.

The field list of `Environment` is the configuration reference: `.env.example` and `docs/configuration.md` are generated
from it (`manage.py print_env`). What is set is read and checked in `cdb_site.env`.

Fractions are fractions: `SIGNAL_THRESHOLD_PCT=0.01` means 1 %.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from cdb_site.intervals import MINUTES
from cdb_site.limit_table import BY_NAME, PLACES
from cdb_site.services import service

SEEDS = "Limits (seed)"
CONTAINERS = "Containers"
# Names under which the dashboard can be asked for from its own machine only.
THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
# The variable that moves a service's port; PORTS moves any of them.
SCREENER_PORTS = {"ws": "WS_SCREENER_PORT", "rest": "REST_SCREENER_PORT"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What one variable may hold, and the line of help printed for it."""

    help: str
    section: str
    low: Decimal | None = None
    high: Decimal | None = None
    places: int | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    optional: bool = False
    check: Callable[[str], str | None] | None = None


def _time_zone_remedy(value: str) -> str | None:
    return None if value in zoneinfo.available_timezones() else "use an IANA name such as UTC or Europe/Berlin"


def _interval_remedy(value: str) -> str | None:
    return None if value in MINUTES else "use one of " + ", ".join(MINUTES)


def var(
    default: Any,
    help: str,
    section: str,
    *,
    low: str | int | None = None,
    high: str | int | None = None,
    choices: tuple[str, ...] = (),
    secret: bool = False,
    optional: bool = False,
    check: Callable[[str], str | None] | None = None,
) -> Any:
    """Declare one variable; `low` and `high` are inclusive bounds of a number; an `optional` secret may be empty."""
    rule = Rule(
        help=help,
        section=section,
        low=None if low is None else Decimal(low),
        high=None if high is None else Decimal(high),
        choices=choices,
        secret=secret,
        optional=optional,
        check=check,
    )
    return field(default=default, metadata={"rule": rule})


def seed(name: str) -> Any:
    """Declare the first value of one limit: all about it stands in the table of limits."""
    limit = BY_NAME[name]
    words = limit.words if limit.is_fraction else f"{limit.words}, {limit.unit_words}"
    rule = Rule(help=words, section=SEEDS, low=limit.low, high=limit.high, places=PLACES)
    return field(default=limit.default, metadata={"rule": rule})


@dataclass(frozen=True, kw_only=True)
class Environment:
    """All settings of one process, typed. Attribute names are the variables' names."""

    ENV: str = var(
        "dev",
        "demo: self-contained and simulated; dev: debug pages; prod: hardened, behind a TLS proxy; "
        "local: hardened, by http for this machine alone; containers take prod where it is not set",
        "Process",
        choices=("demo", "dev", "local", "prod"),
    )
    TZ: str = var("UTC", "time zone of pages and reports; the risk day stays UTC", "Process", check=_time_zone_remedy)
    SECRET_KEY: str = var("", "Django's signing key, at least 50 random characters", "Process", secret=True)
    ALLOWED_HOSTS: tuple[str, ...] = var(
        THIS_MACHINE, "host names the dashboard answers to, comma-separated; ENV=local takes no others", "Process"
    )
    TRUSTED_ORIGINS: tuple[str, ...] = var(
        (),
        "https origins allowed to post forms, comma-separated; ENV=prod needs the dashboard's address here, "
        "and its host in ALLOWED_HOSTS",
        "Process",
    )
    LOG_LEVEL: str = var(
        "INFO",
        "least severe level written to the log",
        "Process",
        choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
    )
    LOG_FORMAT: str = var("json", "json or plain lines", "Process", choices=("json", "plain"))
    DATA_DIR: Path = var(Path(".cdb"), "folder for the paper venue's journal and local servers", "Process")
    BIND_HOST: str = var("127.0.0.1", "address that /health, /metrics and the dashboard listen on", "Process")
    PORTS: str = var(
        "", "shifted ports, as service=port pairs separated by commas; empty: the standard ports", "Process"
    )
    WS_SCREENER_PORT: int = var(
        service("ws").port,
        "port of the WS screener; of its container the one on this machine; PORTS goes before it",
        "Process",
        low=1,
        high=65535,
    )
    REST_SCREENER_PORT: int = var(
        service("rest").port,
        "port of the REST screener; of its container the one on this machine; PORTS goes before it",
        "Process",
        low=1,
        high=65535,
    )
    INSTANCE: str = var("1", "distinguishes workers of one service: the stable consumer name", "Process")

    LOGIN_FAILURES_MAX: int = var(
        5, "failed logins of one name from one address before both wait; an address has five times as many", "Logins",
        low=1, high=100,
    )  # fmt: skip
    LOGIN_LOCK_MINUTES: int = var(15, "minutes that they wait then", "Logins", low=1, high=10080)
    SESSION_IDLE_MINUTES: int = var(
        720, "minutes without a page asked for after which a login ends", "Logins", low=1, high=44640
    )
    SESSION_MAX_HOURS: int = var(168, "hours after which a login ends in any case", "Logins", low=1, high=8760)
    TRUSTED_PROXIES: int = var(
        0,
        "proxies in front of the dashboard that append to X-Forwarded-For; 0: the header is ignored; ENV=prod needs 1",
        "Logins",
        low=0,
        high=9,
    )

    POSTGRES_HOST: str = var("", "PostgreSQL host; empty: make demo and make run start their own", "Servers")
    POSTGRES_PORT: int = var(5432, "PostgreSQL port", "Servers", low=1, high=65535)
    POSTGRES_DB: str = var("claire_de_binare", "database name", "Servers")
    POSTGRES_USER: str = var("cdb_app", "role of the services: no DDL; migrations run as the owner, admin", "Servers")
    POSTGRES_PASSWORD: str = var("", "password of POSTGRES_USER", "Servers", secret=True)
    REDIS_HOST: str = var("", "Redis or Valkey host; empty: make demo and make run start their own", "Servers")
    REDIS_PORT: int = var(6379, "Redis port", "Servers", low=1, high=65535)
    REDIS_DB: int = var(0, "Redis logical database", "Servers", low=0, high=15)
    REDIS_USER: str = var(
        "", "user of this service in Redis (docs/security.md); empty: Redis' default user, who may all", "Servers"
    )
    REDIS_PASSWORD: str = var("", "password of REDIS_USER", "Servers", secret=True)

    MEXC_REST_URL: str = var("https://api.mexc.com", "base address of the exchange's REST API", "Market")
    MEXC_WS_URL: str = var("wss://wbs-api.mexc.com/ws", "address of the exchange's WebSocket", "Market")
    MARKET: str = var(
        "MEXC", "MEXC: the real feed; SIMULATED: the local simulator, shown on every page", "Market",
        choices=("MEXC", "SIMULATED"),
    )  # fmt: skip
    QUOTE_ASSET: str = var("USDT", "asset in which positions are valued", "Market")
    INTERVAL: str = var("1m", "candle interval", "Market", check=_interval_remedy)
    UNIVERSE_SIZE: int = var(30, "instruments watched when no whitelist is set", "Market", low=1, high=2500)
    SYMBOL_WHITELIST: tuple[str, ...] = var((), "exact symbols to watch, comma-separated", "Market")
    UNIVERSE_MAX_SPREAD_BPS: Decimal = var(
        Decimal("100"), "widest spread of an instrument that is watched or ranked", "Market", low="0.1", high=10000
    )
    UNIVERSE_MIN_VOLUME: Decimal = var(
        Decimal("0"), "least 24 h quote volume of an instrument that is watched", "Market", low=0
    )
    UNIVERSE_EVERY_S: int = var(
        3600, "market seconds between two choices of the universe", "Market", low=60, high=604800
    )
    WS_SILENCE_S: Decimal = var(
        Decimal("10"), "wall seconds without data after which a socket is replaced", "Market", low="0.2", high=60
    )
    WS_LIFETIME_S: int = var(
        82800, "wall seconds after which a socket is renewed; the exchange cuts it after 24 h", "Market",
        low=2, high=86000,
    )  # fmt: skip
    BACKFILL_CANDLES: int = var(240, "candles fetched per symbol at start", "Market", low=2, high=5000)
    CANDLES_KEPT_DAYS: int = var(
        400, "days of market time after which candles are deleted, but imported ones; 0: never", "Market",
        low=0, high=36500,
    )  # fmt: skip

    TAPE_KEPT_DAYS: int = var(
        30, "days after which files of the quotes' tape are deleted; 0: never", "Market", low=0, high=36500
    )

    REPLAY_RUNS_KEPT_DAYS: int = var(
        90, "days after its end after which a run of the replay is deleted; 0: never", "Market", low=0, high=36500
    )
    REPLAY_RUNS_KEPT: int = var(
        100, "so many runs of the replay are kept, those that ended last; 0: all", "Market", low=0, high=100000
    )

    EXECUTION_MODE: str = var(
        "PAPER",
        "asked for; TEST: the exchange checks orders, paper fills them; LIVE: orders are real; paper is in force "
        "wherever a key is missing (docs/live_trading.md)",
        "Trading mode",
        choices=("PAPER", "TEST", "LIVE"),
    )
    VENUE: str = var(
        "PAPER", "MEXC: orders may go to the exchange; TEST and LIVE need it", "Trading mode", choices=("PAPER", "MEXC")
    )
    LIVE_TRADING: str = var(
        "no", "yes: orders may be real here; one of LIVE's keys, alone it does nothing", "Trading mode",
        choices=("yes", "no"),
    )  # fmt: skip
    MEXC_API_KEY: str = var(
        "", "access key of an account at MEXC, for execution alone; TEST and LIVE need it", "Trading mode",
        secret=True, optional=True,
    )  # fmt: skip
    MEXC_API_SECRET: str = var("", "the key's secret; set both or neither", "Trading mode", secret=True, optional=True)

    TELEGRAM_TOKEN: str = var(
        "",
        "token of the bot that takes commands; empty: none are taken",
        "Notifications",
        secret=True,
        optional=True,
    )
    TELEGRAM_API_URL: str = var("https://api.telegram.org", "base address of Telegram's Bot API", "Notifications")

    LOOKBACK_MINUTES: int = var(15, "momentum lookback; a multiple of INTERVAL", "Strategy", low=1, high=43200)
    SIGNAL_THRESHOLD_PCT: Decimal = var(
        Decimal("0.01"), "BUY when momentum crosses up through this fraction", "Strategy", low="0.0001", high=1
    )
    SIGNAL_EXIT_PCT: Decimal = var(
        Decimal("0"), "SELL when momentum crosses down through this fraction", "Strategy", low=-1, high=1
    )
    SIGNAL_MIN_VOLUME: Decimal = var(
        Decimal("100000"), "least quote volume over the lookback for a BUY", "Strategy", low=0
    )
    TOP_N: int = var(10, "a BUY must rank among this many strongest", "Strategy", low=1, high=2500)
    SIGNAL_TTL_S: int = var(90, "a BUY older than this (market time) expires", "Strategy", low=1, high=86400)
    CROSS_SECTION_GRACE_S: Decimal = var(
        Decimal("2"), "market seconds to wait for missing candles after the close", "Strategy", low=0, high=600
    )

    MAX_DAILY_DRAWDOWN_PCT: Decimal = seed("max_daily_drawdown_pct")
    MAX_DRAWDOWN_PCT: Decimal = seed("max_drawdown_pct")
    MAX_SLIPPAGE_PCT: Decimal = seed("max_slippage_pct")
    MAX_DATA_SILENCE_S: Decimal = seed("max_data_silence_s")
    MAX_JUMP_PCT: Decimal = seed("max_jump_pct")
    MAX_SPREAD_BPS: Decimal = seed("max_spread_bps")
    MAX_ORDERS_PER_MINUTE: Decimal = seed("max_orders_per_minute")
    MAX_REJECT_RATE_PCT: Decimal = seed("max_reject_rate_pct")
    MAX_CLOCK_SKEW_S: Decimal = seed("max_clock_skew_s")
    GOOD_DATA_S: Decimal = seed("good_data_s")
    MAX_EXPOSURE_PCT: Decimal = seed("max_exposure_pct")
    MAX_POSITION_PCT: Decimal = seed("max_position_pct")
    STOP_LOSS_PCT: Decimal = seed("stop_loss_pct")
    STOP_COOLDOWN_S: Decimal = seed("stop_cooldown_s")
    MAX_PRICE_AGE_S: Decimal = seed("max_price_age_s")

    REQUIRE_SECOND_APPROVER: str = var(
        "off",
        "on: loosening limits, releasing breakers and resuming need a second person",
        SEEDS,
        choices=("on", "off"),
    )

    API_TOKEN_HOURS: int = var(12, "hours after which a token of the API expires", "API", low=1, high=8760)
    API_REQUESTS_PER_MINUTE: int = var(
        600, "requests to the API that one user may make a minute, over all processes", "API", low=1, high=1000000
    )
    API_LOGINS_PER_MINUTE: int = var(
        10, "logins to the API from one network address a minute, over all processes", "API", low=1, high=100000
    )

    STARTING_CASH: Decimal = var(
        Decimal("100000"), "paper account's first deposit, in QUOTE_ASSET", "Paper venue", low="0.00000001"
    )
    PAPER_TAKER_FEE_PCT: Decimal = var(
        Decimal("0.0005"), "taker fee when the exchange names none", "Paper venue", low=0, high="0.1"
    )
    PAPER_REJECT_PCT: Decimal = var(
        Decimal("0"), "share of orders the paper venue rejects, drawn by their ids", "Paper venue", low=0, high=1
    )
    PAPER_LATENCY_MS: int = var(
        0,
        "time from an order to its fill, drawn by its id between half of this and half as much again",
        "Paper venue",
        low=0,
        high=10000,
    )
    PAPER_IMPACT_BPS: Decimal = var(
        Decimal("5"), "price impact of taking the whole visible depth", "Paper venue", low=0, high=1000
    )
    PAPER_DEPTH_SHARE: Decimal = var(
        Decimal("0.0005"), "visible depth as a share of 24 h quote volume", "Paper venue", low="0.000000001", high=1
    )

    SIM_SEED: int = var(1, "seed of the simulated market", "Simulator", low=0)
    SIM_RATE: Decimal = var(Decimal("10"), "market seconds per wall second", "Simulator", low="0.1", high=100000)
    SIM_DATA: str = var("", "folder of recorded candles (CSV) instead of the synthetic market", "Simulator")

    GRAFANA_PASSWORD: str = var(
        "", "Grafana's admin password at its first start, in containers; empty: one is made", "Monitoring",
        secret=True, optional=True,
    )  # fmt: skip

    TLS_HOST: str = var(
        "localhost",
        "host name of the TLS proxy's certificate; a public one is fetched for it, one of its own made for localhost",
        CONTAINERS,
    )
    TLS_ADDRESS: str = var(
        "127.0.0.1", "address of this machine that the TLS proxy listens on; 0.0.0.0: all", CONTAINERS
    )
    TLS_PORT: int = var(443, "port of this machine that the TLS proxy listens on", CONTAINERS, low=1, high=65535)
    CA_BUNDLE: str = var(
        "",
        "certificates that the image trusts, as one file; empty: make up takes those of this machine, where it has any",
        CONTAINERS,
    )

    CDB_CRASH_POINT: str = var("", "test hook: die at this point, as service:point:count", "Testing")

    @property
    def interval_s(self) -> int:
        return MINUTES[self.INTERVAL] * 60

    @property
    def lookback_s(self) -> int:
        return self.LOOKBACK_MINUTES * 60

    @property
    def ports(self) -> dict[str, int]:
        """Ports that differ from the standard ones, by service name."""
        own = {name: getattr(self, variable) for name, variable in SCREENER_PORTS.items()}
        pairs = [pair.partition("=") for pair in self.PORTS.split(",") if pair.strip()]
        return {name: port for name, port in own.items() if port != service(name).port} | {
            name.strip(): int(port) for name, _, port in pairs
        }


def rows() -> list[tuple[str, str, Rule]]:
    """(name, default as text, rule) of every variable, in order: for the reference pages."""
    table = []
    for item in fields(Environment):
        default = "" if item.default is MISSING else item.default
        text = ",".join(default) if isinstance(default, tuple) else str(default)
        table.append((item.name, text, item.metadata["rule"]))
    return table


NAMES = tuple(item.name for item in fields(Environment))
# A value may also be given as a file that holds it.
KNOWN = frozenset(given for name in NAMES for given in (name, f"{name}_FILE"))
