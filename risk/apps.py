from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class RiskConfig(AppConfig):
    name = "risk"
    verbose_name = gettext_lazy("Risk")
