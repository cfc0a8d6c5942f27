from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class MarketDataConfig(AppConfig):
    name = "marketdata"
    verbose_name = gettext_lazy("Market data")
