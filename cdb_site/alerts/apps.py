from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "cdb_site.alerts"
    label = "alerts"
    verbose_name = "Alerts"
