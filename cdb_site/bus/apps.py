from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class BusConfig(AppConfig):
    name = "cdb_site.bus"
    label = "bus"
    verbose_name = gettext_lazy("Message bus")
