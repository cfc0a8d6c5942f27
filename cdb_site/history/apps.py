from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class HistoryConfig(AppConfig):
    name = "cdb_site.history"
    label = "history"
    verbose_name = gettext_lazy("History")
