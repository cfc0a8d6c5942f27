"""The rows of the tape: one for each of its files, by which a missing or altered one is found, and one for each hole.

A file's digest stands for every byte of it and of all files before it in its worker's chain (`risk/tape/chain.py`). The
row stays when the file is dropped: the chain can still be followed. Places are ids of the quotes' stream.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class TapeFile(models.Model):
    """One hour of quotes, or the part of it since a start, as one worker has written it."""

    worker = models.TextField(help_text="the worker's INSTANCE")
    number = models.PositiveBigIntegerField(help_text="its place in the worker's chain, from 1")
    name = models.TextField(help_text="below the folder of the tape")
    before = models.TextField(help_text="digest of the file before, as it stands in this one's first line")
    digest = models.TextField(help_text="digest of the newest block")
    bytes = models.PositiveBigIntegerField(help_text="as long it is at least; what is behind may be torn")
    blocks = models.PositiveIntegerField(default=0, db_default=0)
    quotes = models.PositiveBigIntegerField(default=0, db_default=0)
    first_place = models.TextField(default="", db_default="", help_text="the first entry in it; empty: there is none")
    last_place = models.TextField(help_text="the newest entry on the tape when it was written")
    begun_at = models.DateTimeField(help_text="wall time")
    written_at = models.DateTimeField(help_text="wall time")
    dropped_at = models.DateTimeField(null=True, help_text="wall time; the file is deleted, its time was over")

    class Meta:
        db_table = "tape_file"
        ordering = ("worker", "number")
        constraints = (
            models.UniqueConstraint(name="tape_file_once", fields=("worker", "number")),
            models.CheckConstraint(
                name="tape_file_digests_are_hex",
                condition=Q(before__regex="^[0-9a-f]{64}$", digest__regex="^[0-9a-f]{64}$"),
            ),
            models.CheckConstraint(name="tape_file_written_after_begun", condition=Q(written_at__gte=F("begun_at"))),
            models.CheckConstraint(name="tape_file_number_from_one", condition=Q(number__gte=1)),
        )

    def __str__(self) -> str:
        return self.name


class TapeHole(models.Model):
    """Entries between these two may be missing on one worker's tape."""

    class Reason(models.TextChoices):
        RESTART = "RESTART", "RESTART: nobody wrote for longer than the stream keeps quotes"
        BEHIND = "BEHIND", "BEHIND: writing took longer than the stream keeps quotes"
        DISK = "DISK", "DISK: the files could not be written"

    worker = models.TextField()
    reason = models.TextField(choices=Reason.choices)
    after_place = models.TextField(help_text="the last entry before it")
    until_place = models.TextField(help_text="the first entry behind it")
    from_at = models.DateTimeField(help_text="wall time")
    until_at = models.DateTimeField(help_text="wall time")
    told = models.TextField(default="", blank=True, db_default="", help_text="what kept the files from being written")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "tape_hole"
        ordering = ("from_at",)
        constraints = (
            models.UniqueConstraint(name="tape_hole_once", fields=("worker", "after_place")),
            models.CheckConstraint(
                name="tape_hole_reason_known", condition=Q(reason__in=("RESTART", "BEHIND", "DISK"))
            ),
            models.CheckConstraint(name="tape_hole_ends_after_it_began", condition=Q(until_at__gte=F("from_at"))),
        )

    def __str__(self) -> str:
        return f"{self.from_at:%Y-%m-%d %H:%M:%S} {self.reason}"
