"""What people did, one row an act: stored before it is done, so that a crash leaves no riddle."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from cdb_site.history.tracking import tracked


@tracked("OperatorActHistory")
class OperatorAct(models.Model):
    """An act of a person: UNDER_WAY when it is stored, then DONE or REFUSED, with the answer in words.

    The key comes with the wish: the same key asks for the same act, however often it arrives.
    """

    class State(models.TextChoices):
        UNDER_WAY = "UNDER_WAY"
        DONE = "DONE"
        REFUSED = "REFUSED"

    key = models.UUIDField(primary_key=True)
    account = models.TextField()
    name = models.TextField()
    parameters = models.JSONField(default=dict)
    by = models.TextField()
    reason = models.TextField(blank=True)
    asked_at = models.DateTimeField(db_default=Now())
    state = models.TextField(choices=State.choices, default=State.UNDER_WAY, db_default=State.UNDER_WAY)
    answer = models.TextField(blank=True, db_default="", help_text="code of the sentence that answers")
    answer_params = models.JSONField(default=dict)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "operator_act"
        ordering = ["-asked_at"]
        permissions = [
            ("operate", "Can halt, resume, sell, release, approve"),
            ("administer", "Can begin the account anew and change what operators may not"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["UNDER_WAY", "DONE", "REFUSED"]), name="operator_act_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="UNDER_WAY", done_at=None, answer="")
                | ~Q(state="UNDER_WAY") & Q(done_at__isnull=False) & ~Q(answer=""),
                name="operator_act_ends_with_an_answer",
            ),
            models.CheckConstraint(condition=~Q(by=""), name="operator_act_says_who"),
        ]
        indexes = [
            models.Index(fields=["-asked_at"], name="operator_act_newest"),
            models.Index(fields=["asked_at"], condition=Q(state="UNDER_WAY"), name="operator_act_under_way"),
        ]

    def __str__(self) -> str:
        return f"{self.name} by {self.by}: {self.state}"
