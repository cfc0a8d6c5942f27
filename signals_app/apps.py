from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class SignalsConfig(AppConfig):
    name = "signals_app"
    verbose_name = gettext_lazy("Signals")
