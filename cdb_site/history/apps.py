from django.apps import AppConfig


class HistoryConfig(AppConfig):
    name = "cdb_site.history"
    label = "history"
    verbose_name = "History"
