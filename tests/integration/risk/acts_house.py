"""Who acts in the tests of acts, what they ask for, and what makes each act possible."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

import execution.queries
from cdb_site.alerts import operations as alerts
from execution import live_trading
from marketdata.models import Pause
from risk.acts import door
from risk.acts.door import ActWish
from risk.models import LimitVersion, OperatorAct, Proposal
from risk.roles import give_role
from risk.rules.limits import NAMES
from tests.builders import PAPER, plant_order
from tests.integration.house.rows import breaker
from tests.integration.risk.house import House, holding

JSON = {"Accept": "application/json"}


def person(role: str, name: str = "") -> Client:
    user = User.objects.create_user(name or f"{role}-anna", password="not used here")
    give_role(user, role)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    return client


def proposal(by: str = "ben") -> Proposal:
    return Proposal.objects.create(
        account=PAPER,
        kind="RESUME",
        summary="resume trading",
        reason="calm",
        proposed_by=by,
        expires_at=door.SYSTEM.wall_now().replace(year=2099),
    )


def prepared(name: str, house: House) -> dict[str, Any]:
    """What makes the act possible, and its parameters."""
    match name:
        case "close_position":
            holding(house)
            return {"symbol": "AAAUSDT"}
        case "close_all":
            holding(house)
        case "release_breaker":
            return {"breaker": breaker(account=PAPER).pk}
        case "cancel_order":
            return {"order_id": plant_order().order_id}
        case "acknowledge":
            return {
                "alert_id": alerts.raise_alert(
                    "SERVICE_DOWN", source="tests", key="x", params={"service": "risk", "age_s": "9"}
                ).alert_id
            }
        case "pause_symbol":
            return {"symbol": "AAAUSDT", "lasting": "2h"}
        case "unpause_symbol":
            Pause.objects.create(
                instrument_id="AAAUSDT", reason="odd", paused_at=door.SYSTEM.wall_now(), paused_by="ben"
            )
            return {"symbol": "AAAUSDT"}
        case "propose_limits":
            version = LimitVersion.objects.first()
            assert version
            return {limit: getattr(version, limit) for limit in NAMES} | {
                "based_on": version.pk,
                "max_exposure_pct": "0,4",
            }
        case "approve" | "reject":
            return {"proposal": proposal().pk}
        case "reset_account":
            halt("ben")
            return {"cash": "5000"}
        case "deposit" | "withdraw":
            return {"amount": "250.5"}
        case "ask_live_trading":
            version = LimitVersion.objects.first()
            assert version
            return {"limits_version": version.pk}
        case "withdraw_live_trading":
            version = LimitVersion.objects.first()
            assert version
            live_trading.ask(PAPER, limits_version=version.pk, by="ben", reason="good month")
        case "disturb_service":
            return {"service": "signal", "how": "stop", "seconds": "20"}
    return {}


def halt(by: str = "anna", **typed: str) -> OperatorAct:
    return door.perform(ActWish(name="halt", key=uuid4(), by=by, reason="storm", typed=typed))


def ask(client: Client, name: str, *, key: UUID | None = None, reason: str = "because", **typed: Any) -> Any:
    form = {"key": str(key or uuid4()), "reason": reason, **{field: str(value) for field, value in typed.items()}}
    return client.post(f"/acts/{name}/", form, headers=JSON)


def state() -> str:
    return execution.queries.trading_state(PAPER)


def world() -> dict[str, str]:
    """A fingerprint of every row of every table but the sessions: equal only if nothing at all was changed."""
    with connection.cursor() as cursor:
        prints = {}
        for table in set(connection.introspection.table_names(cursor)) - {"django_session"}:
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{table}\" AS t")
            prints[table] = str(cursor.fetchone()[0])
    return prints


def age(row: OperatorAct, seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE operator_act SET asked_at = clock_timestamp() - make_interval(secs => %s) WHERE key = %s",
            (seconds, row.key),
        )
