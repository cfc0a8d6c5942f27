from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class ReplayConfig(AppConfig):
    name = "replay"
    verbose_name = gettext_lazy("Replay")
