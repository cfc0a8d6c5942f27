"""What a person prefers of the dashboard: one row a user, the only rows that the dashboard owns.

An empty text means "not chosen": the language then follows the browser, the time zone the system, the CSV style the
language. Values are written as pages and browsers spell them.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from dashboard.preferences.zones import names

ZONE_LENGTH_MAX = 64


def validate_zone(name: str) -> None:
    """Refuses what is no IANA time zone."""
    if name not in names():
        raise ValidationError(_("%(name)s is no time zone."), params={"name": name})


class Preference(models.Model):
    class Language(models.TextChoices):
        BROWSER = "", _("as the browser has it")
        ENGLISH = "en", "English"
        GERMAN = "de", "Deutsch"

    class Theme(models.TextChoices):
        SYSTEM = "system", _("as the system has it")
        DARK = "dark", _("dark")
        LIGHT = "light", _("light")

    class Motion(models.TextChoices):
        SYSTEM = "system", _("as the system has it")
        ALWAYS = "always", _("always reduced")

    class CsvStyle(models.TextChoices):
        LANGUAGE = "", _("as the language has it")
        DOT = "dot", _("1234.56, columns parted by commas")
        COMMA = "comma", _("1234,56, columns parted by semicolons")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preference")
    language = models.CharField(max_length=2, choices=Language, default=Language.BROWSER, blank=True)
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    time_zone = models.CharField(max_length=ZONE_LENGTH_MAX, default="", blank=True, validators=[validate_zone])
    keys = models.BooleanField(default=True)
    sound = models.BooleanField(default=False)
    motion = models.CharField(max_length=6, choices=Motion, default=Motion.SYSTEM)
    csv_style = models.CharField(max_length=5, choices=CsvStyle, default=CsvStyle.LANGUAGE, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(language__in=["", "en", "de"]), name="preference_language"),
            models.CheckConstraint(condition=models.Q(theme__in=["system", "dark", "light"]), name="preference_theme"),
            models.CheckConstraint(condition=models.Q(motion__in=["system", "always"]), name="preference_motion"),
            models.CheckConstraint(condition=models.Q(csv_style__in=["", "dot", "comma"]), name="preference_csv_style"),
        ]

    def __str__(self) -> str:
        return f"preferences of {self.user}"

    @property
    def zone(self) -> ZoneInfo:
        """The chosen time zone; the system's where none is chosen, or where this machine does not know it."""
        try:
            return ZoneInfo(self.time_zone or settings.TIME_ZONE)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo(settings.TIME_ZONE)

    @property
    def csv(self) -> str:
        """How numbers stand in a CSV file for this person: dot or comma."""
        return self.csv_style or ("comma" if get_language() == "de" else "dot")
