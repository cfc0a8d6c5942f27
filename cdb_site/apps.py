from django.apps import AppConfig
from django.utils.translation import get_language

from cdb_site import languages


class SiteConfig(AppConfig):
    name = "cdb_site"

    def ready(self) -> None:
        languages.follow(get_language)
