from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = gettext_lazy("Notifications")

    def ready(self) -> None:
        from risk.roles import keep_groups

        post_migrate.connect(keep_groups, sender=self, dispatch_uid="notifications.roles")
