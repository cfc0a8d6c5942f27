from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class ExecutionConfig(AppConfig):
    name = "execution"
    verbose_name = gettext_lazy("Execution and books")
