"""Where notifications go, what was sent there, and who may ask by Telegram.

A delivery is one alert (or one day's report) for one channel: there is never a second one. The row is the queue:

    WAITING → SENDING → SENT
       ↑         ↓
       └─────────┴→ GIVEN_UP

Whoever sends leases the row first (SENDING, `lease_until`), sends, and records. A lease that ends without a record
means that the sender died in between: the row waits again, so the other side may hear it twice, once for each death.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cdb_site.alerts.models import Alert
from cdb_site.history.tracking import tracked

PER_MINUTE, PER_MINUTE_MOST = 10, 60


@tracked("ChannelHistory", exclude=["url"])
class AlertChannel(models.Model):
    """A place that hears of alerts. `url` is a secret: it is written and never shown, and the history leaves it out."""

    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        GERMAN = "de", "Deutsch"

    name = models.CharField(max_length=60, unique=True)
    url = models.TextField(help_text="address in the form of Apprise; it is never shown again")
    service = models.CharField(max_length=30, help_text="the first word of the address")
    url_set_at = models.DateTimeField(db_default=Now())
    enabled = models.BooleanField(default=True)
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    least_level = models.CharField(max_length=8, choices=Alert.Level, default=Alert.Level.WARNING)
    kinds = models.JSONField(default=list, blank=True, help_text="codes of alerts; none: all of them")
    daily_report = models.BooleanField(default=False)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="of the quiet hours and of times in messages")
    per_minute = models.PositiveSmallIntegerField(
        default=PER_MINUTE, help_text="messages a minute; what is more is told together"
    )
    told_since = models.DateTimeField(db_default=Now(), help_text="what was raised before is not told here")
    changed_by = models.TextField()

    class Meta:
        db_table = "notification_channel"
        verbose_name = "channel"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(least_level__in=["CRITICAL", "WARNING", "INFO"]), name="notification_channel_level_known"
            ),
            models.CheckConstraint(condition=Q(language__in=["en", "de"]), name="notification_channel_language"),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=models.F("quiet_until")),
                name="notification_channel_quiet_from_and_until",
            ),
            models.CheckConstraint(
                condition=Q(per_minute__range=(1, PER_MINUTE_MOST)), name="notification_channel_per_minute"
            ),
            models.CheckConstraint(condition=~Q(url=""), name="notification_channel_has_an_address"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone; UTC where this machine does not know it."""
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")


class ChannelDelivery(models.Model):
    class Kind(models.TextChoices):
        ALERT = "ALERT"
        REPORT = "REPORT"
        TEST = "TEST"

    class State(models.TextChoices):
        WAITING = "WAITING"
        SENDING = "SENDING"
        SENT = "SENT"
        GIVEN_UP = "GIVEN_UP"

    class Together(models.TextChoices):
        """Why it is told with others in one message."""

        ALONE = "", _("alone")
        QUIET = "QUIET", _("held in the quiet hours")
        MANY = "MANY", _("more than a minute may bring")
        LATE = "LATE", _("too old to be told alone")

    # The database deletes a channel's deliveries with it, also those that a sender adds at that moment.
    channel = models.ForeignKey(AlertChannel, models.DO_NOTHING, db_constraint=False, related_name="deliveries")
    kind = models.CharField(max_length=6, choices=Kind)
    alert_id = models.UUIDField(null=True)
    day = models.DateField(null=True)
    level = models.CharField(max_length=8, blank=True, default="", db_default="")
    code = models.TextField(blank=True, default="", db_default="")
    raised_at = models.DateTimeField(db_default=Now())
    together = models.CharField(max_length=5, choices=Together, blank=True, default="", db_default="")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING, db_default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    message = models.UUIDField(null=True, help_text="what was sent; several deliveries may be told in one")
    next_at = models.DateTimeField(db_default=Now())
    begun_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="", db_default="")

    class Meta:
        db_table = "notification_delivery"
        ordering = ["-id"]
        verbose_name, verbose_name_plural = "delivery", "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["channel", "alert_id"], name="notification_delivery_once_per_alert"),
            models.UniqueConstraint(fields=["channel", "day"], name="notification_delivery_once_per_report"),
            models.CheckConstraint(
                condition=Q(kind="ALERT", alert_id__isnull=False, day=None)
                | Q(kind="REPORT", alert_id=None, day__isnull=False)
                | Q(kind="TEST", alert_id=None, day=None),
                name="notification_delivery_of_something",
            ),
            models.CheckConstraint(
                condition=Q(state="WAITING", lease_until=None, settled_at=None)
                | Q(state="SENDING", lease_until__isnull=False, message__isnull=False, settled_at=None)
                | Q(state__in=["SENT", "GIVEN_UP"], lease_until=None, settled_at__isnull=False),
                name="notification_delivery_state_has_its_times",
            ),
            models.CheckConstraint(
                condition=Q(together__in=["", "QUIET", "MANY", "LATE"]), name="notification_delivery_together_known"
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "next_at"], condition=Q(state="WAITING"), name="notification_delivery_due"),
            models.Index(fields=["lease_until"], condition=Q(state="SENDING"), name="notification_delivery_leased"),
            models.Index(fields=["channel", "begun_at"], name="notification_delivery_begun"),
            models.Index(fields=["message"], name="notification_delivery_message"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.code} {self.state}"


@tracked("TelegramChatHistory")
class TelegramChat(models.Model):
    """A private chat with the bot that is answered, and as whom it asks."""

    chat_id = models.BigIntegerField(unique=True, help_text="number of the private chat; the log names unknown ones")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="telegram_chats")
    enabled = models.BooleanField(default=True)
    changed_by = models.TextField()

    class Meta:
        db_table = "notification_telegram_chat"
        ordering = ["chat_id"]
        constraints = [
            models.CheckConstraint(condition=Q(chat_id__gt=0), name="notification_telegram_chat_is_private"),
        ]

    def __str__(self) -> str:
        return f"{self.chat_id} ({self.user})"
