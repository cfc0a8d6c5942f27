from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "cdb_site.health"
    label = "health"
