from django.apps import AppConfig


class LocalConfig(AppConfig):
    name = "cdb_site.local"
    label = "local"
