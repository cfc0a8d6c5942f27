from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class MexcSimConfig(AppConfig):
    name = "mexc_sim"
    verbose_name = gettext_lazy("Simulated exchange")
