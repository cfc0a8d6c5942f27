"""The rows behind the bus: PostgreSQL is the truth, a message is only a doorbell.

event            what happened, append-only until it is retired (`cdb_site/retention.py`)
outbox           what a transaction said; a row's presence means "still to send"
consumption      (group, event) done, for effects without a natural key
delivery_attempt how often an entry was tried alone; committed before each try, so that a killer is counted
dead_letter      what was given up: OPEN, RETRIED, or PARKED (written by a newer version)
books_market     one row: the market that everything in this database is of (`cdb_site/bus/books.py`)
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Value
from django.db.models.functions import Now


def numbered(sequence: str) -> models.BigIntegerField[int, int]:
    """The order in which rows were stored. Times cannot tell it: all rows of a transaction have the same."""
    return models.BigIntegerField(db_default=Func(Value(sequence), function="NEXTVAL"), editable=False)


class Event(models.Model):
    append_only: ClassVar[bool] = True

    event_id = models.UUIDField(primary_key=True)
    topic = models.TextField()
    schema_version = models.TextField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    sequence = numbered("event_sequence")
    producer = models.TextField()
    correlation_id = models.UUIDField(db_index=True)
    causation_id = models.UUIDField(null=True)
    payload = models.JSONField()

    class Meta:
        db_table = "event"
        indexes = [models.Index(fields=["recorded_at"], name="event_recorded")]

    def __str__(self) -> str:
        return f"{self.topic} {self.event_id}"


class Outbox(models.Model):
    unit_id = models.UUIDField(primary_key=True)
    event_ids = ArrayField(models.UUIDField(), help_text="what one transaction said, in its order")
    created_at = models.DateTimeField(db_default=Now())
    sequence = numbered("outbox_sequence")

    class Meta:
        db_table = "outbox"
        verbose_name_plural = "outbox"

    def __str__(self) -> str:
        return f"{len(self.event_ids)} events"


class Consumption(models.Model):
    group = models.TextField()
    event_id = models.UUIDField()
    consumed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "consumption"
        constraints = [models.UniqueConstraint(fields=["group", "event_id"], name="consumption_once")]

    def __str__(self) -> str:
        return f"{self.group} {self.event_id}"


class DeliveryAttempt(models.Model):
    topic = models.TextField()
    group = models.TextField()
    entry_id = models.TextField()
    attempts = models.PositiveIntegerField()
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "delivery_attempt"
        constraints = [models.UniqueConstraint(fields=["topic", "group", "entry_id"], name="delivery_attempt_entry")]

    def __str__(self) -> str:
        return f"{self.topic} {self.entry_id} x{self.attempts}"


class DeadLetter(models.Model):
    class State(models.TextChoices):
        OPEN = "OPEN"
        RETRIED = "RETRIED"
        PARKED = "PARKED"

    topic = models.TextField()
    group = models.TextField()
    entry_id = models.TextField()
    body = models.TextField(help_text="the message as it came, undecodable bytes escaped")
    error = models.TextField()
    attempts = models.PositiveIntegerField(default=1)
    state = models.TextField(choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(db_default=Now())
    retried_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "dead_letter"
        indexes = [
            models.Index(fields=["state"], condition=~models.Q(state="RETRIED"), name="dead_letter_waiting"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["topic", "group", "entry_id"], name="dead_letter_entry"),
            models.CheckConstraint(
                condition=models.Q(state__in=["OPEN", "RETRIED", "PARKED"]), name="dead_letter_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.entry_id}: {self.error}"


class BooksMarket(models.Model):
    append_only: ClassVar[bool] = True

    single = models.BooleanField(primary_key=True, default=True, editable=False)
    market = models.TextField()
    since = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "books_market"
        constraints = [models.CheckConstraint(condition=models.Q(single=True), name="books_of_one_market")]

    def __str__(self) -> str:
        return self.market
