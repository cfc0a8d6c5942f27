from django.apps import AppConfig
from django.utils.translation import get_language

from cdb_site import languages
from cdb_site.wording import model_words
from cdb_site.wording.extraction import APPS


class SiteConfig(AppConfig):
    name = "cdb_site"

    def ready(self) -> None:
        languages.follow(get_language)
        model_words.translate(APPS)
