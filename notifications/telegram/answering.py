"""Who is answered, in which language, and by what: reading, one of the two acts, or the list of commands.

A chat that no admin has allowed, or whose user may not log in any more, gets no answer and is counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import override
from prometheus_client import Counter

from cdb_site.clock import Clock
from notifications.models import TelegramChat
from notifications.telegram import acting, readings
from notifications.telegram.letters import Letter

log = logging.getLogger(__name__)
HEARD = Counter("cdb_telegram_commands_total", "Commands by Telegram, by what became of them", ["outcome"])
LOGGED_MOST = 100
_logged: set[int] = set()
READINGS: dict[str, Callable[[Sequence[str], Clock], str]] = {
    "status": readings.status,
    "profit": readings.profit,
    "positions": readings.positions,
    "performance": readings.performance,
    "why": readings.why,
}


def answer(letter: Letter, clock: Clock) -> str | None:
    """The answer to a letter; None: it gets none."""
    chat = TelegramChat.objects.select_related("user").filter(chat_id=letter.chat_id, enabled=True).first()
    if chat is None or not chat.user.is_active:
        HEARD.labels("unknown_chat").inc()
        _log_once(letter.chat_id)
        return None
    with override(language_of(chat.user, letter)):
        return _answered(letter, chat.user, clock)


def _log_once(chat_id: int) -> None:
    """Whoever sets a chat up finds its number in the log; whoever floods the bot does not flood the log."""
    if chat_id not in _logged and len(_logged) < LOGGED_MOST:
        _logged.add(chat_id)
        log.warning("a chat that is not allowed wrote to the bot: %d", chat_id)


def _answered(letter: Letter, user: User, clock: Clock) -> str:
    command = letter.command
    try:
        if command in acting.TIGHTENING:
            HEARD.labels("act").inc()
            return acting.act(letter, user, clock)
        if command in READINGS:
            HEARD.labels("reading").inc()
            return READINGS[command](letter.rest, clock)
    except LookupError as problem:
        return str(problem)
    HEARD.labels("unknown_command").inc()
    return usage()


def usage() -> str:
    return "\n".join(
        [
            _("/status: trading, equity, limits, alerts"),
            _("/positions: what is held"),
            _("/profit: results of today, 7 and 30 days"),
            _("/performance: 30 days against the universe"),
            _("/why ID: the story of a signal, decision, order or alert"),
            _("/pause SYMBOL [2h]: buy nothing of it"),
            _("/halt [reason]: no entries until somebody resumes"),
            _("Resuming is done on the dashboard alone."),
        ]
    )


def language_of(user: User, letter: Letter) -> str:
    """The one the person has chosen on the dashboard, else that of their Telegram."""
    chosen = getattr(getattr(user, "preference", None), "language", "") or letter.language
    return "de" if chosen.lower().startswith("de") else "en"
