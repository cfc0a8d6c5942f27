"""What somebody wrote to the bot, read from an update; anything else than a text of a private chat is None."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

TEXT_MOST = 500


@dataclass(frozen=True, kw_only=True)
class Letter:
    """`sent_s`: epoch seconds, by Telegram's clock. `language`: of the writer's app."""

    update_id: int
    chat_id: int
    sent_s: float
    text: str
    language: str = ""

    @property
    def key(self) -> UUID:
        """The same update is the same wish, however often it comes."""
        return uuid5(NAMESPACE_URL, f"telegram:{self.chat_id}:{self.update_id}")

    @property
    def words(self) -> list[str]:
        return self.text.split()

    @property
    def command(self) -> str:
        """The first word without its slash and the bot's name; empty when it is no command."""
        first = self.words[0] if self.words else ""
        return first[1:].partition("@")[0].lower() if first.startswith("/") else ""

    @property
    def rest(self) -> list[str]:
        return self.words[1:]


def letter_of(update: dict[str, Any]) -> Letter | None:
    """In a group everybody would ask as the chat's user, so only who writes alone to the bot is heard."""
    message = update.get("message")
    if not isinstance(message, dict) or not isinstance(update.get("update_id"), int):
        return None
    chat, sender = message.get("chat"), message.get("from")
    if not isinstance(chat, dict) or not isinstance(sender, dict) or chat.get("type") != "private":
        return None
    number, text, sent_s = chat.get("id"), message.get("text"), message.get("date")
    if not isinstance(number, int) or number != sender.get("id") or not isinstance(text, str):
        return None
    if isinstance(sent_s, bool) or not isinstance(sent_s, (int, float)):
        return None
    return Letter(
        update_id=update["update_id"],
        chat_id=number,
        sent_s=float(sent_s),
        text=text[:TEXT_MOST].replace("\0", ""),
        language=str(sender.get("language_code") or ""),
    )
