"""News that no topic carries, told to every dashboard process as soon as it is committed.

    PEOPLE  somebody logged out, or their password, role or account was changed → the sockets are looked at now
    FACTS   the limits were changed → what is read every two seconds is read now

A nudge that is lost costs time and nothing else: both are looked at every two seconds without one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.utils import timezone
from knox.models import get_token_model

from cdb_site.bus.redis import UNREACHABLE, connect, connection
from cdb_site.bus.runtime import Runtime
from risk.models import LimitVersion

log = logging.getLogger(__name__)
PEOPLE, FACTS = "people", "facts"
WAIT_S = 1.0


def channel() -> str:
    """Redis keeps channels for all its databases together, so the name holds ours."""
    return f"cdb:nudges:{settings.ENVIRONMENT.REDIS_DB}"


def nudge(about: str) -> None:
    """Once what is being written is committed."""
    transaction.on_commit(lambda: _publish(about))


def _publish(about: str) -> None:
    try:
        connection().publish(channel(), about)
    except redis.exceptions.RedisError as problem:
        log.debug("a nudge about %s was not sent: %s", about, problem)


def listen() -> None:
    """From now on what is written in this process nudges."""
    user = get_user_model()
    post_delete.connect(_session_ended, sender=Session, dispatch_uid="nudge-session")
    post_delete.connect(_people, sender=get_token_model(), dispatch_uid="nudge-token")
    for sender in (user, Group):
        post_delete.connect(_people, sender=sender, dispatch_uid="nudge-people")
    post_save.connect(_person_saved, sender=user, dispatch_uid="nudge-person")
    for through in (user.groups.through, user.user_permissions.through, Group.permissions.through):
        m2m_changed.connect(_people, sender=through, dispatch_uid="nudge-rights")
    post_save.connect(_limits, sender=LimitVersion, dispatch_uid="nudge-limits")


def _session_ended(instance: Session, **_: Any) -> None:
    """One that had expired before is only tidied away, thousands at a time."""
    if instance.expire_date > timezone.now():
        nudge(PEOPLE)


def _person_saved(created: bool, update_fields: Any = None, **_: Any) -> None:
    if not created and set(update_fields or ("all",)) != {"last_login"}:
        nudge(PEOPLE)


def _people(**_: Any) -> None:
    nudge(PEOPLE)


def _limits(**_: Any) -> None:
    nudge(FACTS)


class NudgeListener:
    """A dashboard process's ear: `answers` by what a nudge is about."""

    def __init__(self, runtime: Runtime, answers: Mapping[str, Callable[[], None]]) -> None:
        self.runtime, self.answers = runtime, answers

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            try:
                self._hear()
            except UNREACHABLE as problem:
                log.debug("nudges wait for Redis: %s", problem)
                self.runtime.progress.turned("nudges")
                self.runtime.pause(WAIT_S)

    def _hear(self) -> None:
        with connect().pubsub(ignore_subscribe_messages=True) as subscription:
            subscription.subscribe(channel())
            # What was said while nobody listened is looked at now.
            for answer in self.answers.values():
                answer()
            while not self.runtime.stopping.is_set():
                said: Any = subscription.get_message(timeout=WAIT_S)
                self.runtime.progress.turned("nudges")
                answer_to = self.answers.get(said["data"].decode()) if said else None
                if answer_to:
                    answer_to()
