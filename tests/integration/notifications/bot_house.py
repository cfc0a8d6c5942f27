"""A Bot API of one's own, people who write to it, and the listener that answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from cdb_site.bus.runtime import Runtime
from cdb_site.services import service
from notifications.models import TelegramChat
from notifications.telegram.poller import TelegramCommands
from risk.roles import give_role, keep_groups
from tests.integration.notifications.catchers import Answer, Caught, WebCatcher
from tests.integration.notifications.post_house import MovedClock

TOKEN = "123456789:canary-token-qrstuvwxyzABCDEFGHI"


@dataclass
class BotHouse:
    """`updates` are what people wrote; they are given until they are confirmed, as Telegram does."""

    web: WebCatcher
    clock: MovedClock = field(default_factory=MovedClock)
    updates: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[Answer] = field(default_factory=list)
    said: list[tuple[int, str]] = field(default_factory=list)
    number: int = 100

    def __post_init__(self) -> None:
        self.web.reply = self._reply
        self.bot = self.another_bot()

    def another_bot(self, token: str = TOKEN) -> TelegramCommands:
        environment = replace(
            settings.ENVIRONMENT, TELEGRAM_TOKEN=token, TELEGRAM_API_URL=f"http://127.0.0.1:{self.web.port}"
        )
        return TelegramCommands(
            Runtime(service=service("signal_gen"), environment=environment, instance="1", clock=self.clock)
        )

    def write(self, text: str, *, chat: int = 42, age_s: float = 0.0, **changes: Any) -> dict[str, Any]:
        self.number += 1
        message = {
            "message_id": self.number,
            "from": {"id": chat, "language_code": "en"},
            "chat": {"id": chat, "type": "private"},
            "date": int(self.clock.wall_s() - age_s),
            "text": text,
        }
        self.updates.append({"update_id": self.number, "message": message | changes})
        return self.updates[-1]

    def ask(self, text: str, **changes: Any) -> list[str]:
        """Write, let the bot work, and read what it says."""
        before = len(self.said)
        self.write(text, **changes)
        self.bot.turn()
        return [words for _, words in self.said[before:]]

    def _reply(self, caught: Caught) -> Answer:
        assert caught.path.startswith(f"/bot{TOKEN}/"), caught.path
        if self.refusals:
            return self.refusals.pop(0)
        if caught.path.endswith("/getUpdates"):
            offset = caught.body.get("offset", 0)
            self.updates = [item for item in self.updates if item.get("update_id", 0) >= offset]
            return _fine(self.updates)
        self.said.append((caught.body["chat_id"], caught.body["text"]))
        return _fine({})


def _fine(result: Any) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps({"ok": True, "result": result}).encode()


def refused(status: int, **more: Any) -> Answer:
    body = {"ok": False, "error_code": status, "description": f"no, {TOKEN}"} | more
    return status, {}, json.dumps(body).encode()


def user(role: str, *, chat: int = 42, **changes: Any) -> User:
    keep_groups()
    made = User.objects.create_user(f"{role}-anna-{chat}", password="not used here")
    give_role(made, role)
    TelegramChat.objects.create(**{"chat_id": chat, "user": made, "changed_by": "ben"} | changes)
    return made
