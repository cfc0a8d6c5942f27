"""The acts that a chat may ask for: those two that only tighten, through the one door of all acts, as the chat's user.

What loosens is not in this table and so cannot be reached, whatever is written: resuming, releasing, allowing a symbol
again, other limits, approving. The wish's key comes of chat and update, so an update that comes twice acts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from cdb_site.clock import Clock
from notifications.telegram.letters import Letter
from risk.acts import door
from risk.acts.door import ActWish, KeyUsed
from risk.acts.parameters import BadParameters
from risk.acts.table import ACTS
from risk.models import OperatorAct

# Command → act.
TIGHTENING = {"halt": "halt", "pause": "pause_symbol"}
OLD_AFTER = timedelta(minutes=1)


def act(letter: Letter, user: User, clock: Clock) -> str:
    """Do what the letter asks for, and say how it ended; a letter that came before is answered as it was."""
    row = ACTS[TIGHTENING[letter.command]]
    done = OperatorAct.objects.filter(key=letter.key, by=user.get_username()).first()
    if done is not None and done.state != OperatorAct.State.UNDER_WAY:
        return door.sentence(done)
    if not user.has_perm(row.permission):
        return _("This is not yours to do: it needs the role %(role)s.") % {"role": "operator"}
    age_s = clock.wall_s() - letter.sent_s
    if done is None and age_s > OLD_AFTER.total_seconds():
        told = {"age": round(age_s)}
        return _("Not done: the command is %(age)s s old, and after a minute none is acted on. Send it again.") % told
    return _performed(letter, user, row.name)


def _performed(letter: Letter, user: User, name: str) -> str:
    typed, reason = _asked(letter.command, letter.rest)
    wish = ActWish(name=name, key=letter.key, by=user.get_username(), reason=reason, typed=typed)
    try:
        return door.sentence(door.perform(wish))
    except BadParameters as problem:
        fields = "; ".join(f"{field}: {words}" for field, words in problem.problems.items())
        return _("Not done. %(fields)s") % {"fields": fields}
    except KeyUsed:
        return _("This key belongs to another wish; nothing was done.")


def _asked(command: str, rest: Sequence[str]) -> tuple[dict[str, Any], str]:
    """(parameters, reason): /halt why…, /pause SYMBOL [2h] why…"""
    if command == "halt":
        return {}, _reason(rest)
    symbol, more = rest[0] if rest else "", list(rest[1:])
    lasting = more.pop(0) if more and more[0][:1].isdigit() else ""
    return {"symbol": symbol, "lasting": lasting}, _reason(more)


def _reason(words: Sequence[str]) -> str:
    return f"Telegram: {' '.join(words)}" if words else "Telegram"
