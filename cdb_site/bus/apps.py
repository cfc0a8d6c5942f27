from django.apps import AppConfig


class BusConfig(AppConfig):
    name = "cdb_site.bus"
    label = "bus"
    verbose_name = "Message bus"
