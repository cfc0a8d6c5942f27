from django.apps import AppConfig


class MexcSimConfig(AppConfig):
    name = "mexc_sim"
    verbose_name = "Simulated exchange"
