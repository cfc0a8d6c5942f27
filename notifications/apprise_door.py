"""The one way out: a message to an address in the form of the library Apprise, which knows some 150 services.

Apprise is imported with the first message: it takes half a second and 25 MB, its list of services another second and as
much again, and where no channel is set up nobody needs it. What it has to say of a failure it writes to its log; that
is heard here, thread by thread, and never reaches ours: an address is a secret, and so is every part of it.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

from django.utils.translation import gettext as _

HANGS_AFTER_S = 20.0
HANGING_MOST = 3
ERROR_MOST = 300
PART_LEAST = 4
HIDDEN = "********"
SILENCED = ("apprise", "urllib3", "requests", "requests_oauthlib")
SAYS_NOTHING = frozenset({"http", "https", "localhost", "true", "false", "mode", "insecure", "from", "name", "post"})


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a message ended. `error` is empty when it was taken, and never holds a part of the address."""

    error: str = ""
    too_many: bool = False

    @property
    def sent(self) -> bool:
        return not self.error


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is sent; `level` colours it where a service has colours."""

    title: str
    body: str
    level: str = "INFO"


class _Overheard(logging.Handler):
    """What Apprise says in each thread that listens."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: dict[int, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        lines = self.lines.get(threading.get_ident())
        if lines is not None:
            lines.append(record.getMessage())

    @contextmanager
    def listening(self) -> Iterator[list[str]]:
        lines: list[str] = []
        self.lines[threading.get_ident()] = lines
        try:
            yield lines
        finally:
            del self.lines[threading.get_ident()]


OVERHEARD = _Overheard()


@cache
def _library() -> Any:
    """Apprise, silenced, and what it calls: at the level DEBUG they would write whole addresses into the log."""
    import apprise

    for name in SILENCED:
        logging.getLogger(name).propagate = False
        # Without a handler it would write to stderr by logging.lastResort, past what redacts ours.
        logging.getLogger(name).addHandler(logging.NullHandler())
    logging.getLogger("apprise").addHandler(OVERHEARD)
    return apprise


def service_of(url: str) -> str:
    """The first word of an address: what may be shown of it."""
    return url.partition("://")[0].strip().lower()[:30]


def problem_with(url: str) -> str | None:
    """Why an address cannot be used, with what to do; None when it can."""
    form = _("write it as the services' table in docs/notifications.md does, such as mailto://… or tgram://…")
    service, separator, rest = url.strip().partition("://")
    if not separator or not rest or not re.fullmatch(r"[a-z0-9+.-]{2,30}", service.lower()):
        return _("this is no address: %(form)s") % {"form": form}
    library = _library()
    with OVERHEARD.listening() as lines:
        made = library.Apprise.instantiate(url.strip())
    if made is not None:
        return None
    if service.lower() not in library.plugins.N_MGR.schemas():
        return _("%(service)s is no service that is known: %(form)s") % {"service": service, "form": form}
    told = without_secrets(" ".join(lines), url)
    return _("a part is missing or unusable for %(service)s: %(form)s. %(told)s") % {
        "service": service, "form": form, "told": told,
    }  # fmt: skip


def send(url: str, words: Words, who: int) -> Outcome:
    """Send now, and wait for the answer HANGS_AFTER_S at most; an endless one is left to a thread of its own.

    `who` names the channel: of one that never answers HANGING_MOST threads wait, and no more are begun.
    """
    if _hanging[who] >= HANGING_MOST:
        return Outcome(error=_("%(count)s earlier messages still wait for an answer") % {"count": HANGING_MOST})
    found: list[Outcome] = []
    thread = threading.Thread(target=_in_thread, args=(url, words, who, found), name=f"send {who}", daemon=True)
    with _lock:
        _hanging[who] += 1
    thread.start()
    thread.join(HANGS_AFTER_S)
    return found[0] if found else Outcome(error=_("no answer within %(seconds)s s") % {"seconds": round(HANGS_AFTER_S)})


_lock = threading.Lock()
_hanging: Counter[int] = Counter()


def _in_thread(url: str, words: Words, who: int, found: list[Outcome]) -> None:
    try:
        found.append(_sent(url, words))
    except Exception as problem:  # whatever a service's module may raise is a failure of that message alone
        found.append(Outcome(error=without_secrets(f"{type(problem).__name__}: {problem}", url)))
    finally:
        with _lock:
            _hanging[who] -= 1


def _sent(url: str, words: Words) -> Outcome:
    library = _library()
    asset = library.AppriseAsset(
        app_id="Claire de Binaire", app_desc="Claire de Binaire", app_url="", image_url_mask="", image_url_logo=""
    )
    kind = {"CRITICAL": library.NotifyType.FAILURE, "WARNING": library.NotifyType.WARNING}
    with OVERHEARD.listening() as lines:
        service = library.Apprise.instantiate(url, asset=asset)
        taken = service is not None and service.notify(
            body=words.body,
            title=words.title,
            notify_type=kind.get(words.level, library.NotifyType.INFO),
            body_format=library.NotifyFormat.TEXT,
        )
    if taken:
        return Outcome()
    said = without_secrets(" ".join(lines), url) or "the service did not take it and gave no reason"
    return Outcome(error=said, too_many=bool(re.search(r"\b429\b|too many requests", said, re.IGNORECASE)))


def without_secrets(text: str, url: str) -> str:
    """The text without any part of the address but its service and plain words, shortened."""
    service, _separator, rest = url.partition("://")
    parts = {part for form in (rest, unquote(rest)) for part in (form, *re.split(r"[/:@?&=,\s]+", form))}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= PART_LEAST and part.lower() not in SAYS_NOTHING | {service.lower()}:
            text = text.replace(part, HIDDEN)
    return text[:ERROR_MOST]
