"""The form of the settings page, and of the two choices that the header offers on every page."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _

from dashboard.models import Preference
from dashboard.preferences.zones import by_region

Choices = list[tuple[str, Any]]


def zone_choices() -> Choices:
    """The system's zone first, then UTC, then all places by region."""
    system = _("the system's: %(zone)s") % {"zone": settings.TIME_ZONE}
    places = [(region, [(name, name.replace("_", " ")) for name in zones]) for region, zones in by_region()]
    return [("", system), ("UTC", "UTC"), *places]


class LanguageSelect(forms.Select):
    """Each language by its own name, marked as of that language."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value:
            option["attrs"]["lang"] = str(value)
        return option


class PreferenceForm(forms.ModelForm):
    time_zone = forms.ChoiceField(choices=zone_choices, required=False)

    class Meta:
        model = Preference
        fields = ("language", "theme", "time_zone", "keys", "sound", "motion", "csv_style")
        widgets: ClassVar = {"language": LanguageSelect}


class ChoiceForm(forms.Form):
    """Language or theme alone, from the header's menu; what is not given stays as it is."""

    language = forms.ChoiceField(choices=Preference.Language.choices, required=False)
    theme = forms.ChoiceField(choices=Preference.Theme.choices, required=False)

    def chosen(self) -> dict[str, str]:
        """The valid fields that were sent."""
        return {name: value for name, value in self.cleaned_data.items() if name in self.data}
