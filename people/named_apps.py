"""Apps of others under the names that the admin shows: what they are for instead of what they are called."""

from __future__ import annotations

from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class LoginsConfig(AxesConfig):
    verbose_name = gettext_lazy("Logins")


class TokensConfig(AppConfig):
    name = "knox"
    verbose_name = gettext_lazy("Tokens of the API")
