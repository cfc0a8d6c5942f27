"""The form of a channel: its address goes in and never comes out again."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdb_site.alerts.catalog import CATALOG
from notifications.apprise_door import problem_with
from notifications.models import PER_MINUTE_MOST, AlertChannel, TelegramChat


class ChannelForm(forms.ModelForm):
    address = forms.CharField(
        label=gettext_lazy("Address"),
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "size": 80}),
        help_text=gettext_lazy(
            "in the form of Apprise, such as mailto://… or tgram://…; it is a secret and never shown again."
            " Empty: the one there is stays."
        ),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Alerts"),
        required=False,
        choices=[(code, code) for code in sorted(CATALOG)],
        help_text=gettext_lazy("none chosen: all of them"),
    )

    class Meta:
        model = AlertChannel
        fields = (
            "name", "address", "enabled", "language", "least_level", "kinds", "daily_report", "quiet_from",
            "quiet_until", "time_zone", "per_minute",
        )  # fmt: skip

    def clean_address(self) -> str:
        url = str(self.cleaned_data["address"]).strip()
        if not url:
            if self.instance.pk is None:
                raise forms.ValidationError(_("is missing: a channel needs an address."))
            return ""
        if problem := problem_with(url):
            raise forms.ValidationError(problem)
        return url

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"])
        if zone not in available_timezones():
            raise forms.ValidationError(_("is no time zone: use a name such as UTC or Europe/Berlin."))
        return zone

    def clean_per_minute(self) -> int:
        count = int(self.cleaned_data["per_minute"])
        if not 1 <= count <= PER_MINUTE_MOST:
            raise forms.ValidationError(_("from 1 to %(most)s messages a minute.") % {"most": PER_MINUTE_MOST})
        return count

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        begin, end = values.get("quiet_from"), values.get("quiet_until")
        if (begin is None) != (end is None):
            raise forms.ValidationError(_("Quiet hours need their beginning and their end; none: leave both empty."))
        if begin is not None and begin == end:
            raise forms.ValidationError(_("Quiet hours cannot begin when they end; none: leave both empty."))
        return values


class TelegramChatForm(forms.ModelForm):
    class Meta:
        model = TelegramChat
        fields = ("chat_id", "user", "enabled")

    def clean_chat_id(self) -> int:
        number = int(self.cleaned_data["chat_id"])
        if number <= 0:
            raise forms.ValidationError(
                _("is no private chat: groups have numbers below 0, and in a group anybody could ask as this user.")
            )
        return number
